"""Owns the modem: finds it, opens its port, opens it again, and lets others ask.

    absent --plugged in--> opened --> Mobile's rounds --lost--> absent
                             ^            |
                             +--- 3 commands without an answer: the port is opened anew,
                                  then the other one, then ``rescue`` is called

Everybody else asks through :meth:`Modem.ask`, and need not know that the modem was gone meanwhile.
"""

import asyncio
import contextlib
import errno
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, NoReturn, TypeVar

from usr7s3d.core.backoff import Backoff
from usr7s3d.core.liveness import Liveness, Pulse
from usr7s3d.devices.limit import TimeLimit
from usr7s3d.devices.usb import Plugged
from usr7s3d.hostconfig import HostConfig
from usr7s3d.modem.command import Command
from usr7s3d.modem.dialogue import Answer, Unsolicited
from usr7s3d.modem.results import Verdict
from usr7s3d.modem.seen import ABSENT, STARTING, Seen, in_words
from usr7s3d.services.mobile import mobile
from usr7s3d.services.mobile.calls import Calls
from usr7s3d.services.mobile.choice import Choice
from usr7s3d.services.mobile.conversation import (
    Conversation,
    Listener,
    ModemGone,
    hang_up,
)
from usr7s3d.services.mobile.finder import CLOSE_LIMIT, OPEN_LIMIT, Finder, Outside, Stuck
from usr7s3d.services.mobile.mobile import Mobile
from usr7s3d.services.mobile.ready import Ready
from usr7s3d.services.mobile.unlock import Notebook, Unlock

log = logging.getLogger(__name__)
T = TypeVar("T")

FIRST_LOOK, LAST_LOOK = 2.0, 10.0  # s between looks for it, and between openings
APART = 1.0  # s between two rounds, whatever the modem says unasked
MOST_SAID = 50  # different lines about an outage
MOST_SILENT = 3  # commands in a row without an answer
ROUND_LIMIT = 1800.0  # s; a round may wait behind many slow commands of others


class Reopened(ModemGone):
    """Somebody wants the port to be opened anew."""


@dataclass(slots=True)
class Counters:
    """What happened since the daemon started."""

    opens: int = 0  # of a port
    losses: int = 0  # unplugged, hung up
    silent_commands: int = 0
    reopened: int = 0  # since nothing was answered
    rescues: int = 0  # since that did not help


class Modem:
    """The modem for as long as ``[modem]`` stays the same.

    ``rescue`` may be set: what to do with a modem that answers on none of its ports.
    """

    def __init__(self, config: HostConfig, notebook: Notebook, outside: Outside) -> None:
        self.config = config.modem
        self.seen = Seen(state=ABSENT)
        self.counters = Counters()
        self.ready = Ready()  # set while its SIM is ready and it does as it is told
        self.rescue: Callable[[str], Awaitable[None]] = _no_rescue
        self.changed: Callable[[], None] = lambda: None  # called when more or less is seen
        self._outside = outside
        self._clock = asyncio.get_running_loop().time
        self._backoff = Backoff(FIRST_LOOK, LAST_LOOK, outside.jitter)
        self._finder = Finder(self.config, outside, self._backoff)
        self._talk: Conversation | None = None
        self._listeners: list[Listener] = []
        self._changed = asyncio.Event()
        self._wake = asyncio.Event()
        self.calls = Calls()
        self._mobile = Mobile(
            mobile.Owner(self.ask, lambda: self.seen, self.tell, self.ready),
            Unlock(self.config.pin, notebook),
            Choice(self.config, notebook),
            roaming=self.config.roaming,
        )
        self._said: set[str] = set()  # to the log, since it answered last
        self._silent = 0  # commands in a row
        self._trouble = 0  # ports in a row that answered nothing
        self._at = 0  # which of its ports for commands

    @property
    def state(self) -> str:
        """In the words of ``usr7s3ctl status``."""
        return self.seen.state

    @property
    def conversation(self) -> Conversation | None:
        """The one on the port for commands; None while there is none."""
        return self._talk

    # What others ask of it.

    async def ask(self, command: Command) -> Answer:
        """The answer to ``command``, as :meth:`Conversation.ask`.  Raises OSError, ModemGone."""
        if self._talk is None:
            raise ModemGone(errno.ENODEV, "there is no modem")
        answer = await self._talk.ask(command)
        if answer.final.verdict is Verdict.SILENT:
            self.counters.silent_commands += 1
            self._silent += 1
            if self._silent >= MOST_SILENT:
                self._wake.set()
        else:
            self._silent = 0
        if self._talk and self._talk.in_call:
            self.ready.clear()
        return answer

    def listen(self, callback: Listener) -> None:
        """Call ``callback`` with each thing it says unasked, whichever port it is opened on."""
        self._listeners.append(callback)

    def unlisten(self, callback: Listener) -> None:
        """End that."""
        self._listeners.remove(callback)

    def reopen(self, why: str) -> None:
        """Open its port anew, soon: a call on it has ended."""
        if self._talk:
            self._talk.end(Reopened(errno.ECONNRESET, why))
            self._wake.set()

    async def known(self, what: Callable[[Seen], T], limit: float) -> T:
        """``what(seen)`` as soon as it is something, or after ``limit`` s."""
        with contextlib.suppress(TimeoutError):
            async with TimeLimit(limit):
                while not what(self.seen):
                    self._changed.clear()
                    await self._changed.wait()
        return what(self.seen)

    # What is seen of it.

    def tell(self, **changes: Any) -> None:
        """Something is known; a change of state is a line in the log."""
        self._see(replace(self.seen, **changes))

    def _see(self, seen: Seen) -> None:
        before, self.seen = self.seen, seen
        if (before.state, before.problem, before.operator) != (
            seen.state, seen.problem, seen.operator,
        ):  # fmt: skip
            if seen.state not in (ABSENT, STARTING):
                self._said.clear()  # it answers
            self._say(logging.WARNING if seen.problem else logging.INFO, in_words(seen))
        if seen != before:
            self._changed.set()
            self.changed()

    def _say(self, level: int, words: str) -> None:
        """Once in an outage: a modem that is dead for a month is asked on, and fills no disk."""
        log.log(logging.DEBUG if words in self._said else level, "modem: %s", words)
        if len(self._said) < MOST_SAID:
            self._said.add(words)

    def _see_none(self, problem: str) -> None:
        self._see(Seen(state=ABSENT, problem=problem))

    def _heard(self, said: Unsolicited) -> None:
        calls, news = self.calls.heard(said), self._mobile.heard(said)
        if calls or news:
            self._wake.set()
        for listener in list(self._listeners):
            listener(said)

    # Its life.

    async def run(self, liveness: Liveness) -> NoReturn:
        """Find it, use it until it is lost, and begin again."""
        with liveness.pulse("modem") as pulse:
            log.info("modem: looking for %s", self.config.at_port or self.config.usb or "one")
            while True:
                try:
                    await self._use(await self._finder.plugged(self._see_none, pulse), pulse)
                except Stuck as error:
                    await self._help(error, pulse)
                except Reopened as error:
                    log.info("modem: its port is opened anew: %s", error.strerror)
                    continue
                except OSError as error:
                    self._lost(error)
                delay = self._backoff.next()
                with pulse.waiting(delay):
                    await asyncio.sleep(delay)

    async def _use(self, plugged: Plugged, pulse: Pulse) -> NoReturn:
        """Open it and look after it.  Raises OSError when it is lost, Stuck when it is silent."""
        try:
            at, data = await self._finder.ports(plugged, pulse)
        except Stuck:  # for a step that may help, it must be known where it is
            self.tell(usb=plugged.usb, at_port=plugged.at[0], model=plugged.model)
            raise
        path = at[self._at % len(at)]
        if self._trouble == 1 and data in ("", path):
            # A call of before us may go on, where the modem does not watch DTR.
            with pulse.waiting(OPEN_LIMIT + CLOSE_LIMIT):
                await hang_up(path, self._outside.open_port)
        with pulse.waiting(OPEN_LIMIT + CLOSE_LIMIT):
            talk = Conversation(path, self._wake.set)
            await talk.open(self._outside.open_port)
        try:
            self._open(talk, plugged, data)
            await self._look_after(talk, pulse)
        finally:
            self._talk = None
            self._mobile.begin()
            with pulse.waiting(CLOSE_LIMIT):
                await talk.close()

    def _open(self, talk: Conversation, plugged: Plugged, data: str) -> None:
        self._say(logging.INFO, f"{talk.path}: {plugged.model or 'opened'}")
        self.counters.opens += 1
        self._silent = 0
        talk.listen(self._heard)
        self._talk = talk
        data = "" if data == talk.path else data
        model = plugged.model
        self._see(
            Seen(state=STARTING, usb=plugged.usb, at_port=talk.path, data_port=data, model=model)
        )

    async def _look_after(self, talk: Conversation, pulse: Pulse) -> NoReturn:
        while True:
            self._wake.clear()
            delay = math.inf
            try:
                with pulse.waiting(ROUND_LIMIT):
                    await self.calls.reject(self.ask)
                    delay = await self._mobile.round()
            except OSError:
                talk.check()  # else a call has the port, or too many wait
                delay = math.inf if talk.in_call else LAST_LOOK
            if self._silent >= MOST_SILENT:
                raise Stuck(errno.ETIMEDOUT, f"{self._silent} commands without an answer")
            if not self._silent:
                self._trouble = 0
                self._backoff.reset()
            looked = self._clock()
            with pulse.waiting(delay), contextlib.suppress(TimeoutError):
                async with TimeLimit(delay):
                    await self._wake.wait()
            talk.check()
            with pulse.waiting(APART):
                await asyncio.sleep(looked + APART - self._clock())
            talk.check()

    # Trouble.

    def _lost(self, error: OSError) -> None:
        why = error.strerror or str(error)
        if self.seen.present:
            log.warning("modem: %s has gone (%s)", self.seen.at_port, why)
            self.counters.losses += 1
            self._at = 0
            self._see(Seen(state=ABSENT))
        else:
            self._see(Seen(state=ABSENT, problem=f"its port cannot be opened: {why}"))
            self._at += 1  # another one may

    async def _help(self, error: Stuck, pulse: Pulse) -> None:
        """The next step for a modem that is silent: each costs more than the one before."""
        why = error.strerror or str(error)
        self._trouble += 1
        if self._trouble == 1:
            step = "its port is opened anew"
        elif self._trouble == 2:
            step = "its other port is tried, if it has one"
            self._at += 1
        else:
            step = "it is restarted, if there is a way"
        self.tell(state=STARTING, problem=f"{why}: {step}")
        if self._trouble <= 2:
            self.counters.reopened += 1
            return
        self._trouble = 0
        self._at = 0
        self.counters.rescues += 1
        self._finder.forget()
        with pulse.waiting(ROUND_LIMIT):
            await self.rescue(why)


async def _no_rescue(_: str) -> None:
    """Nobody knows what else to do; its owner goes on trying."""
