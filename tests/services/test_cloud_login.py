"""Socket A in USR Cloud: the login comes first, and the data path opens behind it (manual 3.5)."""

import asyncio
import logging
from dataclasses import replace

import pytest

from tests.services.fake_channel import FakeChannel, Server
from tests.services.parts import running, settings
from tests.services.test_network import network
from usr7s3d.hostconfig import HostConfig
from usr7s3d.hostconfig.model import Cloud as CloudConfig
from usr7s3d.services.links.link import Link
from usr7s3d.services.links.network import Legacy

LOGIN = b"100111111000001111110000test"
CLOUD = {
    "cloud__enabled": True,
    "cloud__device_id": "10011111100000111111",
    "cloud__password": "0000test",
    "heartbeat__enabled": False,
}


def link_to(server: Server, name: str = "A", **changes: object) -> Link:
    wanted = settings(**{"socket_b__enabled": True, **CLOUD, **changes})
    return network(server=server).links(wanted, Legacy())[name]


@pytest.mark.manual("3.5.2", "after the restart it connects, and usr_cloud_code_0 comes")
@pytest.mark.manual("4.2.1.50", "the 20 characters of the ID")
@pytest.mark.manual("4.2.1.51", "the 8 of the password")
async def test_the_login_is_the_first_28_bytes_then_register_packet_cache_and_live_data() -> None:
    server = Server()
    link = link_to(server, register__enabled=True)
    heard: list[bytes] = []
    link.received = heard.append
    async with running(link):
        link.send(b"waits")
        await asyncio.sleep(1)
        assert server.channel.data == LOGIN
        server.channel.deliver(b"usr_cloud_code_0")
        link.send(b"live")
        assert server.channel.data == LOGIN + b"www.usr.cn" + b"waits" + b"live"
    assert heard == [b"usr_cloud_code_0"], "like any data"


@pytest.mark.manual("3.5.1", "the module joins USR Cloud")
async def test_on_each_connection() -> None:
    server = Server()
    async with running(link_to(server)):
        server.channel.lose(None)
        await asyncio.sleep(2)
        assert [each.data for each in server.channels] == [LOGIN, LOGIN]


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"", "no answer to the login in 5 s"),
        (b"usr_cloud_code_3", "the answer to the login is usr_cloud_code_3, not usr_cloud_code_0"),
        (LOGIN, "the answer to the login is something else, not usr_cloud_code_0"),
    ],
)
async def test_without_the_right_answer_it_is_said_and_the_data_path_opens(
    answer: bytes, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    server = Server()
    link = link_to(server)
    async with running(link):
        link.send(b"waits")
        await asyncio.sleep(4.9)
        if answer:
            server.channel.deliver(answer)
        else:
            assert server.channel.data == LOGIN
            await asyncio.sleep(0.2)
        assert server.channel.data == LOGIN + b"waits"
    assert caplog.messages == [f"A: USR Cloud: {words}; data goes on"]


async def test_no_secret_is_in_the_log_or_in_a_repr(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server = Server()
    link = link_to(server)
    async with running(link):
        server.channel.deliver(b"usr_cloud_code_0")
    assert "0000test" not in caplog.text + repr(link.rules)


async def test_while_it_waits_the_rules_of_a_link_that_is_down_hold() -> None:
    """And the UART is not kept waiting for it."""
    server = Server()
    link = link_to(server)
    async with running(link):
        for _ in range(50):
            link.send(b"x" * 100)
        assert not link.holds_up
        assert (len(link.cache), link.counters.dropped_bytes) == (4000, 1000)
        await asyncio.sleep(6)
        assert len(server.channel.data) == 28 + 4000
    server = Server()
    link = link_to(server, links__cache=False)
    async with running(link):
        link.send(b"lost")
        await asyncio.sleep(6)
        assert server.channel.data == LOGIN
        assert link.counters.dropped_bytes == 4


async def test_no_beat_comes_before_the_answer() -> None:
    server = Server()
    link = link_to(server, heartbeat__enabled=True, heartbeat__period=1)
    async with running(link):
        await asyncio.sleep(4.9)
        assert server.channel.data == LOGIN
        await asyncio.sleep(2)
        assert server.channel.data.startswith(LOGIN + b"www.usr.cn")


async def test_what_broke_before_the_answer_loses_nothing_and_no_login_is_put_back() -> None:
    server = Server(lambda *a: FakeChannel(*a, acks=False), FakeChannel)
    link = link_to(server)
    async with running(link):
        link.send(b"waits")
        server.channel.lose(ConnectionResetError(104, "reset"))
        await asyncio.sleep(2)
        server.channel.deliver(b"usr_cloud_code_0")
        assert server.channel.data == LOGIN + b"waits"


async def test_a_short_connection_logs_in_each_time_it_opens() -> None:
    server = Server()
    link = link_to(server, socket_a__connection="short", socket_a__short_timeout=1)
    async with running(link):
        link.send(b"1")
        await asyncio.sleep(4)
        assert server.channel.ended == [], "what waits for the answer is traffic"
        server.channel.deliver(b"usr_cloud_code_0")
        assert server.channel.data == LOGIN + b"1"
        await asyncio.sleep(3)
        assert server.channel.ended


async def test_by_udp_the_login_is_a_datagram_like_the_register_packet() -> None:
    server = Server()
    async with running(link_to(server, socket_a__protocol="UDP")):
        assert [data for _, data in server.channel.writes] == [LOGIN]


@pytest.mark.manual("4.2.1.49", "off: no login")
async def test_socket_b_and_cloud_off_send_no_login() -> None:
    for name, changes in (("B", {}), ("A", {"cloud__enabled": False})):
        server = Server()
        link = link_to(server, name, **changes)
        async with running(link):
            link.send(b"data")
            assert server.channel.data == b"data"


async def test_the_template_of_the_host_configuration() -> None:
    server = Server()
    config = replace(HostConfig(), cloud=CloudConfig(login="{CLOUDPA}[00]{CLOUDID}[0D]"))
    links = network(config, server=server).links(settings(**CLOUD), Legacy())
    async with running(links["A"]):
        assert server.channel.data == b"0000test\0" + b"10011111100000111111\r"
