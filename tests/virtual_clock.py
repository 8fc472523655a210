"""An event loop on which waiting takes no time.

When every task is asleep the clock jumps to the next timer.  A test that would
take three minutes takes a millisecond and gives the same result on any machine.
A test that waits for something that can never happen fails at once, and the
message lists who waits where.

The kernel keeps real time, so this is for tests whose devices are fakes.  What
opens a PTY, talks TCP or starts a child runs on a real loop: mark it ``real``.
"""

import asyncio
import inspect
import os
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")

DAY = 86400.0
ASYNCIO = os.path.dirname(asyncio.__file__)


class VirtualClockLoop(asyncio.SelectorEventLoop):
    """The clock starts at 0 and may run to ``limit``, in seconds."""

    def __init__(self, limit: float = DAY) -> None:
        self._now = 0.0
        self._limit = limit
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        return self._now

    def jump(self, seconds: float | None) -> None:
        """Let ``seconds`` pass, or, as None, all the time there is."""
        if seconds is None:
            raise AssertionError(f"nothing can happen any more\n{self._waiting()}")
        self._now += seconds
        if self._now > self._limit:
            # A heartbeat that ticks on while the test waits for something else, or sleep(inf).
            raise AssertionError(f"still waiting after {self._limit:g} s\n{self._waiting()}")

    def run_in_executor(  # type: ignore[override]  # a coroutine or a future: callers await it
        self, executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        """Without an executor of the test's own the call is made here and now.

        The loop cannot see a thread at work: it would jump over the time the
        thread takes, or say that nothing can happen.
        """
        if executor is not None:
            return super().run_in_executor(executor, func, *args)
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future

    def _waiting(self) -> str:
        lines = (f"  {task.get_name()}: {_place(task)}" for task in asyncio.all_tasks(self))
        return "\n".join(["tasks waiting:", *sorted(lines)])


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualClockLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout != 0:
            self._loop.jump(timeout)
        return ready


def _place(task: asyncio.Task[Any]) -> str:
    """Where the innermost of the task's own coroutines waits, asyncio's left out."""
    coroutine: Any = task.get_coro()
    while inspect.iscoroutine(inner := coroutine.cr_await):
        if inner.cr_code.co_filename.startswith(ASYNCIO):
            break
        coroutine = inner
    code = coroutine.cr_code
    return f"{code.co_filename}:{coroutine.cr_frame.f_lineno} in {code.co_qualname}"


def run(main: Coroutine[Any, Any, T], limit: float = DAY) -> T:
    """Like asyncio.run, in no time."""
    with asyncio.Runner(loop_factory=partial(VirtualClockLoop, limit)) as runner:
        return runner.run(main)
