"""A modem that is brought back without a visit."""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import pytest

from tests.services.parts import at_once, running
from usr7s3d.core.ladder import FIRST_PAUSE, PATIENCE, STABLE, Trouble
from usr7s3d.devices.state import Store
from usr7s3d.hostconfig.kinds import GpioLine
from usr7s3d.hostconfig.model import Modem as Config
from usr7s3d.modem.command import Command
from usr7s3d.modem.dialogue import Answer
from usr7s3d.modem.results import Final, Verdict
from usr7s3d.modem.seen import ABSENT, REGISTERED, SEARCHING, STARTING, Seen
from usr7s3d.services.mobile.recovery import Recovery

T = TypeVar("T")
SILENT = "3 commands without an answer"
KEY = GpioLine("gpiochip0", "4")


class Modem:
    """What is seen of one."""

    def __init__(self) -> None:
        self.seen = Seen(state=STARTING, usb="1-1.2", at_port="/dev/ttyUSB2")
        self.asked: list[tuple[float, str]] = []
        self.final = Final(Verdict.OK)
        self.reopened: list[str] = []
        self._changed = asyncio.Event()

    async def ask(self, command: Command) -> Answer:
        self.asked.append((asyncio.get_running_loop().time(), command.text))
        return Answer(command, self.final)

    def reopen(self, why: str) -> None:
        self.reopened.append(why)

    def is_now(self, state: str) -> None:
        plugged = state != ABSENT
        self.seen = Seen(
            state=state,
            usb="1-1.2" if plugged else "",
            at_port="/dev/ttyUSB2" if plugged else "",
        )
        self._changed.set()

    async def known(self, what: Callable[[Seen], T], limit: float) -> T:
        with suppress(TimeoutError):
            async with asyncio.timeout(limit):
                while not what(self.seen):
                    self._changed.clear()
                    await self._changed.wait()
        return what(self.seen)


class Hands:
    """What was done, and when."""

    def __init__(self) -> None:
        self.done: list[tuple[float, str]] = []
        self.failure: OSError | None = None

    def _note(self, what: str) -> None:
        self.done.append((asyncio.get_running_loop().time(), what))
        if self.failure:
            raise self.failure

    async def restart(self, port: str) -> None:
        self._note(f"cfun {port}")

    async def usb_reset(self, plug: str) -> None:
        self._note(f"usb {plug}")

    async def power(self, plug: str, port: str) -> None:
        self._note(f"power {plug} {port}")

    async def reboot(self) -> None:
        self._note("reboot")


class Notes:
    """A state folder in memory."""

    def __init__(self) -> None:
        self.tables: Mapping[str, Mapping[str, str]] = {}
        self.writes = 0
        self.failure: OSError | None = None

    def notes(self, name: str) -> dict[str, dict[str, str]]:
        assert name == "recovery.toml"
        return {table: dict(rows) for table, rows in self.tables.items()}

    def keep_notes(self, name: str, words: str, tables: Mapping[str, Mapping[str, str]]) -> None:
        self.writes += 1
        if self.failure:
            raise self.failure
        self.tables = tables


class Place:
    def __init__(self, config: Config | None = None, notes: Notes | None = None) -> None:
        self.modem, self.hands, self.notes = Modem(), Hands(), notes or Notes()
        self.recovery = Recovery(config or Config(), self.modem, self.hands, self.notes, at_once)

    @property
    def done(self) -> list[str]:
        return [what for _, what in self.hands.done]

    async def mute(self, seconds: float) -> None:
        """The modem's owner asks for help every 30 s, as long as nothing comes back."""
        for _ in range(int(seconds / 30)):
            await self.recovery.rescue(SILENT)
            await asyncio.sleep(30)


async def test_a_mute_modem_climbs_to_the_usb_reset(caplog: pytest.LogCaptureFixture) -> None:
    place = Place()
    async with running(place.recovery):
        await place.mute(90)
    assert place.hands.done == [(0, "cfun /dev/ttyUSB2"), (60, "usb 1-1.2")]
    assert f"modem: cfun: the modem does not answer ({SILENT})" in caplog.text


async def test_power_and_reboot_only_where_the_owner_says_so() -> None:
    place = Place(Config(power=KEY, reboot=True))
    async with running(place.recovery):
        await place.mute(900)
    assert place.done == ["cfun /dev/ttyUSB2", "usb 1-1.2", "power 1-1.2 /dev/ttyUSB2", "reboot"]


async def test_a_healthy_modem_is_never_touched() -> None:
    place = Place(Config(power=KEY, reboot=True))
    async with running(place.recovery):
        for state in (SEARCHING, REGISTERED, SEARCHING, REGISTERED):
            place.modem.is_now(state)
            await asyncio.sleep(20000)
    assert (place.done, place.notes.writes) == ([], 0)


async def test_registered_and_refused_for_half_an_hour() -> None:
    place = Place()
    place.modem.is_now(REGISTERED)
    async with running(place.recovery):
        for _ in range(8):
            place.recovery.refused("NO CARRIER")
            await asyncio.sleep(300)
    # Its owner has the port: nobody else could open it.
    assert place.modem.asked == [(PATIENCE[Trouble.REFUSED], "AT+CFUN=1,1")]
    assert (len(place.modem.reopened), place.done) == (1, [])


async def test_one_that_refuses_to_be_restarted(caplog: pytest.LogCaptureFixture) -> None:
    place = Place()
    place.modem.is_now(REGISTERED)
    place.modem.final = Final(Verdict.ERROR)
    async with running(place.recovery):
        for _ in range(14):
            place.recovery.refused("NO CARRIER")
            await asyncio.sleep(300)
    assert "modem: cfun: the modem refuses" in caplog.text
    assert place.modem.reopened == []
    assert place.done == ["usb 1-1.2"]  # half an hour later


async def test_a_port_that_is_opened_anew_does_not_end_the_half_hour() -> None:
    place = Place()
    place.modem.is_now(REGISTERED)
    async with running(place.recovery):
        for _ in range(8):
            place.recovery.refused("no address in 90 s")
            place.modem.is_now(STARTING)
            await asyncio.sleep(5)
            place.modem.is_now(REGISTERED)
            await asyncio.sleep(295)
    assert len(place.modem.asked) == 1


async def test_no_reboot_without_a_record_of_it(caplog: pytest.LogCaptureFixture) -> None:
    """A full disk, and a machine that finds itself at the bottom of the ladder at each start."""
    place = Place(Config(reboot=True))
    place.notes.failure = OSError(28, "No space left on device")
    async with running(place.recovery):
        await place.mute(900)
        assert place.done == ["cfun /dev/ttyUSB2", "usb 1-1.2"]
        assert "reboot: not without a record of it" in caplog.text
        place.notes.failure = None
        await place.mute(1200)
        assert place.done[-1] == "reboot"
        assert place.notes.tables["taken"]["reboot"] == "2"


async def test_a_record_of_a_year_of_trouble() -> None:
    notes = Notes()
    notes.tables = {"recovery": {"climbs": "5000"}, "taken": {}}
    place = Place(notes=notes)
    async with running(place.recovery):
        await place.mute(60)
        assert place.done == []


async def test_a_connection_ends_the_half_hour() -> None:
    place = Place()
    place.modem.is_now(REGISTERED)
    async with running(place.recovery):
        for _ in range(20):
            place.recovery.refused("NO CARRIER")
            await asyncio.sleep(300)
            place.recovery.connected()
    assert place.done == []


async def test_a_modem_that_is_gone_gets_its_power_key() -> None:
    place = Place(Config(power=KEY))
    place.modem.is_now(REGISTERED)
    async with running(place.recovery):
        await asyncio.sleep(10)
        place.modem.is_now(ABSENT)
        await asyncio.sleep(200)
    assert place.hands.done == [(10 + PATIENCE[Trouble.GONE], "power 1-1.2 /dev/ttyUSB2")]


async def test_one_that_has_never_been_there_gets_its_key_and_nothing_ruder() -> None:
    """Off since a power cut, or since we were stopped between two presses."""
    place = Place(Config(power=KEY, reboot=True))
    place.modem.is_now(ABSENT)
    async with running(place.recovery):
        await asyncio.sleep(20000)
    assert {what for _, what in place.hands.done} == {"power  "}
    at = [at for at, _ in place.hands.done]
    assert at == [120, 420, 1020, 2220, 4620, 9420, 19020]


async def test_without_a_key_it_is_waited_for() -> None:
    place = Place(Config(reboot=True))
    place.modem.is_now(ABSENT)
    async with running(place.recovery):
        await asyncio.sleep(20000)
    assert (place.done, place.notes.writes) == ([], 0)


async def test_one_that_comes_in_time_gets_no_key() -> None:
    place = Place(Config(power=KEY))
    place.modem.is_now(ABSENT)
    async with running(place.recovery):
        await asyncio.sleep(100)
        place.modem.is_now(SEARCHING)
        await asyncio.sleep(20000)
    assert place.done == []


async def test_the_climbs_outlive_the_process() -> None:
    first = Place()
    async with running(first.recovery):
        await first.mute(90)
    second = Place(notes=first.notes)
    assert second.recovery.record.taken == {"cfun": 1, "usb_reset": 1}
    assert second.recovery.record.last.startswith("usb_reset: the modem does not answer")
    async with running(second.recovery):
        await second.mute(FIRST_PAUSE)
        assert second.done == []
        await second.mute(60)
        assert second.done == ["cfun /dev/ttyUSB2"]


async def test_ten_good_minutes_are_forgotten_trouble() -> None:
    place = Place()
    async with running(place.recovery):
        await place.mute(90)
        assert place.notes.tables["recovery"]["climbs"] == "1"
        place.modem.is_now(REGISTERED)
        await asyncio.sleep(STABLE + 1)
        assert place.notes.tables["recovery"]["climbs"] == "0"
        assert place.notes.writes == 3


async def test_a_step_that_fails_is_told_and_the_next_one_taken(
    caplog: pytest.LogCaptureFixture,
) -> None:
    place = Place()
    place.hands.failure = PermissionError(13, "Permission denied")
    place.notes.failure = OSError(28, "No space left on device")
    async with running(place.recovery):
        await place.mute(90)
    assert place.done == ["cfun /dev/ttyUSB2", "usb 1-1.2"]
    assert "modem: usb_reset: Permission denied" in caplog.text
    assert "recovery.toml: not written" in caplog.text


async def test_a_file_of_nonsense_counts_for_nothing() -> None:
    notes = Notes()
    notes.tables = {"recovery": {"climbs": "many"}, "taken": {"cfun": "9" * 100}}
    assert Place(notes=notes).recovery.record.climbs == 0


async def test_a_record_that_was_cut_anywhere_or_is_not_ours(tmp_path: Path) -> None:
    """It counts for what can be read, and what is written next can be read again."""
    store, file = Store(tmp_path), tmp_path / "recovery.toml"
    tables = {
        "recovery": {"climbs": "7", "last": "reboot: the modem does not answer"},
        "taken": {"cfun": "3", "reboot": "2"},
    }
    store.keep_notes("recovery.toml", "Words.", tables)
    whole = file.read_bytes()
    hostile = b'[taken]\n"a\\"b" = "1"\n"cfun" = "\xd9\xa3"\n[recovery]\n"last" = "x\\ny\\u0000"\n'
    cuts = [whole[:n] for n in range(len(whole) + 1)]
    for data in [*cuts, hostile, b"\xff\xfe", b"[recovery]\nclimbs = 7\n", b"recovery = 3\n"]:
        file.write_bytes(data)
        place = Place(Config(reboot=True))
        place.recovery = Recovery(Config(), place.modem, place.hands, store, at_once)
        assert place.recovery.record.climbs in (0, 7)
        async with running(place.recovery):
            await place.mute(90)
        assert set(store.notes("recovery.toml")) <= {"recovery", "taken"}
        assert "recovery.toml.new" not in os.listdir(tmp_path)
    assert place.recovery.record.taken.keys() == {"cfun", "usb_reset"}
