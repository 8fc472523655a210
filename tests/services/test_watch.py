"""What happens, a line each."""

import asyncio
import logging

import pytest

from tests.services.parts import settle
from usr7s3d.services.watch import WAITING_LINES, Watchers

log = logging.getLogger("tests")


@pytest.fixture
def _logging_on(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


@pytest.mark.usefixtures("_logging_on")
async def test_everybody_sees_every_line_from_now_on() -> None:
    changes: list[None] = []
    watchers = Watchers(lambda: changes.append(None))
    logging.getLogger().addHandler(watchers)
    try:
        log.info("before")
        await settle()
        with watchers.watch() as one, watchers.watch() as two:
            log.warning("A: %s", "down")
            log.debug("not this")
            watchers.moved("UART", "A", 5)
            await settle()
            seen = [[queue.get_nowait() for _ in range(2)] for queue in (one, two)]
            assert seen == 2 * [["UART -> A: 5 bytes", "A: down"]]
            assert one.empty()
        assert len(changes) == 2, "one for each line, also without a watcher"
    finally:
        logging.getLogger().removeHandler(watchers)


async def test_slow_watcher_loses_the_oldest_and_is_told() -> None:
    watchers = Watchers()
    with watchers.watch() as queue:
        for number in range(1000):
            watchers.moved("A", "UART", number)
        assert queue.qsize() == WAITING_LINES
        lines = [queue.get_nowait() for _ in range(WAITING_LINES)]
    assert "... lines were lost here" in lines
    assert lines[-1] == "A -> UART: 999 bytes"


async def test_line_from_another_thread() -> None:
    """A queue is the loop's own; a thread hands its line over."""
    watchers = Watchers()
    record = logging.LogRecord("x", logging.INFO, "", 0, "from a thread", (), None)
    with watchers.watch() as queue:
        waiting = asyncio.create_task(queue.get())
        await settle()
        await asyncio.get_running_loop().run_in_executor(None, watchers.emit, record)
        assert await waiting == "from a thread"
