"""Brings the modem back without a visit, by the steps of core/ladder.py.

The modem's owner reopens its ports by itself and calls :meth:`Recovery.rescue` when that was
not enough; the data call tells when a registered modem is refused.  A server that is down
is nobody's reason to touch the modem.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn, Protocol, TypeVar

from usr7s3d.core.ladder import Ladder, Record, Rung, Step, Trouble
from usr7s3d.core.liveness import Liveness, Pulse
from usr7s3d.devices.limit import TimeLimit
from usr7s3d.hostconfig.model import Modem as Config
from usr7s3d.modem.command import RESTART, Command
from usr7s3d.modem.dialogue import Answer
from usr7s3d.modem.results import Verdict
from usr7s3d.modem.seen import ABSENT, NONE, REGISTERED, STARTING, Seen

log = logging.getLogger(__name__)
T = TypeVar("T")

FILE = "recovery.toml"
HEAD = "How often the modem had to be brought back, and how."
STEP_LIMIT = 120.0  # s that one step may take
LOOK = 3600.0  # s; whatever changes is told


class Modem(Protocol):
    """See ``services/mobile/modem.py``."""

    @property
    def seen(self) -> Seen:
        """What is known of it."""
        ...

    async def known(self, what: Callable[[Seen], T], limit: float) -> T:
        """``what(seen)`` as soon as it is something, or after ``limit`` s."""
        ...

    async def ask(self, command: Command) -> Answer:
        """The answer to ``command``.  Raises OSError."""
        ...

    def reopen(self, why: str) -> None:
        """Open its port anew."""
        ...


class Hands(Protocol):
    """See ``devices/revive.py``; every call raises OSError."""

    async def restart(self, port: str) -> None:
        """By a command, on a port that nobody has open."""
        ...

    async def usb_reset(self, plug: str) -> None:
        """By its plug."""
        ...

    async def power(self, plug: str, port: str) -> None:
        """By its power."""
        ...

    async def reboot(self) -> None:
        """With everything else."""
        ...


class Notes(Protocol):
    """The state folder; both calls block and raise OSError."""

    def notes(self, name: str) -> dict[str, dict[str, str]]:
        """What was kept."""
        ...

    def keep_notes(self, name: str, words: str, tables: Mapping[str, Mapping[str, str]]) -> None:
        """Keep it."""
        ...


def available(config: Config) -> list[Rung]:
    """The steps that this machine and its owner allow."""
    allowed = {
        Rung.RESTART: True,
        Rung.USB_RESET: True,
        Rung.POWER: bool(config.power or config.uhubctl),
        Rung.REBOOT: config.reboot,
    }
    return [rung for rung, is_allowed in allowed.items() if is_allowed]


class Recovery:
    """Takes the steps that are due."""

    def __init__(
        self,
        config: Config,
        modem: Modem,
        hands: Hands,
        notes: Notes,
        in_thread: Callable[..., Awaitable[Any]],
    ) -> None:
        self._modem = modem
        self._hands = hands
        self._notes = notes
        self._in_thread = in_thread
        self._clock = asyncio.get_running_loop().time
        self._one_at_a_time = asyncio.Lock()
        self._kept = _read(notes)
        self._ladder = Ladder(available(config), self._kept)
        self._seen_at = ""  # where it was plugged when last seen, "1-1.2"
        self._port = ""
        self._limit: TimeLimit | None = None  # of the wait that is on

    @property
    def record(self) -> Record:
        """What was done so far."""
        return self._ladder.record

    # What others tell.

    async def rescue(self, why: str) -> None:
        """The modem answers on none of its ports, opened anew: one step, if one is due."""
        self._remember(self._modem.seen)
        self._ladder.trouble(Trouble.SILENT, why, self._clock())
        await self._climb()
        self._ladder.forget(Trouble.SILENT)  # until its owner has tried again

    def refused(self, why: str) -> None:
        """The modem is registered, and the network gives it no connection."""
        self._ladder.trouble(Trouble.REFUSED, why, self._clock())
        if self._limit:
            self._limit.expire()  # there is something to wait for

    def connected(self) -> None:
        """It gives one."""
        self._ladder.well(Trouble.REFUSED, self._clock())

    # Its life.

    async def run(self, liveness: Liveness) -> NoReturn:
        """Watch the modem, and take what steps are due though its owner says nothing."""
        with liveness.pulse("recovery") as pulse:
            while True:
                seen = self._modem.seen
                self._judge(seen)
                await self._keep()
                await self._wait(seen, pulse)
                with pulse.waiting(2 * STEP_LIMIT):  # its owner's step, and ours
                    await self._climb()

    async def _wait(self, seen: Seen, pulse: Pulse) -> None:
        """Until something has changed, or is due."""
        due = self._ladder.deadline()
        limit = LOOK if due is None else min(LOOK, max(0.0, due - self._clock()))
        with pulse.waiting(limit), suppress(TimeoutError):
            async with TimeLimit(limit) as self._limit:
                # Signal strength changes all the time, and tells nothing here.
                while not await self._modem.known(lambda now: now.state != seen.state, LOOK):
                    pass
        self._limit = None

    def _judge(self, seen: Seen) -> None:
        now = self._clock()
        if seen.state == ABSENT:
            kind = Trouble.GONE if self._seen_at else Trouble.MISSING
            self._ladder.trouble(kind, self._seen_at or seen.problem or "nothing is seen", now)
        if seen.state not in (REGISTERED, STARTING):  # its port may just be opened anew
            self._ladder.forget(Trouble.REFUSED)
        if seen.state not in (NONE, ABSENT):
            self._remember(seen)
            self._ladder.forget(Trouble.GONE)
            self._ladder.forget(Trouble.MISSING)
        if seen.state not in (NONE, ABSENT, STARTING):
            self._ladder.well(Trouble.SILENT, now)

    def _remember(self, seen: Seen) -> None:
        self._seen_at = seen.usb or self._seen_at
        self._port = seen.at_port or self._port

    async def _climb(self) -> None:
        async with self._one_at_a_time:
            if step := self._ladder.expire(self._clock()):
                kept = await self._keep()  # before it is done: it may be our last
                log.warning("modem: %s", step)
                if step.rung is Rung.REBOOT and not kept:
                    log.warning("modem: reboot: not without a record of it: it might never end")
                    return
                try:
                    async with TimeLimit(STEP_LIMIT):
                        await self._take(step)
                except OSError as error:
                    log.warning("modem: %s: %s", step.rung.value, error.strerror or error)

    async def _take(self, step: Step) -> None:
        match step.rung:
            case Rung.RESTART if step.trouble is Trouble.REFUSED:
                await self._ask_to_restart()
            case Rung.RESTART:
                await self._hands.restart(self._port)
            case Rung.USB_RESET:
                await self._hands.usb_reset(self._seen_at)
            case Rung.POWER:
                await self._hands.power(self._seen_at, self._port)
            case Rung.REBOOT:
                await self._hands.reboot()

    async def _ask_to_restart(self) -> None:
        """Through its owner, who has its port open: it answers.  Raises OSError."""
        answer = await self._modem.ask(RESTART)
        if not answer.ok and answer.final.verdict is not Verdict.SILENT:
            raise OSError(f"the modem refuses ({answer.final})")
        self._modem.reopen("it was restarted, and knows nothing of us")

    async def _keep(self) -> bool:
        """Write the record down, if it has changed; a card wears out.  Whether it is written."""
        record = self._ladder.record
        if record == self._kept:
            return True
        tables = {
            "recovery": {"climbs": str(record.climbs), "last": _plain(record.last)},
            "taken": {name: str(count) for name, count in record.taken.items()},
        }
        try:
            await self._in_thread(partial(self._notes.keep_notes, FILE, HEAD, tables))
        except OSError as error:
            log.warning("%s: not written: %s", FILE, error)
            return False
        self._kept = record
        return True


def _plain(words: str) -> str:
    """What a modem said, without what would end a text in TOML."""
    return "".join(each for each in words if each.isprintable() and each not in '"\\')[:200]


def _read(notes: Notes) -> Record:
    try:
        tables = notes.notes(FILE)
    except OSError as error:
        log.warning("%s: cannot be read: %s", FILE, error)
        return Record()
    kept = tables.get("recovery", {})
    rows = tables.get("taken", {})  # a name that is none of ours might not be one in TOML either
    taken: dict[str, int] = {
        rung.value: _count(rows[rung.value]) for rung in Rung if rung.value in rows
    }
    return Record(_count(kept.get("climbs", "")), taken, kept.get("last", ""))


def _count(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
