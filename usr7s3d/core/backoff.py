"""How long to wait before the next try: longer each time, never in step with others."""

from collections.abc import Callable

HOUR = 3600.0  # s of failure, after which each try costs more than it promises


class Backoff:
    """``first`` s, then twice as long each time up to ``limit`` s, each cut by up to a quarter.

    ``jitter()`` gives numbers from 0 to 1; it is what keeps a thousand modules from
    calling a restarted server in the same second.  After an hour of failure the waits
    may grow on up to ``late_limit`` s.
    """

    def __init__(
        self,
        first: float,
        limit: float,
        jitter: Callable[[], float],
        *,
        late_limit: float | None = None,
    ) -> None:
        self._first = first
        self._limit = limit
        self._late_limit = late_limit or limit
        self._jitter = jitter
        self._delay = first
        self._failing_since: float | None = None

    def next(self, now: float = 0.0) -> float:
        """Seconds to wait ``now``, after another failure."""
        if self._failing_since is None:
            self._failing_since = now
        late = now - self._failing_since >= HOUR
        delay = self._delay
        self._delay = min(2 * delay, self._late_limit if late else self._limit)
        return delay * (1 - self._jitter() / 4)

    def reset(self) -> None:
        """Begin with ``first`` again."""
        self._delay = self._first
        self._failing_since = None
