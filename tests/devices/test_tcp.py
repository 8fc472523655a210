"""A TCP connection: its options, what the peer has not acknowledged, both ends."""

import asyncio
import fcntl
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from usr7s3d.devices import tcp
from usr7s3d.devices.tcp import Keepalive, TcpChannel, connect

pytestmark = pytest.mark.real
LOOPBACK = (socket.AF_INET, "127.0.0.1")
KEEPALIVE = Keepalive(idle=60, interval=20, dead_after=120)


class Pair:
    """A channel, its socket, and the server's end, which reads only when the test does."""

    def __init__(self, channel: TcpChannel, sock: socket.socket, server: socket.socket) -> None:
        self.channel, self.sock, self.server = channel, sock, server
        self.received: asyncio.Queue[bytes] = asyncio.Queue()

    def option(self, level: int, name: int) -> int:
        return self.sock.getsockopt(level, name)

    def fill(self) -> None:
        """Write until the kernel takes no more: the server's window is shut."""
        while not self.channel.unsent:
            self.channel.write(b"x" * 1000)


def drain(sock: socket.socket) -> None:
    """Read to the end."""
    while sock.recv(65536):
        pass


@asynccontextmanager
async def connected(keepalive: Keepalive = KEEPALIVE) -> AsyncIterator[Pair]:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        until = asyncio.get_running_loop().time() + 20
        sock = await connect(
            [LOOPBACK],
            listener.getsockname()[1],
            interface="",
            keepalive=keepalive,
            until=until,
        )
        server, _ = listener.accept()
    with server:
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        channel = TcpChannel(sock, queue.put_nowait, lambda: None)
        pair = Pair(channel, sock, server)
        pair.received = queue
        try:
            yield pair
        finally:
            channel.close()


async def test_a_byte_that_the_server_calls_urgent_is_not_lost() -> None:
    async with connected() as pair:
        for data, flags in ((b"one", 0), (b"X", socket.MSG_OOB), (b"two", 0)):
            pair.server.send(data, flags)
        pair.channel.resume_reading()
        got = b""
        while len(got) < 7:
            got += await pair.received.get()
        assert got == b"oneXtwo"


async def test_both_ways() -> None:
    async with connected() as pair:
        pair.channel.resume_reading()
        pair.channel.write(b"question")
        assert pair.server.recv(100) == b"question"
        pair.server.sendall(b"answer")
        assert await pair.received.get() == b"answer"


async def test_the_options_of_every_connection() -> None:
    async with connected() as pair:
        assert pair.option(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert pair.option(socket.SOL_SOCKET, socket.SO_SNDBUF) == 2 * 16 * 1024  # socket(7)
        assert pair.option(socket.IPPROTO_TCP, tcp.TCP_NOTSENT_LOWAT) == 4096
        assert pair.option(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert pair.option(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
        assert pair.option(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 20
        assert pair.option(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 3
        assert pair.option(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 120_000


async def test_keepalive_s_0_sends_no_probes() -> None:
    async with connected(Keepalive(idle=0, interval=20, dead_after=120)) as pair:
        assert not pair.option(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


async def test_the_kernel_hides_no_megabytes() -> None:
    async with connected() as pair:
        written = 0
        while not pair.channel.unsent:
            pair.channel.write(b"x" * 1000)
            written += 1000
        assert written < 64 * 1024
        assert pair.channel.unacknowledged() >= pair.channel.unsent


async def test_our_fin_is_no_unacknowledged_byte() -> None:
    """The kernel counts it; then the packet before the missing ones would go out twice."""
    async with connected() as pair:
        pair.fill()
        await pair.channel.finish()
        answer = fcntl.ioctl(pair.sock.fileno(), tcp.SIOCOUTQ, bytes(4))
        in_the_kernel = int.from_bytes(answer, sys.byteorder) - 1
        assert in_the_kernel > 0
        assert pair.channel.unacknowledged() == in_the_kernel + pair.channel.unsent


async def test_finish_waits_for_the_last_acknowledgement_and_the_peers_end() -> None:
    async with connected() as pair:
        pair.channel.resume_reading()
        pair.channel.write(b"last words")
        pair.server.shutdown(socket.SHUT_WR)
        await pair.channel.finish()
        assert pair.channel.unacknowledged() == 0
        assert pair.server.recv(100) == b"last words"
        assert pair.server.recv(100) == b""


async def test_a_server_that_closes_and_one_that_resets() -> None:
    async with connected() as pair:
        pair.channel.resume_reading()
        pair.server.close()
        assert await pair.channel.lost is None
    async with connected() as pair:
        pair.channel.resume_reading()
        pair.server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, tcp.ABORT)
        pair.server.close()
        assert isinstance(await pair.channel.lost, ConnectionResetError)


async def test_what_was_not_acknowledged_is_known_after_a_reset() -> None:
    async with connected() as pair:
        pair.fill()
        before = pair.channel.unacknowledged()
        pair.server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, tcp.ABORT)
        pair.server.close()
        pair.channel.resume_reading()
        await pair.channel.lost
        assert pair.channel.unacknowledged() == before


async def test_abort_recalls_what_the_server_has_not_got() -> None:
    async with connected() as pair:
        pair.fill()
        pair.channel.close(abort=True)
        with pytest.raises(ConnectionResetError):
            drain(pair.server)


async def test_nobody_at_the_port_is_an_error_and_leaves_nothing_open() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        until = asyncio.get_running_loop().time() + 20
        with pytest.raises(ConnectionRefusedError):
            await connect(
                [LOOPBACK, LOOPBACK],
                nobody.getsockname()[1],
                interface="",
                keepalive=KEEPALIVE,
                until=until,
            )
