"""The clock that jumps is itself tested, since so much stands on it."""

import asyncio
import math
import socket
import time
from concurrent.futures import Executor, Future
from typing import Any

import pytest

from tests import virtual_clock


async def test_waiting_takes_no_time_and_happens_in_order() -> None:
    loop = asyncio.get_running_loop()
    woken: list[tuple[str, float]] = []

    async def sleeper(name: str, seconds: float) -> None:
        await asyncio.sleep(seconds)
        woken.append((name, loop.time()))

    started = time.monotonic()
    await asyncio.gather(sleeper("late", 3600), sleeper("early", 0.05), sleeper("never", 0))
    assert woken == [("never", 0), ("early", 0.05), ("late", 3600)]
    assert time.monotonic() - started < 1


async def test_timeouts_end_what_they_should() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(100):
            await asyncio.Event().wait()
    assert asyncio.get_running_loop().time() == pytest.approx(100)


def test_what_can_never_happen_fails_at_once_and_says_who_waits() -> None:
    async def patient() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(patient(), name="A")

    match = r"nothing can happen any more\n(.*\n)*  A: .*test_virtual_clock.py:\d+ in .*patient"
    with pytest.raises(AssertionError, match=match):
        virtual_clock.run(main())


def test_a_clock_that_ticks_on_for_nothing_is_stopped() -> None:
    async def heartbeat() -> None:
        while True:  # noqa: ASYNC110  # the thing to be stopped
            await asyncio.sleep(30)

    with pytest.raises(AssertionError, match="still waiting after 3600 s"):
        virtual_clock.run(heartbeat(), limit=3600)
    with pytest.raises(AssertionError, match="still waiting after 86400 s"):
        virtual_clock.run(asyncio.sleep(math.inf))


async def test_an_executor_call_is_made_on_the_spot() -> None:
    assert await asyncio.to_thread(sum, (1, 2)) == 3
    with pytest.raises(ZeroDivisionError):
        await asyncio.to_thread(divmod, 1, 0)


async def test_an_executor_of_the_tests_own_is_used() -> None:
    class Slow(Executor):
        """Its answers come when the test says so."""

        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            loop.call_later(8, lambda: future.set_result(fn(*args, **kwargs)))
            return future

    loop = asyncio.get_running_loop()
    assert await loop.run_in_executor(Slow(), sum, (1, 2)) == 3
    assert loop.time() == pytest.approx(8)


async def test_what_is_ready_goes_before_the_jump() -> None:
    loop = asyncio.get_running_loop()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        loop.call_later(5, theirs.send, b"late")
        async with asyncio.timeout(10):
            assert await loop.sock_recv(ours, 10) == b"late"
    assert loop.time() == pytest.approx(5)
