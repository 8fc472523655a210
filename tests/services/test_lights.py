"""The module's lights, on lamps that keep a history."""

import asyncio

import pytest

from tests.services.fake_lamps import FakeLamp
from tests.services.parts import no_jitter, running, settle
from usr7s3d.core.backoff import Backoff
from usr7s3d.core.lights import steady
from usr7s3d.core.liveness import Liveness
from usr7s3d.services.lights import Lights


class Module:
    """What the lights ask: attached, and each link's state."""

    def __init__(self) -> None:
        self.attached = False
        self.links = {"A": "connecting", "B": "off"}

    def facts(self) -> dict[str, bool]:
        return steady(self.attached, self.links)


def lights(module: Module, **lamps: FakeLamp) -> Lights:
    openers = {name: lamp.open for name, lamp in lamps.items()}
    return Lights(openers, module.facts, Backoff(1.0, 60.0, no_jitter))


@pytest.mark.manual("3.7", "POWER, GPRS, LINK1: on or off")
@pytest.mark.manual("1.2", "POWER, then GPRS, then LINK1 go on")
async def test_they_follow_the_states() -> None:
    module, power, gprs, linka = Module(), FakeLamp(), FakeLamp(), FakeLamp()
    service = lights(module, power=power, gprs=gprs, linka=linka)
    async with running(service):
        assert (power.levels, gprs.levels, linka.levels) == ([True], [], [])
        module.attached, module.links["A"] = True, "connected"
        service.refresh()
        service.refresh()
        module.links["A"] = "waiting"
        service.refresh()
    assert power.levels == [True, "closed"]
    assert gprs.levels == [True, "closed"]
    assert linka.levels == [True, False, "closed"]


@pytest.mark.manual("1.2", "DATA is on for a while when data passes")
async def test_data_is_lit_50_ms_for_each_run() -> None:
    lamp = FakeLamp()
    service = lights(Module(), data=lamp)
    async with running(service):
        service.moved("UART", "A", 10)
        await asyncio.sleep(0.030)
        service.moved("A", "UART", 10)
        await asyncio.sleep(1)
        service.moved("UART", "A", 10)
        await asyncio.sleep(1)
    times = [(round(at, 3), what) for at, what in lamp.history]
    assert times[:4] == [(0, True), (0.08, False), (1.03, True), (1.08, False)]


async def test_work_toggles_each_second() -> None:
    lamp = FakeLamp()
    async with running(lights(Module(), work=lamp)):
        await asyncio.sleep(3.5)
    assert lamp.history[:4] == [(0, True), (1, False), (2, True), (3, False)]


async def test_the_kernel_toggles_work_where_it_can() -> None:
    lamp = FakeLamp(blinks=True)
    async with running(lights(Module(), work=lamp)):
        await asyncio.sleep(100)
    assert lamp.levels == ["blinks 1", "closed"]


async def test_the_kernels_pace_is_asked_for_until_udev_has_handed_it_over() -> None:
    lamp = FakeLamp(blinks=False)
    async with running(lights(Module(), work=lamp)):
        await asyncio.sleep(1.5)
        lamp.blinks = True
        await asyncio.sleep(100)
    assert lamp.levels == ["blinks 1"] * 3 + ["closed"]


async def test_and_not_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    lamp = FakeLamp(blinks=False)
    async with running(lights(Module(), work=lamp)):
        await asyncio.sleep(1000)
    assert lamp.levels == ["blinks 1"] * 10 + ["closed"]
    assert caplog.text.count("own pace") == 1


async def test_a_light_that_is_not_there_is_waited_for(caplog: pytest.LogCaptureFixture) -> None:
    power, linka = FakeLamp(), FakeLamp()
    power.broken = True
    async with running(lights(Module(), power=power, linka=linka)):
        await asyncio.sleep(100)
        assert (power.opened, linka.opened) == (7, 1)  # after 1, 2, 4 ... 60 s
        power.broken = False
        await asyncio.sleep(60)
        assert power.levels == [True]
    assert caplog.text.count("LED POWER") == 1


async def test_a_light_that_goes_is_taken_again(caplog: pytest.LogCaptureFixture) -> None:
    module, lamp = Module(), FakeLamp()
    service = lights(module, linka=lamp)
    async with running(service):
        lamp.broken = True
        module.links["A"] = "connected"
        service.refresh()
        await settle()
        lamp.broken = False
        await asyncio.sleep(5)
    assert lamp.levels == ["closed", True, "closed"]
    assert "LED LINKA: has gone" in caplog.text


async def test_lights_that_stand_still_wake_nobody() -> None:
    liveness = Liveness(asyncio.get_running_loop().time)
    async with running(lights(Module(), power=FakeLamp(), data=FakeLamp()), liveness=liveness):
        handles = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
        assert not [each for each in handles if not each.cancelled()]
        assert not liveness.late()
