"""The UART stays open, through whatever happens to its tty."""

import asyncio
import errno
import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.services.parts import Tty, at_once, no_jitter, port_on, running, settle
from usr7s3d.core.backoff import Backoff
from usr7s3d.core.line import LineSettings
from usr7s3d.core.liveness import Liveness
from usr7s3d.core.pace import Pace
from usr7s3d.hostconfig import Rs485
from usr7s3d.services import port as port_module
from usr7s3d.services.port import FULL, OPEN_LIMIT, Port

MISSING = FileNotFoundError(errno.ENOENT, "No such file or directory")


@pytest.fixture
def tty() -> Tty:
    return Tty()


class User:
    """Somebody who serves the port."""

    def __init__(self, port: Port) -> None:
        self.data = b""
        self.drained = 0
        port.serve(self._received, self._drained)

    def _received(self, data: bytes) -> None:
        self.data += data

    def _drained(self) -> None:
        self.drained += 1


async def test_both_ways(tty: Tty) -> None:
    port = port_on(tty)
    async with running(port):
        user = User(port)
        tty.write(b"hello")
        await asyncio.sleep(0.01)
        assert user.data == b"hello"
        port.write(b"from the network")
        port.say(b", from us")
        assert tty.read() == b"from the network, from us"
        assert (port.rx_bytes, port.tx_bytes) == (5, 25)
    assert tty.history == ["open", "close"]


async def test_nothing_is_read_while_nobody_serves(tty: Tty) -> None:
    port = port_on(tty)
    async with running(port):
        first = User(port)
        port.leave()
        tty.write(b"kept by the kernel")
        await asyncio.sleep(1)
        second = User(port)
        await asyncio.sleep(0.01)
        assert (first.data, second.data) == (b"", b"kept by the kernel")


async def test_reading_goes_on_when_every_reason_to_pause_is_gone(tty: Tty) -> None:
    port = port_on(tty)
    async with running(port):
        user = User(port)
        port.pause("links")
        port.pause("command")
        tty.write(b"x")
        port.resume("links")
        await asyncio.sleep(1)
        assert user.data == b""
        port.resume("command")
        await asyncio.sleep(0.01)
        assert user.data == b"x"


async def test_missing_tty_is_waited_for_and_said_once(
    tty: Tty, caplog: pytest.LogCaptureFixture
) -> None:
    tty.missing = MISSING
    port = port_on(tty)
    port.greet(b"welcome")
    async with running(port):
        user = User(port)
        port.write(b"data waits")
        port.say(b"a reply does not")
        await asyncio.sleep(100)
        assert not port.open
        tty.missing = None
        await asyncio.sleep(2)
        assert port.open
        assert tty.read() == b"welcomedata waits"
        tty.write(b"hello")
        await asyncio.sleep(0.01)
        assert user.data == b"hello"
    told = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.getMessage() for record in told] == [
        "UART: /dev/tty: [Errno 2] No such file or directory: waiting for it"
    ]


async def test_each_tty_is_read_at_the_pace_of_whoever_serves(tty: Tty) -> None:
    class Counting(Pace):
        looks = 0

        def next_look(self, found: int, now: float) -> float | None:
            self.looks += 1
            return super().next_look(found, now)

    pace = Counting(silence=0)
    tty.missing = MISSING
    port = port_on(tty)
    async with running(port):
        port.serve(lambda _: None, lambda: None, pace)
        tty.missing = None
        for times in (1, 2):
            await asyncio.sleep(5)
            tty.write(b"hello")
            await asyncio.sleep(0.01)
            assert pace.looks == times
            tty.hang_up()
            await asyncio.sleep(5)
            tty.missing = None


async def test_another_trouble_is_said_again(tty: Tty, caplog: pytest.LogCaptureFixture) -> None:
    """After a replug udev gives the rights a moment later than the name."""
    tty.missing = MISSING
    async with running(port_on(tty)):
        tty.missing = PermissionError(errno.EACCES, "Permission denied")
        await asyncio.sleep(10)
    assert [line.split(": ")[2] for line in caplog.messages] == [
        "[Errno 2] No such file or directory",
        "[Errno 13] Permission denied",
    ]


async def test_looks_for_a_tty_grow_rare(tty: Tty) -> None:
    tty.missing = MISSING
    async with running(port_on(tty)):
        await asyncio.sleep(100)
    assert 50 <= len(tty.history) <= 55


async def test_unplugged_and_back(tty: Tty, caplog: pytest.LogCaptureFixture) -> None:
    port = port_on(tty)
    async with running(port):
        user = User(port)
        tty.hang_up()
        await asyncio.sleep(10)
        assert not port.open
        port.write(b"meanwhile")
        tty.missing = None
        await asyncio.sleep(2)
        assert tty.read() == b"meanwhile"
        tty.write(b"still there")
        await asyncio.sleep(0.01)
        assert user.data == b"still there"
    assert "UART: /dev/tty has gone (hang-up): waiting" in caplog.messages
    assert sum("waiting" in line for line in caplog.messages) == 2


async def test_what_the_tty_had_not_taken_arrives_at_its_successor(tty: Tty) -> None:
    port = port_on(tty)
    async with running(port):
        User(port)
        sent = bytes(1_000_000)
        port.write(sent)
        got = len(tty.read())
        tty.hang_up()
        port.write(b"end")
        await asyncio.sleep(1)
        tty.missing = None
        await asyncio.sleep(2)
        data = b""
        while more := tty.read():
            data += more
            await settle()
        # What the kernel had is gone with the tty.
        assert data.endswith(b"end")
        assert got + len(data) <= len(sent) + 3
        assert len(data) > FULL


async def test_whoever_waited_for_the_pending_bytes_hears_that_they_are_gone(tty: Tty) -> None:
    """Else links that were stopped while the tty was missing are stopped for ever."""
    tty.missing = MISSING
    port = port_on(tty)
    async with running(port):
        user = User(port)
        port.write(bytes(FULL))
        assert port.full
        tty.missing = None
        await asyncio.sleep(2)
        assert not port.full
        assert user.drained == 1


async def test_tty_that_is_lost_at_once_each_time_keeps_nobody_busy(tty: Tty) -> None:
    def broken(device: str, line: LineSettings, rs485: Rs485) -> Any:
        uart = tty.open(device, line, rs485)
        tty.host.close()
        return uart

    backoff = Backoff(0.25, 2.0, no_jitter)
    line = LineSettings(9600)
    port = Port("/dev/tty", line, backoff, open_uart=broken, in_thread=at_once)
    async with running(port):
        User(port)
        await asyncio.sleep(100)
    assert tty.history.count("open") < 60


async def test_line_settings_of_a_restart(tty: Tty, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    port = port_on(tty)
    slow = LineSettings(9600, "EVEN")
    async with running(port):
        port.set_line(LineSettings(115200))
        assert tty.history == ["open"], "nothing to change"
        port.set_line(slow)
        assert tty.history == ["open", slow]
        assert port.actual_line() == slow
    assert 'UART: /dev/tty open, 9600,"EVEN",8,1,"NONE"' in caplog.messages


async def test_line_settings_while_the_tty_is_missing(tty: Tty) -> None:
    tty.missing = MISSING
    port = port_on(tty)
    async with running(port):
        port.set_line(LineSettings(9600))
        tty.missing = None
        await asyncio.sleep(2)
        assert port.actual_line() == LineSettings(9600)


async def test_line_settings_while_the_tty_is_being_opened(tty: Tty) -> None:
    gate = asyncio.Event()

    async def slowly(call: Callable[[], Any], discard: object = None) -> Any:
        result = call()
        await gate.wait()
        return result

    backoff = Backoff(0.25, 2.0, no_jitter)
    port = Port("/dev/tty", LineSettings(9600), backoff, open_uart=tty.open, in_thread=slowly)
    async with running(port):
        port.set_line(LineSettings(19200))
        gate.set()
        await asyncio.sleep(1)
        assert port.actual_line() == LineSettings(19200)


async def test_sent_waits_for_the_driver_no_longer_than_asked(tty: Tty) -> None:
    clock = asyncio.get_running_loop().time
    port = port_on(tty, LineSettings(2400))
    async with running(port):
        before = clock()
        await port.sent(2.0)
        assert clock() == before
        tty.held = 4000  # 17 s at this rate
        await port.sent(2.0)
        assert clock() == pytest.approx(before + 2.0)


async def test_end_with_cts_held(tty: Tty) -> None:
    clock = asyncio.get_running_loop().time
    async with running(port_on(tty, LineSettings(2400))):
        tty.held = 4000
        before = clock()
    assert clock() - before <= 0.51
    assert tty.history == ["open", "close"]


def a_log(said: list[str]) -> logging.Logger:
    """A log of its own, which no level of another test reaches."""
    log = logging.Logger("port")
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    log.addHandler(handler)
    return log


async def test_close_that_does_not_return(tty: Tty, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(port_module, "log", a_log(said))
    clock = asyncio.get_running_loop().time

    async def stuck(call: Callable[[], Any], discard: object = None) -> Any:
        result = call()
        if result is None:  # close
            await asyncio.get_running_loop().create_future()
        return result

    backoff = Backoff(0.25, 2.0, no_jitter)
    port = Port("/dev/tty", LineSettings(9600), backoff, open_uart=tty.open, in_thread=stuck)
    async with running(port):
        before = clock()
    assert clock() - before < 2
    assert tty.history == ["open", "close"]
    assert "UART: /dev/tty does not close; left to the kernel" in said


async def test_missing_tty_is_progress_and_an_open_that_hangs_is_not(tty: Tty) -> None:
    liveness = Liveness(asyncio.get_running_loop().time)
    hang = asyncio.Event()

    async def in_thread(call: Callable[[], Any], discard: object = None) -> Any:
        if hang.is_set():
            await asyncio.get_running_loop().create_future()
        return call()

    tty.missing = MISSING
    backoff = Backoff(0.25, 2.0, no_jitter)
    port = Port("/dev/tty", LineSettings(9600), backoff, open_uart=tty.open, in_thread=in_thread)
    async with running(port, liveness=liveness):
        for _ in range(100):
            await asyncio.sleep(7)
            assert not liveness.late()
        hang.set()
        await asyncio.sleep(OPEN_LIMIT + 15)
        assert set(liveness.late()) == {"UART"}


async def test_the_descriptor_of_an_open_that_came_too_late(tty: Tty) -> None:
    """Stopped while the tty was being opened: the thread closes what it got."""
    discards: list[Any] = []

    async def slow(call: Callable[[], Any], discard: Any = None) -> Any:
        discards.append(discard)
        await asyncio.get_running_loop().create_future()

    backoff = Backoff(0.25, 2.0, no_jitter)
    port = Port("/dev/tty", LineSettings(9600), backoff, open_uart=tty.open, in_thread=slow)
    async with running(port):
        pass
    uart = tty.open("/dev/tty", LineSettings(9600))
    (discard,) = discards
    discard(uart)
    assert tty.history == ["open", "close"]
