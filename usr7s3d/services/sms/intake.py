"""What becomes of an SMS: a command, a text for the UART, or one for the inbox."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from usr7s3d.at.inbox import Received
from usr7s3d.core.guesses import Bucket
from usr7s3d.modem.joiner import Joined, Joiner
from usr7s3d.modem.numbers import masked
from usr7s3d.modem.octets import PduError
from usr7s3d.modem.pdu import Deliver, Outcome, StatusReport, decode
from usr7s3d.modem.userdata import Alphabet
from usr7s3d.services.sms.door import SmsDoor
from usr7s3d.services.sms.guard import Guard
from usr7s3d.services.sms.memory import Memory
from usr7s3d.services.sms.storeroom import Slot

log = logging.getLogger(__name__)

MOST_WAITING = 50  # messages for a UART that is busy; beyond, they go to the inbox
NEWS, NEWS_REFILL = 5, 3600.0  # unreadable ones that are logged at once; s for one more
HIDDEN = 0x40  # TP-PID of one that nobody is to see, 3GPP TS 23.040 9.2.3.9


class Consumer(Protocol):
    """SMS mode, or what stands in its place."""

    def wants(self, sender: str) -> bool:
        """Whether SMS from there are its."""
        ...

    def deliver(self, joined: Joined) -> bool:
        """Take one; False: not now."""
        ...


class Nobody:
    """All modes but SMS."""

    def wants(self, _sender: str) -> bool:
        """None is."""
        return False

    def deliver(self, _joined: Joined) -> bool:
        """Never asked."""
        return True


class NotYet:
    """Between two modules: nobody knows who wants it."""

    def wants(self, _sender: str) -> bool:
        """The next module will say."""
        return True

    def deliver(self, _joined: Joined) -> bool:
        """It waits."""
        return False


NOBODY: Consumer = Nobody()
NOT_YET: Consumer = NotYet()


@dataclass(slots=True)
class _Whole:
    joined: Joined
    slots: list[Slot] = field(default_factory=list)

    @property
    def stored(self) -> bool:
        """Whether it lies in the store; else it came directly."""
        return all(slot.index is not None for slot in self.slots)


class Intake:
    """Takes messages out of the store, one after the other."""

    def __init__(self, memory: Memory, guard: Guard, door: SmsDoor) -> None:
        self.consumer = NOT_YET
        self._memory = memory
        self._guard = guard
        self._door = door
        self._clock = asyncio.get_running_loop().time
        self._news = Bucket(NEWS, NEWS_REFILL, self._clock())
        self._joiner = Joiner()
        self._where: dict[Deliver, list[Slot]] = {}  # parts that wait for others
        self._useless: list[Slot] = []  # unreadable, or of no use to anybody
        self._waiting: deque[_Whole] = deque()  # for the UART

    def sent_at(self, slot: Slot) -> float:
        """When the centre took it; 0 when nobody knows."""
        try:
            message = decode(slot.pdu)
        except PduError:
            return 0.0
        time = message.time if isinstance(message, Deliver) else None
        return time.timestamp() if time else 0.0

    async def take(self, slot: Slot) -> Iterable[Slot]:
        """Handle one more message; gives what is done with."""
        try:
            message = decode(slot.pdu)
        except PduError as error:
            level = logging.DEBUG if self._news.empty(self._clock()) else logging.WARNING
            self._news.take(self._clock())
            log.log(level, "SMS: one of %d octets is unreadable: %s", len(slot.pdu) // 2, error)
            self._memory.counters.unreadable += 1
            return self._of_no_use(slot)
        if isinstance(message, Deliver):
            return await self._take_part(slot, message)
        if isinstance(message, StatusReport):
            self._report(message)
            return (slot,)
        return self._of_no_use(slot)  # to be sent, and not by us

    def _of_no_use(self, slot: Slot) -> Iterable[Slot]:
        """It stays where it is, if it is anywhere, until there is little room."""
        if slot.index is not None:
            self._useless.append(slot)
        return ()

    def _report(self, report: StatusReport) -> None:
        self._memory.counters.reports += 1
        level = logging.WARNING if report.outcome is Outcome.FAILED else logging.DEBUG
        what = report.outcome.value
        log.log(level, "SMS: to %s: the network says: %s", masked(str(report.receiver)), what)

    async def _take_part(self, slot: Slot, part: Deliver) -> Iterable[Slot]:
        before = len(self._joiner)
        wholes = self._joiner.add(part, self._clock())
        if not wholes and len(self._joiner) == before:
            return self._take_double(slot, part)
        self._where.setdefault(part, []).append(slot)
        return await self._take_wholes(wholes)

    def _take_double(self, slot: Slot, part: Deliver) -> Iterable[Slot]:
        """It stays as long as its message does: it may be the same, read once more."""
        waiting = [whole.slots for whole in self._waiting if part in whole.joined.parts]
        if slot.index is None or not (waiting or part in self._where):
            return (slot,)
        slots = waiting[0] if waiting else self._where[part]
        slots[:] = [each for each in slots if each.place != slot.place] + [slot]
        return ()

    async def _take_wholes(self, wholes: Iterable[Joined]) -> list[Slot]:
        done: list[Slot] = []
        for joined in wholes:
            slots = [slot for part in joined.parts for slot in self._where.pop(part, [])]
            done += await self._dispatch(_Whole(joined, slots))
        return done

    async def _dispatch(self, whole: _Whole) -> list[Slot]:
        joined = whole.joined
        sender = joined.parts[0].sender
        if joined.parts[0].protocol == HIDDEN:
            return whole.slots
        if joined.complete and self._door.did(joined):
            log.info("SMS: a command of %s was carried out before", masked(str(sender)))
            return whole.slots
        if self._waits(whole):
            return []
        self._memory.counters.received += 1
        if joined.complete and (command := self._guard.command(sender, joined.text)) is not None:
            if command:
                index = whole.slots[0].index if whole.slots else None
                await self._door.carry_out(joined, command, index)
            return whole.slots
        wanted = joined.complete and self.consumer.wants(sender.number)
        if wanted and len(self._waiting) < MOST_WAITING:
            self._waiting.append(whole)
            return self._deliver()
        self._keep(joined)
        return whole.slots

    def _waits(self, whole: _Whole) -> bool:
        """Whether this is one that waits, read once more: noise had hidden it in a list."""
        for waiting in self._waiting:
            old, new = ([slot.place for slot in each.slots] for each in (waiting, whole))
            if whole.stored and old == new and waiting.joined == whole.joined:
                waiting.slots = whole.slots
                return True
        return False

    def _deliver(self) -> list[Slot]:
        """Give the UART what it takes now; the rest stays in the store."""
        done: list[Slot] = []
        while self._waiting:
            whole = self._waiting[0]
            if not self.consumer.wants(whole.joined.parts[0].sender.number):
                self._keep(whole.joined)
            elif self.consumer.deliver(whole.joined):
                self._memory.counters.to_uart += 1
            else:
                break
            self._waiting.popleft()
            done += whole.slots
        return done

    def _keep(self, joined: Joined) -> None:
        sender = str(joined.parts[0].sender)
        text = shown(joined)
        missing = "" if joined.complete else ", parts of it are missing"
        self._memory.counters.unreadable += not joined.complete
        log.info("SMS: from %s, %d characters: kept%s", masked(sender), len(text), missing)
        self._memory.inbox.add(Received(sender, joined.parts[0].time, text))

    async def retry(self) -> Iterable[Slot]:
        """What waited for the UART, and parts that waited too long for others."""
        done = self._deliver()
        return done + await self._take_wholes(self._joiner.expire(self._clock()))

    def give_way(self) -> Iterable[Slot]:
        """What is no use, and parts: they go on waiting in memory."""
        given = [*self._useless, *(slot for slots in self._where.values() for slot in slots)]
        self._useless.clear()
        for slots in self._where.values():
            slots.clear()
        return given

    def settled(self) -> None:
        """What is done with has been deleted."""
        self._door.settled()


def shown(joined: Joined) -> str:
    """The text; of 8-bit data its hex."""
    binary = joined.parts[0].body.alphabet is Alphabet.DATA
    return joined.data.hex().upper() if binary else joined.text
