"""Links over a bearer that comes and goes."""

import asyncio

import pytest

from tests.services.fake_channel import NO_REGISTER_PACKET, REFUSED, FakeChannel, Server, deaf
from tests.services.parts import running, settle
from usr7s3d.core.backoff import Backoff
from usr7s3d.core.cache import Cache
from usr7s3d.core.register import RegisterPacket
from usr7s3d.services.bearer import Bearer
from usr7s3d.services.links.connection import Counters, Rules
from usr7s3d.services.links.link import Link

DOWN = "waits for the modem"


def link(server: Server, bearer: Bearer, **rules: object) -> Link:
    async def identify() -> RegisterPacket:
        return NO_REGISTER_PACKET

    return Link(
        "A",
        Rules(peer="server:9000", **rules),  # type: ignore[arg-type]
        Cache(),
        Counters(),
        Backoff(1, 60, lambda: 0.0),
        open_channel=server.open,
        identify=identify,
        bearer=bearer,
    )


async def test_no_attempt_while_there_is_no_bearer_and_one_at_once_when_there_is() -> None:
    server, bearer = Server(), Bearer(DOWN)
    a = link(server, bearer)
    async with running(a):
        a.send(b"early")
        await asyncio.sleep(5000)
        assert (server.attempts, a.state, a.last_error) == ([], "waiting", DOWN)
        bearer.rise()
        await settle()
        assert server.attempts == [5000]
        assert server.channel.data == b"early"


async def test_what_was_not_acknowledged_goes_out_over_the_next_bearer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server, bearer = Server(deaf, FakeChannel), Bearer()
    a = link(server, bearer)
    async with running(a):
        a.send(b"one")
        bearer.fall("the modem hung up")
        await settle()
        assert (a.state, a.last_error) == ("waiting", "the modem hung up")
        await asyncio.sleep(100)
        assert len(server.attempts) == 1
        bearer.rise()
        await settle()
        assert server.channel.data == b"one"
    assert "A: down: the modem hung up" in caplog.text


async def test_an_attempt_under_way_ends_with_the_bearer() -> None:
    server, bearer = Server(1000.0, FakeChannel), Bearer()
    a = link(server, bearer)
    async with running(a):
        await asyncio.sleep(3)
        bearer.fall("the modem hung up")
        await settle()
        assert (a.state, a.last_error) == ("waiting", "the modem hung up")
        bearer.rise()
        await settle()
        assert (server.attempts, a.state) == ([0, 3], "connected")


async def test_a_new_bearer_is_worth_an_attempt_in_the_middle_of_a_pause() -> None:
    server, bearer = Server(REFUSED), Bearer()
    a = link(server, bearer)
    async with running(a):
        await asyncio.sleep(40)  # at 0, 1, 3, 7, 15, 31
        bearer.fall("the modem hung up")
        bearer.rise()
        await asyncio.sleep(1)
        assert server.attempts[-2:] == [31, 40]


async def test_a_short_link_waits_for_its_bearer_too() -> None:
    server, bearer = Server(), Bearer(DOWN)
    a = link(server, bearer, short_timeout=10.0)
    async with running(a):
        a.send(b"data")
        await asyncio.sleep(100)
        assert server.attempts == []
        bearer.rise()
        await settle()
        assert server.channel.data == b"data"


async def test_when_a_server_last_acknowledged_something() -> None:
    server = Server()
    a = link(server, Bearer(), beat=b"beat", beat_period=30.0)
    assert a.last_acknowledged_at < 0
    async with running(a):
        assert a.last_acknowledged_at == 0  # the server has taken our SYN
        await asyncio.sleep(65)
        assert a.last_acknowledged_at >= 60
        server.channel.acks = False
        await asyncio.sleep(100)
        assert a.last_acknowledged_at < 70


async def test_udp_acknowledges_nothing() -> None:
    a = link(Server(), Bearer(), datagrams=True)
    async with running(a):
        a.send(b"data")
        assert a.last_acknowledged_at < 0
