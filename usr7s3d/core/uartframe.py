"""The 8-byte frame that changes the UART from the network (manual 3.6.2)."""

from collections.abc import Container

from usr7s3d.core.line import LineSettings

HEAD = b"\x55\xaa\x55"
LENGTH = 8
PARITIES = ("ODD", "EVEN", "MARK", "SPACE")  # SPACE is a sibling model's; the table leaves 11 open


class FrameError(ValueError):
    """Starts like a frame, and is not one: ordinary data."""


def decode(data: bytes, flow: str, rates: Container[int]) -> LineSettings:
    """The line that the frame ``data`` asks for, with ``flow`` as it is.

    Raises:
        FrameError: Wrong length, head or checksum, or a rate that is not in ``rates``.

    Source: manual 3.6.2.  Its table says that bits 7:6 are to be 0, yet both printed
    examples (``55 AA 55 01 C2 00 83 46``) set bit 7: those bits are ignored.
    """
    if len(data) != LENGTH or not data.startswith(HEAD):
        raise FrameError("no head")
    *body, checksum = data[len(HEAD) :]
    if sum(body) & 0xFF != checksum:
        raise FrameError("bad checksum")
    baud, bits = int.from_bytes(bytes(body[:3]), "big"), body[3]
    if baud not in rates:
        raise FrameError("not a rate of this module")
    return LineSettings(
        baud=baud,
        parity=PARITIES[bits >> 4 & 0b11] if bits & 0b1000 else "NONE",
        data_bits=5 + (bits & 0b11),
        stop_bits=2 if bits & 0b100 else 1,
        flow=flow,
    )
