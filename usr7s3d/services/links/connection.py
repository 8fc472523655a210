"""One connection of a link, from its first byte to what it gives back.

What was written and not acknowledged, whether the peer takes anything, when a
heartbeat is due, and when a short connection has done: ``core`` decides, this obeys.
"""

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from usr7s3d.core.cache import Cache
from usr7s3d.core.cloud import Login
from usr7s3d.core.heartbeat import Beat, Heartbeat
from usr7s3d.core.ledger import Ledger
from usr7s3d.core.pressure import Pressure, State
from usr7s3d.core.register import RegisterPacket
from usr7s3d.services.timer import LazyTimer

log = logging.getLogger(__name__)

REPLIES = 4096  # bytes unsent, above which a reply is for nobody
DEAD_AFTER = 120.0  # s during which a peer takes not one byte of what waits


class Channel(Protocol):
    """A socket at work, TCP or UDP; see ``devices/tcp.py`` and ``devices/udp.py``."""

    lost: "asyncio.Future[OSError | None]"

    @property
    def unsent(self) -> int:
        """Bytes that the kernel has not taken."""
        ...

    def write(self, data: bytes) -> None:
        """Send ``data``."""
        ...

    def unacknowledged(self) -> int:
        """Bytes written that the peer has not acknowledged."""
        ...

    def failed(self) -> bool:
        """Whether a send failed since the last call."""
        ...

    def resume_reading(self) -> None:
        """Receive from now on."""
        ...

    def pause_reading(self) -> None:
        """Leave what comes to the kernel."""
        ...

    async def finish(self) -> None:
        """Close in order."""
        ...

    def close(self, *, abort: bool = False) -> None:
        """Let go; ``abort`` recalls what the peer has not got."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How one link behaves; fixed from one restart of the module to the next.  Times in s."""

    peer: str  # as people read it
    enabled: bool = True
    datagrams: bool = False  # UDP
    caching: bool = True  # CACHEN
    resend: bool = True  # what was not acknowledged goes out again
    short_timeout: float | None = None  # None = a long connection
    patience: float = 0.25  # how long a full link may hold the UART
    beat: bytes = b""  # empty = no heartbeat
    beat_period: float = 0.0
    login: bytes = field(default=b"", repr=False)  # to USR Cloud; empty = none


@dataclass(slots=True)
class Counters:
    """What a link has done since the daemon started."""

    connects: int = 0
    tx_bytes: int = 0
    rx_bytes: int = 0
    dropped_bytes: int = 0
    resent_packets: int = 0
    stalled_resets: int = 0
    guesses: int = 0
    refused_commands: int = 0


class Connection:
    """Sends what is in ``cache``, for as long as ``channel`` lives.

    ``changed()`` is called when it has become full, stalled, or free again.
    """

    def __init__(
        self,
        channel: Channel,
        rules: Rules,
        *,
        cache: Cache,
        counters: Counters,
        register: RegisterPacket,
        changed: Callable[[], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        self._channel = channel
        self._rules = rules
        self._cache = cache
        self._counters = counters
        self._register = register
        self._changed = changed
        self._clock = loop.time
        self._ledger = Ledger()
        self.pressure = Pressure(rules.patience, DEAD_AFTER)
        self._heartbeat = Heartbeat(rules.beat_period, loop.time()) if rules.beat else None
        self._beat_end = 0  # where the last beat ended in the stream
        self._acknowledged = 0  # bytes, when last looked at
        self._acknowledged_at = loop.time()  # of our SYN, for a start
        self._last_traffic = loop.time()
        self._reading = False
        self.parting = False  # nothing is sent any more
        self._timer = LazyTimer(self._expire)
        # How we end it ourselves: None = a short connection has done.
        self._ended: asyncio.Future[OSError | None] = loop.create_future()
        self._login = Login(loop.time()) if rules.login else None
        self.open = self._login is None  # packets may be sent
        if self._login:
            self._write(rules.login)
        else:
            self._introduce()
        self._arm()

    # USR Cloud (manual 3.5): nothing else is sent before its answer.

    def received(self, data: bytes) -> None:
        """The server sent ``data``."""
        self.traffic()
        if self._login:
            self._login.receive(data)
            self._look_at_login()

    def _look_at_login(self) -> None:
        if self._login and self._login.over:
            if self._login.complaint:
                log.warning("A: USR Cloud: %s; data goes on", self._login.complaint)
            else:
                log.info("A: USR Cloud has accepted us")
            self._login = None
            self.open = not self.parting
            self._introduce()

    def _introduce(self) -> None:
        if self._register.on_connect:
            self._write(self._register.on_connect)
        self.feed()

    # Data, both ways.

    def send(self, packet: bytes) -> None:
        """Send ``packet``, behind what waits.

        What waits is bounded: the UART is not read while this connection is full.
        """
        if self.pressure.state is State.TAKING and self.open:  # so nothing waits
            self._write(self._register.on_data + packet, packet)
            if self._channel.unsent:
                self._watch()
        else:
            self._cache.add(packet)
            self.feed()
        self.traffic()

    def traffic(self) -> None:
        """Data goes one way or the other: a short connection stays open."""
        if self._rules.short_timeout is not None:
            self._last_traffic = self._clock()

    def feed(self) -> None:
        """Send what waits, for as long as the kernel takes it."""
        while self._cache and not self._login and not self._channel.unsent:
            packet = self._cache.take()
            self._write(self._register.on_data + packet, packet)
        self._watch()

    def reply(self, data: bytes) -> None:
        """Send ``data`` of our own, without register packet, unless the peer does not read."""
        if self._channel.unsent < REPLIES:
            self.traffic()
            self._write(data)
            self._watch()

    def _write(self, data: bytes, packet: bytes = b"") -> None:
        self._channel.write(data)
        self._ledger.wrote(len(data), packet)
        if self._ledger.crowded:
            self._ledger.prune(self._channel.unacknowledged())
        self._counters.tx_bytes += len(data)
        if self._heartbeat:
            self._heartbeat.sent(self._clock())

    def sent(self) -> None:
        """The kernel took some of what was unsent."""
        if not self.parting:
            self.traffic()
            self.pressure.progress(self._clock())
            self.feed()

    def read(self, wanted: bool) -> None:
        """Receive from now on, or leave what comes to the kernel."""
        self._reading = wanted
        if wanted:
            self.traffic()
            self._channel.resume_reading()
        else:
            self._channel.pause_reading()

    # Time.

    def _watch(self) -> None:
        """Note when something begins to wait, and when nothing does any more."""
        waits = (bool(self._cache) and not self._login) or self._channel.unsent > 0
        if waits is (self.pressure.state is not State.TAKING):
            return
        if waits:
            self.pressure.refused(self._clock())
            # The other deadlines only move on with each packet, which the timer finds out.
            self._arm()
        else:
            self.pressure.drained()
        self._changed()

    def _arm(self) -> None:
        due = [self.pressure.deadline()]
        if self._login:
            due.append(self._login.deadline())
        if self._heartbeat:
            due.append(self._heartbeat.deadline())
        if self._rules.short_timeout is not None:
            due.append(self._last_traffic + self._rules.short_timeout)
        self._timer.set(min((each for each in due if each is not None), default=None))

    def _expire(self) -> None:
        now = self._clock()
        if self._login:
            self._login.expire(now)
            self._look_at_login()
        self._press(now)
        self._shorten(now)
        if not self._ended.done():
            self._beat(now)
            self._arm()

    def _press(self, now: float) -> None:
        before = self.pressure.state
        if self.pressure.expire(now):
            self._counters.stalled_resets += 1
            self._end(OSError(f"the server has taken nothing for {DEAD_AFTER:g} s"))
        if before is not self.pressure.state:
            self._changed()

    def _beat(self, now: float) -> None:
        if not self._heartbeat or now < self._heartbeat.deadline():
            return
        self.acknowledged_at()
        acknowledged = self._ledger.written - self._channel.unacknowledged()
        confirmed = not self._channel.failed() and acknowledged >= self._beat_end
        beat = self._heartbeat.expire(now, confirmed)
        if beat is Beat.RECONNECT:
            self._end(OSError("no heartbeat arrives"))
        elif beat is Beat.SEND and self.pressure.state is State.TAKING and not self._login:
            self._write(self._rules.beat)
            self._beat_end = self._ledger.written
            self._watch()

    def _shorten(self, now: float) -> None:
        """End a short connection that has done."""
        timeout = self._rules.short_timeout
        if timeout is None or now < self._last_traffic + timeout:
            return
        if self._reading and self._settled:
            self._end(None)
        else:
            self._last_traffic = now  # what is under way, or waits for the UART, is traffic yet

    @property
    def _settled(self) -> bool:
        """Whether the peer has every packet; our own bytes keep no connection open."""
        if self.pressure.state is not State.TAKING or self._login:
            return False
        return not self._ledger.unacknowledged(self._channel.unacknowledged())

    def acknowledged_at(self) -> float:
        """When the peer was last seen to have got more; looked at with each beat, and now.

        Never with UDP, where nobody tells.
        """
        if self._rules.datagrams:
            return -math.inf
        acknowledged = self._ledger.written - self._channel.unacknowledged()
        if acknowledged > self._acknowledged:
            self._acknowledged, self._acknowledged_at = acknowledged, self._clock()
        return self._acknowledged_at

    # The end.

    def break_off(self, error: OSError) -> None:
        """What it went over is no more."""
        self._end(error)

    def _end(self, error: OSError | None) -> None:
        if not self._ended.done():
            self._ended.set_result(error)

    async def until_over(self) -> OSError | None:
        """Wait for the end: an error, or None when the connection had done its work.

        A server that closes ends it, too: in order if the connection is a short one and
        the server has everything, else that is an error.
        """
        lost = self._channel.lost
        await asyncio.wait((lost, self._ended), return_when=asyncio.FIRST_COMPLETED)
        if not lost.done():
            return self._ended.result()
        if lost.result() is None and self._rules.short_timeout is not None and self._settled:
            return None
        return lost.result() or OSError("closed by the server")

    async def part(self) -> None:
        """Close in order; from here on packets wait for the next connection."""
        self.parting, self.open = True, False
        self._timer.stop()
        self.pressure.drained()
        self._changed()
        await self._channel.finish()

    def close(self) -> None:
        """Close, and put what the server has not acknowledged back in front of the cache.

        Without ``resend`` only what the kernel never touched goes back: nothing is
        doubled then, and the kernel goes on trying with what was under way.
        """
        self._timer.stop()
        unacknowledged, unsent = self._channel.unacknowledged(), self._channel.unsent
        if self._rules.resend:
            packets = self._ledger.unacknowledged(unacknowledged)
            self._counters.resent_packets += len(packets)
        else:
            packets = self._ledger.untouched(unsent)
        self._cache.put_back(packets)
        self._channel.close(abort=self._rules.resend and unacknowledged > 0)
