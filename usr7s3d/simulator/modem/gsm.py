"""The GSM 7-bit default alphabet, and septets in octets (3GPP TS 23.038 6.1.2, 6.2.1)."""

from collections.abc import Sequence

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPE = 0x1B
_EXTENSION = {
    0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]",
    0x40: "|", 0x65: "€",
}  # fmt: skip

_SEPTETS: dict[str, tuple[int, ...]] = {
    character: (code,) for code, character in enumerate(_BASIC) if code != _ESCAPE
}
_SEPTETS |= {character: (_ESCAPE, code) for code, character in _EXTENSION.items()}


def septets(text: str) -> list[tuple[int, ...]] | None:
    """One or two septets for each character; None when the alphabet lacks one of them."""
    found = [_SEPTETS.get(character) for character in text]
    return None if None in found else [codes for codes in found if codes]


def text(codes: Sequence[int]) -> str:
    """What septets say; an extension that is not defined shows its basic character."""
    said, escaped = "", False
    for code in codes:
        if code == _ESCAPE and not escaped:
            escaped = True
            continue
        said += _EXTENSION.get(code, _BASIC[code]) if escaped else _BASIC[code]
        escaped = False
    return said


def pack(codes: Sequence[int], fill: int = 0) -> bytes:
    """Septets, lowest bits first, behind ``fill`` empty bits."""
    value = sum(code << (7 * at) for at, code in enumerate(codes)) << fill
    return value.to_bytes((7 * len(codes) + fill + 7) // 8, "little")


def unpack(data: bytes, count: int, fill: int = 0) -> list[int]:
    """The ``count`` septets of ``data``."""
    value = int.from_bytes(data, "little") >> fill
    return [value >> (7 * at) & 0x7F for at in range(count)]
