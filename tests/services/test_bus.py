"""RS485 at the port: one pair of wires for both directions."""

import asyncio
import logging

import pytest

from tests.services.parts import FakeUart, Tty, port_on, running, settle
from tests.services.test_port import User
from usr7s3d.core.line import LineSettings
from usr7s3d.devices.rs485 import Choice, Direction
from usr7s3d.hostconfig import Rs485

AT_9600 = LineSettings(9600, flow="RS485")
SILENCE = 35 / 9600
ECHO = Rs485(echo=True)
REQUEST = bytes.fromhex("010300000001840a")


@pytest.fixture
def tty() -> Tty:
    return Tty()


async def test_a_request_leaves_at_once_in_one_write(tty: Tty) -> None:
    port = port_on(tty, AT_9600)
    async with running(port):
        User(port)
        await asyncio.sleep(1)
        port.write(REQUEST)
        assert tty.read() == REQUEST


async def test_at_the_start_we_listen_first(tty: Tty) -> None:
    port = port_on(tty, AT_9600)
    port.greet(b"welcome")
    async with running(port):
        User(port)
        assert tty.read() == b""
        await asyncio.sleep(1.01 * SILENCE)
        assert tty.read() == b"welcome"


@pytest.mark.manual("3.6.1", "half duplex: we speak when the bus is quiet")
async def test_nothing_is_sent_into_a_frame_that_comes_in(tty: Tty) -> None:
    port = port_on(tty, AT_9600)
    async with running(port):
        user = User(port)
        await asyncio.sleep(1)
        for byte in b"a frame":
            tty.write(bytes([byte]))
            await asyncio.sleep(1 / 960)
            port.write(b"x")
            assert tty.read() == b""
        await asyncio.sleep(SILENCE)
        assert tty.read() == b"x" * 7
        assert user.data == b"a frame"


async def test_a_frame_that_nobody_reads_yet_is_heard_all_the_same(tty: Tty) -> None:
    """While a command is carried out the UART is not read."""
    port = port_on(tty, AT_9600)
    async with running(port):
        User(port)
        await asyncio.sleep(1)
        port.pause("command")
        for _ in range(5):
            tty.write(b"x")
            port.say(b"y")
            assert tty.read() == b""
            await asyncio.sleep(1 / 960)
        await asyncio.sleep(SILENCE)
        assert tty.read() == b"y" * 5


async def test_on_a_bus_that_is_never_quiet_answers_go_out_and_the_unasked_waits(
    tty: Tty,
) -> None:
    port = port_on(tty, AT_9600)
    async with running(port):
        User(port)
        port.say(b"beat", unasked=True)
        port.write(b"answer")
        for _ in range(600):
            tty.write(b"~")
            await asyncio.sleep(0.002)
        assert tty.read() == b"answer"
        await asyncio.sleep(1)
        assert tty.read() == b"beat"


async def test_without_rs485_nothing_waits(tty: Tty) -> None:
    port = port_on(tty, LineSettings(9600))
    async with running(port):
        User(port)
        tty.write(b"frame")
        await asyncio.sleep(0.001)
        port.say(b"beat", unasked=True)
        assert tty.read() == b"beat"


async def test_what_waits_counts_as_unsent_and_drains(tty: Tty) -> None:
    port = port_on(tty, AT_9600)
    async with running(port):
        user = User(port)
        await asyncio.sleep(1)
        tty.write(b"frame")
        await asyncio.sleep(0.001)
        before = user.drained
        port.write(bytes(4096))
        assert (port.full, user.drained) == (True, before)
        await asyncio.sleep(SILENCE)
        assert (port.unsent, user.drained) == (0, before + 1)


async def test_what_waits_arrives_at_the_next_tty(tty: Tty) -> None:
    port = port_on(tty, AT_9600)
    async with running(port):
        User(port)
        await asyncio.sleep(1)
        tty.write(b"frame")
        await asyncio.sleep(0.001)
        port.write(REQUEST)
        tty.hang_up()
        await asyncio.sleep(1)
        tty.missing = None
        await asyncio.sleep(5)
        assert tty.read() == REQUEST


async def test_a_restart_waits_for_what_waits_for_silence(tty: Tty) -> None:
    port = port_on(tty, AT_9600)
    async with running(port):
        User(port)
        await asyncio.sleep(1)
        tty.write(b"AT+Z\r")
        await asyncio.sleep(0.001)
        port.say(b"OK")
        await port.sent(2.0)
        assert tty.read() == b"OK"


@pytest.mark.manual("4.2.1.22", "flow control RS485")
@pytest.mark.manual("2.2", "RS485")
async def test_the_flow_turns_to_rs485_and_back_the_tty_is_opened_anew(tty: Tty) -> None:
    port = port_on(tty, LineSettings(9600))
    async with running(port):
        user = User(port)
        port.set_line(AT_9600)
        await asyncio.sleep(1)
        assert tty.history == ["open", "close", "open"]
        port.set_line(LineSettings(19200, flow="RS485"))
        assert tty.history[3:] == [LineSettings(19200, flow="RS485")]
        port.set_line(LineSettings(19200))
        await asyncio.sleep(1)
        assert tty.history[4:] == ["close", "open"]
        tty.write(b"still there")
        await asyncio.sleep(0.1)
        assert user.data == b"still there"


async def test_the_flow_turns_while_the_tty_is_being_opened(tty: Tty) -> None:
    port = port_on(tty, LineSettings(9600))
    opening = tty.open

    def turns(device: str, line: LineSettings, rs485: Rs485) -> object:
        port.set_line(AT_9600)
        return opening(device, line, rs485)

    port._open_uart = turns  # type: ignore[assignment]
    async with running(port):
        await asyncio.sleep(1)
    assert tty.history == ["open", AT_9600, "close", "open", "close"]


async def test_who_switches_is_said_in_one_line(tty: Tty, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    opening = tty.open

    def directed(device: str, line: LineSettings, rs485: Rs485) -> FakeUart:
        uart = opening(device, line, rs485)
        uart.direction = Direction(Choice("kernel", "the driver took it and reads it back"))
        assert isinstance(uart, FakeUart)
        return uart

    port = port_on(tty, AT_9600)
    port._open_uart = directed
    async with running(port):
        assert port.direction
        told = "UART: RS485 direction by kernel (the driver took it and reads it back)"
        assert told in caplog.messages


# -- a HAT that hears itself


async def test_the_echo_is_dropped_before_anybody_sees_it(tty: Tty) -> None:
    port = port_on(tty, AT_9600, ECHO)
    async with running(port):
        user = User(port)
        await asyncio.sleep(1)
        port.write(REQUEST)
        tty.write(tty.read())
        await asyncio.sleep(0.008)
        tty.write(b"answer")
        await asyncio.sleep(0.01)
        assert (user.data, port.echo_bytes, port.rx_bytes) == (b"answer", 8, 6)


async def test_the_echo_is_no_frame_that_somebody_sends(tty: Tty) -> None:
    port = port_on(tty, AT_9600, ECHO)
    async with running(port):
        User(port)
        await asyncio.sleep(1)
        port.write(REQUEST)
        tty.write(tty.read())
        await settle()
        port.write(b"more")
        assert tty.read() == b"more"


async def test_what_was_held_because_an_echo_was_damaged_comes_20_ms_later(tty: Tty) -> None:
    port = port_on(tty, AT_9600, ECHO)
    async with running(port):
        user = User(port)
        await asyncio.sleep(1)
        port.write(REQUEST)
        await asyncio.sleep(0.012)
        tty.write(b"\x02answer")
        await asyncio.sleep(0.005)
        assert user.data == b""
        await asyncio.sleep(0.02)
        assert user.data == b"\x02answer"


async def test_an_echo_is_dropped_whatever_the_flow_is(tty: Tty) -> None:
    """A HAT that switches by itself hears itself, too; AT+UART says NONE there."""
    port = port_on(tty, LineSettings(9600), ECHO)
    async with running(port):
        user = User(port)
        port.say(b"a")
        tty.write(tty.read())
        await asyncio.sleep(0.01)
        assert user.data == b""


async def test_what_comes_back_while_nobody_reads_is_an_echo_all_the_same(tty: Tty) -> None:
    """A command takes a second; meanwhile a server sends a request, and another one."""
    port = port_on(tty, AT_9600, ECHO)
    async with running(port):
        user = User(port)
        await asyncio.sleep(1)
        port.write(REQUEST)
        tty.write(tty.read())
        port.pause("command")
        port.write(b"another")
        await asyncio.sleep(0.006)
        tty.write(b"answer")
        await asyncio.sleep(1)
        assert (user.data, tty.read(), port.unsent) == (b"", b"", 7)
        port.resume("command")
        await asyncio.sleep(SILENCE * 1.1)
        assert user.data == b"answer"
        tty.write(tty.read())
        await settle()
        assert (user.data, port.echo_bytes, port.unsent) == (b"answer", 15, 0)


@pytest.mark.parametrize("flow", ["RS485", "NONE"])
async def test_a_reply_waits_until_we_can_hear_it(tty: Tty, flow: str) -> None:
    port = port_on(tty, LineSettings(9600, flow=flow), ECHO)
    async with running(port):
        user = User(port)
        await asyncio.sleep(1)
        port.pause("command")
        port.say(b"OK")
        assert tty.read() == b""
        port.resume("command")
        port.resume("command")
        assert tty.read() == b"OK"
        tty.write(b"OK")
        await settle()
        assert user.data == b""


async def test_without_an_echo_a_reply_does_not_wait_for_who_reads(tty: Tty) -> None:
    port = port_on(tty, AT_9600)
    async with running(port):
        User(port)
        await asyncio.sleep(1)
        port.pause("links")
        port.write(REQUEST)
        assert tty.read() == REQUEST


async def test_what_we_could_not_hear_arrives_at_the_next_tty(tty: Tty) -> None:
    port = port_on(tty, AT_9600, ECHO)
    async with running(port):
        user = User(port)
        await asyncio.sleep(1)
        port.pause("command")
        port.write(REQUEST)
        port.set_line(LineSettings(9600))
        await asyncio.sleep(1)
        assert tty.history == ["open", "close", "open"]
        port.resume("command")
        assert tty.read() == REQUEST
        tty.write(REQUEST)
        await settle()
        assert (user.data, port.echo_bytes) == (b"", 8)


@pytest.mark.parametrize("direction", ["gpio", "hardware"])
async def test_an_echo_behind_the_transceivers_delay(tty: Tty, direction: str) -> None:
    """The HAT that switches by itself keeps no delay of ours."""
    rs485 = Rs485(echo=True, direction=direction, gpio_line="4", delay_before_ms=100)
    port = port_on(tty, AT_9600, rs485)
    async with running(port):
        user = User(port)
        await asyncio.sleep(1)
        port.write(REQUEST)
        await asyncio.sleep(0.105)
        tty.write(tty.read())
        await settle()
        assert user.data == (b"" if direction == "gpio" else REQUEST)


async def test_an_echo_that_never_comes_is_told_once(
    tty: Tty, caplog: pytest.LogCaptureFixture
) -> None:
    port = port_on(tty, AT_9600, ECHO)
    async with running(port):
        user = User(port)
        await asyncio.sleep(1)
        for _ in range(10):
            port.write(REQUEST)
            await asyncio.sleep(0.013)
            tty.write(REQUEST[:2] + b"answer")
            await asyncio.sleep(1)
        assert user.data.endswith((REQUEST[:2] + b"answer") * 7)
    told = "UART: [rs485] echo is set, and what we send does not come back"
    assert caplog.messages.count(told) == 1


async def test_a_heartbeat_is_a_frame_of_its_own(tty: Tty) -> None:
    port = port_on(tty, AT_9600)
    async with running(port):
        User(port)
        await asyncio.sleep(1)
        port.write(REQUEST)
        await asyncio.sleep(0.002)
        port.say(b"beat", unasked=True)
        assert (tty.read(), port.unasked) == (REQUEST, 4)
        await asyncio.sleep(80 / 9600 - 0.002)
        assert tty.read() == b"", "the request is out, the silence is not over"
        await asyncio.sleep(SILENCE * 1.01)
        assert (tty.read(), port.unasked) == (b"beat", 0)


async def test_on_a_bus_that_is_never_quiet_links_are_read_on(tty: Tty) -> None:
    port = port_on(tty, AT_9600)
    async with running(port):
        User(port)
        for _ in range(200):
            tty.write(b"~")
            port.say(bytes(80), unasked=True)
            await asyncio.sleep(0.002)
        assert not port.full


async def test_old_settings_with_flow_control_where_rts_switches_the_line(
    tty: Tty, caplog: pytest.LogCaptureFixture
) -> None:
    port = port_on(tty, LineSettings(9600, flow="CRTS"), Rs485(direction="rts"))
    assert port.line.flow == "NONE"
    port.set_line(LineSettings(9600, flow="CRTS"))
    assert port.line.flow == "NONE"
    assert set(caplog.messages) == {
        "UART: no flow control (CRTS): RTS switches the RS485 transceiver"
    }
