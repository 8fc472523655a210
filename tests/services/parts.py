"""Fakes of what the services get passed in, short enough to read."""

import asyncio
import errno
import socket
import sys
import termios
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from fcntl import ioctl
from typing import Any

from usr7s3d.at.facts import Facts
from usr7s3d.core.backoff import Backoff
from usr7s3d.core.line import LineSettings
from usr7s3d.core.liveness import Liveness
from usr7s3d.devices.uart import NO_RS485, Uart
from usr7s3d.hostconfig import Rs485
from usr7s3d.services.port import Port
from usr7s3d.settings.model import FACTORY, Settings

FACTS = Facts(version="1.0", serial_number="0" * 20)


def no_jitter() -> float:
    return 0.0


async def at_once(call: Callable[[], Any], discard: object = None) -> Any:
    """In place of a thread."""
    return call()


class FakeUart(Uart):
    """A socket pair for a line.  The host's end is ``host``; the kernel's buffer is real."""

    def __init__(self, tty: "Tty", line: LineSettings) -> None:
        self.host, self._near = socket.socketpair()
        self.host.setblocking(False)
        self._near.setblocking(False)
        self._fd = self._near.fileno()
        self._tty = tty
        self._line = line
        self.stream = None

    def set_line(self, line: LineSettings) -> None:
        self._tty.history.append(line)
        self._line = line

    def line(self) -> LineSettings:
        return self._line

    def unsent(self) -> int:
        return (self.stream.unsent if self.stream else 0) + self._tty.held

    def unread(self) -> int:
        answer = ioctl(self._fd, termios.FIONREAD, bytes(4))
        return int.from_bytes(answer, sys.byteorder)

    def close(self) -> None:
        self._tty.history.append("close")
        self._tty.uart = None
        self._near.close()
        self.host.close()


class Tty:
    """What stands behind the device's name: a socket pair at each opening, or nothing.

    ``history`` is what was done to it, in order; ``held`` bytes stay in the driver for ever.
    """

    def __init__(self) -> None:
        self.history: list[object] = []
        self.missing: OSError | None = None
        self.held = 0
        self.uart: FakeUart | None = None
        self.rs485 = NO_RS485  # as told at the last opening

    def open(self, device: str, line: LineSettings, rs485: Rs485 = NO_RS485) -> Uart:
        self.history.append("open")
        self.rs485 = rs485
        if self.missing:
            raise self.missing
        self.uart = FakeUart(self, line)
        return self.uart

    @property
    def host(self) -> socket.socket:
        assert self.uart, "the tty is not open"
        return self.uart.host

    def read(self) -> bytes:
        """What the host has got."""
        data = b""
        try:
            while more := self.host.recv(65536):
                data += more
        except BlockingIOError:
            pass
        return data

    def write(self, data: bytes) -> None:
        self.host.sendall(data)

    def hang_up(self) -> None:
        """The adapter is pulled."""
        self.missing = FileNotFoundError(errno.ENOENT, "No such file or directory")
        self.host.close()


def port_on(tty: Tty, line: LineSettings | None = None, rs485: Rs485 = NO_RS485) -> Port:
    backoff = Backoff(0.25, 2.0, no_jitter)
    line = line or LineSettings(115200)
    return Port("/dev/tty", line, backoff, open_uart=tty.open, in_thread=at_once, rs485=rs485)


@asynccontextmanager
async def running(*services: Any, liveness: Liveness | None = None) -> AsyncIterator[None]:
    """Run each service beside the block, and end it behind."""
    liveness = liveness or Liveness(asyncio.get_running_loop().time)
    async with asyncio.TaskGroup() as tasks:
        started = [tasks.create_task(service.run(liveness)) for service in services]
        await settle()
        try:
            yield
        finally:
            for task in started:
                task.cancel()


async def settle() -> None:
    """Let everybody do what can be done now."""
    for _ in range(10):
        await asyncio.sleep(0)


class FakeStore:
    """Settings in memory; ``failure`` is raised by the next calls, ``gate`` holds them up."""

    def __init__(self) -> None:
        self.saved: list[Settings] = []
        self.user_defaults: list[Settings] = []
        self.failure: OSError | None = None

    def save(self, settings: Settings) -> None:
        if self.failure:
            raise self.failure
        self.saved.append(settings)

    def save_user_default(self, settings: Settings) -> None:
        if self.failure:
            raise self.failure
        self.user_defaults.append(settings)


def settings(**changes: object) -> Settings:
    """Factory settings with ``section__name=value``."""
    changed = FACTORY
    for path, value in changes.items():
        changed = changed.put(path.replace("__", "."), value)
    return changed
