"""The fd transport, on socket pairs and PTYs."""

import asyncio
import os
import pty
import socket
import tty
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from usr7s3d.devices.stream import READ_SIZE, Stream

pytestmark = pytest.mark.real


class Owner:
    """Whoever uses a stream: it notes what it is told, and can be waited for."""

    def __init__(self, fd: int, *, reads_out: bool = False) -> None:
        self.data = b""
        self.sent = 0  # times that the kernel took something late
        self.lost: list[OSError | None] = []
        self._told = asyncio.Event()
        self.stream = Stream(
            fd,
            received=self._received,
            sent=self._sent,
            lost=self._was_lost,
            reads_out=reads_out,
        )

    def _received(self, data: bytes) -> None:
        self.data += data
        self._told.set()

    def _sent(self) -> None:
        self.sent += 1
        self._told.set()

    def _was_lost(self, error: OSError | None) -> None:
        self.lost.append(error)
        self._told.set()

    async def told(self) -> None:
        """Wait for the next call."""
        self._told.clear()
        async with asyncio.timeout(10):
            await self._told.wait()


@contextmanager
def pair(*, reads_out: bool = False) -> Iterator[tuple[socket.socket, Owner]]:
    """The far end of a socket pair, and a stream at the near one."""
    far, near = socket.socketpair()
    with far, near:
        far.setblocking(False)
        near.setblocking(False)
        owner = Owner(near.fileno(), reads_out=reads_out)
        try:
            yield far, owner
        finally:
            owner.stream.close()


def read_all(far: socket.socket) -> bytes:
    data = b""
    try:
        while more := far.recv(65536):
            data += more
    except BlockingIOError:
        pass
    return data


async def test_reads_when_asked_to() -> None:
    with pair() as (far, owner):
        far.send(b"early")
        await asyncio.sleep(0)
        assert owner.data == b""
        owner.stream.resume_reading()
        await owner.told()
        assert owner.data == b"early"


async def test_what_comes_in_a_pause_stays_in_the_kernel() -> None:
    with pair() as (far, owner):
        owner.stream.resume_reading()
        owner.stream.pause_reading()
        far.send(b"later")
        await asyncio.sleep(0)
        assert owner.data == b""
        owner.stream.resume_reading()
        await owner.told()
        assert owner.data == b"later"


async def test_reads_at_most_what_the_tty_holds_at_a_time() -> None:
    with pair() as (far, owner):
        far.send(bytes(3 * READ_SIZE))
        owner.stream.resume_reading()
        await owner.told()
        assert len(owner.data) == READ_SIZE
        owner.stream.pause_reading()


async def test_writes_at_once() -> None:
    with pair() as (far, owner):
        owner.stream.write(b"now")
        assert far.recv(10) == b"now"
        assert owner.stream.unsent == 0
        assert owner.sent == 0, "nothing was ever unsent"


async def test_what_the_kernel_does_not_take_follows_in_order() -> None:
    with pair() as (far, owner):
        sent = os.urandom(1_000_000)
        for start in range(0, len(sent), 10_000):
            owner.stream.write(sent[start : start + 10_000])
        assert owner.stream.unsent > 0
        came = b""
        while owner.stream.unsent:
            came += read_all(far)
            await asyncio.sleep(0)
        assert came + read_all(far) == sent
        assert owner.sent > 0


async def test_end_of_the_other_side() -> None:
    with pair() as (far, owner):
        owner.stream.resume_reading()
        far.send(b"last words")
        far.close()
        while not owner.lost:
            await owner.told()
        assert owner.data == b"last words"
        assert owner.lost == [None]
        owner.stream.write(b"too late")
        assert owner.stream.take_back() == b"too late"


async def test_failed_write_is_told_later_and_once() -> None:
    with pair() as (far, owner):
        far.close()
        owner.stream.write(b"into the void")
        assert owner.lost == [], "never from within write"
        await owner.told()
        owner.stream.write(b"more")
        await asyncio.sleep(0)
        assert owner.lost == [None], "a broken pipe says that the other side has gone"
        assert owner.stream.take_back() == b"into the voidmore"


async def test_what_a_socket_received_is_read_before_its_end_is_told() -> None:
    with pair(reads_out=True) as (far, owner):
        far.send(b"last words")
        far.close()
        owner.stream.write(b"into the void")
        owner.stream.write(b"more")
        owner.stream.resume_reading()
        while not owner.lost:
            await owner.told()
        assert owner.data == b"last words"
        assert owner.lost == [None]
        assert owner.stream.take_back() == b"into the voidmore"


async def test_unsent_bytes_can_be_taken_back() -> None:
    with pair() as (far, owner):
        sent = os.urandom(1_000_000)
        owner.stream.write(sent)
        taken = read_all(far)
        owner.stream.close()
        assert taken + owner.stream.take_back() == sent
        assert owner.stream.unsent == 0


async def test_taken_back_while_open() -> None:
    with pair() as (far, owner):
        owner.stream.write(bytes(1_000_000))
        assert owner.stream.take_back()
        read_all(far)
        owner.stream.write(b"fresh")
        assert far.recv(10) == b"fresh"


async def test_hang_up_of_a_pty_is_no_error() -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(slave, False)
    owner = Owner(slave)
    owner.stream.resume_reading()
    os.close(master)
    await owner.told()
    os.close(slave)
    assert owner.lost == [None]


async def test_close_twice() -> None:
    with pair() as (_, owner):
        owner.stream.close()
        owner.stream.close()
        owner.stream.resume_reading()
        assert owner.lost == []
