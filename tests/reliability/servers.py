"""The far end of the cable: servers that behave as a scene wants it, and what they send."""

import fcntl
import socket
import struct
import termios
from collections.abc import Callable
from time import monotonic

from tests.reliability.records import HIGH, stream
from tests.reliability.wire import SERVER

CHUNK = 4096  # bytes moved at once
TCP_REPAIR = 19  # <linux/tcp.h>
ABORT = struct.pack("ii", 1, 0)  # linger 0: close(2) sends RST


class Source:
    """A numbered stream on its way out, at ``rate`` bytes a second, None = as fast as it goes."""

    def __init__(self, size: int, rate: float | None = None, *, high: bool = False) -> None:
        self._data = stream(size).translate(HIGH) if high else stream(size)
        self._rate = rate
        self._began = monotonic()
        self.sent = 0

    def stop(self) -> None:
        """No more than was sent by now."""
        self._data = self._data[: self.sent]

    @property
    def done(self) -> bool:
        return self.sent >= len(self._data)

    def due(self) -> bytes:
        """What may go now, in whole records where it is paced."""
        end = self.sent + CHUNK
        if self._rate is not None:
            end = min(end, int((monotonic() - self._began) * self._rate) // 32 * 32)
        return self._data[self.sent : end]


class Peer:
    """One connection at a server."""

    def __init__(self, sock: socket.socket, server: "Server") -> None:
        sock.setblocking(False)
        self.sock = sock
        self.received = bytearray()
        self.ended = False
        self._server = server

    def fileno(self) -> int:
        return self.sock.fileno()

    @property
    def wants_read(self) -> bool:
        return self._server.reading and not self.ended

    @property
    def wants_write(self) -> bool:
        server = self._server
        return not self.ended and server.peer is self and bool(server.source.due())

    def readable(self) -> None:
        try:
            data = self.sock.recv(self._server.read_size)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.received += data
        if not data:
            self.close()

    def writable(self) -> None:
        try:
            self._server.source.sent += self.sock.send(
                self._server.source.due()[: self._server.segment]
            )
        except BlockingIOError:
            pass
        except OSError:
            self.close()

    def drain(self) -> None:
        """Read all that has come."""
        while not self.ended and self.waiting:
            self.readable()

    @property
    def waiting(self) -> int:
        """Bytes that the kernel has acknowledged and nobody has read."""
        if self.ended:
            return 0
        answer = fcntl.ioctl(self.sock.fileno(), termios.FIONREAD, bytes(4))
        return int(struct.unpack("i", answer)[0])

    def close(self) -> None:
        if not self.ended:
            self.ended = True
            self.sock.close()

    def reset(self) -> None:
        if not self.ended:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)
        self.close()

    def vanish(self) -> None:
        """Go without a word, as a server does that lost its power."""
        self.sock.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
        self.close()


class Server:
    """A TCP server at the far end of the cable."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reading = True
        self.read_size = 65536
        self.segment = CHUNK
        self.source = Source(0)
        self.peers: list[Peer] = []
        self.greet: Callable[[Peer], None] = lambda _: None  # what it does with a new one
        self.receive_buffer = 0  # 0 = the kernel's choice
        self._listener: socket.socket | None = None
        self.listen()

    @property
    def setting(self) -> str:
        """As AT+SOCKA has it."""
        return f'"TCP","{SERVER}",{self.port}'

    def listen(self) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.receive_buffer:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        listener.bind((SERVER, self.port))
        listener.listen()
        self._listener = listener

    def deaf(self) -> None:
        """Refuse who calls."""
        if self._listener:
            self._listener.close()
            self._listener = None

    @property
    def peer(self) -> Peer | None:
        """The newest connection."""
        return self.peers[-1] if self.peers and not self.peers[-1].ended else None

    @property
    def pieces(self) -> list[bytes]:
        """What came over each connection."""
        return [bytes(peer.received) for peer in self.peers]

    @property
    def received(self) -> int:
        return sum(len(peer.received) for peer in self.peers)

    def fileno(self) -> int:
        assert self._listener
        return self._listener.fileno()

    @property
    def wants_read(self) -> bool:
        return self._listener is not None

    wants_write = False

    def readable(self) -> None:
        assert self._listener
        sock, _ = self._listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.peers.append(Peer(sock, self))
        self.greet(self.peers[-1])

    def writable(self) -> None:
        """Listeners do not write."""

    def close(self) -> None:
        self.deaf()
        for peer in self.peers:
            peer.close()


class UdpServer:
    """A UDP peer at the far end of the cable; each datagram is a piece."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.source = Source(0)
        self.pieces: list[bytes] = []
        self.daemon: tuple[str, int] | None = None
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.setblocking(False)
        self.sock.bind((SERVER, port))

    @property
    def setting(self) -> str:
        return f'"UDP","{SERVER}",{self.port}'

    def fileno(self) -> int:
        return self.sock.fileno()

    wants_read = True

    @property
    def wants_write(self) -> bool:
        return self.daemon is not None and bool(self.source.due())

    @property
    def received(self) -> int:
        return sum(map(len, self.pieces))

    def readable(self) -> None:
        data, self.daemon = self.sock.recvfrom(65536)
        self.pieces.append(data)

    def writable(self) -> None:
        assert self.daemon
        self.source.sent += self.sock.sendto(self.source.due()[:512], self.daemon)

    def close(self) -> None:
        self.sock.close()
