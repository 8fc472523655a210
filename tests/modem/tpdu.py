"""Messages put together for tests, field by field; shares no code with what it tests."""

CENTRE = "07919471227210F4"  # +49172227014
SENDER = "0D91945121436587F9"  # +4915123456789
TIME = "62112231030480"  # 2026-11-22 13:30:40, two hours ahead of UTC


def septets(text: bytes, header: str = "") -> str:
    """User data in hex: length in septets, header, fill bits, ``text`` with a septet a byte."""
    head = bytes.fromhex(header)
    skip = -(-len(head) * 8 // 7)
    bits = int.from_bytes(head, "little")
    bits |= sum(septet << 7 * (skip + at) for at, septet in enumerate(text))
    count = skip + len(text)
    return f"{count:02X}" + bits.to_bytes(-(-count * 7 // 8), "little").hex().upper()


def octets(data: bytes, header: str = "") -> str:
    """User data in hex: length in octets, header, ``data``."""
    head = bytes.fromhex(header)
    return f"{len(head + data):02X}" + (head + data).hex().upper()


def deliver(
    user_data: str, *, coding: int = 0, header: bool = False, sender: str = SENDER, time: str = TIME
) -> str:
    """An SMS-DELIVER in hex (3GPP TS 23.040 9.2.2.1)."""
    return f"{CENTRE}{0x44 if header else 0x04:02X}{sender}00{coding:02X}{time}{user_data}"
