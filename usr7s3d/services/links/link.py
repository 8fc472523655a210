"""One of the two sockets of NET mode (manual 3.2.1): connects, and stays connected.

    packet -> cache -> [register packet] -> channel -> server
                ^                              |
                +---- what was not acknowledged when it broke

A link stands alone: nothing that it does or suffers delays the other one.
"""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from typing import NoReturn

from usr7s3d.core.backoff import Backoff
from usr7s3d.core.cache import Cache
from usr7s3d.core.liveness import Liveness, Pulse
from usr7s3d.core.pressure import State
from usr7s3d.core.register import RegisterPacket
from usr7s3d.devices.dial import ATTEMPT
from usr7s3d.devices.limit import TimeLimit
from usr7s3d.services.bearer import Bearer
from usr7s3d.services.links.connection import Channel, Connection, Counters, Rules

log = logging.getLogger(__name__)

STABLE = 30.0  # s; a connection this old was worth having, so start over gently
IDENTITY = 60.0  # s that a connection waits for the modem to tell who it is
GOODBYE = 1.0  # s that closing in order may take

Open = Callable[[Callable[[bytes], None], Callable[[], None]], Awaitable[Channel]]
Identify = Callable[[], Awaitable[RegisterPacket]]


class Link:
    """Socket A or B.

    ``received(data)`` gets what the server sent; ``changed()`` is called whenever
    :attr:`holds_up` may have changed, ``connected()`` with each new connection,
    ``state_changed()`` when :attr:`state` has.  Without ``bearer`` there is always a way.
    """

    def __init__(
        self,
        name: str,
        rules: Rules,
        cache: Cache,
        counters: Counters,
        backoff: Backoff,
        *,
        open_channel: Open,
        identify: Identify,
        bearer: Bearer | None = None,
    ) -> None:
        self.name = name
        self.rules = rules
        self.cache = cache
        self.counters = counters
        self.last_error = ""
        self.last_received_at = -math.inf
        self.state_changed: Callable[[], None] = lambda: None
        self._state = "off"
        self._acknowledged_at = -math.inf
        self._bearer = bearer or Bearer()
        self.received: Callable[[bytes], None] = lambda _: None
        self.changed: Callable[[], None] = lambda: None
        self.connected: Callable[[], None] = lambda: None
        self._clock = asyncio.get_running_loop().time
        self._backoff = backoff
        self._open_channel = open_channel
        self._identify = identify
        self._wanted = asyncio.Event()  # something waits that a short link connects for
        self._pauses: set[str] = set()
        self._connection: Connection | None = None
        self._dropping = False  # and said so, in this outage
        self._reported: set[str] = set()  # why it is down, in this outage

    # What others ask of it.

    @property
    def state(self) -> str:
        """As ``usr7s3ctl status`` names it."""
        return self._state

    @state.setter
    def state(self, state: str) -> None:
        if state != self._state:
            self._state = state
            self.state_changed()

    @property
    def last_acknowledged_at(self) -> float:
        """When the peer was last seen to have received something, to within a heartbeat."""
        if self._connection:
            self._acknowledged_at = self._connection.acknowledged_at()
        return self._acknowledged_at

    @property
    def holds_up(self) -> bool:
        """Whether the UART should wait for this link."""
        return self._connection is not None and self._connection.pressure.state is State.FULL

    def send(self, packet: bytes) -> None:
        """Send ``packet``, behind those that wait."""
        connection = self._connection
        if connection is None or not connection.open:
            self._keep(packet)
        elif connection.pressure.state is State.STALLED:
            self._drop(self.cache.put(packet))
        else:
            connection.send(packet)

    def _keep(self, packet: bytes) -> None:
        """Let ``packet`` wait for the next connection, if it may."""
        if self.rules.caching or self.rules.short_timeout is not None:
            self._drop(self.cache.put(packet))
            self._wanted.set()
        else:
            self._drop(len(packet))

    def reply(self, data: bytes) -> None:
        """Send the reply to a command that came over this link."""
        if self._connection and not self._connection.parting:
            self._connection.reply(data)

    def pause(self, reason: str) -> None:
        """Leave what comes to the kernel until every reason to do so is gone."""
        self._pauses.add(reason)
        if self._connection:
            self._connection.read(False)

    def resume(self, reason: str) -> None:
        """End one reason to pause."""
        if reason in self._pauses:
            self._pauses.discard(reason)
            if self._connection and not self._pauses:
                self._connection.read(True)

    def _drop(self, size: int) -> None:
        if size and not self._dropping:
            self._dropping = True
            up = self._connection is not None and self._connection.open
            why = "stalled" if up else "down"
            rule = "its cache is full" if up or self.rules.caching else "CACHEN is off"
            log.warning("%s: %s and %s: packets are dropped", self.name, why, rule)
        self.counters.dropped_bytes += size

    # Its life.

    async def run(self, liveness: Liveness) -> NoReturn:
        """Connect, serve, and begin again whenever that ends."""
        with liveness.pulse(self.name) as pulse:
            while True:
                await self._until_wanted(pulse)
                await self._until_bearer(pulse)
                if error := await self._live_once(pulse):
                    self.state = "waiting"
                    self._report(error)
                    if self._bearer.up:
                        delay = self._backoff.next(self._clock())
                        with pulse.waiting(delay):
                            await self._bearer.pause(delay)

    async def _until_wanted(self, pulse: Pulse) -> None:
        """A short link connects when there is something to send."""
        if self.rules.short_timeout is None:
            return
        self.state = "idle"
        while not self.cache:
            self._wanted.clear()
            with pulse.waiting():
                await self._wanted.wait()

    async def _until_bearer(self, pulse: Pulse) -> None:
        """Wait for a way to the network; a new one is worth an attempt at once."""
        if not self._bearer.up:
            self.state = "waiting"
            self.last_error = self._bearer.why_down
            with pulse.waiting():
                await self._bearer.until_up()
            self._backoff.reset()

    async def _live_once(self, pulse: Pulse) -> OSError | None:
        """One connection; why it ended, None when it had done its work."""
        self.state = "connecting"
        try:
            with pulse.waiting(IDENTITY):
                register = await self._identify()
            with pulse.waiting(ATTEMPT):
                channel = await self._opened()
        except OSError as error:
            if not self.rules.caching:
                self._drop(self.cache.clear())
            return error
        return await self._serve(channel, register, pulse)

    async def _opened(self) -> Channel:
        try:
            async with TimeLimit(ATTEMPT) as limit:
                with self._bearer.watched(lambda _: limit.expire()):
                    return await self._open_channel(self._receive, self._sent)
        except TimeoutError as error:
            # The kernel's own ETIMEDOUT is a TimeoutError, too, and has words.
            silence = f"no answer in {ATTEMPT:g} s" if self._bearer.up else self._bearer.why_down
            raise OSError(error.strerror or silence) from None

    async def _serve(
        self, channel: Channel, register: RegisterPacket, pulse: Pulse
    ) -> OSError | None:
        began = self._clock()
        connection = self._begin(channel, register)
        lost = not self.rules.caching  # what waits at the end
        try:
            with pulse.waiting(), self._bearer.watched(connection.break_off):
                error = await connection.until_over()
            if not error:
                with pulse.waiting(GOODBYE):
                    await connection.part()
                lost = False  # a short link connects again for what came meanwhile
            if not error or self._clock() - began >= STABLE:
                self._backoff.reset()
            return error
        except asyncio.CancelledError:
            await connection.part()
            raise
        finally:
            self._acknowledged_at = connection.acknowledged_at()
            connection.close()
            self._connection = None
            self._dropping = False
            if lost:
                self._drop(self.cache.clear())
            self.changed()

    def _begin(self, channel: Channel, register: RegisterPacket) -> Connection:
        log.info("%s: connected to %s", self.name, self.rules.peer)
        self.state = "connected"
        self.counters.connects += 1
        self.last_error, self._dropping = "", False
        self._reported.clear()
        self._connection = Connection(
            channel,
            self.rules,
            cache=self.cache,
            counters=self.counters,
            register=register,
            changed=self.changed,
        )
        self.connected()
        self._connection.read(not self._pauses)
        return self._connection

    def _report(self, error: OSError) -> None:
        self.last_error = error.strerror or str(error) or type(error).__name__
        if self.last_error not in self._reported:  # each reason once an outage, not at each attempt
            self._reported.add(self.last_error)
            log.warning("%s: down: %s", self.name, self.last_error)

    def _receive(self, data: bytes) -> None:
        self.received(data)
        self.counters.rx_bytes += len(data)
        self.last_received_at = self._clock()
        if self._connection:
            self._connection.received(data)

    def _sent(self) -> None:
        if self._connection:
            self._connection.sent()
