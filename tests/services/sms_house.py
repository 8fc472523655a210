"""SMS with everything round it but a real modem."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from tests.services.fake_sms import FakeAsks, FakeNotes, FakeTimes
from tests.services.parts import FACTS, FakeStore, Tty, at_once, port_on, running, settings, settle
from usr7s3d.at.levels import Levels
from usr7s3d.core.liveness import Liveness
from usr7s3d.hostconfig import HostConfig, Modem
from usr7s3d.hostconfig import Sms as SmsConfig
from usr7s3d.modem.pdu import Submit, decode
from usr7s3d.services.commander import Commander
from usr7s3d.services.outlet import Outlet
from usr7s3d.services.sms.executed import Executed
from usr7s3d.services.sms.memory import Memory
from usr7s3d.services.sms.service import Sms


class House:
    """One daemon's SMS.  ``process_ends`` and build another one with what it leaves."""

    def __init__(
        self,
        asks: FakeAsks | None = None,
        *,
        notes: FakeNotes | None = None,
        times: FakeTimes | None = None,
        shut: str = "",
        charset: str = "utf-8",
        in_thread: Any = at_once,
        modem: dict[str, Any] | None = None,
        **changes: object,
    ) -> None:
        self.asks = asks or FakeAsks()
        self.notes = notes or FakeNotes()
        self.times = times or FakeTimes()
        self.shut = shut
        saved = settings(commands__password="secret")
        for path, value in changes.items():
            saved = saved.put(path.replace("__", "."), value)
        self.levels = Levels(settings(), None, saved)
        self.store = FakeStore()
        facts = replace(FACTS, modem=True)
        self.commander = Commander(self.levels, self.store, lambda: facts, at_once)
        self.liveness = Liveness(asyncio.get_running_loop().time)
        self.memory = Memory(times=self.times)
        self.config = HostConfig(modem=Modem(**(modem or {})), sms=SmsConfig(uart_charset=charset))
        self.tty = Tty()
        self.port = port_on(self.tty)
        self.outlet = Outlet(self.port)
        self.restarts: list[float] = []
        self.moved: list[tuple[str, str, int]] = []
        self.sms = Sms(
            self.config,
            self.asks,
            self.commander,
            memory=self.memory,
            executed=Executed(self.notes, in_thread),
            shut=lambda: self.shut,
        )
        self.mode = self.sms.mode(self.outlet, lambda *move: self.moved.append(move))
        self.outlet.flow = self.mode.flow

    def begin(self) -> None:
        """The module starts."""
        in_sms_mode = self.levels.start.module.mode == "SMS"
        self.port.serve(lambda _: None, self.outlet.drained)
        self.sms.join(self.mode if in_sms_mode else None, self.outlet.write, self._restart)

    def _restart(self) -> None:
        self.restarts.append(asyncio.get_running_loop().time())

    @property
    def sent(self) -> list[tuple[str, str]]:
        """Number and text of what left, each part."""
        found = []
        for pdu in self.asks.sent:
            message = decode(pdu)
            assert isinstance(message, Submit)
            found.append((str(message.receiver), message.text))
        return found

    @property
    def counters(self) -> Any:
        return self.memory.counters

    @property
    def inbox(self) -> list[tuple[str, str]]:
        return [(each.sender, each.text) for each in self.memory.inbox.show().values()]


@asynccontextmanager
async def living(house: House) -> AsyncIterator[House]:
    async with running(house.port, house.sms, liveness=house.liveness):
        house.begin()
        await settle()
        yield house
