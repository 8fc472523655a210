"""Whether a link that takes no more is worth waiting for.

    taking -> full -> stalled -> dead
           refused    patience   dead_after

A *full* link holds the UART back, so that a healthy pair of links loses nothing at
any speed.  After ``patience`` it is *stalled*: nobody waits for it until it has caught
up, so that a dead or slow link costs the other one that time once.  One from which
the kernel took not one byte for ``dead_after`` is dead: its peer keeps its window shut.
"""

from enum import Enum, auto


class State(Enum):
    """How a connected link takes what it is given."""

    TAKING = auto()
    FULL = auto()
    STALLED = auto()


class Pressure:
    """Watches one connection.  Times in s."""

    def __init__(self, patience: float, dead_after: float) -> None:
        self._patience = patience
        self._dead_after = dead_after
        self._full_since = 0.0
        self._last_progress = 0.0
        self.state = State.TAKING

    def refused(self, now: float) -> None:
        """Something has to wait because the kernel did not take it."""
        if self.state is State.TAKING:
            self.state = State.FULL
            self._full_since = self._last_progress = now

    def progress(self, now: float) -> None:
        """The kernel took something, and more still waits."""
        self._last_progress = now

    def drained(self) -> None:
        """Nothing waits any more."""
        self.state = State.TAKING

    def deadline(self) -> float | None:
        """When to call :meth:`expire` next."""
        if self.state is State.TAKING:
            return None
        dead = self._last_progress + self._dead_after
        return dead if self.state is State.STALLED else min(dead, self._full_since + self._patience)

    def expire(self, now: float) -> bool:
        """Act on the time; True = the peer is dead."""
        if self.state is State.FULL and now >= self._full_since + self._patience:
            self.state = State.STALLED
        return self.state is not State.TAKING and now >= self._last_progress + self._dead_after
