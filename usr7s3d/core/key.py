"""A key against ground, whose contacts bounce."""

DEBOUNCE = 0.050  # s that a level has to last


class Key:
    """Acts once for each time it is held for ``hold`` s.

    A release that is shorter than ``DEBOUNCE`` is none.  Only changes count: a line that
    is low from the start may be wired to something that has no power yet.
    """

    def __init__(self, hold: float) -> None:
        self._hold = max(hold, DEBOUNCE)
        self._pressed: float | None = None
        self._released: float | None = None  # since then, and maybe a bounce
        self._acted = False

    def change(self, down: bool, now: float) -> bool:
        """The line changed; whether the key acts, which may be noticed only now."""
        acts = self.expire(now)
        if down:
            self._released = None
            if self._pressed is None:
                self._pressed = now
        elif self._pressed is not None:
            self._released = now
        return acts

    def deadline(self) -> float | None:
        """When to call :meth:`expire`; None = not before it changes."""
        if self._released is not None:
            return self._released + DEBOUNCE
        if self._pressed is not None and not self._acted:
            return self._pressed + self._hold
        return None

    def expire(self, now: float) -> bool:
        """Whether the key acts."""
        due = self.deadline()
        if due is None or now < due:
            return False
        if self._released is not None:
            self._pressed = self._released = None
            self._acted = False
            return False
        self._acted = True
        return True
