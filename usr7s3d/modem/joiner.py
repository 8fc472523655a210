"""Long SMS out of their parts, which come in any order, late, twice or not at all.

Whatever is put in comes out once: joined, or, when parts stay away, as the parts that came.
"""

from collections import deque
from dataclasses import dataclass, field

from usr7s3d.modem import userdata
from usr7s3d.modem.octets import Address
from usr7s3d.modem.pdu import Deliver

LIFETIME = 3600.0  # s after the last part; centres repeat after minutes, references come again
MOST_PARTS = 64  # held in all: two long messages, or a store full of strays
REMEMBERED = 64  # parts of joined messages, to know a late double


@dataclass(frozen=True, slots=True)
class Joined:
    """Consecutive parts, in order; not ``complete``: some are missing."""

    parts: tuple[Deliver, ...]
    complete: bool

    @property
    def text(self) -> str:
        """The whole text."""
        return userdata.join(part.body for part in self.parts)

    @property
    def data(self) -> bytes:
        """The whole of 8-bit data."""
        return b"".join(part.body.data for part in self.parts)


# Sender, reference, its width, number of parts (3GPP TS 23.040 9.2.3.24.1).
_Key = tuple[Address, int, bool, int]


@dataclass(slots=True)
class _Heap:
    deadline: float
    parts: dict[int, Deliver] = field(default_factory=dict)

    def out(self, *, complete: bool = False) -> Joined:
        return Joined(tuple(part for _, part in sorted(self.parts.items())), complete)


class Joiner:
    """Keeps parts until their message is whole."""

    def __init__(self, *, lifetime: float = LIFETIME, most: int = MOST_PARTS) -> None:
        self._lifetime = lifetime
        self._most = most
        self._heaps: dict[_Key, _Heap] = {}
        self._done: deque[Deliver] = deque(maxlen=REMEMBERED)

    def __len__(self) -> int:
        """Parts held."""
        return sum(len(heap.parts) for heap in self._heaps.values())

    def add(self, part: Deliver, now: float) -> list[Joined]:
        """Take ``part``; return what that completes, and what it pushes out."""
        place = part.body.concatenation
        if place is None:
            return [Joined((part,), complete=True)]
        if part in self._done:
            return []  # the same down to the centre's time stamp: delivered twice
        key = (part.sender, place.reference, place.wide, place.total)
        out = self._make_room(key, place.number, part)
        heap = self._heaps.setdefault(key, _Heap(now))
        heap.deadline = now + self._lifetime
        heap.parts.setdefault(place.number, part)
        if len(heap.parts) == place.total:
            del self._heaps[key]
            self._done.extend(heap.parts.values())
            out.append(heap.out(complete=True))
        return out

    def _make_room(self, key: _Key, number: int, part: Deliver) -> list[Joined]:
        """Push out what the new part proves to be over, and the oldest when there is too much."""
        out = []
        old = self._heaps.get(key)
        if old and number in old.parts and old.parts[number].body != part.body:
            out.append(self._heaps.pop(key).out())  # the reference has come round to another text
        while len(self) >= self._most:
            oldest = min(self._heaps, key=lambda key: self._heaps[key].deadline)
            out.append(self._heaps.pop(oldest).out())
        return out

    def deadline(self) -> float | None:
        """When to call :meth:`expire`, or None while nothing is held."""
        return min((heap.deadline for heap in self._heaps.values()), default=None)

    def expire(self, now: float) -> list[Joined]:
        """Give up waiting for parts that stayed away too long."""
        late = [key for key, heap in self._heaps.items() if now >= heap.deadline]
        return [self._heaps.pop(key).out() for key in late]

    def give_up(self) -> list[Joined]:
        """Everything that is held, at the end."""
        heaps, self._heaps = self._heaps, {}
        return [heap.out() for heap in heaps.values()]
