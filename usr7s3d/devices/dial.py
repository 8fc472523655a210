"""Makes the channels of a link: a name, a port, and the way the bearer wants it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from usr7s3d.devices import tcp, udp
from usr7s3d.devices.resolve import Resolver
from usr7s3d.devices.tcp import Keepalive, TcpChannel
from usr7s3d.devices.udp import UdpChannel

ATTEMPT = 20.0  # s for a name and all of its addresses; then an attempt to connect is given up

Received = Callable[[bytes], None]
Sent = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Dialer:
    """Opens channels over one bearer.  Both calls raise OSError."""

    resolver: Resolver
    interface: str  # "" = by the system's routes
    keepalive: Keepalive

    async def tcp(self, host: str, port: int, received: Received, sent: Sent) -> TcpChannel:
        """A TCP connection."""
        until = asyncio.get_running_loop().time() + ATTEMPT
        addresses = await self.resolver.addresses(host)
        sock = await tcp.connect(
            addresses, port, interface=self.interface, keepalive=self.keepalive, until=until
        )
        return TcpChannel(sock, received, sent)

    async def udp(self, host: str, port: int, received: Received, sent: Sent) -> UdpChannel:
        """A UDP socket with one peer."""
        addresses = await self.resolver.addresses(host)
        return UdpChannel(udp.open_udp(addresses, port, interface=self.interface), received, sent)
