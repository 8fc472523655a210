"""What is to happen later."""

from collections.abc import Callable
from heapq import heappop, heappush


class Agenda:
    """Functions and their times; those of the same time keep their order."""

    def __init__(self) -> None:
        self._items: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0

    def add(self, at: float, what: Callable[[], None]) -> None:
        """Call ``what`` at a time."""
        self._count += 1
        heappush(self._items, (at, self._count, what))

    def deadline(self) -> float | None:
        """The next time, or None."""
        return self._items[0][0] if self._items else None

    def take(self, now: float) -> tuple[float, Callable[[], None]] | None:
        """The next that is due, and when it was."""
        if not self._items or self._items[0][0] > now:
            return None
        at, _, what = heappop(self._items)
        return at, what

    def clear(self) -> None:
        """Nothing of it happens."""
        self._items.clear()
