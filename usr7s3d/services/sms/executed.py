"""The commands by SMS that were carried out, kept where a power cut does not reach them."""

import logging
from binascii import crc32
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from usr7s3d.modem.joiner import Joined
from usr7s3d.modem.numbers import masked

log = logging.getLogger(__name__)

FILE = "sms.toml"
WORDS = "Commands by SMS that were carried out: when sent, by whom, a checksum; where it lay."
TABLE = "executed"
MOST = 32  # the newest; more than a store of the usual size holds


class Notes(Protocol):
    """A small file in the state folder; both calls block and raise OSError."""

    def notes(self, name: str) -> dict[str, dict[str, str]]:
        """What was kept."""
        ...

    def keep_notes(self, name: str, words: str, tables: Mapping[str, Mapping[str, str]]) -> None:
        """Write it; on the medium on return."""
        ...


class Executed:
    """Knows an SMS by sender, time and text; where it lies may change with the modem's mood."""

    def __init__(self, notes: Notes, in_thread: Callable[..., Any]) -> None:
        self._notes = notes
        self._in_thread = in_thread
        try:
            self._rows = dict(notes.notes(FILE).get(TABLE, {}))
        except OSError as error:
            log.warning("SMS: %s: %s", FILE, error)
            self._rows = {}

    def has(self, joined: Joined) -> bool:
        """Whether it was carried out, or begun."""
        return _name(joined) in self._rows

    async def add(self, joined: Joined, index: int | None) -> None:
        """It is about to be.  With a disk that fails, only this process remembers."""
        self._rows[_name(joined)] = "" if index is None else str(index)
        while len(self._rows) > MOST:
            del self._rows[next(iter(self._rows))]
        keep = partial(self._notes.keep_notes, FILE, WORDS, {TABLE: dict(self._rows)})
        try:
            await self._in_thread(keep)
        except OSError as error:
            log.error("SMS: %s: not written: %s", FILE, error)


def _name(joined: Joined) -> str:
    first = joined.parts[0]
    sender = str(first.sender)
    sum_ = crc32(f"{sender}\n{joined.text}".encode("utf-8", "replace"))
    time = first.time.isoformat() if first.time else "no time"
    return f"{time} {masked(sender)} {sum_:08x}"
