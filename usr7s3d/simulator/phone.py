"""The modem of a demo, and a phone on its network."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from usr7s3d.simulator.ends import Inbox
from usr7s3d.simulator.modem import manners, wire
from usr7s3d.simulator.modem.pdu import Submit
from usr7s3d.simulator.modem.shell import Simulator
from usr7s3d.simulator.show import Show

NUMBER = "+491701234567"
MAKE = "sim7600"


class Phone:
    """Somebody who writes to the module, and reads what it answers."""

    def __init__(self, modem: Simulator, show: Show) -> None:
        self.modem = modem
        self.inbox = Inbox("the phone")
        self._show = show
        modem.modem.state.network.told = self._came

    def write(self, text: str) -> None:
        """An SMS to the module."""
        self._show.sent("phone", "SMS", text.encode())
        self.modem.obey(f"sms {NUMBER} {text}")

    async def read(self, end: str) -> None:
        """An SMS of the module that ends so.  Raises NothingCame."""
        self._show.came("phone", "SMS", await self.inbox.expect(end.encode()))

    def _came(self, message: Submit) -> None:
        self.inbox.put(message.text.encode())


@asynccontextmanager
async def modem_at(folder: Path, show: Show) -> AsyncIterator[Phone]:
    """A modem with its ports at ``folder``/modem and modem-data, until the block ends."""
    ends = {name: wire.end(str(folder / tail)) for name, tail in PORTS.items()}
    simulator = Simulator(manners.load(MAKE), ends, tell=partial(show.noted, "modem"))
    async with simulator:
        yield Phone(simulator, show)


PORTS = {"at": "modem", "data": "modem-data"}
