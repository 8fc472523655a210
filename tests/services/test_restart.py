"""Restarts: how a life of the module begins, what ends it, what it leaves."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.services.parts import FACTS, FakeStore, Tty, at_once, no_jitter, port_on, running
from tests.services.parts import settings as factory_with
from usr7s3d.at.levels import Levels
from usr7s3d.core.line import LineSettings
from usr7s3d.core.liveness import Liveness
from usr7s3d.hostconfig import HostConfig
from usr7s3d.services.commander import Commander
from usr7s3d.services.links.network import Legacy, Network
from usr7s3d.services.module import REPLY_LIMIT, RESTART_DELAY, Module
from usr7s3d.settings.model import FACTORY

OK = b"\r\nOK\r\n"
WELCOME = b"\r\nUSR-7S3\r\n"


class NoNetwork:
    """A dialer in a house without a network."""

    async def tcp(self, host: str, *_: object) -> Any:
        raise OSError("Network is unreachable")

    async def udp(self, host: str, *_: object) -> Any:
        raise OSError("Network is unreachable")


class Place:
    """Lives on one tty, one after the other; ``starts`` says when each began."""

    def __init__(self, in_thread: Callable[..., Any], **changes: object) -> None:
        self.clock = asyncio.get_running_loop().time
        self.tty = Tty()
        self.port = port_on(self.tty)
        self.store = FakeStore()
        changes = {"socket_a__enabled": False, **changes}
        self.levels = Levels(FACTORY, None, factory_with(**changes))
        self.commander = Commander(self.levels, self.store, lambda: FACTS, in_thread)
        self.network = Network(
            HostConfig(), NoNetwork(), jitter=no_jitter, password=lambda: "x", doors_shut=False
        )
        self.legacy = Legacy()
        self.module = self._module()
        self.starts: list[float] = []

    def _module(self) -> Module:
        parts = (self.port, self.commander, self.network, self.legacy)
        return Module(*parts, escape_quiet=0.2, moved=lambda *_: None)

    async def run(self, liveness: Liveness) -> None:
        while True:
            self.starts.append(self.clock())
            await self.module.run(liveness)
            self.levels.restart()
            self.module = self._module()

    async def ask(self, data: bytes, wait: float = 0.1) -> bytes:
        self.tty.write(data)
        await asyncio.sleep(wait)
        return self.tty.read()

    async def command_mode(self) -> None:
        await asyncio.sleep(0.3)
        self.tty.read()
        assert await self.ask(b"+++") == b"a"
        assert await self.ask(b"a") == b"+ok"


@asynccontextmanager
async def module(
    in_thread: Callable[..., Any] = at_once, **changes: object
) -> AsyncIterator[Place]:
    place = Place(in_thread, **changes)
    async with running(place.port, place):
        yield place


@pytest.mark.parametrize(
    ("welcome", "said"),
    [("USR-7S3", WELCOME), ("", b""), ("[07]hi[0D]", b"\r\n\x07hi\r\r\n")],
)
@pytest.mark.manual("4.2.1.11", "is sent when the module starts")
async def test_welcome(welcome: str, said: bytes) -> None:
    async with module(module__welcome=welcome) as place:
        assert place.tty.read() == said


async def test_restart_half_a_second_behind_the_reply() -> None:
    async with module() as place:
        await place.command_mode()
        asked = place.clock()
        assert await place.ask(b"AT+Z\r", wait=0.4) == b"AT+Z\r" + OK
        assert await place.ask(b"AT\r", wait=0.02) == b"AT\r" + OK, "the door works normally"
        await asyncio.sleep(1)
        assert place.starts[1:] == [pytest.approx(asked + RESTART_DELAY, abs=0.01)]
        assert place.tty.read() == WELCOME


async def test_nothing_prolongs_a_restart_nor_adds_one() -> None:
    async with module() as place:
        await place.command_mode()
        asked = place.clock()
        for _ in range(9):
            assert await place.ask(b"AT+Z\r", wait=0.05) == b"AT+Z\r" + OK
        await asyncio.sleep(5)
        assert place.starts[1:] == [pytest.approx(asked + RESTART_DELAY, abs=0.01)]


async def test_reply_that_cts_holds_delays_the_restart_and_no_longer_than_its_limit() -> None:
    async with module() as place:
        await place.command_mode()
        asked = place.clock()
        place.tty.held = 1000
        await place.ask(b"AT+Z\r", wait=1)
        assert len(place.starts) == 1
        await asyncio.sleep(5)
        due = asked + REPLY_LIMIT + RESTART_DELAY
        assert place.starts[1:] == [pytest.approx(due, abs=0.02)]


async def test_restart_waits_for_a_save_that_is_under_way() -> None:
    """What cut it short would leave the disk and the memory in disagreement."""
    gate = asyncio.Event()

    async def slow_disk(call: Callable[[], Any]) -> None:
        await gate.wait()
        call()

    async with module(slow_disk) as place:
        await place.command_mode()
        await place.ask(b"AT+HEARTTM=77\r")
        place.module.restart_soon()
        await place.ask(b"AT+S\r", wait=5)
        assert len(place.starts) == 1
        gate.set()
        await asyncio.sleep(1)
        assert len(place.starts) == 2, "one restart serves both"
        assert place.levels.running.heartbeat.period == 77
        assert place.tty.read() == b"AT+S\r" + OK + WELCOME


async def test_line_settings_of_the_next_life() -> None:
    async with module() as place:
        await place.command_mode()
        await place.ask(b"AT+UART=9600,EVEN,8,1,NONE\rAT+S\r")
        assert place.port.line == LineSettings(115200)
        await asyncio.sleep(1)
        assert place.port.line == LineSettings(9600, "EVEN")
        assert place.tty.history == ["open", LineSettings(9600, "EVEN")], "it stays open"


async def test_bytes_of_the_restart_are_kept_in_order() -> None:
    async with module(commands__uart=False) as place:
        seen: list[bytes] = []

        def tap() -> None:
            place.module.console._deliver = seen.append

        tap()
        await place.command_mode()
        await place.ask(b"AT+S\rAT+ENTM\r")
        sent = b""
        for number in range(1000):
            line = b"%04d " % number
            place.tty.write(line)
            sent += line
            await asyncio.sleep(0.001)
            if place.module.console._deliver != seen.append:
                tap()
        await asyncio.sleep(1)
        assert len(place.starts) == 2
        assert b"".join(seen) == sent


async def test_command_mode_for_good_has_no_links(caplog: pytest.LogCaptureFixture) -> None:
    async with module(module__mode="CMD", socket_a__enabled=True) as place:
        assert {link.state for link in place.module.links.values()} == {"off"}
        assert await place.ask(b"AT\r") == WELCOME + b"AT\r" + OK


@pytest.mark.parametrize("mode", ["SMS"])
async def test_mode_that_is_not_here_says_so(mode: str, caplog: pytest.LogCaptureFixture) -> None:
    async with module(module__mode=mode) as place:
        await place.command_mode()
        assert await place.ask(b"AT\r") == b"AT\r" + OK
    assert any(mode in line and line.startswith("module:") for line in caplog.messages)
