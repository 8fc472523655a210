"""What SMS needs of the modem."""

from collections.abc import Callable
from typing import Protocol

from usr7s3d.modem.command import Command
from usr7s3d.modem.dialogue import Answer, Unsolicited
from usr7s3d.services.mobile.ready import Ready


class Asks(Protocol):
    """A modem, or the lack of one."""

    ready: Ready  # set while it is initialised: echo off, CMEE=1, CMGF=0, SIM ready

    async def ask(self, command: Command) -> Answer:
        """The answer to ``command``.  Raises OSError when there is no modem, or no more."""
        ...

    def listen(self, callback: Callable[[Unsolicited], None]) -> None:
        """Call ``callback`` with each thing that the modem says unasked."""
        ...

    def unlisten(self, callback: Callable[[Unsolicited], None]) -> None:
        """End that."""
        ...
