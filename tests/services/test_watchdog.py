"""The watchdog is fed while nobody is late, and only then."""

import asyncio

import pytest

from usr7s3d.core.liveness import GRACE, Liveness
from usr7s3d.services import watchdog


class Systemd:
    """Notes when it was told that all is well."""

    def __init__(self, seconds: float | None) -> None:
        self.watchdog = seconds
        self.fed: list[float] = []

    def alive(self) -> None:
        self.fed.append(asyncio.get_running_loop().time())


async def test_no_watchdog_no_work() -> None:
    await watchdog.feed(Systemd(None), Liveness(asyncio.get_running_loop().time))


async def test_three_signs_of_life_in_the_time_allowed() -> None:
    systemd = Systemd(30.0)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(35):
            await watchdog.feed(systemd, Liveness(asyncio.get_running_loop().time))
    assert systemd.fed == pytest.approx([0, 10, 20, 30])


async def test_who_hangs_is_named_once(caplog: pytest.LogCaptureFixture) -> None:
    clock = asyncio.get_running_loop().time
    liveness, systemd = Liveness(clock), Systemd(30.0)
    feeding = asyncio.create_task(watchdog.feed(systemd, liveness))
    with liveness.pulse("A") as pulse, liveness.pulse("UART") as other, other.waiting():
        with pulse.waiting(20):
            await asyncio.sleep(20 + GRACE + 35)
        assert systemd.fed[-1] <= 20 + GRACE
        assert caplog.messages == ["watchdog: A hangs: it should have acted 10 s ago"]
        with pulse.waiting():
            await asyncio.sleep(15)
        assert caplog.messages[1:] == ["watchdog: A goes on"]
        assert clock() - systemd.fed[-1] <= 10
    feeding.cancel()
