"""One TCP connection, from connect(2) to the last acknowledged byte."""

import asyncio
import contextlib
import fcntl
import socket
import struct
import termios
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from usr7s3d.devices.limit import TimeLimit
from usr7s3d.devices.resolve import Address
from usr7s3d.devices.stream import Stream

SEND_BUFFER = 16 * 1024  # bytes; the kernel's own choice would hide megabytes
NOT_SENT_LOW_WATER = 4 * 1024  # bytes; take no more while this much waits for the window
TCP_NOTSENT_LOWAT = 25  # <linux/tcp.h>; Python has no name for it
KEEPALIVE_PROBES = 3
SIOCOUTQ = termios.TIOCOUTQ  # the same number, tcp(7)
INT = struct.Struct("i")
ABORT = struct.pack("ii", 1, 0)  # linger 0: close(2) sends RST and forgets what waits
SHARE = 3.0  # s for an address at least
GOODBYE = 0.25  # s for the peer to acknowledge, and again for its own close


@dataclass(frozen=True, slots=True)
class Keepalive:
    """After ``idle`` s probes follow every ``interval`` s; ``dead_after`` s end a connection."""

    idle: int  # 0 = no probes
    interval: int
    dead_after: int


class TcpChannel:
    """A connected socket, which it owns; ``received`` gets what comes."""

    datagrams = False

    def __init__(
        self, sock: socket.socket, received: Callable[[bytes], None], sent: Callable[[], None]
    ) -> None:
        self._sock = sock
        self._fin = 0  # bytes; the kernel counts our FIN as one
        self.lost: asyncio.Future[OSError | None] = asyncio.get_running_loop().create_future()
        self._stream = Stream(
            sock.fileno(), received=received, sent=sent, lost=self._lose, reads_out=True
        )
        self.pause_reading = self._stream.pause_reading
        self.resume_reading = self._stream.resume_reading
        self.write = self._stream.write

    def _lose(self, error: OSError | None) -> None:
        if not self.lost.done():
            self.lost.set_result(error)

    @property
    def unsent(self) -> int:
        """Bytes that the kernel has not taken."""
        return self._stream.unsent

    def unacknowledged(self) -> int:
        """Bytes given to :meth:`write` that the peer has not acknowledged; also after a loss."""
        with contextlib.suppress(OSError):
            answer = fcntl.ioctl(self._sock.fileno(), SIOCOUTQ, bytes(INT.size))
            return max(0, int(INT.unpack(answer)[0]) - self._fin) + self._stream.unsent
        return self._stream.unsent

    def failed(self) -> bool:
        """Whether a send failed since the last call: a TCP connection is lost then."""
        return False

    async def finish(self) -> None:
        """Close in order: our bytes acknowledged, then our end, then the peer's, as time allows."""
        with contextlib.suppress(TimeoutError, OSError):
            async with TimeLimit(GOODBYE):
                # The kernel has no event for the last acknowledgement.
                while self.unacknowledged() and not self.lost.done():  # noqa: ASYNC110
                    await asyncio.sleep(GOODBYE / 20)
        with contextlib.suppress(TimeoutError, OSError):
            async with TimeLimit(GOODBYE):
                self._sock.shutdown(socket.SHUT_WR)
                self._fin = 1
                await asyncio.shield(self.lost)

    def close(self, *, abort: bool = False) -> None:
        """Let the socket go; ``abort`` tells the kernel to drop what the peer has not got."""
        self._stream.close()
        if abort:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        self._sock.close()


async def connect(
    addresses: Sequence[Address], port: int, *, interface: str, keepalive: Keepalive, until: float
) -> socket.socket:
    """A connection to the first of ``addresses`` that answers.  Raises OSError, the last one's.

    They share the time ``until`` (loop time), or one that is silent would keep us from the others;
    but each gets the time that GPRS takes to answer, if need be at the cost of the last ones.
    """
    clock = asyncio.get_running_loop().time
    failure = OSError("no address")
    for left, (family, host) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        rest = until - clock()
        try:
            async with TimeLimit(min(rest, max(rest / left, SHARE))):
                return await _connect(family, (host, port), interface, keepalive)
        except OSError as error:
            failure = error
        if clock() >= until:
            break
    raise failure


async def _connect(
    family: socket.AddressFamily, where: tuple[str, int], interface: str, keepalive: Keepalive
) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        _set_up(sock, keepalive)
        bind_to(sock, interface)
        await asyncio.get_running_loop().sock_connect(sock, where)
    except BaseException:
        sock.close()
        raise
    return sock


def _set_up(sock: socket.socket, keepalive: Keepalive) -> None:
    tcp = socket.IPPROTO_TCP
    sock.setsockopt(tcp, socket.TCP_NODELAY, 1)  # packets are made by our own rule
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    sock.setsockopt(tcp, TCP_NOTSENT_LOWAT, NOT_SENT_LOW_WATER)
    # A byte that the server marks as urgent is data like any other, and in its place.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
    sock.setsockopt(tcp, socket.TCP_USER_TIMEOUT, keepalive.dead_after * 1000)
    if keepalive.idle:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        sock.setsockopt(tcp, socket.TCP_KEEPIDLE, keepalive.idle)
        sock.setsockopt(tcp, socket.TCP_KEEPINTVL, keepalive.interval)
        sock.setsockopt(tcp, socket.TCP_KEEPCNT, KEEPALIVE_PROBES)


def bind_to(sock: socket.socket, interface: str) -> None:
    """Send and receive over ``interface`` only, whatever the routes say; "" = by the routes."""
    if interface:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode() + b"\0")
