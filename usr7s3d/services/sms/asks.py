"""What SMS needs of the modem."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from usr7s3d.modem.command import Command
from usr7s3d.modem.dialogue import Answer, Unsolicited


class Asks(Protocol):
    """A modem, or the lack of one."""

    ready: asyncio.Event  # set while it is initialised: echo off, CMEE=1, CMGF=0, SIM ready
    gone: asyncio.Event  # set while it is not

    async def ask(self, command: Command) -> Answer:
        """The answer to ``command``.  Raises OSError when there is no modem, or no more."""
        ...

    def listen(self, callback: Callable[[Unsolicited], None]) -> None:
        """Call ``callback`` with each thing that the modem says unasked."""
        ...


async def either(*events: asyncio.Event, within: float | None = None) -> None:
    """Wait until one of ``events`` is set, or for ``within`` s."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
