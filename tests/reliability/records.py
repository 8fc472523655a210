"""A numbered stream of bytes, and what became of it on the way.

Each record is 16 bytes: seven digits of its number, eight of its checksum, a line end.
So every byte of the stream has a known place, and what arrives is told back as the
runs of places that it holds: lost, doubled, reordered and broken bytes are counted.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from zlib import crc32

RECORD = 16  # bytes
LINE = re.compile(rb"(\d{7})([0-9a-f]{8})\n")
HIGH = bytes(i | 0x80 for i in range(256))  # translations that mark a second stream
LOW = bytes(i & 0x7F for i in range(256))


def record(number: int) -> bytes:
    text = b"%07d" % number
    return b"%s%08x\n" % (text, crc32(text))


@lru_cache(maxsize=4)
def stream(size: int) -> bytes:
    """The first ``size`` bytes."""
    return b"".join(map(record, range(-(-size // RECORD))))[:size]


def split(data: bytes) -> tuple[bytes, bytes]:
    """What two streams became that share a line; the second one's bytes had bit 7 set."""
    return (
        bytes(byte for byte in data if byte < 0x80),
        bytes(byte for byte in data if byte >= 0x80).translate(LOW),
    )


@dataclass(frozen=True, slots=True)
class Audit:
    """In bytes.  ``broken`` are those that the stream does not have."""

    sent: int
    lost: int = 0
    doubled: int = 0
    reordered: int = 0
    broken: int = 0


def audit(sent: int, pieces: Iterable[bytes]) -> Audit:
    """What became of ``stream(sent)``; each of ``pieces`` came over one connection, in order."""
    seen = bytearray(sent)
    highest = doubled = reordered = broken = 0
    for piece in pieces:
        for start, end in runs(piece):
            if start < 0 or end > sent:
                broken += end - start
                continue
            again = seen.count(1, start, end)
            doubled += again
            late = min(end, highest)
            reordered += max(0, late - start - seen.count(1, start, max(start, late)))
            highest = max(highest, end)
            seen[start:end] = b"\1" * (end - start)
    return Audit(sent, seen.count(0), doubled, reordered, broken)


def runs(data: bytes) -> Iterator[tuple[int, int]]:
    """The places that ``data`` holds, as (start, end); foreign bytes have negative places."""
    start = end = None
    at = 0
    for match in LINE.finditer(data):
        number = int(match[1])
        if crc32(match[1]) != int(match[2], 16):
            continue
        here = number * RECORD
        if end is None or here != end or match.start() != at:
            ours, next_start, foreign = _join(data[at : match.start()], end, here)
            if start is not None and end is not None:
                yield start, end + ours
            if foreign:
                yield -foreign, 0
            start = next_start
        end, at = here + RECORD, match.end()
    ours, _, foreign = _join(data[at:], end, None)
    if start is not None and end is not None:
        yield start, end + ours
    if foreign:
        yield -foreign, 0


def _join(gap: bytes, end: int | None, here: int | None) -> tuple[int, int, int]:
    """Whose bytes lie between two whole records: (of the one before, where the next starts, rest).

    A connection may end, and the next one begin, within a record.
    """
    head = record(end // RECORD)[:-1] if end is not None else b""
    tail = record(here // RECORD - 1)[1:] if here else b""
    ours = next((n for n in range(min(len(head), len(gap)), 0, -1) if gap[:n] == head[:n]), 0)
    rest = gap[ours:]
    theirs = next((n for n in range(min(len(tail), len(rest)), 0, -1) if rest[-n:] == tail[-n:]), 0)
    return ours, (here or 0) - theirs, len(rest) - theirs
