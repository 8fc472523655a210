"""How late an RS485 line is let go: the process of its own against a thread in the daemon.

    python3 -m bench.release [--frames N]

Frames of 8 bytes go out on a PTY, 50 a second, while this process idles, bridges as much as a UART
can bring at 921600 in both directions, or is busy: Python code that runs whenever it may.  Late
means behind the computed end of the frame; a PTY cannot be asked whether it is empty, so the
character that is waited for in place of the answer is taken off.  To be compared with 1 and 3.5
characters, when the answer may begin: 1.04 and 3.65 ms at 9600, 0.09 and (fixed above 19200)
1.75 ms at 115200.
"""

import argparse
import asyncio
import os
import pty
import select
import socket
import sys
import termios
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from usr7s3d.core.direction import UNTOLD, Sender
from usr7s3d.core.lateness import Lateness
from usr7s3d.devices.sender import TtyLine
from usr7s3d.devices.sending import Pin, SendingProcess
from usr7s3d.devices.stream import Stream

REQUEST = bytes.fromhex("010300000001840a")
RATES = (9600, 115200)
LOT, FASTEST = 400, 921600  # bytes at once and Bd of the traffic that is bridged
PERIOD = 0.020  # s between two frames
WAYS = ("process", "thread", "thread, switch interval 0.2 ms")
WINDOW = termios.TIOCSWINSZ  # a call that a PTY knows and that costs what a pin's would


class Thread:
    """The same sender in a thread of this process."""

    def __init__(self, fd: int, character_time: float) -> None:
        self.lateness = Lateness()
        self._untold = UNTOLD * character_time
        self._ours, self._theirs = socket.socketpair()
        line = TtyLine(fd, fd, (WINDOW, bytes(8)), (WINDOW, bytes(8)))
        self._sender = Sender(line, character_time, 0.0, 0.0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        """Send a frame."""
        self._ours.send(data)

    def _run(self) -> None:
        while True:
            due = self._sender.deadline()
            wait = None if due is None else max(0.0, due - time.monotonic())
            if select.select([self._theirs], [], [], wait)[0]:
                data = self._theirs.recv(4096)
                if not data:
                    return
                self._sender.send(data, time.monotonic())
            late = self._sender.expire(time.monotonic())
            if late is not None:
                self.lateness.add(late - self._untold)

    def close(self) -> None:
        """End it."""
        self._ours.close()
        self._thread.join()
        self._theirs.close()


class Process(SendingProcess):
    """As the daemon has it."""

    def __init__(self, fd: int, character_time: float) -> None:
        call = (WINDOW, bytes(8))
        super().__init__(fd, Pin(fd, call, call), (character_time, 0.0, 0.0))
        self.attach(lambda: None, lambda _: None)
        add = self.lateness.add
        self.lateness.add = lambda late: add(late - UNTOLD * character_time)  # type: ignore[method-assign]

    def close(self) -> None:
        """End it."""
        self.detach()
        super().close()


@contextmanager
def _terminal() -> Iterator[int]:
    """A PTY whose other end is read."""
    host, fd = pty.openpty()
    tty.setraw(fd)
    for each in (host, fd):
        os.set_blocking(each, False)
    loop = asyncio.get_running_loop()
    loop.add_reader(host, lambda: os.read(host, 4096))
    try:
        yield fd
    finally:
        loop.remove_reader(host)
        os.close(host)
        os.close(fd)


async def _idle() -> None:
    await asyncio.get_running_loop().create_future()


async def _bridging() -> None:
    """Two streams as the daemon has them, each writes what the other one reads."""
    pairs = [socket.socketpair() for _ in range(2)]
    outer = [pair[1].fileno() for pair in pairs]
    command = [sys.executable, "-m", "bench.release", "--pump", *map(str, outer)]
    streams: list[Stream] = []

    def pass_on(side: int, data: bytes) -> None:
        streams[1 - side].write(data)

    for side, (ours, _) in enumerate(pairs):
        ours.setblocking(False)
        received = partial(pass_on, side)
        streams.append(
            Stream(ours.fileno(), received=received, sent=lambda: None, lost=lambda _: None)
        )
        streams[-1].resume_reading()
    pump = await asyncio.create_subprocess_exec(*command, pass_fds=outer)
    try:
        await pump.wait()
    finally:
        pump.terminate()
        await pump.wait()
        for stream, pair in zip(streams, pairs, strict=True):
            stream.close()
            for end_of_it in pair:
                end_of_it.close()


def _pump(fds: list[int]) -> None:
    """The other side of it: send to both, and throw away what comes; until it is ended."""
    due = time.monotonic()
    while True:
        for fd in fds:
            os.write(fd, bytes(LOT))
        due += LOT * 10 / FASTEST
        while (left := due - time.monotonic()) > 0:
            for fd in select.select(fds, [], [], left)[0]:
                os.read(fd, 65536)


async def _busy() -> None:
    """Small steps of Python all the time, and the loop between them: worse than any traffic."""
    data = bytearray(range(256)) * 4
    while True:
        for _ in range(20):
            data = data[1:] + data[:1]
            sum(data)
        await asyncio.sleep(0)


LOADS = {"idle": _idle, "bridging": _bridging, "busy": _busy}


async def measure(way: str, baud: int, frames: int, load: str) -> Lateness:
    """One cell of the table."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0002 if "interval" in way else before)
    make: Callable[[int, float], Thread | Process] = Process if way == "process" else Thread
    with _terminal() as fd:
        sending = make(fd, 10 / baud)
        loading = asyncio.create_task(LOADS[load]())
        for _ in range(frames):
            sending.write(REQUEST)
            await asyncio.sleep(PERIOD)
        await asyncio.sleep(0.1)
        loading.cancel()
        await asyncio.wait([loading])
        sending.close()
        sys.setswitchinterval(before)
        return sending.lateness


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python3 -m bench.release")
    parser.add_argument("--frames", type=int, default=1000, help="for each row (%(default)s)")
    parser.add_argument("--pump", type=int, nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.pump:
        _pump(arguments.pump)
    frames = arguments.frames
    print("| baud | daemon | way | p50 us | p99 us | p99.9 us | worst us |")
    print("|---|---|---|---|---|---|---|")
    for baud in RATES:
        for load in LOADS:
            for way in WAYS:
                late = asyncio.run(measure(way, baud, frames, load))
                numbers = [late.percentile(percent) for percent in (50, 99, 99.9)]
                cells = [f"{1e6 * value:.0f}" for value in (*numbers, late.worst)]
                row = [str(baud), load, way, *cells]
                print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
