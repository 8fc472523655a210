"""The modem's own store, emptied as soon as something comes.

A full store makes the network hold back what it has, and many modems say nothing of it.  So the
store is read at the start, whenever the modem tells of a message, when an error hints at a full
one, and every five minutes in any case.  A message is deleted by its own index, and only when it
was handled.  Parts of a long message stay where a power cut does not reach them until all are
there; they, and what is no use to anybody, give way when the store is more than half full.
"""

import asyncio
import errno
import logging
import re
from collections import deque
from collections.abc import Iterable
from typing import NoReturn, Protocol

from usr7s3d.core.backoff import Backoff
from usr7s3d.core.liveness import Liveness, Pulse
from usr7s3d.modem.command import Command
from usr7s3d.modem.dialogue import Answer, Unsolicited
from usr7s3d.modem.store import Store, new_message
from usr7s3d.services.mobile.ready import either
from usr7s3d.services.sms.asks import Asks
from usr7s3d.services.sms.storeroom import Place, Slot, Storeroom

log = logging.getLogger(__name__)

EVERY = 300.0  # s
WORK_LIMIT = 600.0  # s for one command, or one message; others may be asked first
SOON = 1.0  # s
AGAIN, AGAIN_MOST = 5.0, 60.0  # s after a modem that refused
MOST_DIRECT = 64  # messages that came past the store and wait
MOST_PLACES = 1000  # larger than any store
_STORE = re.compile(r"[A-Z]{2}")  # 27.005 3.2.2; anything else is noise
FULL = ("^SMMEMFULL", "+SMSFULL", "*SMSFULL")  # what some say of a full store


class Taker(Protocol):
    """What becomes of the messages.  Each call gives the slots that are done with."""

    async def take(self, slot: Slot) -> Iterable[Slot]:
        """Handle one more message."""
        ...

    async def retry(self) -> Iterable[Slot]:
        """Handle what had to wait."""
        ...

    def give_way(self) -> Iterable[Slot]:
        """There is little room: give up those that are only kept."""
        ...

    def settled(self) -> None:
        """What is done with has been deleted, or cannot be."""
        ...

    def sent_at(self, slot: Slot) -> float:
        """When the centre took the message; 0 when nobody knows."""
        ...


class Sweep:
    """Serves the store for as long as the modem is there."""

    def __init__(self, asks: Asks, taker: Taker) -> None:
        self._asks = asks
        self._taker = taker
        self._room = Storeroom(self._ask)
        self._news = asyncio.Event()
        self._direct: deque[Slot] = deque()
        self._known: dict[Place, Slot] = {}  # was taken; until a list does not have it any more
        self._done: set[Slot] = set()  # of these, to be deleted, or said to be
        self._arrival: dict[Place, int] = {}  # in which order the modem told of them
        self._arrivals = 0
        self._stores: set[str] = set()  # to be read
        self._pulse: Pulse
        self._times = 0  # how often the modem had been ready when we set it up

    @property
    def store(self) -> Store:
        """As it was last."""
        return self._room.full

    # What the modem says.

    def look(self) -> None:
        """Read the store now."""
        self._news.set()

    def _hear(self, said: Unsolicited) -> None:
        if said.name in ("+CMT", "+CDS") and said.pdu:
            if len(self._direct) < MOST_DIRECT:  # else unconfirmed: the network repeats it
                self._direct.append(Slot(said.pdu))
        elif new := new_message(said.line):
            if not _STORE.fullmatch(new[0]):
                return  # noise
            self._stores.add(new[0])
            if len(self._arrival) > MOST_PLACES:  # noise
                self._arrival.clear()
            self._arrivals += 1
            self._arrival[new] = self._arrivals
        elif said.name not in FULL:
            return
        self._news.set()

    # Its life.

    async def run(self, liveness: Liveness) -> NoReturn:
        """Read the store for ever."""
        self._asks.listen(self._hear)
        try:
            with liveness.pulse("SMS in") as self._pulse:
                await self._keep_serving(self._pulse)
        finally:
            self._asks.unlisten(self._hear)

    async def _keep_serving(self, pulse: Pulse) -> NoReturn:
        backoff = Backoff(AGAIN, AGAIN_MOST, lambda: 0.0)
        told = ""
        while True:
            with pulse.waiting():
                await self._asks.ready.wait()
            gone = False
            try:
                await self._serve(pulse, backoff)
            except OSError as error:
                # That it has gone is its owner's news, and no reason to wait when it is back.
                gone = error.errno not in (None, errno.EBUSY)
                old = gone or str(error) == told
                log.log(logging.DEBUG if old else logging.INFO, "SMS: %s", error.strerror or error)
                told = str(error)
            # One that has gone is waited for above; its only port may be free for seconds.
            delay = SOON if gone or not self._asks.ready.is_set() else backoff.next()
            with pulse.waiting(delay):
                await asyncio.sleep(delay)

    async def _serve(self, pulse: Pulse, backoff: Backoff) -> None:
        """From one set-up of the modem to the next.  Raises OSError."""
        self._times = self._asks.ready.times
        await self._room.set_up()
        while self._asks.ready.is_set():
            self._news.clear()
            more = await self._round()
            backoff.reset()
            if not more:  # else what there was no room for may be coming
                with pulse.waiting(EVERY):
                    await either(self._news, self._asks.ready.gone, within=EVERY)

    async def _ask(self, command: Command) -> Answer:
        if self._asks.ready.times != self._times:  # an index may mean another message by now
            raise OSError("the modem has started anew")
        with self._pulse.waiting(WORK_LIMIT):
            return await self._asks.ask(command)

    async def _round(self) -> bool:
        """Take what is there; whether anything made room."""
        more = await self._finish(await self._taker.retry())
        for _ in range(len(self._direct) if self._room.confirms else 0):
            await self._room.confirm()
        while self._direct:
            more |= await self._take(self._direct.popleft())
        for store in sorted(self._stores | {self._room.receiving}):
            self._stores.discard(store)
            more |= await self._sweep(store)
        return more

    async def _sweep(self, store: str) -> bool:
        fresh = self._compare(store, await self._room.messages(store))
        more = await self._finish([slot for slot in self._done if slot.store == store])
        for slot in fresh:
            self._known[slot.place] = slot
            more |= await self._take(slot)
        kept = [s for s in self._known.values() if s.store == store and s not in self._done]
        if len(kept) * 2 > self.store.total > 0:
            more |= await self._finish(self._taker.give_way())
        return more

    def _compare(self, store: str, there: dict[Place, str]) -> list[Slot]:
        """What the list has that was not taken yet, in the order in which it was sent."""
        for place in [place for place in self._known if place[0] == store]:
            if there.get(place) != self._known[place].pdu:
                self._done.discard(self._known.pop(place))
        fresh = [Slot(pdu, *place) for place, pdu in there.items() if place not in self._known]
        fresh.sort(key=self._order)
        for place in [place for place in self._arrival if place[0] == store]:
            if place not in there:
                del self._arrival[place]
        return fresh

    def _order(self, slot: Slot) -> tuple[float, int, int]:
        return self._taker.sent_at(slot), self._arrival.get(slot.place, 0), slot.index or 0

    async def _take(self, slot: Slot) -> bool:
        with self._pulse.waiting(WORK_LIMIT):
            done = await self._taker.take(slot)
        return await self._finish(done)

    async def _finish(self, slots: Iterable[Slot]) -> bool:
        """Delete what was handled, then let follow what had to wait for that."""
        there = [slot for slot in slots if self._known.get(slot.place) is slot]
        before = self._done & set(there)
        self._done.update(there)  # at once: the modem may go before the last of them is deleted
        try:
            deleted = [await self._delete(slot, again=slot in before) for slot in there]
        except OSError:
            self._taker.settled()
            raise
        self._taker.settled()
        return any(deleted)

    async def _delete(self, slot: Slot, *, again: bool) -> bool:
        """Whether that makes room.  What is still there at the next round is deleted once more."""
        result = await self._room.delete(slot)
        if not result.ok and not again:
            log.warning("SMS: %s %d cannot be deleted: %s", slot.store, slot.index, result)
        return result.ok and not again
