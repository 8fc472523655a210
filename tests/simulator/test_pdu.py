"""The simulator's own codec, against octets from 3GPP's texts and against itself."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usr7s3d.simulator.modem import gsm, pdu

TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_septets_of_hellohello() -> None:
    """The example that is everywhere: ten characters in nine octets."""
    codes = [code for found in gsm.septets("hellohello") or () for code in found]
    assert gsm.pack(codes).hex().upper() == "E8329BFD4697D9EC37"
    assert gsm.text(gsm.unpack(bytes.fromhex("E8329BFD4697D9EC37"), 10)) == "hellohello"


@given(st.text(st.sampled_from("ab @£ÄΩ{}[]~^\\|€\n"), max_size=200), st.integers(0, 6))
def test_the_alphabet_survives(text: str, fill: int) -> None:
    codes = [code for found in gsm.septets(text) or () for code in found]
    assert gsm.text(gsm.unpack(gsm.pack(codes, fill), len(codes), fill)) == text


@pytest.mark.parametrize("text", ["ž", "漢", "😀", "`"])
def test_what_the_alphabet_lacks(text: str) -> None:
    assert gsm.septets(text) is None


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=600))
def test_parts_hold_the_whole_text_and_fit(text: str) -> None:
    parts = list(pdu.deliver("123", text, TIME, "+49171", 7))
    assert "".join(part.text for part in parts) == text
    assert all(part.length <= 140 + 20 for part in parts)


@pytest.mark.parametrize(
    ("size", "character", "parts"),
    [(160, "a", 1), (161, "a", 2), (306, "a", 2), (307, "a", 3), (70, "漢", 1), (71, "漢", 2),
     (80, "€", 1), (81, "€", 2)],
)  # fmt: skip
def test_how_many_parts(size: int, character: str, parts: int) -> None:
    assert len(list(pdu.deliver("123", character * size, TIME, "+49171", 7))) == parts


def test_a_sender_by_name() -> None:
    (message,) = pdu.deliver("Bank", "hi", TIME, "+49171", 7)
    assert message.pdu.hex().upper().startswith("04919471F10407D0C2B07B0D")


def submit(first: str, coding: str, count: str, data: str) -> pdu.Submit:
    body = bytes.fromhex(first + "2A" + "05912143F5" + "00" + coding + count + data)
    return pdu.submit(b"\x00" + body, len(body))


def test_what_is_sent_in_each_alphabet() -> None:
    assert submit("01", "00", "02", "E834") == pdu.Submit("+12345", "hi", "7-bit", 0x2A)
    assert submit("01", "04", "03", "00FF1A").text == "00FF1A"
    assert submit("21", "08", "04", "D83DDE00") == pdu.Submit("+12345", "😀", "UCS-2", 0x2A, True)


def test_a_part_of_a_long_message() -> None:
    """Behind a header of six octets the text begins at the next septet's border."""
    part = submit("41", "00", "09", "050003CC0201" + "D069")
    assert (part.text, part.part) == ("hi", (0xCC, 2, 1))
    wide = submit("41", "08", "09", "06080401020302" + "0068")
    assert (wide.text, wide.part) == ("h", (0x0102, 3, 2))


@pytest.mark.parametrize(
    ("first", "coding", "count", "data"),
    [("01", "00", "03", "E8"), ("01", "00", "02", "E83400"), ("00", "00", "02", "E834"),
     ("01", "04", "02", "00"), ("41", "04", "01", "05"), ("01", "E0", "02", "E834")],
)  # fmt: skip
def test_what_a_network_would_not_take(first: str, coding: str, count: str, data: str) -> None:
    with pytest.raises(pdu.PduError):
        submit(first, coding, count, data)


@given(st.binary(max_size=60))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    with suppress(pdu.PduError):
        pdu.submit(octets, len(octets) - 1 - octets[0] if octets else 0)
