"""The tables and the packing of 3GPP TS 23.038, written out here from its text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.modem.corpus import cases
from usr7s3d.modem import alphabets

# 23.038 6.2.1, column by column; the blank at 0x1B is the escape.
DEFAULT = (
    "@£$¥èéùìòÇ\nØø\rÅå"
    "Δ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./"
    "0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNO"
    "PQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmno"
    "pqrstuvwxyzäöñüà"
)
EXTENSION = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\"} | {
    0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€"
}  # fmt: skip
EVERY = DEFAULT.replace("\x1b", "") + "".join(EXTENSION.values())


def test_the_default_alphabet() -> None:
    for septet, char in enumerate(DEFAULT):
        if septet != alphabets.ESCAPE:
            assert alphabets.from_septets(bytes((septet,))) == char
            assert alphabets.to_septets(char) == [bytes((septet,))]


def test_the_extension_table() -> None:
    for septet, char in EXTENSION.items():
        assert alphabets.from_septets(bytes((0x1B, septet))) == char
        assert alphabets.to_septets(char) == [bytes((0x1B, septet))]


def test_an_extension_that_does_not_exist_is_the_main_tables_character() -> None:
    assert alphabets.from_septets(b"\x1bA") == "A"


def test_two_escapes_are_a_blank_and_one_at_the_end_is_nothing() -> None:
    assert alphabets.from_septets(b"a\x1b\x1bb") == "a b"
    assert alphabets.from_septets(b"a\x1b") == "a"


@pytest.mark.parametrize("char", ["`", "ç", "ÿ", "\x1b", "я", "😀", "\x00"])
def test_what_does_not_fit(char: str) -> None:
    assert not alphabets.fits_gsm7(char)
    with pytest.raises(ValueError, match="not in the GSM alphabet"):
        alphabets.to_septets("ab" + char)


def test_turkish_spanish_and_portuguese_single_shift() -> None:
    tables = {
        alphabets.TURKISH: (b"GISceigs", "ĞİŞç€ığş"),
        alphabets.SPANISH: (b"\tAIOUeaiou", "çÁÍÓÚ€áíóú"),
        alphabets.PORTUGUESE: (
            b"\x05\t\n\x0b\x0c\x0e\x0f\x12\x13\x14\x15\x16\x17\x18\x19\x1f()/<=>@AIOU[\\aeiou{|\x7f",
            "êç\fÔôÁáΦΓ^ΩΠΨΣΘÊ{}\\[~]|ÀÍÓÚÃÕÂ€íóúãõâ",
        ),
    }
    for language, (septets, text) in tables.items():
        escaped = b"".join(bytes((0x1B, septet)) for septet in septets)
        assert len(septets) == len(text)
        assert alphabets.from_septets(escaped, single=language) == text


def test_turkish_and_portuguese_locking_shift() -> None:
    turkish = alphabets.from_septets(bytes(range(16)) + b"\x1c\x1d@`", alphabets.TURKISH)
    assert turkish == "@£$¥€éùıòÇ\nĞğ\rÅåŞşİç"
    septets = bytes(septet for septet in range(128) if septet != 0x1B)
    assert alphabets.from_septets(septets, alphabets.PORTUGUESE) == (
        "@£$¥êéúíóç\nÔô\rÁáΔ_ªÇÀ∞^\\€Ó|ÂâÊÉ !\"#º%&'()*+,-./0123456789:;<=>?"
        "ÍABCDEFGHIJKLMNOPQRSTUVWXYZÃÕÚÜ§~abcdefghijklmnopqrstuvwxyzãõ`üà"
    )


def test_a_language_that_we_do_not_have_counts_as_none() -> None:
    assert alphabets.from_septets(b"\x04\x1b\x65", 13, 13) == "è€"


def test_packing_of_the_example_in_23_038_6_1_2_1() -> None:
    """Eight septets are seven octets; seven are seven octets with a bit of fill."""
    assert alphabets.pack(b"12345678").hex() == "31d98c56b3dd70"
    assert alphabets.pack(b"1234567").hex() == "31d98c56b3dd00"


@given(st.binary(max_size=170).map(lambda data: bytes(octet & 0x7F for octet in data)))
def test_packing_is_the_bits_one_behind_the_other(septets: bytes) -> None:
    bits = sum(septet << 7 * at for at, septet in enumerate(septets))
    packed = bits.to_bytes(alphabets.octets_for(len(septets)), "little")
    assert alphabets.pack(septets) == packed
    assert alphabets.unpack(packed, len(septets)) == septets


@given(st.binary(max_size=140), st.booleans())
def test_unpacking_any_octets_gives_as_many_septets_as_asked_for(data: bytes, less: bool) -> None:
    count = len(data) * 8 // 7 - (less and len(data) * 8 // 7 > 0 and len(data) % 7 == 0)
    bits = int.from_bytes(data, "little")
    expected = bytes(bits >> 7 * at & 0x7F for at in range(count))
    assert alphabets.unpack(data[: alphabets.octets_for(count)], count) == expected


@given(st.text(EVERY))
def test_text_survives_both_ways(text: str) -> None:
    assert alphabets.fits_gsm7(text)
    assert alphabets.from_septets(b"".join(alphabets.to_septets(text))) == text


def test_every_text_of_the_corpus() -> None:
    for case in cases("gsm7_text"):
        septets = b"".join(alphabets.to_septets(case["input"]))
        assert septets.hex() == case["expected"]["septets"]
        assert alphabets.pack(septets).hex() == case["expected"]["packed"]
    for case in cases("gsm7_roundtrip"):
        septets = b"".join(alphabets.to_septets(case["input"]))
        assert alphabets.from_septets(septets) == case["input"]
    for case in cases("can_encode"):
        assert alphabets.fits_gsm7(case["input"]) is case["expected"]["gsm"]
    for case in cases("gsm7_unpack"):
        septets = bytes.fromhex(case["expected"]["septets"])
        assert alphabets.unpack(bytes.fromhex(case["input"]), len(septets)) == septets
