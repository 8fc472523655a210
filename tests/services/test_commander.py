"""One engine behind the doors: what a command changes, where, and in which order."""

import asyncio
import errno
from collections.abc import Callable
from typing import Any

import pytest

from tests.services.parts import FACTS, FakeStore, at_once, settings
from usr7s3d.at.engine import Door
from usr7s3d.at.levels import Levels
from usr7s3d.services.commander import Commander
from usr7s3d.settings.model import FACTORY

OK = b"\r\nOK\r\n"
FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def levels() -> Levels:
    return Levels(FACTORY, None, settings(heartbeat__period=60))


@pytest.fixture
def commander(levels: Levels, store: FakeStore) -> Commander:
    return Commander(levels, store, lambda: FACTS, at_once)


async def test_set_is_shown_and_not_saved(
    commander: Commander, levels: Levels, store: FakeStore
) -> None:
    assert (await commander.execute("AT+HEARTTM=90", Door.UART)).reply == OK
    outcome = await commander.execute("AT+HEARTTM?", Door.CONTROL)
    assert outcome.reply == b"\r\n+HEARTTM:90\r\n" + OK
    assert levels.in_force.heartbeat.period == 60, "from the next restart"
    assert store.saved == []


async def test_what_acts_at_once(commander: Commander, levels: Levels) -> None:
    calls: list[str] = []
    levels.changed = lambda: calls.append(levels.in_force.commands.password)
    await commander.execute('AT+CMDPW="new"', Door.UART)
    await commander.execute('AT+CMDPW="new"', Door.UART)
    assert calls == ["new"]


async def test_save(commander: Commander, levels: Levels, store: FakeStore) -> None:
    await commander.execute("AT+HEARTTM=90", Door.UART)
    outcome = await commander.execute("AT+S", Door.UART)
    assert (outcome.reply, outcome.ok, outcome.restart) == (OK, True, True)
    assert [saved.heartbeat.period for saved in store.saved] == [90]
    levels.restart()
    assert levels.running.heartbeat.period == 90


async def test_restart_without_save(commander: Commander, levels: Levels) -> None:
    await commander.execute("AT+HEARTTM=90", Door.UART)
    assert (await commander.execute("AT+Z", Door.UART)).restart
    levels.restart()
    assert levels.running.heartbeat.period == 60


async def test_user_default(commander: Commander, levels: Levels, store: FakeStore) -> None:
    await commander.execute("AT+HEARTTM=90", Door.UART)
    outcome = await commander.execute("AT+CFGTF", Door.UART)
    assert outcome.ok
    assert not outcome.restart
    assert store.saved == []
    await commander.execute("AT+HEARTTM=10", Door.UART)
    assert (await commander.execute("AT+RELD", Door.UART)).restart
    levels.restart()
    assert levels.running.heartbeat.period == 90


async def test_reld_without_a_user_default(commander: Commander, levels: Levels) -> None:
    assert (await commander.execute("AT+RELD", Door.UART)).restart
    levels.restart()
    assert levels.running == FACTORY


async def test_clear_leaves_the_user_default(
    commander: Commander, levels: Levels, store: FakeStore
) -> None:
    await commander.execute("AT+CFGTF", Door.UART)
    assert (await commander.execute("AT+CLEAR", Door.UART)).restart
    levels.restart()
    assert levels.running == FACTORY
    assert levels.default.heartbeat.period == 60
    assert len(store.user_defaults) == 1


@pytest.mark.parametrize("line", ["AT+S", "AT+RELD", "AT+CLEAR", "AT+CFGTF"])
async def test_full_disk(
    commander: Commander,
    levels: Levels,
    store: FakeStore,
    line: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Error 50, the old ones stay, no restart; once there is room it works."""
    await commander.execute("AT+HEARTTM=90", Door.UART)
    store.failure = FULL
    outcome = await commander.execute(line, Door.UART)
    assert (outcome.reply, outcome.ok) == (b"\r\n+CME ERROR:50\r\n", False)
    assert not outcome.restart
    assert levels.saved.heartbeat.period == 60
    assert levels.user_default is None
    assert "settings: not saved, the old ones stay: [Errno 28] No space left on device" in (
        caplog.messages
    )
    store.failure = None
    assert (await commander.execute(line, Door.UART)).ok


async def test_overlong_line(commander: Commander) -> None:
    outcome = await commander.execute(None, Door.UART)
    assert (outcome.reply, outcome.ok) == (b"\r\n+CME ERROR:58\r\n", False)


async def test_entm_is_for_the_door_to_act_on(commander: Commander) -> None:
    outcome = await commander.execute("AT+ENTM", Door.CONTROL)
    assert (outcome.ok, outcome.leave_command_mode, outcome.restart) == (True, True, False)


async def test_one_at_a_time(levels: Levels, store: FakeStore) -> None:
    gate = asyncio.Event()

    async def slow_disk(call: Callable[[], Any]) -> None:
        await gate.wait()
        call()

    commander = Commander(levels, store, lambda: FACTS, slow_disk)
    save = asyncio.create_task(commander.execute("AT+S", Door.UART))
    change = asyncio.create_task(commander.execute("AT+HEARTTM=90", Door.CONTROL))
    idle = asyncio.create_task(commander.idle())
    await asyncio.sleep(1)
    assert not save.done()
    assert not change.done()
    assert not idle.done()
    gate.set()
    await idle
    assert save.done()
    assert levels.running.heartbeat.period == 90
    assert store.saved[0].heartbeat.period == 60


async def test_secrets_stay_out_of_the_log(
    commander: Commander, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    for line in (
        'AT+CMDPW="hush-1"',
        "AT+CMDPW=hush-2",
        'AT+APN="net","user","hush-3"',
        "AT+CLOUDPA=hush-456",
        "AT+CLOUDPA=hush-too-long",
        "at + cmdpw = hush",
    ):
        await commander.execute(line, Door.UART)
    assert "uart: AT+CMDPW was set" in caplog.messages
    assert "hush" not in caplog.text
