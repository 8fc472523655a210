"""Carries AT commands out: the one engine behind the five doors.

A door brings a line and sends the reply; what is to happen after the reply (restart,
leaving command mode) it finds in the outcome, so the order stands in one place.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from usr7s3d.at.engine import OK, Answer, Door, Refusal, State, Unavailable, answer, error
from usr7s3d.at.facts import Facts
from usr7s3d.at.levels import Levels
from usr7s3d.at.table import Action
from usr7s3d.settings.model import Settings

log = logging.getLogger(__name__)

InThread = Callable[[Callable[[], None]], Awaitable[None]]


class Store(Protocol):
    """Where settings are kept; both calls block and raise OSError."""

    def save(self, settings: Settings) -> None:
        """Write the saved set."""
        ...

    def save_user_default(self, settings: Settings) -> None:
        """Write the user default."""
        ...


class Messages(Protocol):
    """SMS, as commands reach them.  Every call raises Refusal."""

    def send(self, door: Door, number: str, kind: int, data: str) -> None:
        """Queue an SMS; ``kind`` is that of AT+SMSSEND."""
        ...

    def write(self, number: str, typed: bytes, session: Mapping[str, str]) -> bytes:
        """Queue what was typed behind the prompt of AT+CMGS; gives the line to answer."""
        ...

    def inbox(
        self, action: Action, arguments: tuple[object, ...], session: Mapping[str, str]
    ) -> bytes:
        """List, read or delete; gives the lines to answer."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a door does next: send the reply, then the rest."""

    reply: bytes
    ok: bool = False
    restart: bool = False
    leave_command_mode: bool = False
    prompt_for: str = ""  # the number for whose SMS the reply asks the text
    session: Mapping[str, str] = field(default_factory=dict)


class Commander:
    """One command at a time, from whichever door it comes."""

    def __init__(
        self, levels: Levels, store: Store, facts: Callable[[], Facts], in_thread: InThread
    ) -> None:
        self.levels = levels
        self.messages: Messages | None = None  # None: no modem is configured
        self._store = store
        self._facts = facts
        self._in_thread = in_thread
        self._one_at_a_time = asyncio.Lock()

    async def execute(
        self, text: str | None, door: Door, session: Mapping[str, str] | None = None
    ) -> Outcome:
        """Carry out one line; None stands for one that was too long to read."""
        session = session or {}
        if text is None:
            log.info("%s: a command line was too long", door.value)
            return Outcome(error(Refusal.code), session=session)
        async with self._one_at_a_time:
            state = State(
                settings=self.levels.running, facts=self._facts(), door=door, session=session
            )
            result = answer(text, state)
            if result.settings != self.levels.running:
                log.info("%s: %s was set", door.value, command_name(text))
                self.levels.change(result.settings)
            return await self._act(result, door)

    async def idle(self) -> None:
        """Wait for the end of the command that is being carried out.

        What cut a save short would leave the disk and the memory in disagreement.
        """
        async with self._one_at_a_time:
            pass

    async def _act(self, result: Answer, door: Door) -> Outcome:
        outcome = Outcome(result.reply, result.ok, session=result.session)
        if result.action is None:
            return outcome
        log.info("%s: asks to %s", door.value, result.action.value)
        if result.action in _OF_SMS:
            return self._sms(result, result.action, door, outcome)
        try:
            await self._keep(result.action)
        except OSError as failure:
            log.error("settings: not saved, the old ones stay: %s", failure)
            return replace(outcome, reply=error(Unavailable.code), ok=False)
        return replace(
            outcome,
            restart=result.action in RESTARTS,
            leave_command_mode=result.action is Action.LEAVE_COMMAND_MODE,
        )

    def _sms(self, result: Answer, action: Action, door: Door, outcome: Outcome) -> Outcome:
        if action is Action.WRITE_SMS:
            return replace(outcome, prompt_for=str(result.arguments[0]))
        try:
            if self.messages is None:
                raise Unavailable
            if action is not Action.SEND_SMS:
                shown = self.messages.inbox(action, result.arguments, result.session)
                return replace(outcome, reply=shown + OK)
            number, kind, data = result.arguments
            self.messages.send(door, str(number), int(str(kind)), str(data))
        except Refusal as refusal:
            return replace(outcome, reply=error(refusal.code), ok=False)
        return outcome

    def write_sms(self, number: str, typed: bytes | None, session: Mapping[str, str]) -> Outcome:
        """Queue what was typed behind a prompt; None stands for what is too long to be an SMS."""
        try:
            if self.messages is None:
                raise Unavailable
            if typed is None:
                raise Refusal
            shown = self.messages.write(number, typed, session)
        except Refusal as refusal:
            return Outcome(error(refusal.code), session=session)
        return Outcome(shown + OK, ok=True, session=session)

    async def _keep(self, action: Action) -> None:
        """Write what ``action`` changes on the disk, then in memory."""
        levels = self.levels
        if action is Action.SAVE_DEFAULT:
            running = levels.running
            await self._in_thread(partial(self._store.save_user_default, running))
            levels.user_default = running
        elif action in (Action.SAVE, Action.RESTORE_DEFAULT, Action.RESTORE_FACTORY):
            saved = {
                Action.SAVE: levels.running,
                Action.RESTORE_DEFAULT: levels.default,
                Action.RESTORE_FACTORY: levels.factory,
            }[action]
            await self._in_thread(partial(self._store.save, saved))
            levels.saved = saved


_OF_SMS = {
    Action.SEND_SMS,
    Action.WRITE_SMS,
    Action.LIST_SMS,
    Action.READ_SMS,
    Action.DELETE_SMS,
}
RESTARTS = {Action.RESTART, Action.SAVE, Action.RESTORE_DEFAULT, Action.RESTORE_FACTORY}


def command_name(text: str) -> str:
    """The command in ``text`` without its values, which may be secret."""
    return text.partition("=")[0].strip().upper()[:20]
