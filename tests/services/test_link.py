"""The life of a socket: when it connects, what waits, what it gives back (manual 3.2.1)."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial

import pytest

from tests.services.fake_channel import REFUSED, FakeChannel, Server, deaf, make_link, slow
from usr7s3d.core.backoff import Backoff
from usr7s3d.core.cache import Cache
from usr7s3d.core.liveness import Liveness
from usr7s3d.core.register import RegisterPacket
from usr7s3d.services.links.link import Link


@asynccontextmanager
async def running(link: Link) -> AsyncIterator[None]:
    """The link's task, for as long as the block lasts."""
    task = asyncio.create_task(link.run(Liveness(asyncio.get_running_loop().time)))
    try:
        await asyncio.sleep(0.001)
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def now() -> float:
    return asyncio.get_running_loop().time()


# TCP long


@pytest.mark.manual("3.1", "connects to the server by itself, by its parameters")
@pytest.mark.manual("4.2.1.29", "long connection")
async def test_it_connects_at_start_and_after_1_2_4_s_up_to_60_for_ever() -> None:
    server = Server(REFUSED)
    async with running(make_link(server)):
        await asyncio.sleep(300)
    assert server.attempts == [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]


async def test_each_wait_is_cut_by_jitter() -> None:
    server = Server(REFUSED)
    async with running(make_link(server, backoff=Backoff(1, 60, lambda: 1.0))):
        await asyncio.sleep(10)
    assert server.attempts == [0, 0.75, 2.25, 5.25]


async def test_sockrstim_waits_the_same_each_time() -> None:
    server = Server(REFUSED)
    async with running(make_link(server, backoff=Backoff(5, 5, lambda: 0.0))):
        await asyncio.sleep(18)
    assert server.attempts == [0, 5, 10, 15]


async def test_an_attempt_ends_after_20_s() -> None:
    server = Server(1000.0)
    link = make_link(server)
    async with running(link):
        await asyncio.sleep(25)
        assert server.attempts == [0, 21]
        assert link.last_error == "no answer in 20 s"


async def test_the_back_off_starts_over_only_after_a_connection_that_lived_30_s() -> None:
    server = Server()
    async with running(make_link(server)):
        server.channel.lose()  # at 0
        await asyncio.sleep(1.1)
        server.channel.lose()
        await asyncio.sleep(2.1)
        await asyncio.sleep(29.8)
        server.channel.lose()  # after 29.9 s: the third wait
        await asyncio.sleep(4.1)
        await asyncio.sleep(30.1)
        server.channel.lose()
        await asyncio.sleep(1.1)
    waits = [
        later - earlier
        for earlier, later in zip(server.attempts, server.attempts[1:], strict=False)
    ]
    assert [round(wait, 1) for wait in waits] == [1.0, 2.1, 33.9, 31.2]


async def test_a_server_that_closes_is_connected_to_again() -> None:
    server = Server()
    link = make_link(server)
    async with running(link):
        server.channel.lose()
        await asyncio.sleep(0.5)
        assert (link.state, link.last_error) == ("waiting", "closed by the server")
        await asyncio.sleep(1)
        assert (link.state, link.last_error) == ("connected", "")
        assert link.counters.connects == 2


async def test_one_log_line_for_each_reason_of_an_outage(
    caplog: pytest.LogCaptureFixture,
) -> None:
    away = OSError(113, "No route to host")
    server = Server(REFUSED, away, REFUSED, away, REFUSED, FakeChannel)
    with caplog.at_level(logging.INFO):
        async with running(make_link(server)):
            await asyncio.sleep(100)
            server.channel.lose(REFUSED)
            await asyncio.sleep(0.1)
    assert caplog.messages == [
        "A: down: Connection refused",
        "A: down: No route to host",
        "A: connected to server:9000",
        "A: down: Connection refused",
    ]


# Cache


@pytest.mark.manual("4.2.1.10", "on: what came while the link was down goes out first")
async def test_on_connect_register_packet_then_cache_then_live_data() -> None:
    server = Server()
    link = make_link(server, register=RegisterPacket(on_connect=b"ID"))
    link.send(b"one")
    link.send(b"two")
    async with running(link):
        link.send(b"live")
        assert [data for _, data in server.channel.writes] == [b"ID", b"one", b"two", b"live"]


@pytest.mark.manual("3.3.1", "sent when the connection is there")
@pytest.mark.manual("2.2", "register package")
async def test_the_register_packet_comes_with_each_connection() -> None:
    server = Server()
    async with running(make_link(server, register=RegisterPacket(on_connect=b"ID"))):
        server.channel.lose()
        await asyncio.sleep(1.1)
    assert [channel.data for channel in server.channels] == [b"ID", b"ID"]


@pytest.mark.manual("3.3.1", "or as the head of every packet")
async def test_regsnd_data_puts_it_in_front_of_every_packet_and_the_cache_does_not_count_it() -> (
    None
):
    server = Server(deaf, FakeChannel)
    link = make_link(server, register=RegisterPacket(on_data=b"ID"))
    link.send(b"one")
    assert len(link.cache) == 3
    async with running(link):
        link.send(b"two")
        assert server.channel.data == b"IDoneIDtwo"
        server.channel.lose(REFUSED)
        await asyncio.sleep(0.1)
        assert link.cache.packets() == (b"one", b"two")
        await asyncio.sleep(1)
        assert server.channel.data == b"IDoneIDtwo"  # once, not twice


async def test_a_full_cache_drops_the_oldest_counts_and_says_so_once_an_outage(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = Server(REFUSED)
    link = make_link(server)
    async with running(link):
        for _ in range(6):
            link.send(b"x" * 1024)
    assert (len(link.cache), link.counters.dropped_bytes) == (4096, 2048)
    assert caplog.messages.count("A: down and its cache is full: packets are dropped") == 1


@pytest.mark.manual("4.2.1.10", "off: nothing is cached")
@pytest.mark.manual("2.2", "the user chooses to cache or not")
async def test_with_cachen_off_packets_for_a_link_that_is_down_are_dropped_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = Server(REFUSED, FakeChannel)
    link = make_link(server, caching=False)
    async with running(link):
        link.send(b"lost")
        link.send(b"lost")
        assert (len(link.cache), link.counters.dropped_bytes) == (0, 8)
        await asyncio.sleep(1.1)
        link.send(b"live")
        assert server.channel.data == b"live"
    assert caplog.messages.count("A: down and CACHEN is off: packets are dropped") == 1


async def test_with_cachen_off_what_waited_when_it_broke_is_dropped_and_counted() -> None:
    server = Server(partial(FakeChannel, room=10.0), FakeChannel)
    link = make_link(server, caching=False)
    async with running(link):
        for packet in (b"0123456", b"789abc", b"defghi"):
            link.send(packet)
        server.channel.lose(REFUSED)
        await asyncio.sleep(0.1)
        # The second was cut: whether it is lost nobody knows.  The third never left.
        assert (len(link.cache), link.counters.dropped_bytes) == (0, 6)


# Unacknowledged data


async def test_what_a_broken_connection_had_not_acknowledged_goes_out_again_in_order() -> None:
    server = Server(FakeChannel, FakeChannel)
    link = make_link(server)
    async with running(link):
        link.send(b"got")
        server.channel.acks = False
        link.send(b"one")
        link.send(b"two")
        server.channel.lose(ConnectionResetError(104, "Connection reset by peer"))
        await asyncio.sleep(0.1)
        link.send(b"three")
        assert server.channel.ended == ["abort"]
        assert link.counters.resent_packets == 2
        await asyncio.sleep(1)
        assert server.channel.data == b"onetwothree"


async def test_with_resend_off_nothing_is_doubled_and_what_never_left_waits() -> None:
    server = Server(partial(FakeChannel, room=5.0, acks=False), FakeChannel)
    link = make_link(server, resend=False)
    async with running(link):
        for packet in (b"one", b"two", b"three"):
            link.send(packet)
        server.channel.lose(REFUSED)
        await asyncio.sleep(1.2)
        assert server.channels[0].ended == ["close"]  # the kernel goes on trying
        assert server.channel.data == b"three"
        assert link.counters.resent_packets == 0


async def test_what_is_put_back_may_exceed_the_cache_by_16_kib_and_new_packets_wait_too() -> None:
    server = Server(deaf, REFUSED)
    link = make_link(server)
    async with running(link):
        for _ in range(16):
            link.send(b"r" * 1024)
        server.channel.lose(REFUSED)
        await asyncio.sleep(0.1)
        for _ in range(4):
            link.send(b"n" * 1024)
        assert (len(link.cache), link.counters.dropped_bytes) == (20480, 0)


async def test_a_restart_gives_the_server_a_moment_and_keeps_what_it_has_not_got() -> None:
    server = Server(partial(deaf, room=3.0))
    cache = Cache()
    link = make_link(server, cache=cache)
    async with running(link):
        link.send(b"one")
        link.send(b"two")
        link.send(b"three")
    assert server.channel.ended == ["finish", "abort"]
    assert cache.packets() == (b"one", b"two", b"three")


async def test_a_packet_that_comes_while_it_parts_waits_for_the_next_life() -> None:
    server = Server()
    link = make_link(server)
    holding: list[bool] = []
    async with running(link):
        server.channel.parting_takes = 0.5
        link.changed = lambda: holding.append(link.holds_up)
        asyncio.get_running_loop().call_later(0.1, link.send, b"late")
    assert server.channel.data == b""
    assert link.cache.packets() == (b"late",)
    assert not any(holding)


# TCP short


@pytest.mark.manual("4.2.1.29", "short connection")
async def test_a_short_link_connects_when_there_is_a_packet() -> None:
    server = Server()
    link = make_link(server, short_timeout=10)
    async with running(link):
        await asyncio.sleep(100)
        assert (server.attempts, link.state) == ([], "idle")
        link.send(b"one")
        await asyncio.sleep(0.001)
        assert (server.channel.data, link.state) == (b"one", "connected")


@pytest.mark.manual("4.2.1.30", "short connection")
async def test_it_closes_after_10_s_without_traffic_either_way() -> None:
    server = Server()
    link = make_link(server, short_timeout=10)
    link.send(b"one")
    async with running(link):
        await asyncio.sleep(9)
        link.send(b"two")
        await asyncio.sleep(9)
        server.channel.deliver(b"answer")
        await asyncio.sleep(9.9)
        assert link.state == "connected"
        await asyncio.sleep(0.2)
        assert link.state == "idle"
        assert server.channel.ended == ["finish", "close"]
        link.send(b"three")
        await asyncio.sleep(0.001)
        assert server.channels[1].data == b"three"  # at once, without a back-off


async def test_the_packets_that_open_it_are_held_whatever_cachen_says() -> None:
    server = Server()
    link = make_link(server, short_timeout=10, caching=False)
    async with running(link):
        for _ in range(5):
            link.send(b"x" * 1024)
        assert (len(link.cache), link.counters.dropped_bytes) == (4096, 1024)
        await asyncio.sleep(0.001)
        assert len(server.channel.data) == 4096


async def test_with_cachen_off_a_failed_attempt_drops_them_and_is_not_repeated() -> None:
    server = Server(REFUSED, FakeChannel)
    link = make_link(server, short_timeout=10, caching=False)
    async with running(link):
        link.send(b"one")
        await asyncio.sleep(100)
        assert (server.attempts, link.counters.dropped_bytes) == ([0.001], 3)
        assert (link.state, len(link.cache)) == ("idle", 0)
        link.send(b"two")
        await asyncio.sleep(0.001)
        assert server.channel.data == b"two"


async def test_with_cachen_on_a_failed_attempt_is_repeated_while_something_waits() -> None:
    server = Server(REFUSED, REFUSED, FakeChannel)
    link = make_link(server, short_timeout=10)
    link.send(b"one")
    async with running(link):
        await asyncio.sleep(10)
        assert server.attempts == [0, 1, 3]
        assert server.channel.data == b"one"


async def test_a_packet_that_comes_while_a_short_link_closes_opens_the_next_one() -> None:
    server = Server()
    link = make_link(server, short_timeout=10, caching=False)
    link.send(b"one")
    async with running(link):
        server.channel.parting_takes = 0.5
        await asyncio.sleep(10.1)
        assert server.channel.ended == ["finish"]
        link.send(b"two")
        await asyncio.sleep(1)
        assert [channel.data for channel in server.channels] == [b"one", b"two"]
        assert link.counters.dropped_bytes == 0


async def test_a_server_that_has_everything_may_close_a_short_link() -> None:
    server = Server()
    link = make_link(server, short_timeout=10)
    link.send(b"one")
    async with running(link):
        server.channel.lose()
        await asyncio.sleep(0.1)
        assert (link.state, link.last_error) == ("idle", "")
        link.send(b"two")
        await asyncio.sleep(0.001)
        assert len(server.attempts) == 2


async def test_a_server_that_closes_before_it_has_everything_has_failed() -> None:
    server = Server(deaf, FakeChannel)
    link = make_link(server, short_timeout=10)
    link.send(b"one")
    async with running(link):
        server.channel.lose()
        await asyncio.sleep(0.1)
        assert (link.state, link.last_error) == ("waiting", "closed by the server")


# Who waits for it


async def test_the_uart_waits_for_a_full_link_and_goes_on_when_it_is_lost() -> None:
    server = Server(slow, REFUSED)
    link = make_link(server)
    changes: list[bool] = []
    link.changed = lambda: changes.append(link.holds_up)
    async with running(link):
        link.send(b"one")
        assert link.holds_up
        server.channel.lose(REFUSED)
        await asyncio.sleep(0.1)
        assert not link.holds_up
        assert changes[-1] is False
        assert link.cache.packets() == (b"one",)


async def test_a_stalled_link_keeps_4096_bytes_drops_the_oldest_and_counts(
    caplog: pytest.LogCaptureFixture,
) -> None:
    server = Server(slow)
    link = make_link(server)
    async with running(link):
        link.send(b"first")
        await asyncio.sleep(0.3)
        assert not link.holds_up
        for n in range(6):
            link.send(bytes([n]) * 1024)
        assert (len(link.cache), link.counters.dropped_bytes) == (4096, 2048)
        server.channel.take()
        assert len(server.channel.data) == 5 + 4096  # caught up, in order
        assert server.channel.data[5] == 2
    assert caplog.messages.count("A: stalled and its cache is full: packets are dropped") == 1


async def test_it_is_read_only_while_nobody_pauses_it_also_after_a_reconnect() -> None:
    server = Server()
    link = make_link(server)
    async with running(link):
        assert server.channel.reading
        link.pause("UART")
        link.pause("command")
        link.resume("UART")
        assert not server.channel.reading
        server.channel.lose(REFUSED)
        await asyncio.sleep(1.1)
        assert not server.channel.reading
        link.resume("command")
        assert server.channel.reading


async def test_a_reply_goes_out_without_register_packet_and_to_nobody_when_it_is_down() -> None:
    server = Server()
    link = make_link(server, register=RegisterPacket(on_data=b"ID"))
    link.reply(b"nobody")
    async with running(link):
        link.reply(b"OK")
        link.send(b"data")
        assert server.channel.data == b"OKIDdata"


async def test_a_reply_to_a_peer_that_does_not_read_is_bounded() -> None:
    server = Server(slow)
    link = make_link(server)
    async with running(link):
        for _ in range(100):
            link.reply(b"x" * 1024)
        assert server.channel.unsent == 4096


async def test_nothing_that_it_does_takes_time_from_the_sender() -> None:
    server = Server(1000.0)
    link = make_link(server)
    async with running(link):
        before = now()
        for _ in range(1000):
            link.send(b"x" * 100)
        assert now() == before
