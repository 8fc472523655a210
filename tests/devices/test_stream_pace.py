"""A stream that reads at a pace: fewer reads on a busy line, none later than 3 ms.

On the virtual clock: what is written into a socket pair can be read at once.
"""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from usr7s3d.core.pace import PERIOD, Pace
from usr7s3d.devices.stream import Stream

CHUNK = 16  # bytes
EVERY = CHUNK / 92_160  # s for a chunk at 921600 Bd


class CountingPace(Pace):
    looks = 0

    def next_look(self, found: int, now: float) -> float | None:
        self.looks += 1
        return super().next_look(found, now)


class Line:
    """The far end of a line, and what was read at the near one."""

    def __init__(self, far: socket.socket, near: socket.socket) -> None:
        self._far = far
        self._clock = asyncio.get_running_loop().time
        self._sent = 0
        self.data = b""
        self.latest = 0.0  # s, the longest that the newest byte of a read had waited
        self.lost: list[OSError | None] = []
        self.stream = Stream(
            near.fileno(), received=self._received, sent=lambda: None, lost=self.lost.append
        )
        self.pace = CountingPace(silence=0)
        self._came_at = 0.0

    def _received(self, data: bytes) -> None:
        self.data += data
        self.latest = max(self.latest, self._clock() - self._came_at)

    async def feed(self, seconds: float) -> bytes:
        """Send chunk by chunk at 921600 Bd; what was sent."""
        start = self._sent
        for _ in range(int(seconds / EVERY)):
            self._came_at = self._clock()
            self._far.send(self.piece(self._sent, CHUNK))
            self._sent += CHUNK
            await asyncio.sleep(EVERY)
        return self.piece(start, self._sent - start)

    @staticmethod
    def piece(at: int, size: int) -> bytes:
        """Bytes that tell their place."""
        return bytes((at + n) // CHUNK & 0xFF for n in range(size))


@contextmanager
def a_line() -> Iterator[Line]:
    far, near = socket.socketpair()
    with far, near:
        near.setblocking(False)
        line = Line(far, near)
        try:
            yield line
        finally:
            line.stream.close()


@contextmanager
def a_busy_line() -> Iterator[Line]:
    with a_line() as line:
        line.stream.resume_reading(line.pace)
        yield line


async def test_a_busy_line_is_read_a_tenth_as_often_and_no_byte_waits_long() -> None:
    with a_busy_line() as line:
        sent = await line.feed(2.0)
        await asyncio.sleep(PERIOD)
        assert line.data == sent
        assert line.pace.looks < len(sent) / CHUNK / 10
        assert line.latest <= PERIOD


async def test_a_request_is_read_at_once() -> None:
    with a_busy_line() as line:
        sent = await line.feed(0.010)
        assert line.data == sent
        assert line.latest == 0


async def test_a_request_after_a_busy_time_is_read_at_once() -> None:
    with a_busy_line() as line:
        await line.feed(1.0)
        await asyncio.sleep(2 * PERIOD)
        line.latest = 0
        await line.feed(0.010)
        assert line.latest == 0


async def test_nothing_ticks_on_a_quiet_line() -> None:
    with a_busy_line() as line:
        await line.feed(1.0)
        before = line.pace.looks
        await asyncio.sleep(3600)
        assert line.pace.looks <= before + 2


async def test_pause_between_two_looks() -> None:
    with a_busy_line() as line:
        sent = await line.feed(1.0)
        line.stream.pause_reading()
        held = line.data
        sent += await line.feed(0.020)
        assert line.data == held
        line.stream.resume_reading(line.pace)
        sent += await line.feed(1.0)
        await asyncio.sleep(2 * PERIOD)
        assert line.data == sent


async def test_close_between_two_looks() -> None:
    with a_busy_line() as line:
        await line.feed(1.0)
        line.stream.close()
        held = line.data
        await line.feed(0.020)
        assert line.data == held


async def test_the_end_of_a_busy_line_is_told_once() -> None:
    with a_busy_line() as line:
        sent = await line.feed(1.0)
        line._far.close()
        await asyncio.sleep(3 * PERIOD)
        assert line.data == sent
        assert line.lost == [None]


@pytest.mark.parametrize("during", ["a pause", "the end"])
async def test_the_owner_acts_from_within_received(during: str) -> None:
    with a_busy_line() as line:
        await line.feed(1.0)

        def received(_: bytes) -> None:
            if during == "a pause":
                line.stream.pause_reading()
                line.stream.resume_reading(line.pace)
            else:
                line.stream.close()

        line.stream._received = received
        await line.feed(0.020)
        assert line.lost == []
