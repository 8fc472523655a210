"""The UART's commands and data, from the port to the doors."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from tests.services.parts import FACTS, FakeStore, Tty, at_once, port_on, running, settings
from usr7s3d.at.engine import Door
from usr7s3d.at.levels import Levels
from usr7s3d.core.liveness import Liveness
from usr7s3d.services.commander import Commander
from usr7s3d.services.console import Console
from usr7s3d.services.plan import uart_rules
from usr7s3d.settings.model import FACTORY, Settings

OK = b"\r\nOK\r\n"


class Place:
    """A console on a tty, and what it told the others."""

    def __init__(self, saved: Settings, in_thread: Callable[..., Any] = at_once) -> None:
        self.tty = Tty()
        self.port = port_on(self.tty)
        self.store = FakeStore()
        self.levels = Levels(FACTORY, None, saved)
        self.commander = Commander(self.levels, self.store, lambda: FACTS, in_thread)
        self.packets: list[bytes] = []
        self.modes: list[bool] = []
        self.restarts = 0
        self.writes: list[bytes] = []
        self.liveness = Liveness(asyncio.get_running_loop().time)
        self.console = self._console()
        self.levels.changed = self.console.refresh

    def _console(self) -> Console:
        return Console(
            self.port,
            uart_rules(self.levels.start, escape_quiet=0.2),
            self.commander,
            deliver=self.packets.append,
            drained=lambda: None,
            command_mode=self.modes.append,
            restart=self._restart,
        )

    def _restart(self) -> None:
        self.restarts += 1

    async def run(self, liveness: Liveness) -> None:
        self.console.open([])
        say = self.port.say

        def noted(data: bytes, *, unasked: bool = False) -> None:
            self.writes.append(data)
            say(data, unasked=unasked)

        self.port.say = noted  # type: ignore[method-assign]
        await self.console.run(self.liveness)

    async def ask(self, data: bytes, wait: float = 0.1) -> bytes:
        """What the host gets when it sends ``data`` and waits."""
        self.tty.write(data)
        await asyncio.sleep(wait)
        return self.tty.read()

    async def command_mode(self) -> None:
        await asyncio.sleep(1)
        assert await self.ask(b"+++") == b"a"
        assert await self.ask(b"a") == b"+ok"


@asynccontextmanager
async def console(
    in_thread: Callable[..., Any] = at_once, **changes: object
) -> AsyncIterator[Place]:
    place = Place(settings(**changes), in_thread)
    async with running(place.port, place):
        yield place
        place.console.close()


async def test_packets() -> None:
    async with console() as place:
        await place.ask(b"one", wait=0.06)
        await place.ask(b"two", wait=0.06)
        assert place.packets == [b"one", b"two"]


async def test_handshake_of_manual_4_1_1() -> None:
    async with console() as place:
        await place.command_mode()
        assert place.modes == [False, True]
        assert place.packets == []
        assert await place.ask(b"AT+ENTM\r") == b"AT+ENTM\r" + OK
        assert place.modes == [False, True, False]
        await place.ask(b"data")
        assert place.packets == [b"data"]


async def test_handshake_right_after_a_busy_time() -> None:
    """The UART was looked at every 3 ms; T1 seems that much shorter, and T4 keeps its length."""
    async with console() as place:
        for _ in range(1000):
            place.tty.write(b"x" * 16)
            await asyncio.sleep(16 / 11_520)
        await asyncio.sleep(0.204)
        assert await place.ask(b"+++", wait=0.049) == b""
        await asyncio.sleep(0.002)
        assert place.tty.read() == b"a"
        assert sum(map(len, place.packets)) == 16_000


async def test_every_reply_is_one_write() -> None:
    """A host judges at the first 3 ms of silence; echo and all lines leave together."""
    async with console() as place:
        await place.command_mode()
        place.writes.clear()
        lines = [b"AT+UART?\r\n", b"AT+H\r", b"AT+NONSENSE\r", b"AT\r", b"AT+SOCKA=?\r"]
        for line in lines:
            await place.ask(line)
        assert len(place.writes) == len(lines)
        assert all(w.startswith(line) for w, line in zip(place.writes, lines, strict=True))


@pytest.mark.parametrize("size", range(1, 9))
async def test_commands_cut_anywhere(size: int) -> None:
    stream = b"AT+E?\r\nAT\r\rat+heartTM = 31\r\nAT+HEARTTM?\r"
    async with console() as place:
        await place.command_mode()
        replies = b""
        for start in range(0, len(stream), size):
            replies += await place.ask(stream[start : start + size], wait=0.001)
        replies += await place.ask(b"")
        assert replies == (
            b'AT+E?\r\n\r\n+E:"on"\r\n' + OK + b"AT\r" + OK + b"at+heartTM = 31\r\n" + OK
            + b"AT+HEARTTM?\r\r\n+HEARTTM:31\r\n" + OK
        )  # fmt: skip


@pytest.mark.manual("4.2", "replies without echo")
async def test_echo_off_by_the_command_itself() -> None:
    """AT+E= is echoed by the state before it."""
    async with console() as place:
        await place.command_mode()
        assert await place.ask(b"AT+E=off\r") == b"AT+E=off\r" + OK
        assert await place.ask(b"AT+E=on\r") == OK
        assert await place.ask(b"AT\r") == b"AT\r" + OK


async def test_restart_is_asked_for_behind_the_reply() -> None:
    async with console() as place:
        await place.command_mode()
        seen: list[int] = []
        place.console._restart = lambda: seen.append(len(place.writes))
        before = len(place.writes)
        await place.ask(b"AT+Z\r")
        assert seen == [before + 1]


async def test_bytes_behind_entm_are_data() -> None:
    async with console() as place:
        await place.command_mode()
        await place.ask(b"AT+ENTM\rmeasured")
        assert place.packets == [b"measured"]


async def test_password_door() -> None:
    async with console() as place:
        await asyncio.sleep(1)
        assert await place.ask(b"usr.cn#AT+HEARTTM?\r") == (b"usr.cn#\r\n+HEARTTM:30\r\n" + OK)
        assert await place.ask(b'usr.cn#AT+CMDPW="new"\r') == b"usr.cn#" + OK
        assert await place.ask(b"new#AT\r") == b"new#" + OK
        await place.ask(b"usr.cn#AT\r")
        assert place.packets == [b"usr.cn#AT\r"], "a wrong password is data like any other"


async def test_password_door_that_is_shut_at_once() -> None:
    async with console() as place:
        await place.command_mode()
        await place.ask(b"AT+UATEN=off\rAT+ENTM\r")
        await asyncio.sleep(1)
        await place.ask(b"usr.cn#AT\r")
        assert place.packets == [b"usr.cn#AT\r"]


async def test_noise_in_command_mode() -> None:
    async with console() as place:
        await place.command_mode()
        noise = bytes(byte for byte in range(256) if byte not in b"\r+a") * 3
        reply = await place.ask(noise + b"\r")
        assert reply.endswith(b"\r\n+CME ERROR:58\r\n")
        assert await place.ask(b"AT\r") == b"AT\r" + OK


async def test_3000_characters_without_cr() -> None:
    async with console() as place:
        await place.command_mode()
        assert await place.ask(b"x" * 3000) == b""
        assert await place.ask(b"\r") == b"\r\n+CME ERROR:58\r\n", "not echoed"
        assert await place.ask(b"AT\r") == b"AT\r" + OK


async def test_time_out_of_command_mode() -> None:
    async with console(commands__timeout=60) as place:
        await place.command_mode()
        await place.ask(b"AT\r")
        for _ in range(3):
            await place.ask(b"noise\r", wait=19)
        assert place.modes[-1] is True
        await asyncio.sleep(5)
        assert place.modes[-1] is False


async def test_command_mode_for_good() -> None:
    async with console(module__mode="CMD") as place:
        assert place.modes == [True]
        assert await place.ask(b"AT+ENTM\r") == b"AT+ENTM\r" + OK
        await asyncio.sleep(3600)
        assert await place.ask(b"AT\r") == b"AT\r" + OK


async def test_nothing_is_read_while_a_command_is_carried_out() -> None:
    gate = asyncio.Event()

    async def slow_disk(call: Callable[[], Any]) -> None:
        await gate.wait()
        call()

    async with console(slow_disk) as place:
        await place.command_mode()
        read = place.port.rx_bytes
        await place.ask(b"AT+S\r")
        await place.ask(b"AT+ENTM\r" + b"x" * 50_000)
        assert place.port.rx_bytes == read + 5
        gate.set()
        await asyncio.sleep(1)
        assert b"".join(place.packets) == b"x" * 50_000


async def test_what_is_not_used_up_goes_to_the_next_life() -> None:
    async with console(uart__packet_time=500) as place:
        place.tty.write(b"half a pack")
        await asyncio.sleep(0.01)
        held = place.console.close()
        place.console = place._console()
        place.console.open(held)
        await place.ask(b"et", wait=1)
        assert place.packets == [b"half a packet"]


async def test_half_a_command_is_continued_in_the_next_life() -> None:
    async with console(module__mode="CMD") as place:
        place.tty.write(b"AT+HEART")
        await asyncio.sleep(0.01)
        held = place.console.close()
        place.console = place._console()
        place.console.open(held)
        again = asyncio.create_task(place.console.run(place.liveness))
        assert await place.ask(b"TM?\r") == b"AT+HEARTTM?\r\r\n+HEARTTM:30\r\n" + OK
        again.cancel()


async def test_command_that_hangs_is_late() -> None:
    async def dead_disk(call: Callable[[], Any]) -> None:
        await asyncio.get_running_loop().create_future()

    async with console(dead_disk) as place:
        await place.command_mode()
        await place.ask(b"AT+S\r", wait=60)
        assert not place.liveness.late()
        await asyncio.sleep(15)
        assert set(place.liveness.late()) == {"console"}


# The prompt of AT+CMGS (manual 2.2)


class Desk:
    """Takes what is typed."""

    def __init__(self) -> None:
        self.written: list[tuple[str, bytes, dict[str, str]]] = []

    def write(self, number: str, typed: bytes, session: Mapping[str, str]) -> bytes:
        self.written.append((number, typed, dict(session)))
        return b"\r\n+CMGS: 7\r\n"

    def send(self, door: Door, number: str, kind: int, data: str) -> None:
        raise AssertionError

    def inbox(self, *_: object) -> bytes:
        raise AssertionError


@asynccontextmanager
async def desk(**changes: Any) -> AsyncIterator[tuple[Place, Desk]]:
    async with console(**changes) as place:
        messages = place.commander.messages = Desk()
        place.commander._facts = lambda: replace(FACTS, modem=True)
        await place.command_mode()
        yield place, messages


SENT = b"\r\n+CMGS: 7\r\n" + OK


@pytest.mark.parametrize("size", [1, 3, 100])
async def test_cmgs_gives_a_prompt_takes_text_to_1a_and_answers(size: int) -> None:
    async with desk() as (place, messages):
        await place.ask(b'AT+CSCS="GSM"\r')
        asked = b'AT+CMGS="+4912345"\r'
        assert await place.ask(asked) == asked + b"\r\n> "
        text, got = b"hello\rAT+Z\r\nbye\x1a", b""
        for at in range(0, len(text), size):
            got += await place.ask(text[at : at + size], wait=0.01)
        assert got + await place.ask(b"") == text + SENT
        assert messages.written == [("+4912345", b"hello\rAT+Z\r\nbye", {"CSCS": '"GSM"'})]
        assert await place.ask(b"AT\r") == b"AT\r" + OK


async def test_text_that_comes_blindly_behind_the_line() -> None:
    async with desk(module__echo=False) as (place, messages):
        assert await place.ask(b'AT+CMGS="1"\r\nhello\x1aAT\r') == b"\r\n> " + SENT + OK
        assert messages.written == [("1", b"hello", {})]


async def test_1b_cancels_an_sms() -> None:
    async with desk(module__echo=False) as (place, messages):
        await place.ask(b'AT+CMGS="1"\r')
        assert await place.ask(b"hel\x1b") == OK
        assert messages.written == []
        assert await place.ask(b"AT\r") == OK


async def test_a_prompt_that_is_left_alone_ends_and_the_handshake_works_again() -> None:
    async with desk(module__echo=False) as (place, messages):
        await place.ask(b'AT+CMGS="1"\r')
        assert await place.ask(b"hel", wait=61) == b"\r\n+CME ERROR:58\r\n"
        assert messages.written == []
        assert await place.ask(b"AT+ENTM\r") == OK
        await place.command_mode()


async def test_a_restart_at_the_prompt_sends_no_text_to_the_network() -> None:
    async with desk() as (place, _):
        await place.ask(b'AT+CMGS="1"\rhel')
        assert place.console.close() == []


async def test_cmgs_without_a_modem() -> None:
    async with console(module__echo=False) as place:
        await place.command_mode()
        assert await place.ask(b'AT+CMGS="1"\r') == b"\r\n+CME ERROR:50\r\n"
        assert await place.ask(b"AT\r") == OK


async def test_a_result_is_not_said_within_the_handshake_nor_at_a_prompt() -> None:
    result = b"\r\nSMSEND OK\r\n"
    async with console(module__echo=False) as place:
        place.console.announce(result)
        await asyncio.sleep(1)
        assert place.tty.read() == result, "in data mode, too"
        assert await place.ask(b"+++") == b"a"
        place.console.announce(result)
        assert await place.ask(b"") == b""
        assert await place.ask(b"a") == b"+ok" + result
        place.commander._facts = lambda: replace(FACTS, modem=True)
        assert await place.ask(b'AT+CMGS="1"\r') == b"\r\n> "
        place.console.announce(result)
        assert await place.ask(b"hel\x1b") == OK + result
