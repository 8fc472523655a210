"""Messages that come, rule by rule (3GPP TS 23.040, TS 23.038)."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.modem import tpdu
from usr7s3d.modem.octets import Address
from usr7s3d.modem.pdu import Deliver, Outcome, PduError, StatusReport, Submit, decode
from usr7s3d.modem.userdata import Alphabet, Concatenation, Ports, join


def read(text: str) -> Deliver:
    message = decode(text)
    assert isinstance(message, Deliver)
    return message


def test_a_message_and_all_that_stands_in_it() -> None:
    message = read(tpdu.deliver(tpdu.septets(b"hello")))
    assert message.text == "hello"
    assert str(message.sender) == "+4915123456789"
    assert str(message.centre) == "+49172227014"
    assert message.time == datetime(2026, 11, 22, 13, 30, 40, tzinfo=timezone(timedelta(hours=2)))
    assert message.protocol == 0


def test_an_empty_message() -> None:
    assert read(tpdu.deliver("00")).text == ""


def test_no_service_centre() -> None:
    assert str(read("00" + tpdu.deliver("00").removeprefix(tpdu.CENTRE)).centre) == ""


@pytest.mark.parametrize(
    ("field", "address", "shown"),
    [
        ("0B919471214365F7", Address("49171234567", 1, 1), "+49171234567"),
        ("0AA11032547698", Address("0123456789", 2, 1), "0123456789"),  # national: kept, no +
        ("04812143", Address("1234", 0, 1), "1234"),
        ("05812143F5", Address("12345", 0, 1), "12345"),
    ],
)
def test_addresses(field: str, address: Address, shown: str) -> None:
    sender = read(tpdu.deliver("00", sender=field)).sender
    assert sender == address
    assert str(sender) == shown


def test_digits_above_nine_are_star_hash_a_b_c() -> None:
    sender = read(tpdu.deliver("00", sender="0781A1CBEDF2")).sender
    assert str(sender) == "1*#abc2"


def test_filler_that_the_sender_counted_is_no_digit() -> None:
    assert str(read(tpdu.deliver("00", sender="048121F3")).sender) == "123"


@pytest.mark.parametrize(
    ("name", "semi_octets"),
    [(b"Megafon", 13), (b"Megafon", 14), (b"abcdefgh", 14), (b"a", 2), (b"Mega fon 42", 20)],
)
def test_names_also_of_senders_that_count_whole_octets(name: bytes, semi_octets: int) -> None:
    packed = tpdu.septets(name)[2:].ljust(-(-semi_octets // 2) * 2, "0")
    sender = read(tpdu.deliver("00", sender=f"{semi_octets:02X}D0{packed}")).sender
    assert sender.text == name.decode()
    assert sender.alphanumeric


@pytest.mark.parametrize(
    ("stamp", "time"),
    [
        ("62112231030400", datetime(2026, 11, 22, 13, 30, 40, tzinfo=UTC)),
        (
            "6211223103042B",
            datetime(2026, 11, 22, 13, 30, 40, tzinfo=timezone(-timedelta(hours=8))),
        ),
        ("99211332959500", datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("621122310304FF", None),
        ("00000000000000", None),
        ("62312231030400", None),
    ],
)
def test_times(stamp: str, time: datetime | None) -> None:
    """One that is no date costs the date only."""
    message = read(tpdu.deliver(tpdu.septets(b"x"), time=stamp))
    assert message.time == time
    assert message.text == "x"


@pytest.mark.parametrize(
    ("coding", "alphabet", "message_class"),
    [
        (0x00, Alphabet.GSM7, None),
        (0x04, Alphabet.DATA, None),
        (0x08, Alphabet.UCS2, None),
        (0x0C, Alphabet.GSM7, None),  # reserved
        (0x10, Alphabet.GSM7, 0),  # flash
        (0x18, Alphabet.UCS2, 0),
        (0x15, Alphabet.DATA, 1),
        (0x01, Alphabet.GSM7, None),  # bit 4 says whether bits 1 and 0 are a class
        (0x48, Alphabet.UCS2, None),  # to be deleted when read
        (0x80, Alphabet.GSM7, None),  # reserved
        (0xC0, Alphabet.GSM7, None),  # message waiting, discard
        (0xD8, Alphabet.GSM7, None),  # message waiting, store
        (0xE0, Alphabet.UCS2, None),  # message waiting, UCS-2
        (0xF0, Alphabet.GSM7, 0),
        (0xF1, Alphabet.GSM7, 1),
        (0xF4, Alphabet.DATA, 0),
        (0xF6, Alphabet.DATA, 2),
    ],
)
def test_codings(coding: int, alphabet: Alphabet, message_class: int | None) -> None:
    message = read(tpdu.deliver("00", coding=coding))
    assert message.body.alphabet is alphabet
    assert message.body.message_class == message_class


def test_compressed_text_is_not_guessed_at() -> None:
    with pytest.raises(PduError):
        decode(tpdu.deliver(tpdu.septets(b"hello"), coding=0x20))


def test_8_bit_data_is_data_and_no_text() -> None:
    message = read(tpdu.deliver(tpdu.octets(b"\x00\xffABC"), coding=0xF4))
    assert message.body.data == b"\x00\xffABC"
    assert message.text == ""


def test_ucs2_with_surrogates() -> None:
    text = "Grüße, 😀"
    assert read(tpdu.deliver(tpdu.octets(text.encode("utf-16-be")), coding=8)).text == text


@pytest.mark.parametrize("count", [0, 1, 6, 7, 8, 9, 15, 16, 17, 24, 159, 160])
def test_the_last_at_sign_is_not_lost(count: int) -> None:
    text = b"a" * (count - 1) + b"\0" if count else b""
    expected = "a" * (count - 1) + "@" if count else ""
    assert read(tpdu.deliver(tpdu.septets(text))).text == expected


@pytest.mark.parametrize("padding", range(9))
def test_text_behind_a_header_of_any_length(padding: int) -> None:
    """With fill bits, and without when the header ends on a septet's border."""
    header = f"{5 + 2 + padding:02X}000342030170{padding:02X}" + "AA" * padding
    message = read(tpdu.deliver(tpdu.septets(b"First letter\0", header), header=True))
    assert message.text == "First letter@"
    assert message.body.concatenation == Concatenation(0x42, 3, 1, wide=False)
    assert message.body.elements[1] == (0x70, b"\xaa" * padding)


def test_concatenation_with_16_bits() -> None:
    message = read(tpdu.deliver(tpdu.septets(b"abc", "060804ABCD0502"), header=True))
    assert message.body.concatenation == Concatenation(0xABCD, 5, 2, wide=True)
    assert message.text == "abc"


@pytest.mark.parametrize("element", ["0003420001", "0003420300", "0003420304", "00024203"])
def test_a_concatenation_that_makes_no_sense_is_ignored(element: str) -> None:
    header = f"{len(element) // 2:02X}{element}"
    assert read(tpdu.deliver(tpdu.septets(b"x", header), header=True)).body.concatenation is None


def test_ports() -> None:
    wide = tpdu.deliver(tpdu.octets(b"\x01", "0605040B8423F0"), header=True, coding=4)
    assert read(wide).body.ports == Ports(2948, 9200)
    short = tpdu.deliver(tpdu.octets(b"\x01", "040402F0F1"), header=True, coding=4)
    assert read(short).body.ports == Ports(240, 241)


def test_national_language() -> None:
    message = read(tpdu.deliver(tpdu.septets(b"\x1bS\x1bi", "03240101"), header=True))
    assert message.text == "Şı"


def test_a_surrogate_pair_cut_between_parts() -> None:
    high, low = (
        read(tpdu.deliver(tpdu.octets(half, header), coding=8, header=True)).body
        for half, header in ((b"\0A\xd8\x3d", "050003010201"), (b"\xde\0\0B", "050003010202"))
    )
    assert join((high, low)) == "A😀B"
    assert high.text == "A\ufffd"


def test_an_escape_cut_from_its_character() -> None:
    parts = (tpdu.septets(b"5 \x1b", "050003010201"), tpdu.septets(b"e", "050003010202"))
    assert join(read(tpdu.deliver(part, header=True)).body for part in parts) == "5 €"


def test_a_sims_record_filled_with_ff() -> None:
    assert read(tpdu.deliver(tpdu.septets(b"hello")) + "FF" * 20).text == "hello"


def test_submit_as_stored() -> None:
    for first, validity in ((0x01, ""), (0x11, "AA"), (0x09, "03" + "00" * 6), (0x19, tpdu.TIME)):
        message = decode(f"00{first:02X}07{tpdu.SENDER}0000{validity}{tpdu.septets(b'stored')}")
        assert isinstance(message, Submit)
        assert (message.reference, str(message.receiver)) == (7, "+4915123456789")
        assert message.text == "stored"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (0, Outcome.DELIVERED),
        (0x30, Outcome.TRYING),
        (0x43, Outcome.FAILED),
        (0x60, Outcome.FAILED),
    ],
)
def test_status_report(status: int, outcome: Outcome) -> None:
    report = decode(f"000605{tpdu.SENDER}{tpdu.TIME}{tpdu.TIME}{status:02X}")
    assert isinstance(report, StatusReport)
    assert (report.reference, report.outcome) == (5, outcome)
    assert str(report.receiver) == "+4915123456789"


WHOLE = tpdu.deliver(tpdu.septets(b"a long enough text", "06080412340201"), header=True)


@pytest.mark.parametrize("end", range(len(WHOLE)))
def test_cut_short_anywhere(end: int) -> None:
    with pytest.raises(PduError):
        decode(WHOLE[:end])


@pytest.mark.parametrize(
    "text",
    [
        "", "hello", "07 91", "0791947122721",
        "00FF",  # reserved message type
        "0C" + "91" * 30,  # a service centre of 12 octets
        tpdu.deliver("00", sender="1581" + "11" * 11),  # an address of 21 digits
        tpdu.deliver("00", sender="06811F1111"),  # filler between digits
        tpdu.deliver("8D" + "41" * 141, coding=4),  # more than 140 octets
        tpdu.deliver("A1" + "41" * 141),  # more than 160 septets
        tpdu.deliver(tpdu.octets(b"abc"), coding=8),  # half a character
        tpdu.deliver(tpdu.septets(b"abc") + "00"),  # something behind it
        tpdu.deliver("00", header=True),  # a header that is not there
        tpdu.deliver("02" "0500", header=True),  # longer than the data
        tpdu.deliver(tpdu.octets(b"", "03000501"), coding=4, header=True),  # an element, too
        tpdu.deliver("03" "020000", header=True),  # longer than the septets
    ],
)  # fmt: skip
def test_no_such_message(text: str) -> None:
    with pytest.raises(PduError):
        decode(text)


@given(st.binary(max_size=200))
def test_any_octets_are_a_message_or_a_pdu_error(data: bytes) -> None:
    try:
        message = decode(data.hex())
    except PduError:
        return
    if not isinstance(message, StatusReport):
        assert isinstance(message.text, str)


@given(st.data())
def test_a_message_with_any_octets_changed(data: st.DataObject) -> None:
    octets = bytearray.fromhex(WHOLE)
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    try:
        message = decode(octets.hex())
    except PduError:
        return
    if isinstance(message, Deliver):
        assert len(message.text) <= 160


@given(st.text(max_size=50))
def test_any_text_is_a_message_or_a_pdu_error(text: str) -> None:
    try:
        decode(text)
    except PduError:
        return
