"""The kinds of values (manual 4.2): case, quotes, ranges."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usr7s3d.at.fields import Choice, Field, Number, OnOff, ParameterError, Text, unescape

PARITY = Choice(("NONE", "ODD", "EVEN"))
DATA_BITS = Choice((7, 8))
PERIOD = Number(1, 65535, '"time"', "s")
PASSWORD = Text('"pass"', 8, 8)
WELCOME = Text('"welcome message"', 64)


def refuses(field: Field, text: str) -> bool:
    with pytest.raises(ParameterError):
        field.parse(text)
    return True


def refuses_value(field: Field, value: object) -> bool:
    with pytest.raises(ParameterError):
        field.check(value)
    return True


@pytest.mark.parametrize("text", ["NONE", "none", "None"])
def test_a_choice_is_taken_in_any_case_and_shown_as_the_manual_writes_it(text: str) -> None:
    assert PARITY.parse(text) == "NONE"
    assert PARITY.format("NONE") == '"NONE"'


@pytest.mark.parametrize("text", ["", "MARK", "NONE ", " NONE", '"NONE"', "NON", "8"])
def test_a_choice_is_nothing_else(text: str) -> None:
    assert refuses(PARITY, text)


def test_a_choice_of_numbers_is_bare() -> None:
    assert DATA_BITS.parse("8") == 8
    assert DATA_BITS.format(8) == "8"
    assert refuses(DATA_BITS, "08")
    assert refuses(DATA_BITS, "8.0")
    assert (PARITY.hint, DATA_BITS.hint) == ('"NONE","ODD","EVEN"', "7,8")
    assert (PARITY.range, DATA_BITS.range) == ('"NONE", "ODD", "EVEN"', "7, 8")


@pytest.mark.parametrize(("text", "value"), [("on", True), ("OFF", False), ("On", True)])
def test_a_switch_is_on_or_off_in_any_case_shown_in_lower(text: str, value: bool) -> None:
    assert OnOff().parse(text) is value
    assert OnOff().format(value) == f'"{text.lower()}"'


@pytest.mark.parametrize("text", ["", "1", "true", "yes", "on ", '"on"'])
def test_a_switch_is_nothing_else(text: str) -> None:
    assert refuses(OnOff(), text)


@pytest.mark.parametrize(("text", "value"), [("1", 1), ("65535", 65535), ("0030", 30)])
def test_a_number_within_its_range(text: str, value: int) -> None:
    assert PERIOD.parse(text) == value


@pytest.mark.parametrize(
    "text",
    ["0", "65536", "-1", "+1", "1.0", "1e3", "0x10", "", " 1", "one", "٣", "²", "9" * 5000],
)
def test_a_number_outside_it_or_none(text: str) -> None:
    assert refuses(PERIOD, text)


def test_a_number_shows_the_manuals_label_or_its_range() -> None:
    assert PERIOD.hint == '"time"'
    assert PERIOD.range == "1 to 65535 s"
    assert Number(0, 65535).hint == "0~65535"
    assert Number(0, 65535).range == "0 to 65535"


def test_text_keeps_its_case_and_its_blanks() -> None:
    assert WELCOME.parse(" Hello, World ") == " Hello, World "
    assert WELCOME.format(" Hello ") == '" Hello "'
    assert WELCOME.parse("") == ""
    assert WELCOME.parse("\xe9\xff") == "\xe9\xff"


@pytest.mark.parametrize("text", ['"', "\r", "\n", "\x00", "\x1a", "\x7f", "x" * 65, "€"])
def test_text_without_quotes_control_characters_or_more_than_a_byte(text: str) -> None:
    assert refuses(WELCOME, text)


def test_text_of_an_exact_length() -> None:
    assert PASSWORD.parse("0000test") == "0000test"
    assert refuses(PASSWORD, "000test")
    assert refuses(PASSWORD, "00000test")
    assert PASSWORD.range == "any text, 8 characters"
    assert WELCOME.range == "any text, 0 to 64 characters"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (PARITY, 8),
        (DATA_BITS, "8"),
        (DATA_BITS, 8.0),
        (DATA_BITS, True),
        (OnOff(), 1),
        (OnOff(), "on"),
        (PERIOD, True),
        (PERIOD, "30"),
        (PERIOD, 30.0),
        (PERIOD, 0),
        (WELCOME, 1),
        (WELCOME, None),
        (WELCOME, ["x"]),
    ],
)
def test_a_value_from_a_file_must_have_the_type(field: Field, value: object) -> None:
    assert refuses_value(field, value)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("Connection: close[0D][0A]", b"Connection: close\r\n"),
        ("[20]", b" "),
        ("[0d][fF]", b"\r\xff"),
        ("[0D", b"[0D"),
        ("[5B]0D]", b"[0D]"),
        ("[0G][123][ 1]", b"[0G][123][ 1]"),
        ("", b""),
        ("\xe9", b"\xe9"),
    ],
)
def test_two_hex_digits_in_brackets_are_one_byte_of_manual_3_2_2_2(text: str, data: bytes) -> None:
    assert unescape(text) == data


@given(st.text(st.characters(max_codepoint=255)), st.sampled_from([PARITY, PERIOD, WELCOME]))
def test_no_text_does_harm(text: str, field: Field) -> None:
    try:
        value = field.parse(text)
    except ParameterError:
        return
    assert field.check(value) == value
