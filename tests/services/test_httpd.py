"""HTTPD mode on the virtual clock: the queue, the time-outs, what reaches the UART."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from tests.services.fake_channel import REFUSED, FakeChannel
from tests.services.fake_channel import Server as Servers
from tests.services.parts import settings
from usr7s3d.core.httpanswer import LIMIT
from usr7s3d.core.liveness import Liveness
from usr7s3d.services.bearer import Bearer
from usr7s3d.services.links.httpd import Counters, Httpd, rules_of
from usr7s3d.services.outlet import Outlet

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"
KEEP = {"httpd__headers": ""}


class FakePort:
    """A UART that takes everything, or nothing while ``full``."""

    def __init__(self) -> None:
        self.full = False
        self.writes: list[bytes] = []

    @property
    def data(self) -> bytes:
        return b"".join(self.writes)

    def write(self, data: bytes) -> None:
        self.writes.append(data)


class World:
    """The mode, a server that does what ``answers`` say, and the UART."""

    def __init__(self, *answers: "OSError | float | Callable[..., FakeChannel]", **changes: object):
        self.server = Servers(*answers)
        self.port = FakePort()
        self.outlet = Outlet(self.port)  # type: ignore[arg-type]
        self.counters = Counters()
        self.bearer = Bearer()
        self.moved: list[tuple[str, str, int]] = []
        self.httpd = Httpd(
            rules_of(settings(**changes)),
            self.counters,
            self.outlet,
            open_channel=self.server.open,
            moved=lambda *what: self.moved.append(what),
            bearer=self.bearer,
        )
        self.outlet.flow = self.httpd.flow

    @property
    def channel(self) -> FakeChannel:
        return self.server.channel

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        liveness = Liveness(asyncio.get_running_loop().time)
        async with asyncio.TaskGroup() as tasks:
            task = tasks.create_task(self.httpd.run(liveness))
            try:
                yield
                assert not liveness.late()
            finally:
                task.cancel()

    async def asks(self, packet: bytes = b"x") -> None:
        """A packet, and its request is on the way."""
        self.httpd.from_uart(packet)
        await asyncio.sleep(0.01)

    async def hears(self, *pieces: bytes) -> None:
        """The server says ``pieces``."""
        for piece in pieces:
            self.channel.deliver(piece)
            await asyncio.sleep(0.01)


@pytest.mark.manual("3.2.2.2", "analyses what came, and sends the result to the device")
async def test_a_packet_is_a_request_and_the_body_comes_back() -> None:
    world = World()
    async with world.running():
        await world.asks(b"data=1")
        assert world.channel.data.startswith(b"GET /1.php?data=1 HTTP/1.1\r\nHost: www.usr.cn\r\n")
        await world.hears(ANSWER)
        assert world.port.writes == [b"body"]
        assert world.channel.ended == ["close"], "the factory's HTPHD says close"
    assert world.counters == Counters(requests=1, answers=1, rx_bytes=4, tx_bytes=67)
    assert world.moved == [("UART", "HTTP", 6), ("HTTP", "UART", 4)]


@pytest.mark.manual("4.2.1", "HTPPK: filter of the head")
async def test_htppk_off_gives_status_line_and_headers_as_well() -> None:
    world = World(httpd__body_only=False)
    async with world.running():
        await world.asks()
        await world.hears(b"HTTP/1.1 100 Continue\r\n\r\n", ANSWER + b"and more")
        assert world.port.data == ANSWER


async def test_one_at_a_time_in_order() -> None:
    world = World()
    async with world.running():
        for packet in (b"1", b"2", b"3"):
            await world.asks(packet)
        for number in range(1, 4):
            assert len(world.server.channels) == number
            assert b"/1.php?%d " % number in world.channel.data
            await world.hears(ANSWER)
    assert world.port.data == b"bodybodybody"


async def test_16_packets_wait_and_the_17th_drops_the_oldest(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    async with world.running():
        await world.asks(b"first")
        for number in range(18):
            world.httpd.from_uart(b"%d" % number)
        assert world.httpd.waiting == 16
        assert world.counters.dropped_packets == 2
        await world.hears(ANSWER)
        assert b"/1.php?2 " in world.channel.data
    assert caplog.messages == ["http: 16 requests wait already: the oldest are dropped"]
    assert world.counters.dropped_packets == 2 + 15, "a restart drops what waits"


# Failures: nothing on the UART, one log line, a counter


async def fails(world: World, caplog: pytest.LogCaptureFixture, words: str) -> None:
    await asyncio.sleep(0.1)
    assert world.port.data == b""
    assert world.counters.failures == 1
    assert caplog.messages == [f"http: www.usr.cn: request failed: {words}"]
    assert world.httpd.last_error == words
    # And the next one works.
    world.server.answers = [FakeChannel]
    await world.asks(b"next")
    await world.hears(ANSWER)
    assert world.port.data == b"body"
    assert world.httpd.last_error == ""


async def test_a_server_that_refuses(caplog: pytest.LogCaptureFixture) -> None:
    world = World(REFUSED)
    async with world.running():
        await world.asks()
        await fails(world, caplog, "Connection refused")


@pytest.mark.parametrize("seconds", [10, 1, 600])
async def test_silence_ends_after_htpto(seconds: int, caplog: pytest.LogCaptureFixture) -> None:
    world = World(httpd__timeout=seconds)
    async with world.running():
        await world.asks()
        await asyncio.sleep(seconds - 0.02)
        assert world.counters.failures == 0
        await fails(world, caplog, f"no answer in {seconds} s (HTPTO)")


async def test_htpto_counts_the_call_as_well(caplog: pytest.LogCaptureFixture) -> None:
    world = World(15.0, httpd__timeout=12)
    async with world.running():
        await world.asks()
        await asyncio.sleep(12)
        await fails(world, caplog, "no answer in 12 s (HTPTO)")


async def test_a_server_that_drips_ends_after_htpto(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    async with world.running():
        await world.asks()
        for byte in ANSWER[:-1]:
            await world.hears(bytes([byte]))
            await asyncio.sleep(0.25)
        await fails(world, caplog, "no answer in 10 s (HTPTO)")


@pytest.mark.parametrize(
    ("pieces", "end", "words"),
    [
        ((), None, "closed without an answer"),
        ((ANSWER[:-1],), None, "the answer ends in the middle"),
        ((ANSWER[:-1],), ConnectionResetError(104, "Connection reset by peer"),
         "Connection reset by peer"),
    ],
)  # fmt: skip
async def test_a_close_in_the_middle(
    pieces: tuple[bytes, ...],
    end: OSError | None,
    words: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    async with world.running():
        await world.asks()
        await world.hears(*pieces)
        world.channel.lose(end)
        await fails(world, caplog, words)


@pytest.mark.parametrize(
    ("head", "filler", "words"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X: " + b"y" * 1000 + b"\r\n",
         "the answer is not HTTP as we know it"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"z" * 4096, "the answer is longer than 1 MiB"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", b"z",
         "the answer is longer than 1 MiB"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"xyz\r\n",
         "the answer is not HTTP as we know it"),
    ],
    ids=["headers", "body", "length", "chunk"],
)  # fmt: skip
async def test_endless_huge_and_broken_answers(
    head: bytes, filler: bytes, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    world = World()
    async with world.running():
        await world.asks()
        await world.hears(head)
        while not world.counters.failures:
            world.channel.deliver(filler)
            await asyncio.sleep(0)
        await fails(world, caplog, words)


async def test_a_server_that_outruns_us_is_not_read_for_a_while() -> None:
    world = World()
    async with world.running():
        await world.asks()
        world.channel.deliver(b"HTTP/1.1 200 OK\r\n\r\n")
        world.channel.deliver(b"x" * 16 * 1024)
        assert not world.channel.reading
        await asyncio.sleep(0.01)
        assert world.channel.reading


# Keep-alive


async def test_the_connection_is_kept_when_both_want_it() -> None:
    world = World(**KEEP)
    async with world.running():
        for _ in range(3):
            await world.asks()
            await world.hears(ANSWER)
        assert len(world.server.channels) == 1
        assert world.port.data == b"body" * 3
    assert world.channel.ended == ["close"], "at a restart"


@pytest.mark.parametrize(
    "word",
    [lambda c: c.lose(None), lambda c: c.deliver(b"HTTP/1.1 408 Request Timeout\r\n\r\n")],
    ids=["closes", "speaks"],
)
async def test_between_two_requests_the_servers_word_or_end_closes_it(
    word: Callable[[FakeChannel], None],
) -> None:
    world = World(**KEEP)
    async with world.running():
        await world.asks()
        await world.hears(ANSWER)
        word(world.channel)
        await asyncio.sleep(0.01)
        assert world.channel.ended[:1] == ["close"]
        await world.asks()
        await world.hears(ANSWER)
        assert len(world.server.channels) == 2
        assert world.port.data == b"bodybody"


@pytest.mark.parametrize(
    ("method", "acks", "again"),
    [("GET", True, True), ("POST", False, True), ("POST", True, False)],
)
async def test_a_request_that_met_the_close_is_made_again_unless_it_may_have_been_heard(
    method: str, acks: bool, again: bool
) -> None:
    world = World(httpd__method=method, **KEEP)
    async with world.running():
        await world.asks()
        await world.hears(ANSWER)
        world.channel.acks = acks
        await world.asks(b"twice?")
        world.channel.lose(None)
        await asyncio.sleep(0.01)
        assert (len(world.server.channels) == 2) is again
        assert (world.counters.failures == 1) is not again


async def test_a_new_connection_that_closes_is_no_reason_to_ask_again() -> None:
    world = World(**KEEP)
    async with world.running():
        await world.asks()
        world.channel.lose(None)
        await asyncio.sleep(0.01)
        assert (len(world.server.channels), world.counters.failures) == (1, 1)


# A bearer that comes and goes


async def test_a_request_waits_for_the_bearer_as_long_as_for_an_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = World()
    async with world.running():
        world.bearer.fall("the modem has no network")
        await world.asks()
        await asyncio.sleep(9)
        assert world.server.attempts == []
        world.bearer.rise()
        await asyncio.sleep(0.01)
        await world.hears(ANSWER)
        assert world.port.data == b"body"
        world.port.writes.clear()
        world.counters.failures = 0
        world.bearer.fall("the modem has no network")
        await world.asks()
        await asyncio.sleep(10)
        world.bearer.rise()
        await fails(world, caplog, "the modem has no network")


async def test_a_bearer_that_falls_ends_the_connection_and_the_request() -> None:
    world = World(**KEEP)
    async with world.running():
        await world.asks()
        await world.hears(ANSWER)
        world.bearer.fall("hang-up")
        assert world.channel.ended == ["close"], "between two requests"
        world.bearer.rise()
        await world.asks()
        world.bearer.fall("hang-up")
        await asyncio.sleep(0.01)
        assert (world.counters.failures, world.httpd.last_error) == (1, "hang-up")


# The UART's pace


async def test_an_answer_waits_for_the_uart_and_the_next_request_for_the_answer() -> None:
    world = World()
    async with world.running():
        world.port.full = True
        await world.asks(b"1")
        await world.asks(b"2")
        await world.hears(b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + b"x" * 9000)
        assert world.port.writes == []
        await asyncio.sleep(100)
        assert world.counters.requests == 1, "at most one answer is kept"
        assert world.counters.failures == 0, "HTPTO is for the server"
        world.port.full = False
        world.outlet.drained()
        await asyncio.sleep(0.01)
        assert [len(piece) for piece in world.port.writes] == [4096, 4096, 808]
        assert world.counters.requests == 2


async def test_in_command_mode_the_answer_waits() -> None:
    world = World()
    async with world.running():
        await world.asks()
        world.outlet.hold("command mode")
        await world.hears(ANSWER)
        assert world.port.writes == []
        world.outlet.release("command mode")
        await asyncio.sleep(0.01)
        assert world.port.data == b"body"


async def test_1_mib_crosses_whole() -> None:
    world = World()
    body = bytes(range(256)) * (LIMIT // 256)
    async with world.running():
        await world.asks()
        await world.hears(b"HTTP/1.1 200 OK\r\n\r\n")
        for start in range(0, LIMIT, 4096):
            world.channel.deliver(body[start : start + 4096])
            await asyncio.sleep(0)
        world.channel.lose(None)
        await asyncio.sleep(0.01)
    assert world.port.data == body
