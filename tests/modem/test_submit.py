"""Messages that go, rule by rule (3GPP TS 23.040 9.2.2.2, TS 27.005 3.5.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.modem import tpdu
from tests.modem.corpus import cases
from tests.modem.test_alphabets import EVERY
from usr7s3d.modem.octets import PduError
from usr7s3d.modem.pdu import Submit, decode
from usr7s3d.modem.submit import Outgoing, encode
from usr7s3d.modem.userdata import Alphabet, join

NUMBER = "+4915123456789"


def read(outgoing: Outgoing) -> Submit:
    message = decode(outgoing.pdu)
    assert isinstance(message, Submit)
    return message


def joined(parts: list[Outgoing]) -> str:
    return join(read(part).body for part in parts)


def test_a_message_field_by_field() -> None:
    (outgoing,) = encode(NUMBER, "hello")
    assert outgoing.pdu == f"000100{tpdu.SENDER}0000{tpdu.septets(b'hello')}"
    assert outgoing.length == len(outgoing.pdu) // 2 - 1


def test_a_local_number_is_of_unknown_type() -> None:
    assert "0A8110325476980000" in encode("0123456789", "x")[0].pdu
    assert "038121F3" in encode("123", "x")[0].pdu


def test_star_and_hash_in_a_number() -> None:
    assert "05811A00FB" in encode("*100#", "x")[0].pdu


@pytest.mark.parametrize("number", ["", "+", "Megafon", "1" * 21, "+49 151", "١٢٣"])
def test_what_is_no_number_cannot_be_sent_to(number: str) -> None:
    with pytest.raises(PduError):
        encode(number, "x")


def test_flash_and_report() -> None:
    (outgoing,) = encode(NUMBER, "x", message_class=0, report=True)
    assert outgoing.pdu.startswith("0021")
    assert read(outgoing).body.message_class == 0


def test_text_that_does_not_fit_goes_as_ucs2() -> None:
    (outgoing,) = encode(NUMBER, "Привет 😀")
    assert read(outgoing).body.alphabet is Alphabet.UCS2
    assert outgoing.pdu.endswith(tpdu.octets("Привет 😀".encode("utf-16-be")))


def test_bytes_go_as_8_bit_data() -> None:
    (outgoing,) = encode(NUMBER, b"\x00\xff")
    assert read(outgoing).body.data == b"\x00\xff"


@pytest.mark.parametrize("text", ["ç", b"\xff"])
def test_an_alphabet_that_lacks_a_character(text: str | bytes) -> None:
    with pytest.raises(PduError):
        encode(NUMBER, text, alphabet=Alphabet.GSM7)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("x" * 160, 1),
        ("x" * 161, 2),
        ("x" * 306, 2),
        ("x" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("x" + "€" * 76 + "x" * 153, 2),
        ("€" * 153, 3),  # 76 in each part: the 77th would be cut
        ("я" * 70, 1),
        ("я" * 71, 2),
        ("я" * 134, 2),
        ("я" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("😀" * 67, 3),  # 33 in each part: the 34th would be cut
        (b"x" * 140, 1),
        (b"x" * 141, 2),
        (b"x" * 268, 2),
        (b"x" * 269, 3),
    ],
)
def test_how_many_parts(text: str | bytes, parts: int) -> None:
    assert len(encode(NUMBER, text)) == parts


def test_parts_are_numbered_and_share_a_reference() -> None:
    places = [read(part).body.concatenation for part in encode(NUMBER, "x" * 400, reference=0x142)]
    assert [(p.reference, p.total, p.number) for p in places if p] == [
        (0x42, 3, n) for n in (1, 2, 3)
    ]


def test_no_more_than_255_parts() -> None:
    assert len(encode(NUMBER, "x" * 153 * 255)) == 255
    with pytest.raises(PduError):
        encode(NUMBER, "x" * (153 * 255 + 1))


@given(st.text(EVERY, max_size=500))
def test_gsm7_survives_both_ways(text: str) -> None:
    parts = encode(NUMBER, text)
    assert joined(parts) == text
    assert "".join(read(part).text for part in parts) == text  # no part cuts a character
    assert all(part.length <= 155 for part in parts)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_any_text_survives_both_ways(text: str) -> None:
    parts = encode(NUMBER, text)
    assert "".join(read(part).text for part in parts) == text


@given(st.binary(max_size=500))
def test_data_survives_both_ways(data: bytes) -> None:
    assert b"".join(read(part).body.data for part in encode(NUMBER, data)) == data


@given(st.text(max_size=50), st.text(max_size=50))
def test_anything_is_sent_or_a_pdu_error(number: str, text: str) -> None:
    try:
        encode(number, text)
    except PduError:
        return


def test_every_message_that_the_corpus_encodes() -> None:
    """Compared: number, text, alphabet, length; validity, which we leave to the network, not."""
    for case in cases("submit_encode", files="pdu_*.json"):
        wanted = case["input"]
        (outgoing,) = encode(
            wanted["number"],
            wanted["text"],
            message_class=wanted.get("class"),
            report=wanted.get("status_report", False),
        )
        expected = decode(case["expected"]["pdu"])
        ours = read(outgoing)
        assert isinstance(expected, Submit)
        assert (ours.receiver, ours.text) == (expected.receiver, expected.text)
        assert ours.body.alphabet is expected.body.alphabet
        assert ours.body.message_class in (expected.body.message_class, None)
        if "cmgs_length" in case["expected"]:
            octets = bytes.fromhex(case["expected"]["pdu"])
            validity = octets[octets[0] + 1] >> 4 & 1  # an octet of it
            assert outgoing.length == case["expected"]["cmgs_length"] - validity


def test_every_long_message_that_the_corpus_encodes() -> None:
    for case in cases("submit_encode_multipart", files="pdu_*.json"):
        wanted = case["input"]
        parts = encode(wanted["number"], wanted["text"], reference=wanted["concat_ref"])
        for part, pdu in zip(parts, case["expected"]["pdus"], strict=True):
            expected = decode(pdu)
            assert isinstance(expected, Submit)
            assert read(part).body == expected.body


def test_every_count_of_parts_of_the_corpus() -> None:
    for case in cases("part_count", files="pdu_*.json"):
        assert len(encode(NUMBER, case["input"])) == case["expected"]["parts"]
