"""One life: from one reading of the host configuration to the next (SIGHUP).

It owns what the host configuration decides, and lives one module after the other.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from usr7s3d.at.engine import Door
from usr7s3d.at.facts import Facts
from usr7s3d.at.levels import Levels
from usr7s3d.core.backoff import Backoff
from usr7s3d.core.lights import steady
from usr7s3d.core.liveness import Liveness
from usr7s3d.devices.dial import Dialer
from usr7s3d.devices.resolve import Resolver
from usr7s3d.devices.state import Store
from usr7s3d.devices.thread import in_thread
from usr7s3d.devices.uart import header_uart, open_uart
from usr7s3d.hostconfig import HostConfig, Parsed
from usr7s3d.hostconfig.kinds import GpioLine, KernelLed
from usr7s3d.modem.seen import Seen
from usr7s3d.services.commander import Commander
from usr7s3d.services.console import COMMAND_LIMIT
from usr7s3d.services.facts import gather
from usr7s3d.services.links.bridge import Moved
from usr7s3d.services.links.network import Legacy, Network, keepalive, nobody
from usr7s3d.services.mobile.uplink import Kit, MakeDial, Uplink
from usr7s3d.services.module import Module
from usr7s3d.services.panel import OpenLamp, OpenPin, Panel
from usr7s3d.services.plan import line_settings
from usr7s3d.services.port import InThread, OpenUart, Port
from usr7s3d.settings.model import Apn

if TYPE_CHECKING:
    from usr7s3d.devices.gpio import Line
    from usr7s3d.devices.leds import Lamp
    from usr7s3d.services.mobile.modem import Modem
    from usr7s3d.services.sms.service import Sms

log = logging.getLogger(__name__)

FIRST_LOOK, LAST_LOOK = 0.25, 2.0  # s between looks for a tty that is not there


def _dialer(config: HostConfig, interface: str, servers: Sequence[str]) -> Dialer:
    return Dialer(Resolver(interface, servers), interface, keepalive(config))


def _kit(config: HostConfig, store: Store, runtime: Path, apn: Apn, dialer: MakeDial) -> Kit:
    from usr7s3d.services.mobile import outfit  # noqa: PLC0415 - it costs 1 MB

    return outfit.kit(config, store, runtime, apn, dialer)


def _open_lamp(place: GpioLine | KernelLed) -> "Lamp":
    from usr7s3d.devices import leds  # noqa: PLC0415 - it costs 0.2 MB

    return leds.open_lamp(place)


def _open_pin(place: GpioLine) -> "Line":
    from usr7s3d.devices import leds  # noqa: PLC0415

    return leds.open_pin(place)


@dataclass(frozen=True, slots=True)
class Outside:
    """Our ways to the world and to chance; a test has others."""

    open_uart: OpenUart = open_uart
    dialer: MakeDial = _dialer
    in_thread: InThread = in_thread
    jitter: Callable[[], float] = random.random
    open_lamp: OpenLamp = _open_lamp
    open_pin: OpenPin = _open_pin
    kit: Callable[[HostConfig, Store, Path, Apn, MakeDial], Kit] = _kit


class Life:
    """What depends on the host configuration.

    ``port`` and ``uplink`` are those of the life before, if any: what did not change stays open.
    """

    def __init__(
        self,
        parsed: Parsed,
        store: Store,
        legacy: Legacy,
        outside: Outside,
        *,
        runtime: Path,
        moved: Moved,
        port: Port | None = None,
        uplink: Uplink | None = None,
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
        if uplink is None or not uplink.serves(config):
            uplink = self._uplink(store, runtime)
        self.uplink = uplink
        self.modem = self._introduce(uplink.modem)
        self._network = Network(
            config,
            uplink.dial,
            uplink.bearer,
            jitter=outside.jitter,
            password=lambda: self.levels.in_force.commands.password,
            doors_shut=parsed.doors_shut,
            state_changed=self._refresh,
            known=self.modem.known if self.modem else nobody,
        )
        self.sms = self._sms(store)
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

    def _sms(self, store: Store) -> "Sms | None":
        """Its SMS, if there is to be a modem."""
        if self.modem is None:
            return None
        from usr7s3d.services.sms.executed import Executed  # noqa: PLC0415
        from usr7s3d.services.sms.service import Sms  # noqa: PLC0415 - costs memory

        return Sms(
            self.config,
            self.modem,
            self.commander,
            memory=self.legacy.sms,
            executed=Executed(store, self._outside.in_thread),
            shut=self._network.door_shut,
        )

    def _uplink(self, store: Store, runtime: Path) -> Uplink:
        config, outside = self.config, self._outside
        kit = Kit()
        if config.modem_wanted:
            kit = outside.kit(config, store, runtime, self.levels.start.apn, outside.dialer)
        return Uplink(config, kit, store, outside.dialer, outside.in_thread)

    def _introduce(self, modem: "Modem | None") -> "Modem | None":
        if modem:
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
            if self.sms:
                tasks.create_task(self.sms.run(liveness), name="SMS")
            await self._modules(liveness)

    async def _modules(self, liveness: Liveness) -> NoReturn:
        self.uplink.host_bytes = self._host_bytes
        while True:
            self.uplink.use(self.levels.start.apn)
            self.module = Module(
                self.port,
                self.commander,
                self._network,
                self.legacy,
                escape_quiet=self.config.uart.escape_quiet_ms / 1000,
                moved=self._moved,
                redial=self.uplink.redial,
                sms=self.sms,
            )
            await self.module.run(liveness)
            self.levels.restart()

    def _host_bytes(self) -> tuple[int, int]:
        """What the sockets have received and sent."""
        links, http = self.legacy.counters.values(), self.legacy.http
        received = sum(link.rx_bytes for link in links) + (http.rx_bytes if http else 0)
        return received, sum(link.tx_bytes for link in links) + (http.tx_bytes if http else 0)
