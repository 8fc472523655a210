"""A UDP socket: one packet = one datagram, one peer."""

import asyncio
import socket
from collections.abc import Iterator

import pytest

from usr7s3d.devices.udp import UdpChannel, open_udp

LOOPBACK = (socket.AF_INET, "127.0.0.1")


class Busy:
    """A socket whose sends meet what the test lists, and then reach the real one."""

    def __init__(self, sock: socket.socket, *errors: OSError) -> None:
        self._sock = sock
        self.errors = list(errors)

    def send(self, data: bytes) -> int:
        if self.errors:
            raise self.errors.pop(0)
        return self._sock.send(data)

    def __getattr__(self, name: str) -> object:
        return getattr(self._sock, name)


@pytest.fixture
def peer() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(10)
        yield sock


def port_of(sock: socket.socket) -> int:
    return int(sock.getsockname()[1])


@pytest.mark.real
@pytest.mark.manual("3.2.1.1", "UDP client")
@pytest.mark.manual("2.2", "TCP and UDP")
@pytest.mark.manual("2.3", "network protocol UDP")
async def test_a_packet_is_a_datagram_both_ways(peer: socket.socket) -> None:
    received: asyncio.Queue[bytes] = asyncio.Queue()
    sock = open_udp([LOOPBACK], port_of(peer), interface="")
    channel = UdpChannel(sock, received.put_nowait, lambda: None)
    channel.resume_reading()
    channel.write(b"one")
    channel.write(b"two")
    assert [peer.recvfrom(100)[0] for _ in range(2)] == [b"one", b"two"]
    for data in (b"three", b"four"):
        peer.sendto(data, sock.getsockname())
    assert [await received.get() for _ in range(2)] == [b"three", b"four"]
    channel.close()


@pytest.mark.real
async def test_datagrams_of_anyone_else_are_dropped(peer: socket.socket) -> None:
    received: asyncio.Queue[bytes] = asyncio.Queue()
    sock = open_udp([LOOPBACK], port_of(peer), interface="")
    channel = UdpChannel(sock, received.put_nowait, lambda: None)
    channel.resume_reading()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
        stranger.sendto(b"stranger", sock.getsockname())
    peer.sendto(b"peer", sock.getsockname())
    assert await received.get() == b"peer"
    channel.close()


@pytest.mark.real
async def test_what_comes_while_a_datagram_is_held_up_waits_behind_it(peer: socket.socket) -> None:
    """A register packet, a reply and a heartbeat among them."""
    sent = asyncio.Event()
    sock = open_udp([LOOPBACK], port_of(peer), interface="")
    busy = Busy(sock, BlockingIOError())
    channel = UdpChannel(busy, lambda _: None, sent.set)  # type: ignore[arg-type]
    for data in (b"register", b"packet", b"reply"):
        channel.write(data)
    assert (channel.unsent, channel.unacknowledged()) == (19, 19)
    await sent.wait()
    assert [peer.recvfrom(100)[0] for _ in range(3)] == [b"register", b"packet", b"reply"]
    assert (channel.unsent, channel.failed()) == (0, False)
    channel.close()


@pytest.mark.real
async def test_the_icmp_error_to_an_earlier_datagram_costs_the_next_one_nothing(
    peer: socket.socket,
) -> None:
    sock = open_udp([LOOPBACK], port_of(peer), interface="")
    busy = Busy(sock, ConnectionRefusedError(111, "Connection refused"))
    channel = UdpChannel(busy, lambda _: None, lambda: None)  # type: ignore[arg-type]
    channel.write(b"data")
    assert peer.recvfrom(100)[0] == b"data"
    assert channel.failed()
    assert not channel.failed()
    channel.close()


@pytest.mark.real
async def test_nobody_at_the_port_is_a_failure_and_no_end() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = port_of(nobody)
    channel = UdpChannel(open_udp([LOOPBACK], port, interface=""), lambda _: None, lambda: None)
    channel.resume_reading()
    channel.write(b"data")
    async with asyncio.timeout(10):
        while not channel.failed():  # noqa: ASYNC110  # a fact without an event
            await asyncio.sleep(0)
    assert not channel.lost.done()
    channel.close()


@pytest.mark.real
async def test_the_first_address_with_a_route_is_the_peer(peer: socket.socket) -> None:
    nowhere = (socket.AF_INET, "255.255.255.255")  # connect(2) refuses a broadcast address
    channel_socket = open_udp([nowhere, LOOPBACK], port_of(peer), interface="")
    assert channel_socket.getpeername()[0] == "127.0.0.1"
    channel_socket.close()
    with pytest.raises(OSError, match="denied"):
        open_udp([nowhere], port_of(peer), interface="")
