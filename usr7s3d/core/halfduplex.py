"""When we may send on a line that has one pair of wires for both directions (manual 3.6.1).

Nothing leaves while a frame comes in, nor for 3.5 characters behind it: by that silence Modbus
tells frames apart, and whoever else is on the bus needs it.
"""

import math
from collections import deque

CHARACTERS = 3.5
LEAST = 0.002  # s; fast lines keep 1.75 ms, and a timer is a little early
PATIENCE = 1.0  # s; a bus that is noisy for so long has no frames to wait for


class HalfDuplex:
    """Holds what has to wait.  The caller bounds how much that is."""

    def __init__(self, character_time: float) -> None:
        self.set_character_time(character_time)
        self._quiet_from = -math.inf
        self._queue: deque[tuple[bytes, float]] = deque()  # and until when it waits

    def set_character_time(self, seconds: float) -> None:
        """The line has another rate."""
        self._silence = max(CHARACTERS * seconds, LEAST)

    @property
    def waiting(self) -> int:
        """Bytes that wait."""
        return sum(len(data) for data, _ in self._queue)

    def heard(self, now: float) -> None:
        """Something came in at ``now``."""
        self._quiet_from = now + self._silence

    def quiet(self, now: float) -> bool:
        """Whether the bus has been silent for long enough."""
        return now >= self._quiet_from

    def put(self, data: bytes, now: float, *, patient: bool = False) -> None:
        """Queue ``data``; ``patient``, that nobody asked for, waits for silence for ever."""
        self._queue.append((data, math.inf if patient else now + PATIENCE))

    def deadline(self) -> float | None:
        """When to call :meth:`take` next; None while nothing waits."""
        if not self._queue:
            return None
        return min(self._quiet_from, *(limit for _, limit in self._queue))

    def take(self, now: float) -> bytes:
        """What may leave now."""
        if self.quiet(now):
            return self.take_back()
        due = [data for data, limit in self._queue if limit <= now]
        self._queue = deque(entry for entry in self._queue if entry[1] > now)
        return b"".join(due)

    def take_back(self) -> bytes:
        """All that waits, in order; it will not be sent from here."""
        data = b"".join(data for data, _ in self._queue)
        self._queue.clear()
        return data
