"""One UDP socket to one peer: a packet is a datagram, both ways."""

import asyncio
import contextlib
import socket
from collections import deque
from collections.abc import Callable, Sequence

from usr7s3d.devices.resolve import Address
from usr7s3d.devices.tcp import bind_to

LARGEST = 65536  # bytes of a datagram


class UdpChannel:
    """A connected socket, which it owns: the kernel drops what others send us.

    A datagram that cannot be sent is gone, as UDP is; :meth:`failed` tells of it.
    """

    datagrams = True

    def __init__(
        self, sock: socket.socket, received: Callable[[bytes], None], sent: Callable[[], None]
    ) -> None:
        self._sock = sock
        self._received = received
        self._sent = sent
        self._loop = asyncio.get_running_loop()
        self._failed = False
        self._unsent: deque[bytes] = deque()  # datagrams that a full buffer holds up
        self._reading = False
        self.lost: asyncio.Future[OSError | None] = self._loop.create_future()

    @property
    def unsent(self) -> int:
        """Bytes that the kernel has not taken."""
        return sum(map(len, self._unsent))

    def unacknowledged(self) -> int:
        """Bytes that are known not to have arrived: nobody acknowledges a datagram."""
        return self.unsent

    def failed(self) -> bool:
        """Whether a datagram failed since the last call: no route, or nobody at the port."""
        failed, self._failed = self._failed, False
        return failed

    def resume_reading(self) -> None:
        """Receive from now on."""
        if not self._reading:
            self._reading = True
            self._loop.add_reader(self._sock.fileno(), self._readable)

    def pause_reading(self) -> None:
        """Leave datagrams to the kernel, which drops those that do not fit."""
        if self._reading:
            self._reading = False
            self._loop.remove_reader(self._sock.fileno())

    def _readable(self) -> None:
        try:
            data = self._sock.recv(LARGEST)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:  # an ICMP error to an earlier datagram
            self._failed = True
            return
        if data:
            self._received(data)

    def write(self, data: bytes) -> None:
        """Send ``data`` as one datagram, behind those held up.  The caller bounds how many."""
        if self._unsent:
            self._unsent.append(data)
        elif not self._take(data):
            self._unsent.append(data)
            self._loop.add_writer(self._sock.fileno(), self._writable)

    def _take(self, data: bytes) -> bool:
        """Give ``data`` to the kernel, which may have no room."""
        for _ in range(2):
            try:
                self._sock.send(data)
            except (BlockingIOError, InterruptedError):
                return False
            except OSError:
                # May be the ICMP error to an earlier datagram, and then this one was not tried.
                self._failed = True
            else:
                break
        return True

    def _writable(self) -> None:
        while self._unsent and self._take(self._unsent[0]):
            self._unsent.popleft()
        if not self._unsent:
            self._loop.remove_writer(self._sock.fileno())
            self._sent()

    async def finish(self) -> None:
        """Nothing is left to wait for."""

    def close(self, *, abort: bool = False) -> None:
        """Let the socket go; a datagram that has left cannot be recalled."""
        self.pause_reading()
        with contextlib.suppress(ValueError):
            self._loop.remove_writer(self._sock.fileno())
        self._sock.close()


def open_udp(addresses: Sequence[Address], port: int, *, interface: str) -> socket.socket:
    """A socket whose only peer is the first of ``addresses`` with a route.  Raises OSError."""
    failure = OSError("no address")
    for family, host in addresses:
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            bind_to(sock, interface)
            sock.connect((host, port))
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure
