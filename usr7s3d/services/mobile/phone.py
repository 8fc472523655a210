"""The modem as the data call uses it: when it may dial, and the line to do so.

A modem with a port for data alone goes on taking commands beside the call; one with a
single port is all call while it lasts.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from usr7s3d.modem.command import ATTENTION, Command
from usr7s3d.modem.dialogue import Answer
from usr7s3d.modem.results import Verdict
from usr7s3d.modem.seen import REGISTERED, Seen
from usr7s3d.services.mobile.conversation import OpenPort, conversation, hang_up
from usr7s3d.services.mobile.modem import Modem

LOOK = 3600.0  # s; whatever changes is told


@dataclass(frozen=True, slots=True)
class Line:
    """A port that nobody else uses now."""

    path: str
    ask: Callable[[Command], Awaitable[Answer]]
    hand_over: Callable[[], object]  # behind CONNECT: it stays open, and is read no more


def may_dial(seen: Seen) -> bool:
    """Whether there is a network, and one where we may go online."""
    return seen.state == REGISTERED and not seen.stays_offline


class Phone:
    """The modem."""

    def __init__(self, modem: Modem, open_port: OpenPort) -> None:
        self._modem = modem
        self._open_port = open_port

    @property
    def may_dial(self) -> bool:
        """Whether a call makes sense now."""
        return may_dial(self._modem.seen)

    @property
    def one_port(self) -> bool:
        """Whether commands wait for the end of a call."""
        return self._modem.seen.present and not self._modem.seen.data_port

    @property
    def waits_for(self) -> str:
        """What keeps us from dialling."""
        seen = self._modem.seen
        if seen.stays_offline:
            return "another network than the SIM's own, and [modem] roaming = false"
        return f"the modem ({seen.problem or seen.state})"

    async def until_may_dial(self) -> None:
        """Wait for it."""
        while not await self._modem.known(may_dial, LOOK):
            pass

    async def until_stays_offline(self) -> None:
        """Wait until it is where we may not go online."""
        while not await self._modem.known(lambda seen: seen.stays_offline, LOOK):
            pass

    async def _still_calls(self, path: str) -> bool:
        """Whether the port takes no commands: a call before us may go on, as the modem sees it."""
        async with conversation(path, self._open_port) as talk:
            return (await talk.ask(ATTENTION)).final.verdict is Verdict.SILENT

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        """A line to dial on.  Raises OSError."""
        if path := self._modem.seen.data_port:
            if await self._still_calls(path):
                await hang_up(path, self._open_port)
            async with conversation(path, self._open_port) as talk:
                yield Line(path, talk.ask, talk.hand_over)
            return
        talk_ = self._modem.conversation
        if talk_ is None:
            raise OSError("the modem has gone")
        try:
            yield Line(talk_.path, self._modem.ask, talk_.hand_over)
        finally:
            # Where there was no call the port is as good as before.
            if talk_.in_call and self._modem.conversation is talk_:
                self._modem.reopen("the call is over")
