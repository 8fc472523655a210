"""A running bridge with both its ends in our hands.

A PTY stands in for the UART: it takes bytes at any rate, never overruns, and costs a
hop through a worker of the kernel.  So microseconds are this machine's; ratios travel.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import tty
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.bridges import Bridge, Place

SETTLE = 0.15  # s for bytes under way to arrive before a measurement
STOP_LIMIT = 5.0  # s
LOOK = 0.002  # s between attempts to reach a bridge that is starting


class Stalled(Exception):
    """The bridge does not do its work."""


class Cores:
    """The first core is ours, the last one the bridge's."""

    def __init__(self) -> None:
        cores = sorted(os.sched_getaffinity(0))
        self.ours, self.theirs = cores[0], cores[-1]

    def settle(self) -> None:
        """Take our own.

        We spin; as SCHED_IDLE that makes way at once for the kernel's worker that
        carries the PTY's bytes, which would else wait out a slice of 3 ms.
        """
        os.sched_setaffinity(0, {self.ours})
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))

    def give(self, pid: int) -> None:
        """Put ``pid``, a child of ours, on the other one."""
        os.sched_setaffinity(pid, {self.theirs})
        os.sched_setscheduler(pid, os.SCHED_OTHER, os.sched_param(0))


class Session:
    """What is written into ``uart`` comes out of every socket, and back."""

    def __init__(self, process: "subprocess.Popen[bytes]", uart: int) -> None:
        self.process = process
        self.pid = process.pid
        self.net: list[socket.socket] = []
        self.startup = 0.0  # s from its start to the first byte through it
        self._uart = uart

    def uart_write(self, data: bytes | memoryview) -> int:
        """How much of ``data`` the UART took."""
        try:
            return os.write(self._uart, data)
        except BlockingIOError:
            return 0

    def uart_read(self, size: int = 65536) -> bytes:
        """What has come to the UART, at most ``size`` bytes."""
        try:
            return os.read(self._uart, size)
        except BlockingIOError:
            return b""

    def net_write(self, data: bytes | memoryview) -> int:
        """How much of ``data`` the first connection took."""
        try:
            return self.net[0].send(data)
        except BlockingIOError:
            return 0

    def net_read(self, which: int = 0) -> bytes:
        """What has come to a connection."""
        try:
            data = self.net[which].recv(262144)
        except BlockingIOError:
            return b""
        if not data:
            raise Stalled("the bridge closed its connection")
        return data


@contextmanager
def running(
    bridge: Bridge,
    *,
    connections: int = 1,
    baud: int = 115_200,
    cores: Cores | None = None,
    under: Sequence[str] = (),
    patience: float = 20.0,
) -> Iterator[Session]:
    """Run ``bridge`` until bytes go through it; stop it at the end.

    ``under`` is a command that runs it, like strace; ``patience`` is how many
    seconds the start may take.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        master, slave = os.openpty()
        stack.callback(os.close, master)
        stack.callback(os.close, slave)
        tty.setraw(slave)
        os.set_blocking(master, False)
        with ExitStack() as listeners:
            doors = [
                listeners.enter_context(socket.create_server(("127.0.0.1", 0)))
                for _ in range(connections)
            ]
            ports = [door.getsockname()[1] for door in doors]
            command = bridge.command(Place(folder, os.ttyname(slave), baud, ports))
            if bridge.listens:
                listeners.close()
            began = time.monotonic()
            process = stack.enter_context(_process([*under, *command], folder / "log"))
            if cores:
                cores.give(process.pid)
            session = Session(process, master)
            for door in doors:
                net = _reach(ports[0], patience) if bridge.listens else _accept(door, patience)
                stack.enter_context(net).setblocking(False)
                net.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                session.net.append(net)
        _first_byte(session, patience)
        session.startup = time.monotonic() - began
        _drain(session)
        yield session


@contextmanager
def _process(command: list[str], log: Path) -> "Iterator[subprocess.Popen[bytes]]":
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, process_group=0
        )
    try:
        yield process
    except (Stalled, OSError) as error:
        raise Stalled(f"{error}; its log ends: {log.read_text()[-300:]}") from error
    finally:
        # The whole group: strace alone would leave what it runs behind.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _accept(door: socket.socket, patience: float) -> socket.socket:
    door.settimeout(patience)
    return door.accept()[0]


def _reach(port: int, patience: float) -> socket.socket:
    """A connection to a bridge that may not listen yet."""
    end = time.monotonic() + patience
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port))
        except ConnectionRefusedError:
            if time.monotonic() > end:
                raise
            time.sleep(LOOK)


def _first_byte(session: Session, patience: float) -> None:
    """Prod until a byte comes through to every connection."""
    end = time.monotonic() + patience
    for which in range(len(session.net)):
        while not session.net_read(which):
            if time.monotonic() > end:
                raise Stalled(f"no byte came through in {patience:g} s")
            session.uart_write(b"U")
            time.sleep(LOOK)


def _drain(session: Session) -> None:
    time.sleep(SETTLE)
    for which in range(len(session.net)):
        while session.net_read(which):
            pass


def say(words: str) -> None:
    """Tell the person who waits."""
    print(words, file=sys.stderr, flush=True)
