"""The stage of every scene: a serial host, the daemon, the cable, two servers.

One loop moves all bytes, so a scene is a sequence of sentences and needs no threads:
it sets something going and calls :meth:`Stage.until` with what it waits for.
"""

import os
import select
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Protocol, TypeVar

from tests.reliability.servers import Server, Source, UdpServer
from tests.reliability.wire import DAEMON, Wire
from tests.system.rig import Daemon, Host

T = TypeVar("T")

WITHIN = 60.0  # s; generous, because the suite shares small machines
TICK = 0.005  # s between two looks at what has no event
SAMPLE = 0.05  # s between two looks at the daemon's memory
PAGE = os.sysconf("SC_PAGE_SIZE")


class Part(Protocol):
    """What the loop moves bytes for."""

    def fileno(self) -> int: ...

    @property
    def wants_read(self) -> bool: ...

    @property
    def wants_write(self) -> bool: ...

    def readable(self) -> None: ...

    def writable(self) -> None: ...


class Wired:
    """The host's end of the serial line."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self.source = Source(0)
        self.received = bytearray()
        self.rate: float | None = None  # bytes a second at which the host reads
        self._allowed_at = monotonic()

    def fileno(self) -> int:
        return self._host.fd

    @property
    def wants_read(self) -> bool:
        return self.rate is None or monotonic() >= self._allowed_at

    @property
    def wants_write(self) -> bool:
        return bool(self.source.due())

    def readable(self) -> None:
        try:
            data = os.read(self._host.fd, 65536 if self.rate is None else 16)
        except OSError:  # the daemon has closed its end for now
            return
        self.received += data
        if self.rate is not None:
            self._allowed_at = max(self._allowed_at, monotonic() - TICK) + len(data) / self.rate

    def writable(self) -> None:
        self.source.sent += self._host.write_some(self.source.due())


class Stage:
    """Everything, before the daemon has started."""

    def __init__(self, home: Path, wire: Wire) -> None:
        self.wire = wire
        self.daemon = Daemon(home)
        self.serial = Host()
        self.host = Wired(self.serial)
        self.a, self.b = Server(4001), Server(4002)
        self.udp: list[UdpServer] = []
        self.baseline = self.peak = 0
        self.in_flight = 0  # the most that the daemon's kernel held unacknowledged towards A
        self._sampled_at = 0.0

    def udp_server(self, port: int) -> UdpServer:
        self.udp.append(UdpServer(port))
        return self.udp[-1]

    def start(self, text: str = "", **factory: str) -> None:
        """Start the daemon; A is connected when this returns, unless ``SOCKA`` is given."""
        settings = {"SOCKA": self.a.setting, "STMSG": '""', **factory}
        self.daemon.configure(text, device=self.serial.path, **settings)
        self.begin()
        if "SOCKA" not in factory:
            self.until(lambda: self.a.peer)
        self.watch_memory()

    def begin(self) -> None:
        with self.wire.at(DAEMON):
            self.daemon.start()
        # What came before it opened the tty is not for it.
        self.until(lambda: self.daemon.status()["uart"]["state"] == "open")

    def watch_memory(self) -> None:
        """From now on it should not grow."""
        self.baseline = self.peak = self._memory()

    def _memory(self) -> int:
        try:
            return int(Path(f"/proc/{self.daemon.pid}/statm").read_text().split()[1]) * PAGE
        except (OSError, IndexError):
            return 0

    @property
    def growth(self) -> int:
        return self.peak - self.baseline

    def sample(self) -> None:
        if monotonic() - self._sampled_at < SAMPLE:
            return
        self._sampled_at = monotonic()
        self.peak = max(self.peak, self._memory())
        self.in_flight = max(self.in_flight, self.unacknowledged(self.a.port))

    def unacknowledged(self, port: int) -> int:
        """Bytes in the daemon's kernel that server ``port`` has not acknowledged."""
        try:
            lines = Path(f"/proc/{self.daemon.pid}/net/tcp").read_text().splitlines()[1:]
        except OSError:
            return 0
        rows = [line.split() for line in lines]
        return max(
            (
                int(row[4].split(":")[0], 16)
                for row in rows
                if int(row[2].split(":")[1], 16) == port and row[3] == "01"
            ),
            default=0,
        )

    def until(self, condition: Callable[[], T], within: float = WITHIN) -> T:
        """Move bytes until ``condition`` is true; its value."""
        deadline = monotonic() + within
        while not (value := condition()):
            assert monotonic() < deadline, f"waited {within:g} s in vain\n{self.daemon.log}"
            self.move()
        return value

    def after(self, seconds: float) -> None:
        """Let the traffic go on for so long: the length of an outage, not a wait for anything."""
        end = monotonic() + seconds
        self.until(lambda: monotonic() >= end, seconds + 1)

    def move(self) -> None:
        """Whatever can be moved now."""
        peers = (*self.a.peers, *self.b.peers)
        parts: list[Part] = [self.host, self.a, self.b, *self.udp, *peers]
        readers = [part for part in parts if part.wants_read]
        writers = [part for part in parts if part.wants_write]
        readable, writable, _ = select.select(readers, writers, [], TICK)
        for part in readable:
            part.readable()
        for part in writable:
            if part.wants_write:
                part.writable()
        self.sample()

    def close(self) -> None:
        self.daemon.close()
        self.serial.unplug()
        servers: list[Server | UdpServer] = [self.a, self.b, *self.udp]
        for each in servers:
            each.close()


@contextmanager
def stage(home: Path) -> Iterator[Stage]:
    """A stage in namespaces of its own; all of it is gone afterwards."""
    wire = Wire()
    try:
        there = Stage(home, wire)
        try:
            yield there
        finally:
            there.close()
    finally:
        wire.close()
