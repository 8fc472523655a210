"""How much goes over the bearer in a month: what a metered SIM is paid for.

Written once an hour at most, and at the end; a power cut costs the hour.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn, Protocol

from usr7s3d.core.liveness import Liveness
from usr7s3d.devices.limit import TimeLimit

log = logging.getLogger(__name__)

FILE = "traffic.toml"
HEAD = "Bytes over each bearer in each month."
PERIOD = 3600.0  # s between two writings
LAST_WORDS = 1.0  # s for the last one; the daemon stops within 2
MONTHS = 13  # kept

Bytes = tuple[int, int]  # received, sent


class Notes(Protocol):
    """The state folder; both calls block and raise OSError."""

    def notes(self, name: str) -> dict[str, dict[str, str]]:
        """What was kept."""
        ...

    def keep_notes(self, name: str, words: str, tables: Mapping[str, Mapping[str, str]]) -> None:
        """Keep it."""
        ...


class Meter:
    """Adds up what ``read()`` tells, which counts from the daemon's start; ``month()``: 2026-11."""

    def __init__(
        self,
        bearer: str,
        read: Callable[[], Bytes],
        notes: Notes,
        *,
        in_thread: Callable[..., Awaitable[Any]],
        month: Callable[[], str],
    ) -> None:
        self._bearer = bearer
        self._read = read
        self._notes = notes
        self._in_thread = in_thread
        self._month = month
        self._counted: Bytes = 0, 0
        self._tables: dict[str, dict[str, str]] | None = None  # not read yet

    @property
    def months(self) -> dict[str, dict[str, int]]:
        """``2026-11 -> {"ppp_rx": ..., "ppp_tx": ...}``, up to now."""
        if self._tables is None:
            return {}
        self._add(self._tables)
        return {
            month: {name: _count(text) for name, text in rows.items()}
            for month, rows in self._tables.items()
        }

    def _add(self, tables: dict[str, dict[str, str]]) -> None:
        """Count what went since the last look."""
        now = self._read()
        moved = [after - before for before, after in zip(self._counted, now, strict=True)]
        self._counted = now
        if not any(moved):
            return
        rows = tables.setdefault(self._month(), {})
        for name, more in zip(("rx", "tx"), moved, strict=True):
            key = f"{self._bearer}_{name}"
            rows[key] = str(_count(rows.get(key, "")) + max(0, more))
        for old in sorted(tables)[:-MONTHS]:
            del tables[old]

    async def run(self, liveness: Liveness) -> NoReturn:
        """Write it down now and then."""
        await self._begin()
        kept = self.months
        with liveness.pulse("meter") as pulse:
            try:
                while True:
                    with pulse.waiting(PERIOD):
                        await asyncio.sleep(PERIOD)
                    if (months := self.months) != kept and await self._keep():
                        kept = months
            finally:
                if self.months != kept:
                    with suppress(TimeoutError):
                        async with TimeLimit(LAST_WORDS):
                            await self._keep()

    async def _begin(self) -> None:
        """Read what was kept: by now the one before us, if there was one, has written."""
        tables = {}
        try:
            tables = await self._in_thread(partial(self._notes.notes, FILE))
        except OSError as error:
            log.warning("%s: cannot be read: %s", FILE, error)
        self._tables = tables

    async def _keep(self) -> bool:
        # A copy: whoever asks for the status meanwhile adds to ours.
        tables = {month: dict(rows) for month, rows in (self._tables or {}).items()}
        try:
            await self._in_thread(partial(self._notes.keep_notes, FILE, HEAD, tables))
        except TimeoutError:
            raise
        except OSError as error:
            log.warning("%s: not written: %s", FILE, error)
            return False
        return True


def _count(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 20 else 0
