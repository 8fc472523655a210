"""A limit on time, on every Python that Debian ships."""

import asyncio

import pytest

from usr7s3d.devices.limit import TimeLimit


async def forever() -> None:
    await asyncio.get_running_loop().create_future()


async def test_it_ends_what_takes_too_long() -> None:
    began = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        async with TimeLimit(3.0) as limit:
            await forever()
    assert limit.expired
    assert asyncio.get_running_loop().time() - began == 3.0


async def test_it_leaves_alone_what_is_in_time() -> None:
    async with TimeLimit(3.0) as limit:
        await asyncio.sleep(2.9)
    await asyncio.sleep(1)
    assert not limit.expired


async def test_a_time_that_has_passed_ends_it_at_once() -> None:
    with pytest.raises(TimeoutError):
        async with TimeLimit(-1.0):
            await forever()


async def test_it_can_be_ended_early() -> None:
    loop = asyncio.get_running_loop()
    began = loop.time()
    limit = TimeLimit(20.0)
    loop.call_later(2.0, limit.expire)
    with pytest.raises(TimeoutError):
        async with limit:
            await forever()
    assert loop.time() - began == 2.0


async def test_it_holds_in_the_clean_up_of_a_cancelled_task() -> None:
    ends: list[str] = []

    async def cleans_up() -> None:
        try:
            await forever()
        finally:
            try:
                async with TimeLimit(1.0):
                    await forever()
            except TimeoutError:
                ends.append("too long")

    task = asyncio.create_task(cleans_up())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ends == ["too long"]


async def test_a_cancellation_meanwhile_is_one() -> None:
    async def limited() -> None:
        async with TimeLimit(1.0):
            await forever()

    task = asyncio.create_task(limited())
    await asyncio.sleep(0.5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_block_passes() -> None:
    with pytest.raises(ConnectionError):
        async with TimeLimit(1.0):
            raise ConnectionError


async def test_limits_within_limits() -> None:
    with pytest.raises(TimeoutError):
        async with TimeLimit(1.0) as outer, TimeLimit(2.0) as inner:
            await forever()
    assert outer.expired
    assert not inner.expired


async def test_whoever_ends_it_too_late_ends_nothing_else() -> None:
    """The block was left, by an error say, and its task is at something else by now."""
    limit = TimeLimit(20.0)
    with pytest.raises(OSError, match="lost"):
        async with limit:
            raise OSError("lost")
    limit.expire()
    await asyncio.sleep(1)
    assert not limit.expired
