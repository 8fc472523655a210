"""Each kind of thing that a test could leave behind is found, and named."""

import asyncio
import os
import subprocess
import threading

import pytest

from tests.leaks import nothing_left_behind


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> None:
    """Not round these tests, which leave things behind on purpose."""


def test_clean_work_passes() -> None:
    with nothing_left_behind():
        asyncio.run(asyncio.to_thread(os.getpid))
        with open(os.devnull):
            pass


def test_an_open_file() -> None:
    with pytest.raises(AssertionError, match=r"fd \d+: /dev/null"), nothing_left_behind():
        leaked = os.open(os.devnull, os.O_RDONLY)
    os.close(leaked)


@pytest.mark.real
def test_a_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.leaks.LAST_WORDS", 0)
    go = threading.Event()
    thread = threading.Thread(target=go.wait, name="stray")
    with pytest.raises(AssertionError, match=r"thread \d+: stray"), nothing_left_behind():
        thread.start()
    go.set()
    thread.join()


@pytest.mark.real
def test_a_child() -> None:
    with pytest.raises(AssertionError, match=r"child \d+: cat"), nothing_left_behind():
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    child.communicate()


def test_a_task_destroyed_while_pending() -> None:
    def forget_a_task() -> None:
        loop = asyncio.new_event_loop()
        loop.create_task(_never())  # noqa: RUF006
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    with pytest.raises(AssertionError, match="destroyed but it is pending"), nothing_left_behind():
        forget_a_task()


def test_an_exception_that_nobody_saw() -> None:
    async def main() -> None:
        asyncio.create_task(_fail())  # noqa: RUF006
        await asyncio.sleep(0)

    match = "exception was never retrieved"
    with pytest.raises(AssertionError, match=match), nothing_left_behind():
        asyncio.run(main())


async def _never() -> None:
    await asyncio.Event().wait()


async def _fail() -> None:
    raise OSError("nobody looks")
