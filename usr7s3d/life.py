"""One life: from one reading of the host configuration to the next (SIGHUP).

It owns what the host configuration decides, and lives one module after the other.
"""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from usr7s3d.at.engine import Door
from usr7s3d.at.facts import Facts
from usr7s3d.at.levels import Levels
from usr7s3d.core.backoff import Backoff
from usr7s3d.core.lights import steady
from usr7s3d.core.liveness import Liveness
from usr7s3d.devices.dial import Dialer
from usr7s3d.devices.leds import open_lamp, open_pin
from usr7s3d.devices.resolve import Resolver
from usr7s3d.devices.state import Store
from usr7s3d.devices.thread import in_thread
from usr7s3d.devices.uart import header_uart, open_uart
from usr7s3d.hostconfig import HostConfig, Parsed
from usr7s3d.modem.seen import Seen
from usr7s3d.services.bridge import Moved
from usr7s3d.services.commander import Commander
from usr7s3d.services.console import COMMAND_LIMIT
from usr7s3d.services.facts import gather
from usr7s3d.services.module import Module
from usr7s3d.services.network import Dial, Legacy, Network, keepalive, nobody
from usr7s3d.services.panel import OpenLamp, OpenPin, Panel
from usr7s3d.services.plan import line_settings
from usr7s3d.services.port import InThread, OpenUart, Port

if TYPE_CHECKING:
    from usr7s3d.services.modem import Modem

log = logging.getLogger(__name__)

FIRST_LOOK, LAST_LOOK = 0.25, 2.0  # s between looks for a tty that is not there


def _dialer(config: HostConfig) -> Dialer:
    interface = config.bearer.interface
    return Dialer(Resolver(interface), interface, keepalive(config))


def _modem(config: HostConfig, store: Store) -> "Modem":
    from usr7s3d.services import outfit  # noqa: PLC0415 - it costs 1 MB

    return outfit.modem(config, store)


@dataclass(frozen=True, slots=True)
class Outside:
    """Our ways to the world and to chance; a test has others."""

    open_uart: OpenUart = open_uart
    dialer: Callable[[HostConfig], Dial] = _dialer
    in_thread: InThread = in_thread
    jitter: Callable[[], float] = random.random
    open_lamp: OpenLamp = open_lamp
    open_pin: OpenPin = open_pin
    modem: Callable[[HostConfig, Store], "Modem"] = _modem


class Life:
    """What depends on the host configuration.

    ``port`` and ``modem`` are those of the life before, if any: what did not change stays open.
    """

    def __init__(
        self,
        parsed: Parsed,
        store: Store,
        legacy: Legacy,
        outside: Outside,
        *,
        moved: Moved,
        port: Port | None = None,
        modem: "Modem | None" = None,
    ) -> None:
        self.config = config = parsed.config
        self.legacy = legacy
        self._outside = outside
        self._watched = moved
        self.module: Module | None = None
        stored = store.load(config.factory)
        for note in stored.notes:
            log.warning("settings: %s", note)
        self.levels = Levels(config.factory, stored.user_default, stored.saved)
        self.commander = Commander(self.levels, store, self._facts, outside.in_thread)
        self._serial_number = store.serial_number()
        self.modem = self._equip(modem, store)
        self._network = Network(
            config,
            outside.dialer(config),
            jitter=outside.jitter,
            password=lambda: self.levels.in_force.commands.password,
            doors_shut=parsed.doors_shut,
            state_changed=self._refresh,
            known=self.modem.known if self.modem else nobody,
        )
        self._panel = Panel(
            config,
            facts=self._lit,
            reset=self.restart_soon,
            reload=self._clear,
            open_lamp=outside.open_lamp,
            open_pin=outside.open_pin,
            jitter=outside.jitter,
        )
        self._cleared = asyncio.Event()  # by the key
        device = config.uart.device or header_uart()
        same = port and (port.device, port.rs485) == (device, config.rs485)
        self.port = port if port and same else self._port(device)

    def _port(self, device: str) -> Port:
        return Port(
            device,
            line_settings(self.levels.start),
            Backoff(FIRST_LOOK, LAST_LOOK, self._outside.jitter),
            open_uart=self._outside.open_uart,
            in_thread=self._outside.in_thread,
            rs485=self.config.rs485,
        )

    def _equip(self, modem: "Modem | None", store: Store) -> "Modem | None":
        """The modem, if there is to be one; ``modem`` itself when it is still the one."""
        if not self.config.modem_wanted:
            return None
        if modem is None or modem.config != self.config.modem:
            modem = self._outside.modem(self.config, store)
        modem.calls.allowed = lambda: self.levels.in_force.module.answer_calls
        modem.changed = self._refresh
        return modem

    def _facts(self) -> Facts:
        links = self.module.links if self.module else {}
        return gather(
            self.config, self._serial_number, links, self.modem.seen if self.modem else Seen()
        )

    # Lights and keys.

    def _refresh(self) -> None:
        self._panel.refresh()

    def _lit(self) -> dict[str, bool]:
        links = self.module.links if self.module else {}
        states = {name: link.state for name, link in links.items()}
        return steady(self._facts().attached, states)

    @property
    def _moved(self) -> Moved:
        lights = self._panel.lights
        if lights is None:
            return self._watched

        def moved(source: str, target: str, size: int) -> None:
            lights.moved(source, target, size)
            self._watched(source, target, size)

        return moved

    def restart_soon(self) -> None:
        """Restart the module, as AT+Z does."""
        if self.module:
            self.module.restart_soon()

    def _clear(self) -> None:
        self._cleared.set()

    async def _keys(self, liveness: Liveness) -> NoReturn:
        """AT+CLEAR, by the key."""
        with liveness.pulse("keys") as pulse:
            while True:
                with pulse.waiting():
                    await self._cleared.wait()
                self._cleared.clear()
                with pulse.waiting(COMMAND_LIMIT):
                    outcome = await self.commander.execute("AT+CLEAR", Door.CONTROL)
                if outcome.restart:
                    self.restart_soon()

    # Its life.

    async def run(self, liveness: Liveness) -> NoReturn:
        """Live one module after the other, and beside them what outlives a restart."""
        async with asyncio.TaskGroup() as tasks:
            for name, part in self._panel.parts(liveness).items():
                tasks.create_task(part, name=name)
            if self.config.pins.reload:
                tasks.create_task(self._keys(liveness), name="keys")
            await self._modules(liveness)

    async def _modules(self, liveness: Liveness) -> NoReturn:
        while True:
            self.module = Module(
                self.port,
                self.commander,
                self._network,
                self.legacy,
                escape_quiet=self.config.uart.escape_quiet_ms / 1000,
                moved=self._moved,
            )
            await self.module.run(liveness)
            self.levels.restart()
