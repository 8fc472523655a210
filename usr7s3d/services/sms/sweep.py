"""The modem's own store, emptied as soon as something comes.

A full store makes the network hold back what it has, and many modems say nothing of it.  So the
store is read at the start, whenever the modem tells of a message, when an error hints at a full
one, and every five minutes in any case.  A message is deleted by its own index, and only when it
was handled.  Parts of a long message stay where a power cut does not reach them until all are
there; they, and what is no use to anybody, give way when the store is more than half full.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn, Protocol

from usr7s3d.core.backoff import Backoff
from usr7s3d.core.liveness import Liveness, Pulse
from usr7s3d.modem.command import (
    LIST_MESSAGES,
    STORAGE,
    Command,
    delete_message,
    order,
    query,
)
from usr7s3d.modem.dialogue import Answer, Unsolicited
from usr7s3d.modem.fields import each, number
from usr7s3d.modem.store import Store, new_message, stored, stores
from usr7s3d.services.ready import either
from usr7s3d.services.sms.asks import Asks

log = logging.getLogger(__name__)

EVERY = 300.0  # s
WORK_LIMIT = 600.0  # s for one command, or one message; others may be asked first
SOON = 1.0  # s
AGAIN, AGAIN_MOST = 5.0, 60.0  # s after a modem that refused
MOST_DIRECT = 64  # messages that came past the store and wait
MOST_PLACES = 1000  # larger than any store
FULL = ("^SMMEMFULL", "+SMSFULL", "*SMSFULL")  # what some say of a full store
# Stored and told of by index; a status report as well where there is a place for it.
INDICATIONS = ("2,1,0,2,0", "2,1,0,0,0", "1,1,0,0,0", "2,1")


_Place = tuple[str, int | None]


@dataclass(slots=True, eq=False)
class Slot:
    """A message in the store, or one that came directly and has no index."""

    pdu: str
    store: str = ""
    index: int | None = None


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
        self._news = asyncio.Event()
        self._direct: deque[Slot] = deque()
        self._known: dict[_Place, Slot] = {}  # was taken, and is still in the store
        self._done: set[Slot] = set()  # of these, not deleted yet
        self._arrival: dict[_Place, int] = {}  # in which order the modem told of them
        self._arrivals = 0
        self._stores: set[str] = set()  # to be read
        self._receiving = ""
        self._selected = ""
        self._confirms = False  # direct messages want AT+CNMA
        self.store = Store("", 0, 0)  # as it was last

    # What the modem says.

    def look(self) -> None:
        """Read the store now."""
        self._news.set()

    def _hear(self, said: Unsolicited) -> None:
        if said.name in ("+CMT", "+CDS") and said.pdu:
            if len(self._direct) < MOST_DIRECT:  # else unconfirmed: the network repeats it
                self._direct.append(Slot(said.pdu))
        elif new := new_message(said.line):
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
            with liveness.pulse("SMS in") as pulse:
                await self._keep_serving(pulse)
        finally:
            self._asks.unlisten(self._hear)

    async def _keep_serving(self, pulse: Pulse) -> NoReturn:
        backoff = Backoff(AGAIN, AGAIN_MOST, lambda: 0.0)
        told = ""
        while True:
            with pulse.waiting():
                await self._asks.ready.wait()
            try:
                await self._serve(pulse, backoff)
            except OSError as error:
                log.log(logging.DEBUG if str(error) == told else logging.INFO, "SMS: %s", error)
                told = str(error)
            # One that has gone is waited for above; its only port may be free for seconds.
            delay = backoff.next() if self._asks.ready.is_set() else SOON
            with pulse.waiting(delay):
                await asyncio.sleep(delay)

    async def _serve(self, pulse: Pulse, backoff: Backoff) -> None:
        """From one set-up of the modem to the next.  Raises OSError."""
        ready = self._asks.ready
        times = ready.times
        await self._set_up(pulse)
        while ready.is_set() and ready.times == times:
            self._news.clear()
            more = await self._round(pulse)
            backoff.reset()
            if not more:  # else what there was no room for may be coming
                with pulse.waiting(EVERY):
                    await either(self._news, ready.gone, within=EVERY)

    async def _ask(self, command: Command, pulse: Pulse) -> Answer:
        with pulse.waiting(WORK_LIMIT):
            return await self._asks.ask(command)

    async def _take(self, slot: Slot, pulse: Pulse) -> bool:
        with pulse.waiting(WORK_LIMIT):
            done = await self._taker.take(slot)
        return await self._finish(done, pulse)

    async def _set_up(self, pulse: Pulse) -> None:
        found = stores((await self._ask(STORAGE, pulse)).lines)
        self._receiving = found[-1].name if found else ""
        for how in INDICATIONS:
            if (await self._ask(order(f"AT+CNMI={how}"), pulse)).ok:
                break
        else:
            log.info("SMS: the modem does not tell of new ones; they are looked for")
        answer = await self._ask(query("+CSMS?"), pulse)
        service = next(iter(each(answer.lines, "+CSMS")), ["0"])
        self._confirms = (number(service[0]) or 0) > 0

    async def _round(self, pulse: Pulse) -> bool:
        """Take what is there; whether anything made room."""
        more = await self._finish(await self._taker.retry(), pulse)
        for _ in range(len(self._direct) if self._confirms else 0):
            await self._ask(order("AT+CNMA"), pulse)
        while self._direct:
            more |= await self._take(self._direct.popleft(), pulse)
        for store in sorted(self._stores | {self._receiving}):
            more |= await self._sweep(store, pulse)
        return more

    async def _sweep(self, name: str, pulse: Pulse) -> bool:
        self._stores.discard(name)
        self._selected = ""  # asked anew, for how full it is
        if not await self._select(name, pulse):
            return False
        answer = await self._ask(LIST_MESSAGES, pulse)
        if not answer.ok:
            raise OSError(f"{LIST_MESSAGES.name}: {answer.final}")
        fresh = self._compare(name, answer.lines)
        more = await self._finish([slot for slot in self._done if slot.store == name], pulse)
        for slot in fresh:
            self._known[slot.store, slot.index] = slot
            more |= await self._take(slot, pulse)
        if len([key for key in self._known if key[0] == name]) * 2 > self.store.total > 0:
            more |= await self._finish(self._taker.give_way(), pulse)
        return more

    def _compare(self, name: str, lines: Iterable[str]) -> list[Slot]:
        """What the list has that was not taken yet, in the order in which it was sent."""
        there: dict[_Place, str] = {(name, row.index): row.pdu for row in stored(lines)}
        for key in [key for key in self._known if key[0] == name]:
            if there.get(key) != self._known[key].pdu:
                self._done.discard(self._known.pop(key))  # somebody else deleted it
        fresh = [Slot(pdu, *key) for key, pdu in there.items() if key not in self._known]
        fresh.sort(key=self._order)
        for key in [key for key in self._arrival if key[0] == name and key not in there]:
            del self._arrival[key]
        return fresh

    def _order(self, slot: Slot) -> tuple[float, int, int]:
        index = slot.index or 0
        return self._taker.sent_at(slot), self._arrival.get((slot.store, index), 0), index

    async def _finish(self, slots: Iterable[Slot], pulse: Pulse) -> bool:
        """Delete what was handled, then let follow what had to wait for that."""
        try:
            deleted = [await self._delete(slot, pulse) for slot in slots]
        except OSError:
            self._taker.settled()
            raise
        self._taker.settled()
        return any(deleted)

    async def _delete(self, slot: Slot, pulse: Pulse) -> bool:
        """Whether it is deleted now; what the modem refuses is tried at the next round."""
        key = slot.store, slot.index
        if slot.index is None or self._known.get(key) is not slot:
            return False  # it is not there, or not any more
        told = slot in self._done
        self._done.add(slot)
        await self._select(slot.store, pulse)
        answer = await self._ask(delete_message(slot.index), pulse)
        if answer.ok:
            del self._known[key]
            self._done.discard(slot)
        elif not told:
            log.warning("SMS: %s %d cannot be deleted: %s", slot.store, slot.index, answer.final)
        return answer.ok

    async def _select(self, store: str, pulse: Pulse) -> bool:
        """Turn to ``store``; learns how full it is."""
        if not store or store == self._selected:
            return True
        answer = await self._ask(order(f'AT+CPMS="{store}"'), pulse)
        if not answer.ok:
            log.info("SMS: store %s: %s", store, answer.final)
            return False
        self._selected = store
        found = next(iter(stores(answer.lines)), None)
        self.store = Store(store, found.used, found.total) if found else Store(store, 0, 0)
        return True
