"""The module's keys."""

import asyncio

import pytest

from tests.services.fake_lamps import FakeKey
from tests.services.parts import no_jitter, running
from usr7s3d.core.backoff import Backoff
from usr7s3d.services.pins import Pin


class Acts:
    """When the key acted."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def act(self) -> None:
        self.times.append(round(asyncio.get_running_loop().time(), 3))


def pin(acts: Acts, hold: float, *keys: "FakeKey | OSError") -> Pin:
    left = list(keys)

    def opener() -> FakeKey:
        key = left.pop(0)
        if isinstance(key, OSError):
            raise key
        return key

    return Pin("reload", hold, acts.act, opener, Backoff(1.0, 60.0, no_jitter))


async def test_reload_acts_when_it_was_held_3_s() -> None:
    acts, key = Acts(), FakeKey()
    async with running(pin(acts, 3.0, key)):
        key.press(True)
        await asyncio.sleep(2.9)
        key.press(False)
        await asyncio.sleep(1)
        key.press(True)
        await asyncio.sleep(10)
        key.press(False)
        await asyncio.sleep(10)
    assert acts.times == [6.9]


async def test_reset_acts_when_it_is_pressed() -> None:
    acts, key = Acts(), FakeKey()
    async with running(pin(acts, 0.0, key)):
        key.press(True)
        key.press(False)
        key.press(True)
        await asyncio.sleep(5)
    assert acts.times == [0.05]


async def test_a_chip_that_comes_late_and_goes_again(caplog: pytest.LogCaptureFixture) -> None:
    acts, missing = Acts(), OSError(19, "no GPIO chip that we may open")
    first, second = FakeKey(), FakeKey()
    async with running(pin(acts, 0.0, missing, missing, first, second)):
        await asyncio.sleep(4)
        first.break_off()
        await asyncio.sleep(2)
        second.press(True)
        await asyncio.sleep(1)
    assert acts.times == [6.05]
    assert caplog.text.count("waiting for it") == 1
    assert "has gone: [Errno 19]" in caplog.text
