"""When a heartbeat is due on a link, and when its silence means the link is dead (manual 3.4)."""

from enum import Enum, auto

FAILURES = 3  # in a row: reconnect (manual 3.4.1)
FAILURE_TIME = 10.0  # s; a short HEARTTM must not take a slow acknowledgement for a failure


class Beat(Enum):
    """What to do when a beat falls due."""

    SEND = auto()
    RECONNECT = auto()


class Heartbeat:
    """One connection's heartbeat; ``period`` in s."""

    def __init__(self, period: float, now: float) -> None:
        self._period = period
        self._last_sent = now
        self._pending_since: float | None = None  # of the beat that was not confirmed
        self._failures = 0

    def sent(self, now: float) -> None:
        """Something else was sent at ``now``: the link shows itself alive without us."""
        self._last_sent = now

    def deadline(self) -> float:
        """When the next beat is due."""
        return self._last_sent + self._period

    def expire(self, now: float, confirmed: bool) -> Beat | None:
        """A look at ``now``; ``confirmed`` = the beat before has arrived, as far as we know."""
        if now < self.deadline():
            return None
        self._last_sent = now
        if confirmed or self._pending_since is None:
            self._failures = 0
            self._pending_since = now
        elif now - self._pending_since >= FAILURE_TIME:
            self._failures += 1
            self._pending_since = now
        return Beat.RECONNECT if self._failures >= FAILURES else Beat.SEND
