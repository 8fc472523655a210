"""How much may happen in an hour and in a day (SMS cost money)."""

from collections import deque
from collections.abc import Iterable

HOUR, DAY = 3600.0, 86400.0  # s


class Bound:
    """Counts what happened in the last hour and in the last 24.  ``times`` are of before."""

    def __init__(self, per_hour: int, per_day: int, times: Iterable[float] = ()) -> None:
        self.per_hour = per_hour
        self.per_day = per_day
        self._times = deque(sorted(times))

    @property
    def times(self) -> tuple[float, ...]:
        """When it happened, oldest first."""
        return tuple(self._times)

    def left(self, now: float) -> int:
        """How often it may happen now."""
        while self._times and self._times[0] <= now - DAY:
            self._times.popleft()
        in_the_hour = sum(time > now - HOUR for time in self._times)
        return max(0, min(self.per_day - len(self._times), self.per_hour - in_the_hour))

    def take(self, count: int, now: float) -> bool:
        """Let it happen ``count`` times, or not at all."""
        if self.left(now) < count:
            return False
        self._times.extend([now] * count)
        return True
