"""The simulator's modem at the other end of a guest's adapters.

    guest's adapters 0, 1 <--> modem, obeys ``say`` <--> guest's adapter 4, where a carrier listens

It runs in a process of its own, on the sockets of the guest.
"""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.vm.guest import Guest
from usr7s3d.simulator.modem import manners
from usr7s3d.simulator.modem.shell import Simulator
from usr7s3d.simulator.modem.wire import End, Plug, Wire

CHUNK = 4096


class Modem:
    """One at ``guest``.  ``words`` are lines of a manners file (simulator/modem/manners.py)."""

    def __init__(self, guest: Guest, folder: Path, words: str) -> None:
        ends = [*guest.usb, guest.carrier]
        (folder / "manners").write_text(words)
        self._log = (folder / "modem.log").open("w")
        numbers = [str(end.fileno()) for end in ends]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.vm.modem", str(folder / "manners"), *numbers],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            pass_fds=[end.fileno() for end in ends],
            text=True,
        )

    def say(self, line: str) -> None:
        """As at the simulator's prompt."""
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    @property
    def log(self) -> str:
        """What it has told."""
        return Path(self._log.name).read_text()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._process.kill()
        self._process.wait(20)
        if self._process.stdin:
            self._process.stdin.close()
        self._log.close()


class Socket(Plug):
    """An end that is open already; the modem may be unplugged from it and plugged in again."""

    def __init__(self, number: int) -> None:
        self._number = number

    def open(self, received: Callable[[bytes], None], gone: Callable[[], None]) -> Wire:
        return Wire(os.dup(self._number), received, gone)


class Carrier:
    """What is behind CONNECT: the adapter where the guest's carrier listens."""

    def __init__(self, number: int) -> None:
        self._socket = socket.socket(fileno=number)
        self._socket.setblocking(False)
        self._line: socket.socket | None = None
        self.mute = False  # bytes go into a hole

    async def listen(self) -> None:
        """Pass on what the carrier says to whoever calls, or to nobody."""
        loop = asyncio.get_running_loop()
        while data := await loop.sock_recv(self._socket, CHUNK):
            if self._line and not self.mute:
                try:
                    await loop.sock_sendall(self._line, data)
                except OSError:
                    self._line = None

    async def __call__(self, line: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        self._line = line
        try:
            while data := await loop.sock_recv(line, CHUNK):
                if not self.mute:
                    await loop.sock_sendall(self._socket, data)
        except OSError:
            pass  # the modem has hung up
        finally:
            self._line = None
            line.close()


async def main(words: str, at: str, data: str, beyond: str) -> None:
    """Be a modem until killed."""
    carrier = Carrier(int(beyond))
    ends: dict[str, End] = {"at": Socket(int(at)), "data": Socket(int(data))}
    simulator = Simulator(manners.load(words), ends, carrier=carrier, tell=_tell)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    async with asyncio.TaskGroup() as tasks, simulator:
        tasks.create_task(carrier.listen())
        simulator.obey("watch")
        while line := (await reader.readline()).decode().strip():
            if line in ("hole", "through"):
                carrier.mute = line == "hole"
            else:
                simulator.obey(line)


def _tell(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
