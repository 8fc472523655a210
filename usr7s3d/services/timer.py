"""One timer for a deadline that moves on with every byte."""

import asyncio
from collections.abc import Callable


class LazyTimer:
    """Calls ``expired`` at the deadline.

    A deadline that only moved later costs nothing: the timer fires at the old time,
    ``expired`` finds nothing due, and sets the time that is left.
    """

    def __init__(self, expired: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._expired = expired
        self._handle: asyncio.TimerHandle | None = None

    def set(self, deadline: float | None) -> None:
        """Fire at ``deadline`` (loop time) or a little earlier; None = nothing is due."""
        if self._handle:
            if deadline is None or self._handle.when() <= deadline:
                return
            self._handle.cancel()
        if deadline is not None:
            self._handle = self._loop.call_at(deadline, self._fire)

    def _fire(self) -> None:
        self._handle = None
        self._expired()

    def stop(self) -> None:
        """Never fire."""
        if self._handle:
            self._handle.cancel()
            self._handle = None
