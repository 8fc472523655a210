"""When we may send on a line that has one pair of wires for both directions (manual 3.6.1).

Nothing leaves while a frame comes in, nor for 3.5 characters behind it: by that silence Modbus
tells frames apart, and whoever else is on the bus needs it.  What nobody asked for is a frame of
its own: it keeps that silence from what we send, too, on both its sides.

Hardware that hands over every so many characters looks silent for as long in the middle of a frame.
"""

import math
from collections import deque
from dataclasses import dataclass

CHARACTERS = 3.5
LEAST = 0.002  # s; fast lines keep 1.75 ms, and a timer is a little early
JITTER = 0.002  # s by which what the hardware hands over may be late
PATIENCE = 1.0  # s; a bus that is noisy for so long has no frames to wait for
MOST_PATIENT = 1024  # bytes; of more the oldest are dropped, for nobody asked for them


@dataclass(frozen=True, slots=True)
class Unseen:
    """For how long a frame may come in before we are told: the hardware hands over in lots."""

    characters: int = 0
    seconds: float = 0.0


NOTHING = Unseen()


class HalfDuplex:
    """Holds what has to wait.  The caller bounds how much that is, but for what is patient."""

    def __init__(self, character_time: float, unseen: Unseen = NOTHING) -> None:
        self._unseen = unseen
        self.set_character_time(character_time)
        self._quiet_from = -math.inf  # as far as the others go
        self._ours_until = -math.inf  # the last stop bit of what we send leaves, as computed
        self._apart_until = -math.inf  # behind something that nobody asked for
        self._asked: deque[tuple[bytes, float]] = deque()  # and until when it waits
        self._unasked: deque[bytes] = deque()
        self.waiting = 0  # bytes

    def set_character_time(self, seconds: float) -> None:
        """The line has another rate."""
        self._character_time = seconds
        self._silence = max(CHARACTERS * seconds, LEAST)
        unseen = max(self._unseen.characters * seconds, self._unseen.seconds)
        self._hush = max(self._silence, unseen + JITTER if unseen else 0.0)

    @property
    def unasked(self) -> int:
        """Those of the bytes that wait that nobody asked for."""
        return sum(map(len, self._unasked))

    def heard(self, now: float) -> None:
        """Something came in at ``now``."""
        self._quiet_from = now + self._hush

    def put(self, data: bytes, now: float, *, patient: bool = False) -> None:
        """Queue ``data``; ``patient``, that nobody asked for, waits for silence for ever."""
        if not data:
            return
        self.waiting += len(data)
        if not patient:
            self._asked.append((data, now + PATIENCE))
            return
        self._unasked.append(data)
        while len(self._unasked) > 1 and self.unasked > MOST_PATIENT:
            self.waiting -= len(self._unasked.popleft())

    def deadline(self) -> float | None:
        """When to call :meth:`take` next; None while nothing waits."""
        quiet = max(self._quiet_from, self._apart_until)
        if self._asked:
            return min(quiet, self._asked[0][1])
        return max(quiet, self._ours_until + self._silence) if self._unasked else None

    def take(self, now: float) -> bytes:
        """What may leave now."""
        quiet = now >= max(self._quiet_from, self._apart_until)
        if self._asked:
            due = []
            while self._asked and (quiet or self._asked[0][1] <= now):
                due.append(self._asked.popleft()[0])
            return self._sends(b"".join(due), now)
        if self._unasked and quiet and now >= self._ours_until + self._silence:
            data = self._sends(self._unasked.popleft(), now)
            self._apart_until = self._ours_until + self._silence
            return data
        return b""

    def _sends(self, data: bytes, now: float) -> bytes:
        self.waiting -= len(data)
        self._ours_until = max(now, self._ours_until) + len(data) * self._character_time
        return data

    def take_back(self) -> bytes:
        """All that waits; it will not be sent from here."""
        data = b"".join([*(data for data, _ in self._asked), *self._unasked])
        self._asked.clear()
        self._unasked.clear()
        self.waiting = 0
        return data
