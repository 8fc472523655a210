"""The 7-bit alphabets of SMS and how they are packed (3GPP TS 23.038).

Alphabet and packing come from gsmmodem.  What it has wrong is put right here, each with its
reason, so that none of it shows; the national tables (23.038 annex A) it does not have.
"""

from functools import cache

ESCAPE = 0x1B  # the next septet is from the extension table
TURKISH, SPANISH, PORTUGUESE = 1, 2, 3  # national language identifiers, 23.038 6.2.1.2.4

# What differs from the default alphabet (annex A.3): Spanish has no locking table.
_LOCKING = {
    TURKISH: dict(zip(b"\x04\x07\x0b\x0c\x1c\x1d\x40\x60", "€ıĞğŞşİç", strict=True)),
    PORTUGUESE: {
        **dict(zip(b"\x04\x06\x07\x08\x09\x0b\x0c\x0e\x0f", "êúíóçÔôÁá", strict=True)),
        **dict(zip(range(0x12, 0x1B), "ªÇÀ∞^\\€Ó|", strict=True)),
        **dict(zip(b"\x1c\x1d\x1e\x24\x40", "ÂâÊºÍ", strict=True)),
        **dict(zip(b"[\\]`{|}", "ÃÕÚ~ãõ`", strict=True)),
    },
}  # fmt: skip
# What comes on top of the default extension table (annex A.2).
_SINGLE = {
    TURKISH: dict(zip(b"GIScgis", "ĞİŞçğış", strict=True)),
    SPANISH: dict(zip(b"\tAIOUaiou", "çÁÍÓÚáíóú", strict=True)),
    PORTUGUESE: {
        **dict(zip(b"\x05\t\x0b\x0c\x0e\x0f\x1f", "êçÔôÁáÊ", strict=True)),
        **dict(zip(b"\x12\x13\x15\x16\x17\x18\x19", "ΦΓΩΠΨΣΘ", strict=True)),
        **dict(zip(b"AIOU[\\a", "ÀÍÓÚÃÕÂ", strict=True)),
        **dict(zip(b"iou{|\x7f", "íóúãõâ", strict=True)),
    },
}  # fmt: skip


@cache
def _locking(language: int) -> tuple[str, ...]:
    """The main table: a character for each septet."""
    from gsmmodem.pdu import GSM7_BASIC  # noqa: PLC0415 - it brings its engine along: 0.9 MB

    table = list(GSM7_BASIC)
    table[0x5F] = "§"  # gsmmodem has a backquote
    for septet, character in _LOCKING.get(language, {}).items():
        table[septet] = character
    return tuple(table)


@cache
def _single(language: int) -> dict[int, str]:
    """The extension table: what stands behind :data:`ESCAPE`."""
    from gsmmodem.pdu import GSM7_EXTENDED  # noqa: PLC0415

    # gsmmodem has ÿ for form feed, with a number where the others have a character
    table = {ord(at): char for char, at in GSM7_EXTENDED.items() if isinstance(at, str)}
    return table | {0x0A: "\f"} | _SINGLE.get(language, {})


@cache
def _septets() -> dict[str, bytes]:
    """Each character of the default alphabet, as it is sent."""
    main, extension = _locking(0), _single(0)
    single = {char: bytes((at,)) for at, char in enumerate(main) if at != ESCAPE}
    return {char: bytes((ESCAPE, at)) for at, char in extension.items()} | single


def fits_gsm7(text: str) -> bool:
    """Whether the default alphabet and its extension have every character of ``text``."""
    septets = _septets()
    return all(char in septets for char in text)


def to_septets(text: str) -> list[bytes]:
    """One or two septets for each character; two must not be separated.

    Raises:
        ValueError: A character is not in the alphabet.
    """
    septets = _septets()
    if missing := [char for char in text if char not in septets]:
        raise ValueError(f"not in the GSM alphabet: {missing[0]!r}")
    return [septets[char] for char in text]


def from_septets(septets: bytes, locking: int = 0, single: int = 0) -> str:
    """Text out of ``septets``, one per byte; a language that we do not have counts as none.

    An extension that does not exist shows the main table's character, two escapes
    are a blank (23.038 6.2.1.1), an escape with nothing behind it is nothing.
    """
    main, extension = _locking(locking), _single(single)
    text = []
    rest = iter(septets)
    for septet in rest:
        if septet != ESCAPE:
            text.append(main[septet])
        elif (behind := next(rest, None)) is not None:
            text.append(" " if behind == ESCAPE else extension.get(behind, main[behind]))
    return "".join(text)


def octets_for(septets: int) -> int:
    """How many octets hold that many septets."""
    return (septets * 7 + 7) // 8


def pack(septets: bytes) -> bytes:
    """Septets, one per byte, as octets (23.038 6.1.2.1)."""
    from gsmmodem.pdu import packSeptets  # noqa: PLC0415

    return bytes(packSeptets(bytearray(septets)))


def unpack(octets: bytes, count: int) -> bytes:
    """``count`` septets, one per byte; ``octets`` has exactly as many as those need."""
    from gsmmodem.pdu import unpackSeptets  # noqa: PLC0415

    septets = bytes(unpackSeptets(bytearray(octets), count))
    # gsmmodem leaves out an eighth septet that is 0 (@), and gives one too many out of fill bits
    return septets[:count].ljust(count, b"\0")
