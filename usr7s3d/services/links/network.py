"""Builds the links, and keeps what outlives them."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Protocol

from usr7s3d.core.backoff import Backoff
from usr7s3d.core.cache import Address, Cache
from usr7s3d.core.guesses import Bucket
from usr7s3d.core.register import RegisterPacket, register_packet
from usr7s3d.devices.dial import Received, Sent
from usr7s3d.devices.tcp import KEEPALIVE_PROBES, Keepalive
from usr7s3d.hostconfig import HostConfig
from usr7s3d.modem.seen import Seen
from usr7s3d.services.bearer import Bearer
from usr7s3d.services.console import Held
from usr7s3d.services.links.bridge import Moved
from usr7s3d.services.links.connection import Channel, Counters
from usr7s3d.services.links.door import GUESSES, PRINTED_PASSWORDS, REFILL
from usr7s3d.services.links.link import IDENTITY, Link
from usr7s3d.services.outlet import Outlet
from usr7s3d.services.plan import cloud_login, link_rules
from usr7s3d.services.sms.memory import Memory
from usr7s3d.settings.model import Register, Settings, Socket

if TYPE_CHECKING:
    from usr7s3d.services.links.httpd import Counters as HttpCounters
    from usr7s3d.services.links.httpd import Httpd

log = logging.getLogger(__name__)

FIRST_RETRY, LAST_RETRY = 1.0, 60.0  # s between attempts to connect
LATE_RETRY = 300.0  # s; on a mobile bearer, where an hour of failure is no server's restart


@dataclass(slots=True)
class Legacy:
    """What one life of the module leaves to the next."""

    held: Held = field(default_factory=list)  # bytes from the UART
    caches: dict[Address, Cache] = field(default_factory=dict)
    counters: dict[str, Counters] = field(default_factory=dict)
    buckets: dict[str, Bucket] = field(default_factory=dict)
    http: "HttpCounters | None" = None  # until there was HTTPD mode
    sms: Memory = field(default_factory=Memory)

    def cache(self, address: Address) -> Cache:
        """The cache for ``address``; one for another address of that link is dropped."""
        link = address[0]
        cache = self.caches.pop(address, Cache())
        for other in [each for each in self.caches if each[0] == link]:
            if dropped := self.caches.pop(other).clear():
                log.warning("%s: has another address: %d waiting bytes are dropped", link, dropped)
                self.counter(link).dropped_bytes += dropped
        self.caches[address] = cache
        return cache

    def counter(self, link: str) -> Counters:
        """What ``link`` has counted since the daemon started."""
        return self.counters.setdefault(link, Counters())

    def bucket(self, link: str, now: float) -> Bucket:
        """The guesses that ``link`` still has."""
        return self.buckets.setdefault(link, Bucket(GUESSES, REFILL, now))


class Dial(Protocol):
    """Opens channels; see ``devices/dial.py``.  Both calls raise OSError."""

    async def tcp(self, host: str, port: int, received: Received, sent: Sent) -> Channel:
        """A TCP connection."""
        ...

    async def udp(self, host: str, port: int, received: Received, sent: Sent) -> Channel:
        """A UDP socket with one peer."""
        ...


# What the modem is, waited for at most so many seconds; services.mobile.modem.Modem.known.
Known = Callable[[Callable[[Seen], str], float], Awaitable[str]]


async def nobody(what: Callable[[Seen], str], limit: float) -> str:
    """There is no modem."""
    return ""


class Introduction:
    """How a link introduces itself: its register packet, asked for at each connection.

    The modem gets a minute to tell who we are, once: then the link goes on without, which is said,
    and each later connection takes what is known by then.
    """

    def __init__(
        self,
        link: str,
        register: Register,
        content: Callable[[Register, float], Awaitable[bytes | None]],
    ) -> None:
        self._link = link
        self._register = register
        self._content = content
        self._told = False

    async def __call__(self) -> RegisterPacket:
        """The packet; empty when there is to be none, or nothing to put into it."""
        register = self._register
        if not register.enabled:
            return RegisterPacket()
        content = await self._content(register, 0.0 if self._told else IDENTITY)
        if content is None and not self._told:
            self._told = True
            log.warning("%s: no %s is known: connects without", self._link, register.type)
        return register_packet(content or b"", register.send)


class Network:
    """Builds links over one bearer; without ``bearer`` it is always there."""

    def __init__(
        self,
        config: HostConfig,
        dialer: Dial,
        bearer: Bearer | None = None,
        *,
        jitter: Callable[[], float],
        password: Callable[[], str],
        doors_shut: bool,
        state_changed: Callable[[], None] = lambda: None,
        known: Known = nobody,
    ) -> None:
        self._known = known
        self._state_changed = state_changed
        self._config = config
        self._dialer = dialer
        self._bearer = bearer
        self._jitter = jitter
        self._password = password
        self._doors_shut = doors_shut

    def links(self, settings: Settings, legacy: Legacy) -> dict[str, Link]:
        """Both links, as ``settings`` want them."""
        sockets = {"A": settings.socket_a, "B": settings.socket_b}
        return {
            name: self._link(name, socket, settings, legacy) for name, socket in sockets.items()
        }

    def _link(self, name: str, socket: Socket, settings: Settings, legacy: Legacy) -> Link:
        dial = self._dialer.udp if socket.protocol == "UDP" else self._dialer.tcp
        login = cloud_login(settings, self._config.cloud.login) if name == "A" else b""
        link = Link(
            name,
            link_rules(settings, socket, resend=self._config.link.resend, login=login),
            legacy.cache((name, socket.protocol, socket.host, socket.port)),
            legacy.counter(name),
            self._backoff(settings.links.reconnect_after),
            open_channel=partial(dial, socket.host, socket.port),
            identify=Introduction(name, settings.register, self._register_content),
            bearer=self._bearer,
        )
        link.state_changed = self._state_changed
        return link

    def httpd(
        self, settings: Settings, legacy: Legacy, outlet: Outlet, moved: Moved
    ) -> "Httpd | None":
        """HTTPD mode, when that is the mode."""
        if settings.module.mode != "HTTPD":
            return None
        from usr7s3d.services.links import httpd  # noqa: PLC0415 - it costs memory, in NET mode for nothing

        http = settings.httpd
        legacy.http = legacy.http or httpd.Counters()
        dial = partial(self._dialer.tcp, http.host, http.port)
        rules = httpd.rules_of(settings)
        return httpd.Httpd(
            rules, legacy.http, outlet, open_channel=dial, moved=moved, bearer=self._bearer
        )

    def _backoff(self, fixed: int) -> Backoff:
        if fixed:
            return Backoff(fixed, fixed, lambda: 0.0)
        late = LATE_RETRY if self._config.bearer.kind == "ppp" else None
        return Backoff(FIRST_RETRY, LAST_RETRY, self._jitter, late_limit=late)

    async def _register_content(self, register: Register, limit: float) -> bytes | None:
        """What it says, with at most ``limit`` s for the modem to tell."""
        match register.type:
            case "REGDT":
                return bytes.fromhex(register.data)
            case "REGID":
                return str(register.id).encode()
        name = "imei" if register.type == "IMEI" else "iccid"
        digits = await self._known(attrgetter(name), limit)
        return (digits or getattr(self._config.identity, name)).encode() or None

    def door_shut(self) -> str:
        """Why commands from the network are not carried out; "" = they are."""
        if self._doors_shut:
            return "the host configuration has problems in [safety] or sms_*"
        allowed = self._config.safety.allow_default_password
        if self._password() in PRINTED_PASSWORDS and not allowed:
            return "CMDPW is the printed one; [safety] allow_default_password allows it"
        return ""


def keepalive(config: HostConfig) -> Keepalive:
    """When a peer that has vanished is noticed: 2 minutes, 6 on a mobile bearer."""
    mobile = config.bearer.kind == "ppp"
    interval, dead_after = (40, 360) if mobile else (20, 120)
    idle = config.keepalive_s
    # The kernel gives up at the time-out even after a single probe, so leave room for all.
    return Keepalive(idle, interval, max(dead_after, idle + KEEPALIVE_PROBES * interval))
