"""The way out for every SMS, whoever asked for it: one at a time, bounded, tried three times.

The bounds hold against what costs money: a serial device gone mad, a loop of two machines that
answer each other.  An SMS that the modem did not answer may have left; its next try counts anew.
"""

import asyncio
import errno
import logging
from collections import deque
from collections.abc import Callable
from typing import NoReturn

from usr7s3d.core.bound import Bound
from usr7s3d.core.liveness import Liveness, Pulse
from usr7s3d.devices.limit import TimeLimit
from usr7s3d.modem.command import send_message
from usr7s3d.modem.dialogue import Answer
from usr7s3d.modem.results import Verdict
from usr7s3d.services.sms.asks import Asks
from usr7s3d.services.sms.memory import Counters
from usr7s3d.services.sms.order import Order

log = logging.getLogger(__name__)

MOST_WAITING = 32  # texts
TRIES = 3
PAUSES = (2.0, 10.0)  # s between them: a cell that refuses now may be over it then
MODEM_LIMIT = 120.0  # s to wait for a modem that is not there or busy; it may be restarting
BUSY_PAUSE = 5.0  # s
ASK_LIMIT = 600.0  # s; other commands may be asked first, each with its own time-out
STORE_TROUBLE = (320, 321, 322)  # 3GPP TS 27.005 3.2.5; 322 is a full store


class Outbox:
    """``noted()`` is called when the bound has changed, ``store_full()`` when the modem says so."""

    def __init__(
        self,
        asks: Asks,
        bound: Bound,
        waiting: deque[Order],
        counters: Counters,
        *,
        noted: Callable[[], None],
        store_full: Callable[[], None],
    ) -> None:
        self._asks = asks
        self._bound = bound
        self._waiting = waiting
        self._counters = counters
        self._noted = noted
        self._store_full = store_full
        self._some = asyncio.Event()
        self._clock = asyncio.get_running_loop().time
        self._bound_told = False
        if waiting:
            self._some.set()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, order: Order, *, first: bool = False) -> bool:
        """Queue ``order``; ``first``: before what waits already.  False: refused."""
        if len(self._waiting) >= MOST_WAITING:
            return self._refuse("too many wait already")
        if not self._bound.take(len(order.parts), self._clock()):
            return self._refuse("sms_per_hour or sms_per_day is reached")
        self._bound_told = False
        self._noted()
        if first:
            self._waiting.appendleft(order)
        else:
            self._waiting.append(order)
        self._some.set()
        return True

    def _refuse(self, why: str) -> bool:
        self._counters.refused += 1
        if not self._bound_told:  # once, and not for each packet of a device gone mad
            log.warning("SMS: one was not sent: %s", why)
            self._bound_told = True
        return False

    async def run(self, liveness: Liveness) -> NoReturn:
        """Send what is queued."""
        with liveness.pulse("SMS out") as pulse:
            while True:
                with pulse.waiting():
                    await self._some.wait()
                order = self._waiting.popleft()
                try:
                    ok = await self._send(order, pulse)
                except asyncio.CancelledError:
                    self._waiting.appendleft(order)  # the next life goes on with it
                    raise
                if not self._waiting:
                    self._some.clear()
                self._end(order, ok)

    def _end(self, order: Order, ok: bool) -> None:
        if not ok:
            self._counters.failed += 1
            log.warning("SMS: to %s: given up", order.to)
        order.told(ok)

    async def _send(self, order: Order, pulse: Pulse) -> bool:
        while order.left < len(order.parts):
            if order.tries >= TRIES:
                return False
            if order.tries:
                with pulse.waiting(PAUSES[-1]):
                    await asyncio.sleep(PAUSES[order.tries - 1])
            with pulse.waiting(MODEM_LIMIT + ASK_LIMIT):
                if not await self._try(order):
                    return False
        return True

    async def _try(self, order: Order) -> bool:
        """Send the next part; False: there is no sense in another try."""
        try:
            if not (answer := await self._ask(order)):
                log.warning("SMS: to %s: there is no modem, or it is in a call", order.to)
                return False
        except OSError as error:
            log.warning("SMS: to %s: %s", order.to, error)
            return self._may_have_left(order)
        if answer.ok:
            self._counters.sent += 1
            order.left += 1
            order.tries = 0
            return True
        log.warning("SMS: to %s: %s", order.to, answer.final)
        if answer.final.verdict is Verdict.CMS and answer.final.code in STORE_TROUBLE:
            self._store_full()
        return answer.final.verdict is not Verdict.SILENT or self._may_have_left(order)

    async def _ask(self, order: Order) -> Answer | None:
        """The modem's answer; None when no modem has time for us.  Raises OSError."""
        part = order.parts[order.left]
        end = self._clock() + MODEM_LIMIT
        while await self._modem(end):
            order.tries += 1
            try:
                return await self._asks.ask(send_message(part.pdu, part.length))
            except OSError as error:
                if error.errno != errno.EBUSY:  # a call, or too many who ask: nothing was sent
                    raise
            order.tries -= 1
            await asyncio.sleep(BUSY_PAUSE)
        return None

    async def _modem(self, end: float) -> bool:
        try:
            async with TimeLimit(max(0.0, end - self._clock())):
                await self._asks.ready.wait()
        except TimeoutError:
            return False
        return self._clock() < end

    def _may_have_left(self, order: Order) -> bool:
        """Whether the bound allows for one more, as this one may be on its way."""
        if order.tries >= TRIES:
            return True
        taken = self._bound.take(1, self._clock())
        self._noted()
        return taken
