"""A time limit that also holds in the clean-up of a task that was cancelled.

asyncio.timeout raises CancelledError there on Python 3.11.2, which is bookworm's: it counts the
cancellation that the task is cleaning up after as a new one.  3.11.4 mended that.
"""

import asyncio
import math
from types import TracebackType


class TimeLimit:
    """``async with TimeLimit(s):`` raises TimeoutError when the block takes longer.

    :attr:`expired` tells such a TimeoutError from one of the block's own.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds  # math.inf = no limit
        self._handle: asyncio.TimerHandle | None = None
        self._over = False  # the block was left
        self.expired = False

    async def __aenter__(self) -> "TimeLimit":
        task = asyncio.current_task()
        assert task  # noqa: S101 - what is awaited runs in a task
        self._task, self._cancelling = task, task.cancelling()
        if self._seconds < math.inf:
            loop = asyncio.get_running_loop()
            self._handle = loop.call_later(max(0.0, self._seconds), self.expire)
        return self

    def expire(self) -> None:
        """End the block now, as if its time were up; one that was left is left alone."""
        if not self.expired and not self._over:
            self.expired = True
            self._task.cancel()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._over = True
        if self._handle:
            self._handle.cancel()
        if not self.expired:
            return
        ours = self._task.uncancel() <= self._cancelling
        if ours and kind is asyncio.CancelledError:
            raise TimeoutError from error
