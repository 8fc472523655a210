"""The module as a whole, from one restart to the next, on fakes."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.services.fake_channel import FakeChannel, Server
from tests.services.parts import FACTS, FakeStore, Tty, at_once, port_on, settings
from usr7s3d.at.levels import Levels
from usr7s3d.core.liveness import Liveness
from usr7s3d.devices.dial import Received, Sent
from usr7s3d.hostconfig import HostConfig
from usr7s3d.services.commander import Commander
from usr7s3d.services.links.network import Legacy, Network
from usr7s3d.services.module import Module
from usr7s3d.services.plan import line_settings

FRAME = bytes.fromhex("55 AA 55 00 25 80 83 28")  # manual 3.6.2: 9600 8N1
NINE_SIX = '9600,"NONE",8,1,"NONE"'


class Servers:
    """One for each address; the host's name says which."""

    def __init__(self) -> None:
        self.by_host: dict[str, Server] = {"a": Server(), "b": Server()}

    async def tcp(self, host: str, port: int, received: Received, sent: Sent) -> FakeChannel:
        return await self.by_host[host].open(received, sent)

    udp = tcp


class World:
    """A module with everything that it touches."""

    def __init__(self, **changes: object) -> None:
        start = settings(
            **{
                "socket_a__host": "a",
                "socket_b__host": "b",
                "socket_b__enabled": True,
                "module__welcome": "",
                "heartbeat__enabled": False,
                "commands__password": "secret",
                **changes,
            }
        )
        self.tty = Tty()
        self.levels = Levels(start, None, start)
        self.port = port_on(self.tty, line_settings(start))
        self.store = FakeStore()
        self.commander = Commander(self.levels, self.store, lambda: FACTS, at_once)
        self.servers = Servers()
        self.legacy = Legacy()
        self.network = Network(
            HostConfig(),
            self.servers,
            jitter=lambda: 0.0,
            password=lambda: self.levels.in_force.commands.password,
            doors_shut=False,
        )
        self.lives = 0
        self.redialled: list[str] = []
        self.module: Module

    @property
    def a(self) -> FakeChannel:
        return self.servers.by_host["a"].channel

    @property
    def b(self) -> FakeChannel:
        return self.servers.by_host["b"].channel

    async def _live(self, liveness: Liveness) -> None:
        while True:
            parts = (self.port, self.commander, self.network, self.legacy)
            self.module = Module(
                *parts, escape_quiet=0.2, moved=lambda *_: None, redial=self.redialled.append
            )
            self.lives += 1
            await self.module.run(liveness)
            self.levels.restart()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        liveness = Liveness(asyncio.get_running_loop().time)
        async with asyncio.TaskGroup() as tasks:
            port = tasks.create_task(self.port.run(liveness))
            life = tasks.create_task(self._live(liveness))
            await asyncio.sleep(0.01)
            try:
                yield
            finally:
                life.cancel()
                await asyncio.wait([life])
                port.cancel()

    async def types(self, data: bytes) -> bytes:
        """What the host reads when it has sent ``data``, after a silence."""
        await asyncio.sleep(1)
        self.tty.read()
        self.tty.write(data)
        await asyncio.sleep(0.3)
        return self.tty.read()

    async def enters_command_mode(self) -> None:
        assert await self.types(b"+++") == b"a"
        self.tty.write(b"a")
        await asyncio.sleep(0.1)
        assert self.tty.read() == b"+ok"


@pytest.fixture
def quiet_log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


# Data (3.2.1)


@pytest.mark.manual("2.2", "2 sockets at the same time")
@pytest.mark.manual("3.2.1.1", "the device's data to the servers, theirs to the device")
async def test_a_packet_goes_to_both_links_and_both_to_the_uart() -> None:
    world = World()
    async with world.running():
        assert await world.types(b"packet") == b""
        assert (world.a.data, world.b.data) == (b"packet", b"packet")
        world.a.deliver(b"from A,")
        world.b.deliver(b"from B")
        await asyncio.sleep(0)
        assert world.tty.read() == b"from A,from B"


@pytest.mark.manual("3.2.1.1", "sockets A and B stand alone")
async def test_a_link_that_takes_nothing_costs_the_other_250_ms_once() -> None:
    world = World()
    async with world.running():
        world.b.room = 0
        await world.types(b"one")  # fills B
        assert not world.module.links["B"].holds_up
        for n in range(100):
            world.tty.write(b"%03d" % n)
            await asyncio.sleep(0.06)
        assert world.a.data == b"one" + b"".join(b"%03d" % n for n in range(100))
        assert len(world.b.data) == 3


async def test_a_full_link_holds_the_uart_and_its_end_lets_it_go() -> None:
    world = World(uart__flow="CRTS")
    async with world.running():
        world.b.room = 0
        await world.types(b"one")
        world.tty.write(b"two")
        await asyncio.sleep(0.2)
        assert world.a.data == b"one"
        world.b.lose(OSError(104, "Connection reset by peer"))
        await asyncio.sleep(0.1)
        assert world.a.data == b"onetwo"


async def test_a_slow_uart_stops_the_reading_of_both_links_and_loses_nothing() -> None:
    world = World()
    async with world.running():
        sent = b""
        while world.a.reading:
            chunk = b"%010d" % len(sent) * 400
            world.a.deliver(chunk)
            sent += chunk
        assert not world.b.reading
        assert world.port.unsent < 4096 + 4000
        got = b""
        while not world.a.reading:
            got += world.tty.read()
            await asyncio.sleep(0.001)
        assert got + world.tty.read() == sent


@pytest.mark.parametrize("size", [1, 400, 4000])
async def test_a_flood_onto_a_bus_that_others_use_is_bounded_and_loses_nothing(size: int) -> None:
    """They are heard every 3 ms for half a second: nothing of it may leave."""
    world = World(uart__flow="RS485", uart__baud=9600)
    async with world.running():
        await asyncio.sleep(1)
        sent = b""
        for _ in range(160):
            world.tty.write(b"~")
            await asyncio.sleep(0.003)
            while world.a.reading and len(sent) < 50_000:
                chunk = (b"%010d" % len(sent) * 400)[:size]
                world.a.deliver(chunk)
                sent += chunk
            assert world.tty.read() == b""
        assert (world.a.reading, world.b.reading) == (False, False)
        assert 4096 <= len(sent) == world.port.unsent < 4096 + size
        await asyncio.sleep(0.1)
        assert world.tty.read() == sent
        assert world.a.reading
        assert world.b.reading


@pytest.mark.manual("4.2.1.33", "shows from which socket data comes")
async def test_sockiden() -> None:
    world = World(links__show_id=True)
    async with world.running():
        world.a.deliver(b"one")
        world.b.deliver(b"two")
        world.b.deliver(b"three")
        await asyncio.sleep(0)
        assert world.tty.read() == b"[A]one[B]twothree"


# Command mode


async def test_data_from_the_links_waits_for_command_mode_to_end() -> None:
    world = World()
    async with world.running():
        await world.enters_command_mode()
        world.a.deliver(b"data")
        assert not world.a.reading
        assert not world.b.reading
        assert await world.types(b"AT+VER\r") == b"AT+VER\r\r\n+VER:1.0\r\n\r\nOK\r\n"
        assert await world.types(b"AT+ENTM\r") == b"AT+ENTM\r\r\nOK\r\ndata"
        assert world.a.reading


async def test_bytes_held_in_command_mode_are_written_at_a_restart() -> None:
    world = World()
    async with world.running():
        await world.enters_command_mode()
        world.a.deliver(b"data")
        world.tty.write(b"AT+Z\r")
        await asyncio.sleep(2)
        assert world.tty.read() == b"AT+Z\r\r\nOK\r\ndata"
        assert world.lives == 2


# Heartbeat COM (3.4)


def polling(**changes: object) -> World:
    return World(
        heartbeat__enabled=True,
        heartbeat__target="COM",
        heartbeat__data="706f6c6c",
        heartbeat__period=10,
        **changes,
    )


@pytest.mark.manual("3.4.1", "to the serial device: a query of its own")
@pytest.mark.manual("4.2.1.41", "COM: to the serial port")
async def test_the_uart_is_polled_every_hearttm_seconds_whatever_else_is_sent() -> None:
    world = polling()
    async with world.running():
        await asyncio.sleep(9)
        world.a.deliver(b"data,")
        await asyncio.sleep(22)
        assert world.tty.read() == b"data,pollpollpoll"
        assert world.a.data == b""


@pytest.mark.parametrize("mode", ["HTTPD", "SMS", "CMD"])
@pytest.mark.manual("3.4.1", "to the serial device in network mode only")
async def test_no_poll_in_other_modes(mode: str) -> None:
    """Its answer would be a request, or an SMS that somebody pays for."""
    world = polling(module__mode=mode)
    async with world.running():
        await asyncio.sleep(100)
        assert world.tty.read() == b""


async def test_no_poll_in_command_mode_and_none_made_up_for() -> None:
    world = polling()
    async with world.running():
        await world.enters_command_mode()
        await asyncio.sleep(50)
        assert world.tty.read() == b""
        await world.types(b"AT+ENTM\r")
        await asyncio.sleep(10)
        assert world.tty.read() == b"poll"


async def test_no_poll_between_the_pluses_and_ok() -> None:
    world = polling()
    async with world.running():
        await asyncio.sleep(8)
        world.tty.write(b"+++")
        await asyncio.sleep(2.5)
        assert world.tty.read() == b"a"
        world.tty.write(b"a")
        await asyncio.sleep(0.1)
        assert world.tty.read() == b"+ok"


async def test_a_uart_that_takes_nothing_collects_no_polls() -> None:
    world = polling()
    async with world.running():
        while not world.port.full:
            world.port.write(b"x" * 1000)
        before = world.port.unsent
        await asyncio.sleep(3600)
        assert world.port.unsent == before


async def test_a_bus_that_is_not_quiet_collects_no_polls() -> None:
    world = polling(uart__flow="RS485", uart__baud=9600)
    async with world.running():
        for _ in range(11_000):
            world.tty.write(b"~")
            await asyncio.sleep(0.003)
        assert world.tty.read() == b""
        await asyncio.sleep(1)
        assert world.tty.read() == b"poll"


# RSTIM (4.2.1.12)


@pytest.mark.parametrize(("period", "seconds"), [(1800, 1800), (1, 60), (59, 60)])
@pytest.mark.manual(
    "4.2.1.12", "restart when nothing was received on UART and network for that time"
)
async def test_restart_after_rstim_of_silence(
    period: int, seconds: int, quiet_log: pytest.LogCaptureFixture
) -> None:
    world = World(module__restart_after=period)
    async with world.running():
        await asyncio.sleep(seconds - 1)
        assert world.lives == 1
        await asyncio.sleep(2)
        assert world.lives == 2
    assert f"module: nothing received for {seconds} s (RSTIM): restart" in quiet_log.messages


async def test_what_counts_as_traffic_is_what_is_received() -> None:
    world = World(module__restart_after=60, heartbeat__enabled=True)
    async with world.running():
        await asyncio.sleep(50)
        world.tty.write(b"x")  # from the UART
        await asyncio.sleep(50)
        world.b.deliver(b"x")  # from a link
        await asyncio.sleep(50)
        assert world.lives == 1
        await asyncio.sleep(12)  # heartbeats are sent, and count for nothing
        assert world.lives == 2


async def test_rstim_dials_anew_unless_a_server_acknowledged_something() -> None:
    world = World(module__restart_after=60, heartbeat__enabled=True, socket_b__enabled=False)
    async with world.running():
        await asyncio.sleep(62)  # heartbeats are acknowledged
        assert (world.lives, world.redialled) == (2, [])
        world.servers.by_host["a"].answers = [OSError("no answer in 20 s")]
        world.a.lose(OSError("gone"))
        await asyncio.sleep(62)
        assert (world.lives, world.redialled) == (3, [])
        await asyncio.sleep(62)
        assert world.lives == 4
        assert len(world.redialled) == 1


@pytest.mark.manual("4.2.1.12", "0 disables it")
async def test_rstim_0_is_never() -> None:
    world = World(module__restart_after=0)
    async with world.running():
        await asyncio.sleep(80_000)
        assert world.lives == 1


async def test_the_log_tells_the_silence_and_not_the_age(
    quiet_log: pytest.LogCaptureFixture,
) -> None:
    world = World(module__restart_after=100)
    async with world.running():
        await asyncio.sleep(90)
        world.a.deliver(b"x")
        await asyncio.sleep(120)
    assert "module: nothing received for 100 s (RSTIM): restart" in quiet_log.messages


# Similar RFC2217 (3.6.2)


@pytest.mark.manual("3.6.2", "the server changes the UART's parameters")
async def test_a_frame_changes_the_uart_and_is_passed_on_to_nobody() -> None:
    world = World(uart__similar_rfc2217=True)
    async with world.running():
        world.a.deliver(FRAME)
        await asyncio.sleep(0.1)
        assert str(world.port.line) == NINE_SIX
        assert world.tty.read() == b""
        assert world.a.data == b""
        assert world.levels.running.uart.baud == 115200


@pytest.mark.parametrize(
    "data", [FRAME + b"x", FRAME[:7], FRAME[:7] + b"\0", bytes.fromhex("55 AA 55 00 25 81 83 29")]
)
async def test_anything_else_is_data(data: bytes) -> None:
    world = World(uart__similar_rfc2217=True)
    async with world.running():
        world.a.deliver(data)
        await asyncio.sleep(0.1)
        assert world.tty.read() == data
        assert world.port.line.baud == 115200


@pytest.mark.manual("4.2.1.23", "off: a frame is data")
async def test_with_rfcen_off_a_frame_is_data() -> None:
    world = World()
    async with world.running():
        world.a.deliver(FRAME)
        await asyncio.sleep(0.1)
        assert world.tty.read() == FRAME


async def test_the_line_changes_once_what_was_queued_before_has_left_at_the_old_rate() -> None:
    world = World(uart__similar_rfc2217=True)
    async with world.running():
        world.a.deliver(b"old")
        world.tty.held = 3  # still in the driver
        world.a.deliver(FRAME)
        assert not world.a.reading
        await asyncio.sleep(0.5)
        world.b.deliver(b"new")
        assert world.port.line.baud == 115200
        assert world.tty.read() == b"old"
        world.tty.held = 0
        await asyncio.sleep(0.5)
        assert world.port.line.baud == 9600
        assert world.tty.read() == b"new"
        assert world.a.reading


async def test_a_beginning_of_a_password_before_the_frame_leaves_before_it() -> None:
    world = World(uart__similar_rfc2217=True)
    async with world.running():
        world.a.deliver(b"secr")
        world.a.deliver(FRAME)
        await asyncio.sleep(0)
        assert world.tty.read() == b"secr"


async def test_in_command_mode_the_line_changes_behind_the_data_that_waits() -> None:
    world = World(uart__similar_rfc2217=True)
    async with world.running():
        await world.enters_command_mode()
        world.a.deliver(b"old")
        world.a.deliver(FRAME)
        await asyncio.sleep(1)
        assert world.port.line.baud == 115200
        assert (await world.types(b"AT+ENTM\r")).endswith(b"OK\r\nold")
        assert world.port.line.baud == 9600


async def test_a_uart_that_never_drains_is_changed_after_30_s() -> None:
    world = World(uart__similar_rfc2217=True)
    async with world.running():
        world.tty.held = 1
        world.a.deliver(FRAME)
        await asyncio.sleep(29)
        assert world.port.line.baud == 115200
        await asyncio.sleep(2)
        assert world.port.line.baud == 9600
        world.tty.held = 0


async def test_a_frame_while_the_tty_is_gone_holds_when_it_comes_back() -> None:
    world = World(uart__similar_rfc2217=True)
    async with world.running():
        world.tty.hang_up()
        await asyncio.sleep(1)
        world.a.deliver(FRAME)
        await asyncio.sleep(1)
        world.tty.missing = None
        await asyncio.sleep(3)
        assert str(world.port.actual_line()) == NINE_SIX
        assert world.a.reading


async def test_a_server_that_changes_the_line_all_the_time_does_not_fill_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    world = World(uart__similar_rfc2217=True)
    async with world.running():
        for _ in range(30):
            world.a.deliver(FRAME)
            await asyncio.sleep(0.1)
        assert caplog.text.count("sets the UART to") == 5
        await asyncio.sleep(60)
        world.a.deliver(FRAME)
        await asyncio.sleep(0.1)
        assert caplog.text.count("sets the UART to") == 6


@pytest.mark.manual("3.6.2", "a restart brings the old ones back")
async def test_it_is_lost_at_a_restart() -> None:
    world = World(uart__similar_rfc2217=True)
    async with world.running():
        world.a.deliver(FRAME)
        await asyncio.sleep(0.1)
        world.module.restart_soon()
        await asyncio.sleep(2)
        assert world.port.line.baud == 115200


# HTTPD mode (3.2.2)


HTTPD = {"module__mode": "HTTPD", "httpd__host": "a", "heartbeat__enabled": False}
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"


@pytest.mark.manual("3.2.2.1", "the device asks the HTTP server, and has its answer")
@pytest.mark.manual("4.2.1.5", "HTTPD mode")
@pytest.mark.manual("2.2", "HTTPD mode")
@pytest.mark.manual("3.1", "gets into its work mode")
async def test_in_httpd_mode_a_packet_is_a_request_and_no_link_is_there() -> None:
    world = World(**HTTPD)
    async with world.running():
        assert await world.types(b"data=1") == b""
        assert world.a.data.startswith(b"GET /1.php?data=1 HTTP/1.1\r\nHost: a\r\n")
        world.a.deliver(ANSWER)
        await asyncio.sleep(0.1)
        assert world.tty.read() == b"body"
        assert not world.servers.by_host["b"].attempts
        assert world.module.links["A"].state == "off"


@pytest.mark.manual("4.1.1", "works in HTTPD mode, and back to it")
async def test_in_httpd_mode_commands_work_and_answers_wait_for_entm() -> None:
    world = World(**HTTPD)
    async with world.running():
        await world.types(b"data=1")
        await world.enters_command_mode()
        world.a.deliver(ANSWER)
        assert await world.types(b"AT+WKMOD?\r") == (b'AT+WKMOD?\r\r\n+WKMOD:"HTTPD"\r\n\r\nOK\r\n')
        assert await world.types(b"AT+ENTM\r") == b"AT+ENTM\r\r\nOK\r\nbody"
        assert (await world.types(b"secret#AT\r")) == b"secret#\r\nOK\r\n"
        assert len(world.servers.by_host["a"].channels) == 1, "no command is a request"


async def test_in_httpd_mode_on_rs485_an_answer_waits_for_the_end_of_a_frame() -> None:
    world = World(uart__flow="RS485", uart__baud=9600, **HTTPD)
    async with world.running():
        await world.types(b"data=1")
        world.tty.write(b"data")
        await asyncio.sleep(0.001)
        world.a.deliver(ANSWER)
        await asyncio.sleep(0.001)
        assert world.tty.read() == b""
        await asyncio.sleep(0.004)
        assert world.tty.read() == b"body"


async def test_in_httpd_mode_an_answer_counts_as_traffic_for_rstim() -> None:
    world = World(module__restart_after=60, httpd__timeout=600, **HTTPD)
    async with world.running():
        await world.types(b"x")
        await asyncio.sleep(40)
        world.a.deliver(ANSWER)
        await asyncio.sleep(40)
        assert world.lives == 1
        await asyncio.sleep(25)
        assert world.lives == 2


async def test_in_httpd_mode_a_restart_hangs_up_and_the_next_life_asks_anew() -> None:
    world = World(**HTTPD)
    async with world.running():
        await world.types(b"x")
        world.module.restart_soon()
        await asyncio.sleep(2)
        assert world.a.ended == ["close"]
        await world.types(b"y")
        world.a.deliver(ANSWER)
        await asyncio.sleep(0.1)
        assert world.tty.read() == b"body"
        assert world.legacy.http
        assert (world.legacy.http.requests, world.legacy.http.answers) == (2, 1)


# Restart (4.1)


async def test_a_cache_outlives_the_restart_and_the_connection_does_not() -> None:
    world = World()
    async with world.running():
        world.a.acks = False
        await world.types(b"waits")
        first = world.a
        world.module.restart_soon()
        await asyncio.sleep(2)
        assert first.ended == ["finish", "abort"]
        assert world.a is not first
        assert world.a.data == b"waits"


async def test_it_comes_500_ms_after_the_reply_has_left() -> None:
    world = World()
    async with world.running():
        await asyncio.sleep(1)
        world.tty.write(b"secret#AT+Z\r")
        await asyncio.sleep(0.4)
        assert (world.tty.read(), world.lives) == (b"secret#\r\nOK\r\n", 1)
        await asyncio.sleep(0.2)
        assert world.lives == 2


async def test_a_command_after_the_restart_reaches_the_doors_of_the_new_life() -> None:
    world = World()
    async with world.running():
        world.module.restart_soon()
        await asyncio.sleep(2)
        world.a.deliver(b"secret#AT+NATEN=off\r")
        await asyncio.sleep(0.1)
        assert {door.state for door in world.module.doors.values()} == {"off"}


@pytest.mark.manual("4.2.1.7", "off: no commands from the network")
async def test_naten_off_over_one_link_shuts_the_other_at_once() -> None:
    world = World()
    async with world.running():
        world.a.deliver(b"secret#AT+NATEN=off\r")
        await asyncio.sleep(0.1)
        world.b.deliver(b"secret#AT+VER\r")
        await asyncio.sleep(0.1)
        assert world.tty.read() == b"secret#AT+VER\r"


@pytest.mark.manual("4.2.1.28", "off: socket B does nothing")
async def test_a_socket_that_is_off_connects_to_nobody() -> None:
    world = World(socket_b__enabled=False)
    async with world.running():
        await asyncio.sleep(100)
        assert world.servers.by_host["b"].attempts == []
        assert world.module.links["B"].state == "off"
        assert list(world.module.doors) == ["A"]


# Secrets


async def test_no_secret_is_in_the_log_through_any_door(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    world = World()
    lines: list[Any] = [
        b'AT+CMDPW="hidden"',
        b'AT+APN="net","user","apnkey"',
        b'AT+CLOUDPA="12345678"',
        b"AT+CMDPW=hidden=x#y",
        b'at + cmdpw = "hidden"',
    ]
    async with world.running():
        await world.types(b"guess#AT+VER\r")
        for line in lines:
            await world.types(b"secret#" + line + b"\r")
            world.levels.change(world.levels.start)
            world.a.deliver(b"secret#" + line + b"\r")
            await asyncio.sleep(0.3)
            world.levels.change(world.levels.start)
            world.b.deliver(b"hidden#" + line + b"\r")
            await asyncio.sleep(0.3)
        await world.enters_command_mode()
        for line in lines:
            await world.types(line + b"\r")
            world.levels.change(replace(world.levels.start))
    assert "was set" in caplog.text
    for secret in ("secret", "hidden", "apnkey", "12345678", "guess"):
        assert secret not in caplog.text


async def test_restarts_pile_nothing_up_for_a_uart_that_is_missing() -> None:
    world = World()
    world.tty.missing = FileNotFoundError(2, "No such file or directory")
    async with world.running():
        for _ in range(20):
            await asyncio.sleep(0.1)
            for channel in (world.a, world.b):
                if channel.reading:
                    channel.deliver(bytes(4096))
            world.module.restart_soon()
            await asyncio.sleep(1)
        assert world.lives > 20
        assert world.port.unsent <= 2 * 4096
        world.tty.missing = None
        await asyncio.sleep(3)
        assert len(world.tty.read()) == 4096
        assert world.a.reading
        assert world.b.reading


async def test_a_command_that_comes_while_the_links_part_is_answered_after_the_restart() -> None:
    world = World()
    async with world.running():
        await asyncio.sleep(1)
        world.a.parting_takes = 0.4
        world.module.restart_soon()
        await asyncio.sleep(0.7)
        assert world.lives == 1
        world.tty.write(b"secret#AT+VER\rdata behind it")
        await asyncio.sleep(0.7)
        assert world.lives == 2
        assert world.tty.read() == b"secret#\r\n+VER:1.0\r\n\r\nOK\r\n"
        assert world.b.data == b"data behind it"
