"""What every test gets: a time limit, the check for leaks, and async functions that run."""

import asyncio
import gc
import inspect
import os
import signal
from collections.abc import Iterator
from types import FrameType

import hypothesis
import pytest

from tests import leaks, virtual_clock

LIMIT = 60.0  # s for one test; @pytest.mark.limit(s) gives one more

# Examples that differ at each run find more; a build that fails by chance helps nobody.
# No deadline: the suite shares small machines.
hypothesis.settings.register_profile("house", deadline=None, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("house")


def pytest_collection_finish() -> None:
    """Make the collection after every test cheap: what is alive now stays alive."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run async tests: on the virtual clock, or those marked ``real`` as the daemon runs."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {
        name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters
    }
    run = asyncio.run if pyfuncitem.get_closest_marker("real") else virtual_clock.run
    run(pyfuncitem.obj(**arguments))
    return True


@pytest.fixture(autouse=True)
def _nothing_left_behind() -> Iterator[None]:
    with leaks.nothing_left_behind():
        yield


@pytest.fixture(autouse=True)
def _time_limit(request: pytest.FixtureRequest) -> Iterator[None]:
    """End a test that hangs, with the traceback of where."""
    marker = request.node.get_closest_marker("limit")
    seconds = marker.args[0] if marker else LIMIT

    def too_long(_signal: int, _frame: FrameType | None) -> None:
        pytest.fail(f"ran for more than {seconds:g} s")

    previous = signal.signal(signal.SIGALRM, too_long)
    # Once more every 5 s: the first may end a task only, not what waits for it.
    signal.setitimer(signal.ITIMER_REAL, seconds, 5.0)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, previous)
