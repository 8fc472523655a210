"""Calls that may block for long (open a tty, fsync, look up a name) off the loop.

The threads are daemons: one that hangs in the kernel must not keep the process
from ending, as asyncio's own executor would.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def in_thread(function: Callable[[], T], discard: Callable[[T], object] | None = None) -> T:
    """The result of ``function``, run in a thread of its own.

    When the caller is cancelled the thread runs on; ``discard`` gets its result.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            if error is None and discard:
                discard(result)  # type: ignore[arg-type]
        elif error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, failure = None, None
        try:
            result = function()
        except BaseException as error:
            failure = error
        # The loop may have ended, and the process ends with it: nobody is left to tell.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, result, failure)

    threading.Thread(target=run, name=getattr(function, "__name__", "call"), daemon=True).start()
    return await done
