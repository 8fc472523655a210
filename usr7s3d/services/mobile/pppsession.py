"""What a PPP session brings: addresses, a way for channels, bytes to count."""

from collections.abc import Callable
from dataclasses import dataclass, field

from usr7s3d.devices.dial import Received, Sent
from usr7s3d.devices.pppclient import Report
from usr7s3d.services.bearer import Bearer
from usr7s3d.services.links.connection import Channel
from usr7s3d.services.links.network import Dial

MOST_SERVERS = 4  # for names; a network that begins anew may name others


@dataclass(slots=True)
class Way:
    """What pppd has told of the session."""

    interface: str = ""
    address: str = ""
    peer: str = ""
    servers: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether bytes can go; name servers may follow."""
        return bool(self.interface and self.address and self.peer)

    def add(self, report: Report) -> bool:
        """Take one report; whether it brought something new."""
        before = self.interface, self.address, self.peer, list(self.servers)
        self._add(report)
        return before != (self.interface, self.address, self.peer, self.servers)

    def _add(self, report: Report) -> None:
        for name, value in report.items():
            if name == "dns":
                if value not in self.servers:
                    self.servers = [*self.servers, str(value)][-MOST_SERVERS:]
            elif name in ("interface", "address", "peer"):
                setattr(self, name, str(value))
            elif name == "address6":
                self.address = self.address or str(value)
                self.peer = self.peer or "ipv6"


class Traffic:
    """Bytes of all sessions; ``live(interface)`` tells those of the one that is up."""

    def __init__(self, live: Callable[[str], tuple[int, int]]) -> None:
        self._live = live
        self._interface = ""
        self._ended = (0, 0)

    def begin(self, interface: str) -> None:
        """A session is up."""
        self._interface = interface

    def end(self, received: int = 0, sent: int = 0) -> None:
        """It is over, and pppd has told what went."""
        if self._interface:
            last = self._live(self._interface)
            self._interface = ""
            self._ended = (
                self._ended[0] + max(received, last[0]),
                self._ended[1] + max(sent, last[1]),
            )

    def total(self) -> tuple[int, int]:
        """Received and sent."""
        live = self._live(self._interface) if self._interface else (0, 0)
        return self._ended[0] + live[0], self._ended[1] + live[1]


class MobileDial:
    """Opens channels over whatever the modem has brought; see ``devices/dial.py``."""

    def __init__(self, bearer: Bearer) -> None:
        self._bearer = bearer
        self.over: Dial | None = None  # the session that is up

    async def tcp(self, host: str, port: int, received: Received, sent: Sent) -> Channel:
        """A TCP connection."""
        return await self._dial().tcp(host, port, received, sent)

    async def udp(self, host: str, port: int, received: Received, sent: Sent) -> Channel:
        """A UDP socket with one peer."""
        return await self._dial().udp(host, port, received, sent)

    def _dial(self) -> Dial:
        if self.over is None:
            raise OSError(self._bearer.why_down)
        return self.over
