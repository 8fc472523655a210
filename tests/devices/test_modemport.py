"""The modem's tty, on PTYs."""

import asyncio
import errno
import os
import pty
import termios
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import pytest

from usr7s3d.core.line import LineSettings
from usr7s3d.devices import modemport
from usr7s3d.devices.modemport import MOST_UNSENT, ModemPort, open_modem_port
from usr7s3d.devices.uart import open_uart

pytestmark = pytest.mark.real


class Modem:
    """The other end of the PTY."""

    def __init__(self) -> None:
        self.fd, slave = pty.openpty()
        tty.setraw(slave)
        self.path = os.ttyname(slave)
        os.set_blocking(self.fd, False)
        self._slave = slave

    def unplug(self) -> None:
        for fd in (self.fd, self._slave):
            with suppress(OSError):
                os.close(fd)

    def read(self) -> bytes:
        with suppress(BlockingIOError):
            return os.read(self.fd, 65536)
        return b""


@pytest.fixture
def modem() -> Iterator[Modem]:
    modem = Modem()
    yield modem
    modem.unplug()


class User:
    """What the port told."""

    def __init__(self) -> None:
        self.data = b""
        self.came = asyncio.Event()
        self.lost: asyncio.Future[OSError | None] = asyncio.get_running_loop().create_future()

    def received(self, data: bytes) -> None:
        self.data += data
        self.came.set()


@asynccontextmanager
async def opened(modem: Modem) -> AsyncIterator[tuple[ModemPort, User]]:
    user = User()
    port = await open_modem_port(modem.path, user.received, user.lost.set_result)
    try:
        yield port, user
    finally:
        await port.close()


async def come(modem: Modem, wanted: bytes) -> bytes:
    """What the modem got, when ``wanted`` is in it."""
    data = b""
    async with asyncio.timeout(5):
        while wanted not in data:
            await asyncio.sleep(0.001)
            data += modem.read()
    return data


async def test_both_ways(modem: Modem) -> None:
    async with opened(modem) as (port, user):
        port.write(b"AT\r")
        assert await come(modem, b"\r") == b"AT\r"
        os.write(modem.fd, b"\r\nOK\r\n")
        await user.came.wait()
        assert user.data == b"\r\nOK\r\n"


async def test_nobody_else_opens_it(modem: Modem) -> None:
    async with opened(modem):
        with pytest.raises(OSError, match="another program has it"):
            await open_modem_port(modem.path, lambda _: None, lambda _: None)
        with pytest.raises(OSError, match="another program has it"):
            open_uart(modem.path, LineSettings(115200))


async def test_a_port_that_is_not_there() -> None:
    with pytest.raises(OSError, match="No such file") as caught:
        await open_modem_port("/dev/no-such-modem", lambda _: None, lambda _: None)
    assert caught.value.errno == errno.ENOENT


async def test_what_is_no_tty() -> None:
    with pytest.raises(OSError, match="Inappropriate ioctl"):
        await open_modem_port("/dev/null", lambda _: None, lambda _: None)


async def test_unplugged(modem: Modem) -> None:
    async with opened(modem) as (port, user):
        modem.unplug()
        assert await asyncio.wait_for(user.lost, 5) is None
        port.write(b"to nobody")


async def test_unplugged_while_it_writes(modem: Modem) -> None:
    """No traceback by asyncio, which the check for leaks would see."""
    async with opened(modem) as (port, user):
        port.write(b"AT\r")
        modem.unplug()
        port.write(b"AT\r")
        assert await asyncio.wait_for(user.lost, 5) is None


async def test_a_port_that_takes_nothing_is_lost(modem: Modem) -> None:
    async with opened(modem) as (port, user):
        for _ in range(1000):
            port.write(bytes(1000))
            await asyncio.sleep(0)
            if user.lost.done():
                break
        lost = await user.lost
        assert lost
        assert lost.strerror == "takes no more"
    assert MOST_UNSENT < 65536


async def test_closing_does_not_wait_for_what_is_unsent(modem: Modem) -> None:
    began = asyncio.get_running_loop().time()
    async with opened(modem) as (port, _):
        port.write(bytes(MOST_UNSENT))
    assert asyncio.get_running_loop().time() - began < 1


async def test_last_words_leave(modem: Modem) -> None:
    user = User()
    port = await open_modem_port(modem.path, user.received, user.lost.set_result)
    await port.close(b"\x1b")
    assert modem.read() == b"\x1b"
    assert not user.lost.done()
    await port.close()


async def test_closing_while_somebody_gives_up(
    modem: Modem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task that closes is cancelled while a driver holds the last words."""
    monkeypatch.setattr(modemport, "_unsent", lambda _: 1)
    monkeypatch.setattr(termios, "tcflush", lambda *_: None)
    port = await open_modem_port(modem.path, lambda _: None, lambda _: None)
    closing = asyncio.create_task(port.close(b"\x1b"))
    await asyncio.sleep(0.02)
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing


async def test_the_tty_handed_over(modem: Modem) -> None:
    """Others may open it; it is read by us no more, and stays open until we close."""
    async with opened(modem) as (port, user):
        fd = port.hand_over()
        assert os.ttyname(fd) == modem.path
        other = os.open(modem.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        os.write(modem.fd, b"ppp")
        while True:
            with suppress(BlockingIOError):
                assert os.read(other, 100) == b"ppp"
                break
            await asyncio.sleep(0.001)
        os.close(other)
        assert user.data == b""


async def test_an_opening_that_nobody_waits_for_any_more(modem: Modem) -> None:
    """The thread opens it and closes it again."""
    opening = asyncio.create_task(open_modem_port(modem.path, lambda _: None, lambda _: None))
    await asyncio.sleep(0)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    async with asyncio.timeout(5):
        while _is_taken(modem.path):  # noqa: ASYNC110 - the thread tells nobody
            await asyncio.sleep(0.01)


def _is_taken(path: str) -> bool:
    """Whether a descriptor of ours, besides the slave's own, leads to ``path``."""
    links = []
    for entry in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            links.append(os.readlink(f"/proc/self/fd/{entry}"))
    return links.count(path) > 1
