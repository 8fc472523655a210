"""The way to the network, and what keeps it: the modem, its recovery, the data call, the meter.

It outlives a restart of the module, and a new host configuration that leaves it as it is.

    host       the links' own attempts tell; a modem beside it serves SMS
    ppp        the data call is the bearer
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol

from usr7s3d.core.liveness import Liveness
from usr7s3d.devices import route
from usr7s3d.devices.calendar import month
from usr7s3d.devices.pppclient import session
from usr7s3d.devices.revive import Hands
from usr7s3d.hostconfig import HostConfig
from usr7s3d.services import recovery
from usr7s3d.services.bearer import Bearer
from usr7s3d.services.conversation import OpenPort
from usr7s3d.services.meter import Bytes, Meter
from usr7s3d.services.modem import Modem
from usr7s3d.services.network import Dial
from usr7s3d.services.phone import Phone
from usr7s3d.services.ppp import OpenSession, Ppp
from usr7s3d.services.recovery import Recovery
from usr7s3d.settings.model import Apn

log = logging.getLogger(__name__)

NO_MODEM = 'ppp needs a modem, and [modem] says "none"'
ONE_PORT = (
    "the modem has one port: SMS wait until the data call ends; [modem] sms_gap_s ends it now "
    "and then"
)


class Notes(recovery.Notes, Protocol):
    """The state folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """What the uplink does to the world; a test has others."""

    dialer: Callable[[HostConfig, str, list[str]], Dial]  # interface, name servers
    open_port: OpenPort
    in_thread: Callable[..., Awaitable[Any]]
    jitter: Callable[[], float]
    open_session: OpenSession = session
    live_bytes: Callable[[str], Bytes] = route.traffic
    month: Callable[[], str] = month


class Uplink:
    """All of it, for as long as ``[bearer]`` and ``[modem]`` stay the same."""

    def __init__(
        self, config: HostConfig, modem: Modem, notes: Notes, ways: Ways, *, runtime: Path, apn: Apn
    ) -> None:
        self.modem = modem
        self.ppp: Ppp | None = None
        self.recovery: Recovery | None = None
        self.host_bytes: Callable[[], Bytes] = lambda: (0, 0)  # of the links, on the host bearer
        self._config = config
        if modem.wanted:
            hands = Hands(config.modem, runtime, ways.open_port, ways.in_thread)
            self.recovery = Recovery(config.modem, modem, hands, notes, ways.in_thread)
            modem.rescue = self.recovery.rescue
        if config.bearer.kind == "ppp" and modem.wanted:
            self.ppp = self._data_call(config, ways, apn)
        elif config.bearer.kind == "ppp":
            log.warning("ppp: %s", NO_MODEM)
        self.bearer = self.ppp.bearer if self.ppp else Bearer(self._why_none)
        interface = config.bearer.interface
        self.dial: Dial = self.ppp.dial if self.ppp else ways.dialer(config, interface, [])
        self.meter = Meter(
            config.bearer.kind, self._bytes, notes, in_thread=ways.in_thread, month=ways.month
        )

    @property
    def _why_none(self) -> str:
        return NO_MODEM if self._config.bearer.kind == "ppp" else ""

    def _data_call(self, config: HostConfig, ways: Ways, apn: Apn) -> Ppp:
        ppp = Ppp(
            config.bearer,
            apn,
            Phone(self.modem, ways.open_port),
            open_session=ways.open_session,
            make_dial=lambda interface, servers: ways.dialer(config, interface, servers),
            jitter=ways.jitter,
            live_bytes=ways.live_bytes,
            sms_gap=config.modem.sms_gap_s,
        )
        if self.recovery:
            ppp.refused, ppp.connected = self.recovery.refused, self.recovery.connected
        return ppp

    def serves(self, config: HostConfig) -> bool:
        """Whether it is what ``config`` wants."""
        old = self._config
        return (old.bearer, old.modem, old.link) == (config.bearer, config.modem, config.link)

    def use(self, apn: Apn) -> None:
        """What a restart of the module begins with; the same APN leaves the call alone."""
        if self.ppp:
            self.ppp.use(apn)

    def redial(self, why: str) -> None:
        """Begin the data call anew."""
        if self.ppp:
            self.ppp.redial(why)

    def _bytes(self) -> Bytes:
        return self.ppp.traffic.total() if self.ppp else self.host_bytes()

    @property
    def warnings(self) -> list[str]:
        """What the owner should know."""
        if self.ppp and self.ppp.sms_wait:
            return [ONE_PORT]
        return [self._why_none] if not self.bearer.up and not self.ppp else []

    def status(self) -> dict[str, Any]:
        """The bearer, as ``usr7s3ctl status`` shows it."""
        ppp = self.ppp
        if ppp is None:
            return {**self._host(), "months": self.meter.months}
        return {
            "kind": "ppp",
            "state": ppp.state,
            "interface": ppp.way.interface,
            "address": ppp.way.address,
            "name_servers": ppp.way.servers,
            "dials": ppp.counters.dials,
            "connects": ppp.counters.connects,
            "last_error": ppp.last_error,
            "waits_for": ppp.waits_for,
            "months": self.meter.months,
        }

    def _host(self) -> dict[str, Any]:
        wanted, kind = self._config.bearer.interface, self._config.bearer.kind
        interface = route.way_out(wanted) if kind == "host" else ""
        return {
            "kind": kind,
            "state": "up" if interface else "down",
            "interface": interface or wanted,
            "address": route.address(interface) if interface else "",
        }

    async def run(self, liveness: Liveness) -> NoReturn:
        """Keep the way open."""
        async with asyncio.TaskGroup() as tasks:
            for name, part in self._parts(liveness).items():
                tasks.create_task(part, name=name)
        raise AssertionError("a part has ended by itself")

    def _parts(self, liveness: Liveness) -> dict[str, Coroutine[None, None, NoReturn]]:
        parts = {"modem": self.modem.run(liveness), "meter": self.meter.run(liveness)}
        if self.recovery:
            parts["recovery"] = self.recovery.run(liveness)
        if self.ppp:
            parts["ppp"] = self.ppp.run(liveness)
        return parts
