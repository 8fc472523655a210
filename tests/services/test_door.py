"""Commands with password that come over a link (manual 4.1.3)."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.services.fake_channel import REFUSED, Server, make_link
from tests.services.parts import FACTS, FakeStore, running, settings, settle
from usr7s3d.at.engine import Door
from usr7s3d.at.levels import Levels
from usr7s3d.core.guesses import Bucket
from usr7s3d.services.commander import Commander
from usr7s3d.services.links.door import GUESSES, REFILL, NetworkDoor

VER = b"secret#\r\n+VER:1.0\r\n\r\nOK\r\n"


async def at_once(call: Callable[[], None]) -> None:
    call()


class House:
    """One link with its door, and all that came of what the server sent."""

    def __init__(self, *, shut: str = "", in_thread: Any = at_once, **changes: object) -> None:
        levels = Levels(settings(), None, settings(commands__password="secret", **changes))
        self.store = FakeStore()
        self.commander = Commander(levels, self.store, lambda: FACTS, in_thread)
        self.server = Server()
        self.link = make_link(self.server)
        self.delivered = b""
        self.restarts = 0
        self.shut = shut
        self.door = NetworkDoor(
            self.link,
            self.commander,
            Bucket(GUESSES, REFILL, asyncio.get_running_loop().time()),
            deliver=self._deliver,
            restart=self._restart,
            shut=lambda: self.shut,
        )
        self.link.received = self.door.receive
        levels.changed = self.door.refresh

    def _deliver(self, data: bytes) -> None:
        self.delivered += data

    def _restart(self) -> None:
        self.restarts += 1

    async def says(self, data: bytes) -> bytes:
        """What the server gets for ``data``, sent after a silence."""
        await asyncio.sleep(1)
        before = len(self.server.channel.data)
        self.server.channel.deliver(data)
        await asyncio.sleep(0.3)
        return self.server.channel.data[before:]


@pytest.mark.manual("4.1.3", "a command from the network server")
async def test_usr_cn_at_of_manual_4_1_3_with_our_password() -> None:
    house = House()
    async with running(house.link, house.door):
        assert await house.says(b"secret#AT+VER\r\n") == VER
        assert await house.says(b"secret#AT+VER") == VER  # the manual prints no CR
        assert house.delivered == b""


@pytest.mark.manual("4.1.3", "the reply comes over the network")
async def test_the_reply_has_no_echo_and_the_prefix_as_received() -> None:
    house = House()
    async with running(house.link, house.door):
        assert await house.says(b"secret#at+heartm\r") == b"secret#\r\n+CME ERROR:58\r\n"
        assert await house.says(b"secret#at+heartm=60\r") == b"secret#\r\n+CME ERROR:58\r\n"
        assert await house.says(b"secret#AT+HEARTTM\r") == b"secret#\r\n+HEARTTM:30\r\n\r\nOK\r\n"


async def test_data_and_a_wrong_password_go_to_the_uart() -> None:
    house = House()
    async with running(house.link, house.door):
        assert await house.says(b"data") == b""
        assert await house.says(b"wrong#AT+VER\r") == b""
        assert house.delivered == b"datawrong#AT+VER\r"
        assert house.link.counters.guesses == 1


@pytest.mark.manual("4.1.3", "NATEN switches it")
async def test_naten_off_acts_at_once() -> None:
    house = House()
    async with running(house.link, house.door):
        assert b"OK" in await house.says(b"secret#AT+NATEN=off\r")
        assert house.door.state == "off"
        assert await house.says(b"secret#AT+VER\r") == b""
        assert house.delivered == b"secret#AT+VER\r"
        assert house.link.counters.guesses == 0


@pytest.mark.manual("4.2.1.9", "the command password")
async def test_a_new_password_acts_for_the_next_command_in_the_same_segment() -> None:
    house = House()
    async with running(house.link, house.door):
        reply = await house.says(b'secret#AT+CMDPW="new"\rnew#AT+VER\rsecret#AT+VER\r')
        assert reply == b"secret#\r\nOK\r\n" + VER.replace(b"secret", b"new")
        assert house.delivered == b"secret#AT+VER\r"


class SlowDisk:
    """Calls that end when the test says so."""

    def __init__(self) -> None:
        self.ready = asyncio.Event()

    async def __call__(self, call: Callable[[], None]) -> None:
        await self.ready.wait()
        call()


async def test_what_stands_behind_a_command_waits_for_it_however_long_it_takes() -> None:
    disk = SlowDisk()
    house = House(in_thread=disk)
    async with running(house.link, house.door):
        assert await house.says(b"secret#AT+CFGTF\rsecret#AT+VER\rdata") == b""
        assert (house.delivered, house.server.channel.reading) == (b"", False)
        await asyncio.sleep(5)
        disk.ready.set()
        await asyncio.sleep(0.3)
        assert house.server.channel.data == b"secret#\r\nOK\r\n" + VER
        assert (house.delivered, house.server.channel.reading) == (b"data", True)


async def test_a_command_that_has_to_wait_may_still_change_the_password_of_the_next() -> None:
    disk = SlowDisk()
    house = House(in_thread=disk)
    async with running(house.link, house.door), asyncio.TaskGroup() as others:
        others.create_task(house.commander.execute("AT+CFGTF", Door.CONTROL))
        house.server.channel.deliver(b'secret#AT+CMDPW="n')
        house.server.channel.deliver(b'ew"\rnew#AT+VER')  # within the time that the first part set
        await asyncio.sleep(5)
        assert (house.delivered, house.server.channel.data) == (b"", b"")
        disk.ready.set()
        await asyncio.sleep(0.3)
        expected = b"secret#\r\nOK\r\n" + VER.replace(b"secret", b"new")
        assert (house.delivered, house.server.channel.data) == (b"", expected)


async def test_a_guess_directly_behind_a_command_counts() -> None:
    house = House()
    async with running(house.link, house.door):
        house.server.channel.deliver(b"some data")
        await asyncio.sleep(0.05)
        house.server.channel.deliver(b"secret#AT+VER\rguess#AT+VER\r")
        await asyncio.sleep(0.1)
        assert house.delivered == b"some dataguess#AT+VER\r"
        assert house.link.counters.guesses == 1


async def test_the_link_is_not_read_between_two_commands_of_a_segment() -> None:
    disk = SlowDisk()
    house = House(in_thread=disk)
    async with running(house.link, house.door):
        await house.says(b"secret#AT+VER\rsecret#AT+CFGTF\rsecret#AT+CFGTF\r")
        assert not house.server.channel.reading
        disk.ready.set()
        await settle()
        assert house.server.channel.reading


async def test_a_restart_comes_after_the_reply() -> None:
    house = House()
    async with running(house.link, house.door):
        assert await house.says(b"secret#AT+Z\r") == b"secret#\r\nOK\r\n"
        assert house.restarts == 1


# A connection ends


async def test_the_reply_to_a_connection_that_has_gone_is_for_nobody() -> None:
    disk = SlowDisk()
    house = House(in_thread=disk)
    async with running(house.link, house.door):
        await house.says(b"secret#AT+CFGTF\rda")
        house.server.channel.lose(REFUSED)
        await asyncio.sleep(1.1)
        assert len(house.server.channels) == 2
        disk.ready.set()
        await settle()
        assert [channel.data for channel in house.server.channels] == [b"", b""]
        assert house.delivered == b"da"
        assert await house.says(b"secret#AT+VER\r") == VER


async def test_bytes_of_the_old_connection_are_delivered_and_join_nothing_new() -> None:
    house = House()
    async with running(house.link, house.door):
        house.server.channel.deliver(b"sec")
        house.link.connected()  # within the 50 ms
        house.server.channel.deliver(b"ret#AT+VER\r")
        assert house.delivered == b"secret#AT+VER\r"
        house.server.channel.deliver(b"x")
        house.link.connected()
        house.server.channel.deliver(b"secret#AT+VER\r")  # starts a packet: the stream is new
        await settle()
        assert house.server.channel.data == VER


async def test_at_a_restart_held_data_is_delivered_and_a_held_command_is_not() -> None:
    house = House()
    async with running(house.link, house.door):
        house.server.channel.deliver(b"sec")
        house.door.close()
        assert house.delivered == b"sec"
    house = House()
    async with running(house.link, house.door):
        house.server.channel.deliver(b"secret#AT+VER")
        house.door.close()
        assert house.delivered == b""


# Shut and locked


async def test_a_command_at_a_shut_door_is_swallowed_counted_and_told_once_a_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House(shut="CMDPW is the printed one; [safety] allow_default_password allows it")
    async with running(house.link, house.door):
        for _ in range(3):
            assert await house.says(b"secret#AT+Z\rdata") == b""
        assert (house.delivered, house.restarts) == (b"data" * 3, 0)
        assert house.link.counters.refused_commands == 3
        assert house.door.state == "shut"
        assert caplog.text.count("allow_default_password") == 1
        house.server.channel.lose(REFUSED)
        await asyncio.sleep(1.1)
        await house.says(b"secret#AT+Z\r")
        assert caplog.text.count("allow_default_password") == 2


async def test_thousands_of_refused_commands_in_one_datagram_are_just_refused() -> None:
    house = House(shut="shut")
    async with running(house.link, house.door):
        house.server.channel.deliver(b"secret#AT\r" * 6000)
        assert house.link.counters.refused_commands == 6000


async def test_after_5_guesses_the_door_is_locked_and_the_right_password_is_swallowed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House()
    async with running(house.link, house.door):
        for n in range(5):
            assert house.door.state == "open"
            await house.says(b"guess%d#AT+VER\r" % n)
        assert house.door.state == "locked"
        assert await house.says(b"secret#AT+VER\r") == b""
        assert b"secret" not in house.delivered
        assert house.link.counters.refused_commands == 1
        await asyncio.sleep(60)
        assert house.door.state == "open"
        assert await house.says(b"secret#AT+VER\r") == VER
    assert caplog.text.count("wrong password") >= 5
    assert "no more commands for a while" in caplog.text


async def test_a_flood_of_guesses_is_counted_and_logged_no_more_than_the_bucket_holds(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House()
    async with running(house.link, house.door):
        for _ in range(50):
            house.server.channel.deliver(b"guess#AT+VER\r")
            await asyncio.sleep(0.06)
        assert house.link.counters.guesses == 50
    assert len([line for line in caplog.messages if "with a wrong password" in line]) == 5


@pytest.mark.parametrize("cut", range(1, 14))
async def test_a_guess_split_across_segments_counts(cut: int) -> None:
    house = House()
    guess = b"secreT#AT+VER\r"
    async with running(house.link, house.door):
        house.server.channel.deliver(guess[:cut])
        await asyncio.sleep(0.02)
        house.server.channel.deliver(guess[cut:])
        await asyncio.sleep(0.3)
        assert (house.delivered, house.link.counters.guesses) == (guess, 1)


async def test_no_password_right_or_wrong_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    house = House()
    async with running(house.link, house.door):
        await house.says(b"guess#AT+VER\r")
        await house.says(b'secret#AT+CMDPW="hidden"\r')
        await house.says(b'hidden#AT+APN="net","user","apnkey"\r')
        await house.says(b'hidden#AT+CLOUDPA="12345678"\r')
        await house.says(b"hidden#AT+NOSUCH=tell\r")
        house.shut = "shut"
        await house.says(b"hidden#AT+VER\r")
    assert caplog.messages
    for secret in ("guess", "secret", "hidden", "apnkey", "12345678", "tell"):
        assert secret not in caplog.text


async def test_commands_of_a_lost_connection_are_answered_on_no_other() -> None:
    gate = asyncio.Event()

    async def slowly(call: Callable[[], None]) -> None:
        await gate.wait()
        call()

    house = House(in_thread=slowly)
    async with running(house.link, house.door):
        await house.says(b"secret#AT+CFGTF\rsecret#AT+VER\rsecr")
        house.server.channel.lose()
        await asyncio.sleep(2)
        assert len(house.server.channels) == 2
        gate.set()
        await settle()
        assert house.server.channel.data == b""
        assert house.server.channel.reading
        house.server.channel.deliver(b"et#AT+VER\r")  # no end of what the lost one began
        await asyncio.sleep(0.3)
        assert house.server.channel.data == b""
        assert house.delivered == b"secret#AT+VER\r"
