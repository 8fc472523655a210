"""How the links are built, what outlives them, and when their door is shut."""

import asyncio
from dataclasses import replace

import pytest

from tests.services.fake_channel import REFUSED, FakeChannel, Server
from tests.services.modem_parts import Bench
from tests.services.parts import running, settings
from usr7s3d.core.register import RegisterPacket
from usr7s3d.devices.dial import Received, Sent
from usr7s3d.devices.tcp import Keepalive
from usr7s3d.hostconfig import HostConfig
from usr7s3d.hostconfig.model import Bearer, Identity, Safety
from usr7s3d.hostconfig.model import Link as LinkConfig
from usr7s3d.services.links.network import Introduction, Known, Legacy, Network, keepalive, nobody
from usr7s3d.settings.model import Register, Settings

A, B = ("A", "TCP", "test.usr.cn", 2317), ("B", "TCP", "test.usr.cn", 2317)


class FakeDialer:
    """Remembers who was called, and how."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.calls: list[tuple[str, str, int]] = []

    async def tcp(self, host: str, port: int, received: Received, sent: Sent) -> FakeChannel:
        self.calls.append(("TCP", host, port))
        return await self.server.open(received, sent)

    async def udp(self, host: str, port: int, received: Received, sent: Sent) -> FakeChannel:
        self.calls.append(("UDP", host, port))
        return await self.server.open(received, sent)


def network(
    config: HostConfig = HostConfig(),  # noqa: B008
    *,
    server: Server | None = None,
    dialer: FakeDialer | None = None,
    password: str = "secret",
    doors_shut: bool = False,
    known: Known = nobody,
) -> Network:
    return Network(
        config,
        dialer or FakeDialer(server or Server()),
        jitter=lambda: 0.0,
        password=lambda: password,
        doors_shut=doors_shut,
        known=known,
    )


# Links


@pytest.mark.manual("4.2.1.25", "protocol, address and port")
@pytest.mark.manual("4.2.1.26", "protocol, address and port")
@pytest.mark.manual("3.1", "protocol, destination port and destination IP, set before")
async def test_each_link_calls_whom_its_socket_names() -> None:
    dialer = FakeDialer(Server())
    wanted = settings(
        socket_a__host="10.0.0.5",
        socket_a__port=9000,
        socket_b__protocol="UDP",
        socket_b__host="b.example",
        socket_b__port=65535,
        socket_b__enabled=True,
    )
    links = network(dialer=dialer).links(wanted, Legacy())
    async with running(links["A"]), running(links["B"]):
        await asyncio.sleep(0.01)
    assert dialer.calls == [("TCP", "10.0.0.5", 9000), ("UDP", "b.example", 65535)]
    assert [links[name].rules.datagrams for name in "AB"] == [False, True]


@pytest.mark.manual("3.1", "long and short connections, set before")
@pytest.mark.manual("4.2.1.29", "of socket A")
@pytest.mark.manual("4.2.1.30", "of socket B")
async def test_each_socket_has_its_own_kind_of_connection() -> None:
    wanted = settings(socket_b__connection="short", socket_b__short_timeout=25)
    links = network().links(wanted, Legacy())
    assert [links[name].rules.short_timeout for name in "AB"] == [None, 25]


async def test_a_link_is_only_made_for_a_socket_that_is_on() -> None:
    links = network().links(settings(), Legacy())
    assert [links[name].rules.enabled for name in "AB"] == [True, False]


async def test_sockrstim_replaces_the_back_off() -> None:
    server = Server(REFUSED)
    links = network(server=server).links(settings(links__reconnect_after=7), Legacy())
    async with running(links["A"]):
        await asyncio.sleep(22)
    assert server.attempts == [0, 7, 14, 21]


async def test_on_ppp_the_back_off_grows_to_300_s_after_an_hour() -> None:

    server = Server(REFUSED)
    config = replace(HostConfig(), bearer=Bearer(kind="ppp"))
    links = network(config, server=server).links(settings(), Legacy())
    async with running(links["A"]):
        await asyncio.sleep(5000)
    waits = [
        later - earlier
        for earlier, later in zip(server.attempts, server.attempts[1:], strict=False)
        if earlier > 3000
    ]
    assert (waits[0], waits[-1]) == (60, 300)


# Register packet (3.3)


def register(**changes: object) -> Settings:
    changed = {f"register__{name}": value for name, value in changes.items()}
    return settings(register__enabled=True, **changed)


@pytest.mark.parametrize(
    ("changes", "content"),
    [
        ({"type": "REGDT"}, b"www.usr.cn"),
        ({"type": "REGDT", "data": "00FFab"}, b"\x00\xff\xab"),
        ({"type": "REGID", "id": 65535}, b"65535"),
        ({"type": "IMEI"}, b"868123456789012"),
        ({"type": "ICCID"}, b"89860012345678901234"),
    ],
)
@pytest.mark.manual("3.3.1", "ICCID, IMEI or the user's own data")
@pytest.mark.manual("3.3.2", "www.usr.cn when the connection is there")
@pytest.mark.manual("4.2.1.35", "ICCID, IMEI, REGID, REGDT")
@pytest.mark.manual("4.2.1.36", "the register ID")
@pytest.mark.manual("4.2.1.37", "the bytes of the hex")
async def test_what_a_link_says_first(changes: dict[str, object], content: bytes) -> None:
    identity = Identity(imei="868123456789012", iccid="89860012345678901234")
    server = Server()
    config = replace(HostConfig(), identity=identity)
    links = network(config, server=server).links(register(**changes), Legacy())
    async with running(links["A"]):
        assert server.channel.data == content


@pytest.mark.manual("4.2.1.34", "off: none is sent")
async def test_without_register_packet_nothing() -> None:
    server = Server()
    links = network(server=server).links(settings(), Legacy())
    async with running(links["A"]):
        assert server.channel.data == b""


async def test_an_unknown_identity_is_said_once_and_the_link_connects_without(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def nothing(register: Register, limit: float) -> None:
        return None

    introduction = Introduction("A", Register(enabled=True, type="IMEI"), nothing)
    packets = [await introduction() for _ in range(3)]
    assert packets == [RegisterPacket()] * 3
    assert caplog.messages == ["A: no IMEI is known: connects without"]


async def test_the_modem_gets_a_minute_to_tell_who_we_are() -> None:
    bench = Bench()
    bench.plugged = None
    server = Server()
    links = network(server=server, known=bench.modem.known).links(register(type="ICCID"), Legacy())
    async with running(bench.modem, links["A"]):
        await asyncio.sleep(30)
        assert server.attempts == []
        bench.plug()
        await asyncio.sleep(10)
        assert server.channel.data == b"8949020000012345678"


async def test_after_that_minute_the_link_connects_without_and_waits_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench()
    bench.plugged = None
    server = Server()
    links = network(server=server, known=bench.modem.known).links(register(type="ICCID"), Legacy())
    async with running(bench.modem, links["A"]):
        await asyncio.sleep(61)
        assert (server.attempts, server.channel.data) == ([60], b"")
        assert "A: no ICCID is known: connects without" in caplog.messages
        server.channel.lose()
        await asyncio.sleep(2)
        assert server.attempts == [60, 62]
        bench.plug()
        await asyncio.sleep(10)
        server.channel.lose()
        await asyncio.sleep(3)
        assert server.channel.data == b"8949020000012345678"


async def test_without_a_modem_the_host_configuration_tells_at_once() -> None:
    server = Server()
    config = replace(HostConfig(), identity=Identity(imei="868123456789012"))
    links = network(config, server=server).links(register(type="IMEI"), Legacy())
    async with running(links["A"]):
        assert server.channel.data == b"868123456789012"
    assert server.attempts == [0]


# What outlives a restart


def test_a_cache_stays_while_protocol_and_address_are_the_same() -> None:
    legacy = Legacy()
    cache = legacy.cache(A)
    cache.put(b"waits")
    assert legacy.cache(A) is cache
    assert legacy.cache(B) is not cache
    assert legacy.cache(A).packets() == (b"waits",)


@pytest.mark.parametrize(
    "other",
    [("A", "UDP", "test.usr.cn", 2317), ("A", "TCP", "x", 2317), ("A", "TCP", "test.usr.cn", 1)],
)
def test_for_another_address_it_goes_and_is_counted(
    other: tuple[str, str, str, int], caplog: pytest.LogCaptureFixture
) -> None:
    legacy = Legacy()
    legacy.cache(A).put(b"waits")
    legacy.cache(B).put(b"stays")
    assert len(legacy.cache(other)) == 0
    assert len(legacy.cache(A)) == 0
    assert legacy.counter("A").dropped_bytes == 5
    assert legacy.cache(B).packets() == (b"stays",)
    assert caplog.messages == ["A: has another address: 5 waiting bytes are dropped"]


def test_guesses_are_not_forgotten_by_a_restart() -> None:
    legacy = Legacy()
    assert legacy.bucket("A", 0.0) is legacy.bucket("A", 100.0)
    assert legacy.bucket("A", 0.0) is not legacy.bucket("B", 0.0)


# The door


@pytest.mark.parametrize("password", ["usr.cn", ""])
async def test_the_door_is_shut_while_the_password_is_the_printed_one(password: str) -> None:
    assert "allow_default_password" in network(password=password).door_shut()


async def test_a_password_of_ones_own_opens_it() -> None:
    assert network().door_shut() == ""


async def test_allow_default_password_opens_it() -> None:
    config = replace(HostConfig(), safety=Safety(allow_default_password=True))
    assert network(config, password="usr.cn").door_shut() == ""


async def test_doors_shut_by_a_mistake_in_the_host_configuration_stay_shut() -> None:
    config = replace(HostConfig(), safety=Safety(allow_default_password=True))
    assert network(config, doors_shut=True).door_shut() != ""


# Keep-alive


def test_a_peer_that_vanished_is_noticed_in_2_minutes() -> None:
    config = replace(HostConfig(), bearer=Bearer(kind="host"))
    assert keepalive(config) == Keepalive(idle=60, interval=20, dead_after=120)


def test_on_ppp_in_6() -> None:
    config = replace(HostConfig(), bearer=Bearer(kind="ppp"))
    assert keepalive(config) == Keepalive(idle=240, interval=40, dead_after=360)


def test_keepalive_s_of_the_host_configuration_and_0_is_none() -> None:
    config = replace(HostConfig(), bearer=Bearer(kind="host"), link=LinkConfig(keepalive_s=600))
    assert keepalive(config) == Keepalive(idle=600, interval=20, dead_after=660)
    config = replace(config, link=LinkConfig(keepalive_s=0))
    assert keepalive(config).idle == 0
    assert keepalive(config).dead_after == 120
