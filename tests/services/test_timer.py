"""A deadline that moves on with every byte."""

import asyncio
from collections.abc import Callable

import pytest

from usr7s3d.services.timer import LazyTimer


class Due:
    """Notes when it is called; ``deadline`` is what it is really waiting for."""

    def __init__(self) -> None:
        self.calls: list[float] = []
        self.deadline: float | None = None
        self.timer = LazyTimer(self._expired)

    def _expired(self) -> None:
        now = asyncio.get_running_loop().time()
        self.calls.append(now)
        if self.deadline is not None and now < self.deadline:
            self.timer.set(self.deadline)

    def move(self, deadline: float | None) -> None:
        self.deadline = deadline
        self.timer.set(deadline)


@pytest.mark.parametrize(
    ("moves", "fires"),
    [
        ([5.0], [5.0]),
        ([5.0, 7.0], [5.0, 7.0]),  # the timer of the first fires, finds nothing due, and goes on
        ([5.0, 3.0], [3.0]),
        ([5.0, None], [5.0]),  # once in vain is cheaper than to cancel with every byte
        ([None], []),
        ([5.0, None, 6.0], [5.0, 6.0]),
    ],
)
async def test_deadlines(moves: list[float | None], fires: list[float]) -> None:
    due = Due()
    for deadline in moves:
        due.move(deadline)
    await asyncio.sleep(20)
    assert due.calls == pytest.approx(fires)


async def test_many_moves_make_one_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    due = Due()
    loop = asyncio.get_running_loop()
    calls = 0
    call_at: Callable[..., asyncio.TimerHandle] = loop.call_at

    def counting(*args: object) -> asyncio.TimerHandle:
        nonlocal calls
        calls += 1
        return call_at(*args)

    monkeypatch.setattr(loop, "call_at", counting)
    for step in range(1000):
        due.move(1.0 + step / 1000)
    assert calls == 1
    due.timer.stop()


async def test_stop() -> None:
    due = Due()
    due.move(1.0)
    due.timer.stop()
    due.timer.stop()
    await asyncio.sleep(2)
    assert not due.calls
