"""The way to the network, and what keeps it: the modem, its recovery, the data call, the meter.

It outlives a restart of the module, and a new host configuration that leaves it as it is.

    host       the links' own attempts tell; a modem beside it serves SMS
    ppp        the data call is the bearer
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from usr7s3d.core.liveness import Liveness
from usr7s3d.devices import route
from usr7s3d.devices.calendar import month
from usr7s3d.hostconfig import HostConfig
from usr7s3d.services.bearer import Bearer
from usr7s3d.services.links.network import Dial
from usr7s3d.services.mobile.meter import Bytes, Meter, Notes
from usr7s3d.settings.model import Apn

if TYPE_CHECKING:  # they cost 1 MB, where there is no modem for nothing
    from usr7s3d.services.mobile.modem import Modem
    from usr7s3d.services.mobile.ppp import Ppp
    from usr7s3d.services.mobile.recovery import Recovery

log = logging.getLogger(__name__)

NO_MODEM = 'bearer ppp needs a modem, and [modem] says "none"'
ONE_PORT = (
    "the modem has one port: SMS wait until the data call ends; [modem] sms_gap_s ends it now "
    "and then"
)

MakeDial = Callable[[HostConfig, str, Sequence[str]], Dial]  # interface, name servers


@dataclass(frozen=True, slots=True)
class Kit:
    """What a modem brings with it; all empty where there is to be none."""

    modem: "Modem | None" = None
    recovery: "Recovery | None" = None
    ppp: "Ppp | None" = None


class Uplink:
    """All of it, for as long as ``[bearer]`` and ``[modem]`` stay the same."""

    def __init__(
        self,
        config: HostConfig,
        kit: Kit,
        notes: Notes,
        dialer: MakeDial,
        in_thread: Callable[..., Awaitable[Any]],
    ) -> None:
        self.modem, self.recovery, self.ppp = kit.modem, kit.recovery, kit.ppp
        self.host_bytes: Callable[[], Bytes] = lambda: (0, 0)  # of the links, on the host bearer
        self._config = config
        kind, interface = config.bearer.kind, config.bearer.interface
        self.bearer = self.ppp.bearer if self.ppp else Bearer(self._why_none)
        self.dial: Dial = self.ppp.dial if self.ppp else dialer(config, interface, ())
        self.meter = Meter(kind, self._bytes, notes, in_thread=in_thread, month=month)

    @property
    def _why_none(self) -> str:
        return NO_MODEM if self._config.bearer.kind == "ppp" else ""

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
            "waits_for": self._why_none,
        }

    async def run(self, liveness: Liveness) -> NoReturn:
        """Keep the way open."""
        async with asyncio.TaskGroup() as tasks:
            for name, part in self._parts(liveness).items():
                tasks.create_task(part, name=name)
        raise AssertionError("a part has ended by itself")

    def _parts(self, liveness: Liveness) -> dict[str, Coroutine[None, None, NoReturn]]:
        parts = {"meter": self.meter.run(liveness)}
        if self.modem:
            parts["modem"] = self.modem.run(liveness)
        if self.recovery:
            parts["recovery"] = self.recovery.run(liveness)
        if self.ppp:
            parts["ppp"] = self.ppp.run(liveness)
            parts["roaming"] = self.ppp.stay_home(liveness)
        return parts
