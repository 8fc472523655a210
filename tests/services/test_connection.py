"""One connection: pressure, heartbeats, and what it tells its link."""

import asyncio
from functools import partial
from typing import Any

import pytest

from tests.services.fake_channel import FakeChannel
from usr7s3d.core.cache import Cache
from usr7s3d.core.pressure import State
from usr7s3d.core.register import RegisterPacket
from usr7s3d.services.links.connection import Connection, Counters, Rules


class Line:
    """A connection on a scripted channel, and what it told."""

    def __init__(self, channel: FakeChannel, *, register: bytes = b"", **rules: Any) -> None:
        self.channel = channel
        self.cache = Cache()
        self.counters = Counters()
        self.states: list[State] = []
        self.connection = Connection(
            channel,
            Rules(peer="server:9000", **rules),
            cache=self.cache,
            counters=self.counters,
            register=RegisterPacket(on_connect=register),
            changed=lambda: self.states.append(self.connection.pressure.state),
        )
        channel._sent = self.connection.sent
        self.connection.read(True)

    def send(self, packet: bytes) -> None:
        self.connection.send(packet)

    async def ends_within(self, seconds: float) -> OSError | None:
        """Why it ended; raises TimeoutError when it has not."""
        async with asyncio.timeout(seconds):
            return await self.connection.until_over()

    async def lives_for(self, seconds: float) -> None:
        with pytest.raises(TimeoutError):
            await self.ends_within(seconds)


def beats(channel: FakeChannel, beat: bytes = b"beat") -> list[float]:
    return [at for at, data in channel.writes if data == beat]


beating = partial(Line, beat=b"beat", beat_period=30.0)

# Pressure


async def test_a_full_link_tells_when_it_is_full_stalled_and_free_again() -> None:
    line = Line(FakeChannel(room=4.0))
    line.send(b"1234")
    assert line.states == []
    line.send(b"5678")
    line.send(b"9")
    assert line.states == [State.FULL]
    await asyncio.sleep(0.25)
    assert line.states == [State.FULL, State.STALLED]
    line.channel.take()
    assert line.states == [State.FULL, State.STALLED, State.TAKING]
    assert line.channel.data == b"123456789"
    line.connection.close()


async def test_no_more_than_one_packet_waits_behind_the_kernel_the_others_in_the_cache() -> None:
    line = Line(FakeChannel(room=4.0))
    for _ in range(5):
        line.send(b"123456")
    assert (line.channel.unsent, len(line.cache)) == (2, 24)
    line.channel.take(5)
    assert (line.channel.unsent, len(line.cache)) == (3, 18)
    line.connection.close()


async def test_while_it_parts_nothing_new_is_sent() -> None:
    line = Line(FakeChannel(room=4.0))
    for _ in range(3):
        line.send(b"123456")
    line.channel.parting_takes = 0.2
    asyncio.get_running_loop().call_later(0.1, line.channel.take)
    await line.connection.part()
    assert line.channel.data == b"123456"
    assert line.cache.packets() == (b"123456", b"123456")
    line.connection.close()


async def test_with_crts_it_is_waited_for_2_s() -> None:
    line = Line(FakeChannel(room=0.0), patience=2.0)
    line.send(b"x")
    await asyncio.sleep(1.99)
    assert line.states == [State.FULL]
    await asyncio.sleep(0.02)
    assert line.states[-1] is State.STALLED
    line.connection.close()


async def test_a_window_shut_for_2_minutes_ends_the_connection_and_is_counted_once() -> None:
    line = Line(FakeChannel(room=0.0))
    line.send(b"x")
    error = await line.ends_within(120.1)
    assert asyncio.get_running_loop().time() == 120.0
    assert str(error) == "the server has taken nothing for 120 s"
    await asyncio.sleep(1)
    assert line.counters.stalled_resets == 1
    line.connection.close()
    assert line.cache.packets() == (b"x",)


async def test_a_peer_that_takes_a_little_now_and_then_lives() -> None:
    line = Line(FakeChannel(room=0.0))
    line.send(b"x" * 10)
    for _ in range(5):
        await line.lives_for(119)
        line.channel.take(1)
    line.connection.close()


# Heartbeat


@pytest.mark.manual("3.4.2", "idle for 30 s: www.usr.cn to the server")
@pytest.mark.manual("3.4.1", "to the network server, to see whether the connection lives")
@pytest.mark.manual("4.2.1.42", "the period in seconds")
@pytest.mark.manual("2.2", "heart beat package")
async def test_a_beat_goes_out_when_nothing_was_sent_for_hearttm_seconds() -> None:
    line = beating(FakeChannel())
    await asyncio.sleep(45)
    line.send(b"data")
    await asyncio.sleep(61)
    assert beats(line.channel) == [30, 75, 105]
    line.connection.close()


async def test_what_comes_from_the_server_puts_no_beat_off() -> None:
    line = beating(FakeChannel())
    await asyncio.sleep(29)
    line.connection.traffic()
    await asyncio.sleep(2)
    assert beats(line.channel) == [30]
    line.connection.close()


async def test_a_reply_and_the_register_packet_put_it_off() -> None:
    line = beating(FakeChannel(), register=b"ID")
    await asyncio.sleep(20)
    line.connection.reply(b"OK")
    await asyncio.sleep(31)
    assert beats(line.channel) == [50]
    line.connection.close()


@pytest.mark.manual("3.4.1", "unsuccessful 3 times: reconnects")
async def test_three_beats_in_a_row_without_acknowledgement_reconnect() -> None:
    line = beating(FakeChannel(acks=False))
    error = await line.ends_within(1000)
    assert str(error) == "no heartbeat arrives"
    assert beats(line.channel) == [30, 60, 90]
    assert asyncio.get_running_loop().time() == 120
    line.connection.close()


async def test_beats_that_arrive_keep_the_connection() -> None:
    line = beating(FakeChannel())
    await line.lives_for(3601)
    assert len(beats(line.channel)) == 120
    line.connection.close()


async def test_on_udp_three_that_cannot_be_sent_reconnect() -> None:
    channel = FakeChannel()
    line = beating(channel, datagrams=True)
    channel.fails = True
    assert str(await line.ends_within(1000)) == "no heartbeat arrives"
    line.connection.close()


async def test_a_beat_is_accounted_and_never_put_back() -> None:
    line = beating(FakeChannel(acks=False), register=b"ID")
    line.send(b"one")
    await asyncio.sleep(31)
    line.send(b"two")
    line.connection.close()
    assert line.channel.data == b"IDonebeattwo"
    assert line.cache.packets() == (b"one", b"two")


async def test_a_beat_waits_behind_nothing() -> None:
    """While something waits the link is busy, and a beat would say nothing new."""
    line = Line(FakeChannel(room=0.0), beat=b"beat", beat_period=1.0)
    line.send(b"x")
    await line.lives_for(60)
    assert beats(line.channel) == []
    line.connection.close()


async def test_a_beat_does_not_prolong_a_short_connection() -> None:
    line = Line(FakeChannel(), short_timeout=10, beat=b"beat", beat_period=3.0)
    assert await line.ends_within(11) is None
    assert asyncio.get_running_loop().time() == 10
    assert beats(line.channel) == [3, 6, 9]
    line.connection.close()


async def test_nor_does_one_that_nobody_acknowledges() -> None:
    line = Line(FakeChannel(), short_timeout=10, beat=b"beat", beat_period=9.0)
    line.channel.acks = False
    assert await line.ends_within(10.1) is None
    line.connection.close()


# Short connections


async def test_a_short_connection_is_not_done_while_the_peer_has_not_got_everything() -> None:
    line = Line(FakeChannel(acks=False), short_timeout=10)
    line.send(b"x")
    await line.lives_for(15)
    line.channel.acknowledged = 1
    assert await line.ends_within(10) is None
    line.connection.close()


async def test_nor_while_the_uart_keeps_it_from_being_read() -> None:
    line = Line(FakeChannel(), short_timeout=10)
    line.connection.read(False)
    await line.lives_for(60)
    line.connection.read(True)
    assert await line.ends_within(10.1) is None
    line.connection.close()


# Cost


async def test_a_packet_that_is_taken_at_once_sets_no_timer() -> None:
    line = beating(FakeChannel())
    loop = asyncio.get_running_loop()
    timers = len(loop._scheduled)  # type: ignore[attr-defined]
    for _ in range(1000):
        line.send(b"x")
    assert len(loop._scheduled) == timers  # type: ignore[attr-defined]
    line.connection.close()
