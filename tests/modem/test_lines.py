"""Lines and prompts out of bytes, however they are cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usr7s3d.modem.lines import LONGEST, Line, LineReader, Prompt

Item = Line | Prompt


def items(reader: LineReader) -> list[Item]:
    found = []
    while item := reader.next():
        found.append(item)
    return found


def read(*chunks: bytes) -> list[Item]:
    reader = LineReader()
    found = []
    for chunk in chunks:
        reader.feed(chunk)
        found += items(reader)
    return found


def lines(*chunks: bytes) -> list[str]:
    return [item.text if isinstance(item, Line) else ">" for item in read(*chunks)]


def test_lines_end_at_cr_lf_or_both_and_empty_ones_are_nothing() -> None:
    assert lines(b"\r\n+CSQ: 1,2\r\n\r\nOK\r\n") == ["+CSQ: 1,2", "OK"]
    assert lines(b"a\rb\nc\r\r\nd\n\r") == ["a", "b", "c", "d"]


def test_a_line_without_its_end_is_none_yet() -> None:
    assert lines(b"\r\nO") == []
    assert lines(b"\r\nO", b"K\r") == ["OK"]


def test_an_echo_and_its_answer() -> None:
    assert lines(b"AT+CGMI\r\r\nZTE CORPORATION\r\n\r\nOK\r\n") == [
        "AT+CGMI", "ZTE CORPORATION", "OK",
    ]  # fmt: skip


def test_a_prompt_has_no_end_of_line() -> None:
    assert lines(b"\r\n> ") == [">"]
    assert lines(b"\r\n>") == [">"]
    assert lines(b"\r\n> ", b"\r\n+CMGS: 4\r\n") == [">", "+CMGS: 4"]


def test_the_text_echoed_behind_a_prompt() -> None:
    assert lines(b"\r\n> 0011AA\x1a\r\n+CMGS: 4\r\n") == [">", "0011AA", "+CMGS: 4"]


def test_a_greater_sign_inside_a_line_is_none() -> None:
    assert lines(b'+COPS: 0,0,">x"\r\na > b\r\n') == ['+COPS: 0,0,">x"', "a > b"]


@pytest.mark.parametrize("noise", [b"\x00", b"\xff", b"\xff\x00\xfe", b"\x80\x00\xff\xfe\xf8"])
def test_noise_before_between_and_behind(noise: bytes) -> None:
    assert lines(noise + b"\r\nOK\r\n") == ["OK"]
    assert lines(noise + b"OK" + noise + b"\r\n") == ["OK"]
    assert lines(b"\r\n" + noise + b"\r\n" + b"OK\r\n" + noise) == ["OK"]


def test_nul_and_ff_inside_a_line() -> None:
    assert lines(b"\r\n+C\xffSQ: \x0023,99\r\n") == ["+CSQ: 23,99"]
    assert lines(b"\r\n\xff> ") == [">"]


def test_names_of_operators_in_utf_8_and_latin_1() -> None:
    assert lines('+COPS: 0,0,"Türk"\r'.encode()) == ['+COPS: 0,0,"Türk"']
    assert lines('+COPS: 0,0,"Türk"\r'.encode("latin-1")) == ['+COPS: 0,0,"Türk"']


def test_a_line_without_end_takes_no_memory() -> None:
    reader = LineReader()
    for _ in range(1000):
        reader.feed(b"x" * 1000)
        assert reader.next() is None
        assert len(reader._held) <= LONGEST
    reader.feed(b"xx\r\nOK\r\n")
    assert items(reader) == [Line("OK")]


def test_what_is_behind_connect_is_taken_as_it_is() -> None:
    reader = LineReader()
    reader.feed(b"\r\nCONNECT\r\n~\xff}#\r\n\x00>")
    assert reader.next() == Line("CONNECT")
    assert reader.take() == b"~\xff}#\r\n\x00>"
    assert reader.take() == b""


STREAM = (
    b"\xff\x00AT+CMGL=4\r\r\n+CMGL: 1,1,,24\r\n0791\xff\r\n\r\n+CMTI: \"SM\",3\r\n> 00\x1a\r\n"
    b"+COPS: 0,0,\"\xc3\xa9\"\r\n\x80\x81\r\nOK\r\nERROR\n\n> >\r\n"
    + b"y" * (LONGEST + 1)
    + b"\rRING\r\n"
)  # fmt: skip


def test_cut_anywhere_the_lines_are_the_same() -> None:
    whole = read(STREAM)
    assert read(*(STREAM[at : at + 1] for at in range(len(STREAM)))) == whole
    for cut in range(200):
        assert read(STREAM[:cut], STREAM[cut:]) == whole


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_any_bytes_however_cut(chunks: list[bytes]) -> None:
    whole = read(b"".join(chunks))
    assert read(*chunks) == whole
    for item in whole:
        if isinstance(item, Line):
            assert item.text
            assert item.text == item.text.strip()


def test_what_a_terminal_would_obey_is_shown_as_a_question_mark() -> None:
    reader = LineReader()
    reader.feed(b'+COPS: 0,0,"Net\x9b31m"\r' + '+COPS: 0,0,"Net\u202egro"\r'.encode())
    assert reader.next() == Line('+COPS: 0,0,"Net?31m"')
    assert reader.next() == Line('+COPS: 0,0,"Net?gro"')
