"""Enters the SIM's PIN, and never a wrong one twice (see modem/pin.py)."""

import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Protocol

from usr7s3d.modem import pin
from usr7s3d.modem.command import Command
from usr7s3d.modem.dialogue import Answer

log = logging.getLogger(__name__)

FILE = "modem.toml"
HEAD = "What was done to the modem and its SIM, so that it is not done twice."

Ask = Callable[[Command], Awaitable[Answer]]
InThread = Callable[..., Awaitable[Any]]  # devices.thread.in_thread
Tables = dict[str, dict[str, str]]


class Store(Protocol):
    """The state folder; both calls block and raise OSError."""

    def notes(self, name: str) -> Tables:
        """Read tables of texts."""
        ...

    def keep_notes(self, name: str, words: str, tables: Tables) -> None:
        """Write them."""
        ...


class Notebook:
    """What is remembered of modems and SIMs over a restart of the process."""

    def __init__(self, store: Store, in_thread: InThread) -> None:
        self._store = store
        self._in_thread = in_thread

    async def read(self, table: str) -> dict[str, str]:
        """One table.  Raises OSError."""
        tables: Tables = await self._in_thread(partial(self._store.notes, FILE))
        return tables.get(table, {})

    async def write(self, table: str, rows: pin.Notes) -> None:
        """Replace one table, on the medium.  Raises OSError."""
        tables: Tables = await self._in_thread(partial(self._store.notes, FILE))
        tables[table] = dict(rows)
        await self._in_thread(partial(self._store.keep_notes, FILE, HEAD, tables))


class Unlock:
    """The PIN of the configuration, for whichever SIM asks for one."""

    def __init__(self, code: str, notebook: Notebook) -> None:
        self._code = code
        self._notebook = notebook
        self._open: tuple[str, ...] = ()  # noted as being tried: what came of it was not seen

    async def __call__(self, ask: Ask, iccid: str, imei: str) -> str:
        """Enter it for that SIM in that modem.  Why it was not, or not taken; empty: it was."""
        if not self._code:
            return "the SIM wants its PIN: put it into [modem] pin"
        keys, before = pin.names(self._code, iccid, imei)
        left = await ask(pin.ATTEMPTS)
        untouched = left.ok and pin.untouched(left.lines)
        try:
            notes = await self._notebook.read("pin")
            for key in before:
                if why := pin.forbidden(notes.get(key), untouched):
                    return why
            await self._notebook.write("pin", pin.noted(notes, keys, pin.TRYING))
        except OSError as error:
            if not untouched:
                return f"the PIN is not entered, since the attempt cannot be noted: {error}"
            log.warning("modem: the attempt to enter the PIN is not noted: %s", error)
        self._open = keys
        answer = await ask(pin.enter(self._code))
        if answer.ok:
            await self.accepted()
            return ""
        if pin.untried(answer.final):
            await self._note("")
        elif pin.wrong(answer.final):
            await self._note(pin.REFUSED)
            return f"the SIM refuses the PIN ({answer.final}): put the right one into [modem] pin"
        return f"the PIN was not taken: {answer.final}"

    async def accepted(self) -> None:
        """The SIM is open: if it was asked before, and nobody saw its answer, that was a yes."""
        await self._note("")

    async def _note(self, note: str) -> None:
        keys, self._open = self._open, ()
        if not keys:
            return
        try:
            notes = await self._notebook.read("pin")
            await self._notebook.write("pin", pin.noted(notes, keys, note))
        except OSError as error:
            log.warning("modem: what came of the PIN is not noted: %s", error)
