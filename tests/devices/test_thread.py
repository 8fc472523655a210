"""Calls in a thread of their own."""

import asyncio
import threading

import pytest

from usr7s3d.devices.thread import in_thread

pytestmark = pytest.mark.real


async def test_result() -> None:
    assert await in_thread(lambda: threading.current_thread().daemon)


async def test_error() -> None:
    def fail() -> None:
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        await in_thread(fail)


async def test_loop_goes_on_meanwhile() -> None:
    gate = threading.Event()
    call = asyncio.create_task(in_thread(gate.wait))
    await asyncio.sleep(0)
    assert not call.done()
    gate.set()
    assert await call


async def test_cancelled_call_runs_on_and_its_result_is_discarded() -> None:
    gate = threading.Event()
    discarded = asyncio.get_running_loop().create_future()

    def slow() -> str:
        gate.wait()
        return "a device"

    call = asyncio.create_task(in_thread(slow, discarded.set_result))
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    gate.set()
    async with asyncio.timeout(10):
        assert await discarded == "a device"


def test_call_that_outlives_the_loop(capfd: pytest.CaptureFixture[str]) -> None:
    """A name server that answers late must neither hold the exit up nor complain."""
    gate = threading.Event()
    before = set(threading.enumerate())

    async def main() -> None:
        call = asyncio.create_task(in_thread(gate.wait))
        await asyncio.sleep(0)
        call.cancel()

    asyncio.run(main())
    (thread,) = set(threading.enumerate()) - before
    gate.set()
    thread.join(10)
    assert capfd.readouterr().err == ""
