"""SMS from one reading of the host configuration to the next: puts its parts together."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from usr7s3d.core.bound import Bound
from usr7s3d.core.liveness import Liveness
from usr7s3d.hostconfig import HostConfig
from usr7s3d.services.commander import Commander
from usr7s3d.services.links.bridge import Moved
from usr7s3d.services.outlet import Outlet
from usr7s3d.services.sms.asks import Asks
from usr7s3d.services.sms.desk import Desk
from usr7s3d.services.sms.door import SmsDoor
from usr7s3d.services.sms.executed import Executed
from usr7s3d.services.sms.guard import Guard, Rules
from usr7s3d.services.sms.intake import NOBODY, NOT_YET, Intake
from usr7s3d.services.sms.memory import Memory
from usr7s3d.services.sms.mode import SmsMode
from usr7s3d.services.sms.outbox import Outbox
from usr7s3d.services.sms.sweep import Sweep


class Sms:
    """Everything about SMS but the module's share, which comes and goes with its restarts."""

    def __init__(
        self,
        config: HostConfig,
        asks: Asks,
        commander: Commander,
        *,
        memory: Memory,
        executed: Executed,
        shut: Callable[[], str],
    ) -> None:
        clock = asyncio.get_running_loop().time
        self._memory = memory
        self._commander = commander
        self._clock = clock
        self._restart: Callable[[], None] | None = None
        self._restart_missed = False
        modem = config.modem
        self._bound = Bound(modem.sms_per_hour, modem.sms_per_day, memory.times.load(clock()))
        self.outbox = Outbox(
            asks,
            self._bound,
            memory.waiting,
            memory.counters,
            noted=lambda: memory.times.keep(self._bound.times),
            store_full=self.look,
        )
        charset = config.sms.uart_charset
        self.desk = Desk(memory, self.outbox, charset)
        self._guard = Guard(
            Rules(modem.sms_commands, modem.sms_allow),
            memory,
            password=lambda: commander.levels.in_force.commands.password,
            shut=shut,
            clock=clock,
        )
        door = SmsDoor(
            commander,
            executed,
            memory.counters,
            reply=self._reply,
            restart=self._restart_module,
            charset=charset,
        )
        self._intake = Intake(memory, self._guard, door)
        self._sweep = Sweep(asks, self._intake)
        commander.messages = self.desk

    def _reply(self, number: str, text: str, told: Callable[[bool], None]) -> None:
        self.desk.text(number, text, first=True, told=told)

    def _restart_module(self) -> None:
        self._restart_missed = self._restart is None
        if self._restart:
            self._restart()

    def look(self) -> None:
        """Read the modem's store now."""
        self._sweep.look()

    def mode(self, outlet: Outlet, moved: Moved) -> SmsMode:
        """SMS mode, for a module whose UART ``outlet`` leads to."""
        return SmsMode(
            self.desk,
            outlet,
            destination=lambda: self._commander.levels.in_force.sms.destination,
            look=self.look,
            moved=moved,
        )

    def join(
        self, mode: SmsMode | None, say: Callable[[bytes], None], restart: Callable[[], None]
    ) -> None:
        """A module begins."""
        self._intake.consumer = mode or NOBODY
        self.desk.say = say
        self._restart = restart
        if self._restart_missed:
            self._restart_module()
        self.look()

    def part(self) -> None:
        """It ends.  What the UART has not got stays in the store."""
        self._intake.consumer = NOT_YET
        self.desk.say = lambda _: None
        self._restart = None

    async def run(self, liveness: Liveness) -> None:
        """Send and receive."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.outbox.run(liveness), name="SMS out")
            tasks.create_task(self._sweep.run(liveness), name="SMS in")

    @property
    def door_state(self) -> str:
        """For status: ``off``, ``open``, ``shut``, ``locked``."""
        return self._guard.state

    def status(self) -> dict[str, Any]:
        """For status."""
        store = self._sweep.store
        return {
            "state": "on",
            "store": {"name": store.name, "used": store.used, "total": store.total},
            "inbox": len(self._memory.inbox),
            "waiting": len(self.outbox),
            "may_send": self._bound.left(self._clock()),
            **asdict(self._memory.counters),
        }
