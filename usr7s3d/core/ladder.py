"""How a modem that is in trouble is brought back, from the gentle to the rude.

    silent     AT+CFUN=1,1 > USB reset > power > reboot
    gone                                 power > reboot
    missing                              power
    refused    AT+CFUN=1,1 > USB reset

Silent: on both of its ports, opened anew (services/mobile/modem.py).  Missing: not seen since we
started, after a power cut that left it off, say, or a stop of ours between two presses.

Each step waits for the one before it to work.  A climb that reached the top is followed by a pause,
twice as long each time.  How many climbs there were outlives us (:class:`Record`): a daemon or a
machine that starts again must not find itself at the first pause for ever.

A server that is down is no trouble of the modem's, and nobody says so here.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from enum import Enum


class Rung(Enum):
    """A step; the value is its name in the status and on disk."""

    RESTART = "cfun"
    USB_RESET = "usb_reset"
    POWER = "power"
    REBOOT = "reboot"


class Trouble(Enum):
    """What is wrong with the modem; the value is for people."""

    SILENT = "does not answer"
    GONE = "is not there any more"
    MISSING = "has not been there since the start"
    REFUSED = "is registered and gets no connection"


# s that the rung before gets to work.  A modem needs half a minute for a restart.
SPACE = {
    Rung.RESTART: 0.0,
    Rung.USB_RESET: 60.0,
    Rung.POWER: 90.0,
    Rung.REBOOT: 600.0,
}
RUNGS = {
    Trouble.SILENT: tuple(Rung),
    Trouble.GONE: (Rung.POWER, Rung.REBOOT),
    Trouble.MISSING: (Rung.POWER,),
    Trouble.REFUSED: (Rung.RESTART, Rung.USB_RESET),
}
# s of trouble before the first rung: a person changes a plug, a carrier mends its network.
PATIENCE = {
    Trouble.SILENT: 0.0,
    Trouble.GONE: 120.0,
    Trouble.MISSING: 120.0,
    Trouble.REFUSED: 1800.0,
}
FIRST_PAUSE, LAST_PAUSE = 300.0, 6 * 3600.0  # s between two climbs
MOST_DOUBLINGS = 16  # of the first pause; the last one comes long before
STABLE = 600.0  # s without trouble, after which the next one begins at the bottom


@dataclass(frozen=True, slots=True)
class Record:
    """What outlives us."""

    climbs: int = 0  # to the top, without lasting success
    taken: dict[str, int] = field(default_factory=dict)  # how often each rung, ever
    last: str = ""  # the last one, and why

    def with_step(self, step: "Step") -> "Record":
        """One more."""
        name = step.rung.value
        taken = self.taken | {name: self.taken.get(name, 0) + 1}
        return replace(self, taken=taken, last=str(step))


@dataclass(frozen=True, slots=True)
class Step:
    """A rung to take now."""

    rung: Rung
    trouble: Trouble
    seen: str  # in the modem's or the kernel's words

    def __str__(self) -> str:
        return f"{self.rung.value}: the modem {self.trouble.value} ({self.seen})"


@dataclass(slots=True)
class _Case:
    since: float
    seen: str


class Ladder:
    """Which step is due.  ``available``: those that this machine and its owner allow."""

    def __init__(self, available: Collection[Rung], record: Record | None = None) -> None:
        self.record = record or Record()
        self._available = available
        self._cases: dict[Trouble, _Case] = {}
        self._last: Rung | None = None
        self._last_at = 0.0
        self._well_since: float | None = None
        # Whoever climbed before we started did so a moment ago, for all we know.
        self._not_before: float | None = None if self.record.climbs else 0.0

    def trouble(self, trouble: Trouble, seen: str, now: float) -> None:
        """The modem is in trouble, still or again."""
        if self._not_before is None:
            self._not_before = now + self._pause
        if self._well_since is not None and now - self._well_since >= STABLE:
            self._begin_anew()
        self._well_since = None
        self._cases.setdefault(trouble, _Case(now, seen)).seen = seen

    def well(self, trouble: Trouble, now: float) -> None:
        """There is no such trouble."""
        self._cases.pop(trouble, None)
        if not self._cases and self._well_since is None:
            self._well_since = now

    def forget(self, trouble: Trouble) -> None:
        """Whether there is such trouble cannot be told for now."""
        self._cases.pop(trouble, None)

    @property
    def _pause(self) -> float:
        # A modem that is dead for a year makes a power of two that no float holds.
        doublings = min(max(0, self.record.climbs - 1), MOST_DOUBLINGS)
        return min(FIRST_PAUSE * 2.0**doublings, LAST_PAUSE)

    def _begin_anew(self) -> None:
        self._last, self._not_before = None, 0.0
        self.record = replace(self.record, climbs=0)

    def _next(self) -> tuple[float, Rung, Trouble] | None:
        """The rung that comes first, and when."""
        due = []
        for trouble, case in self._cases.items():
            rung = next((each for each in RUNGS[trouble] if self._takes(each)), None)
            if rung:
                due.append((self._due(rung, trouble, case.since), rung, trouble))
        return min(due, key=lambda each: (each[0], _height(each[1])), default=None)

    def _takes(self, rung: Rung) -> bool:
        above = self._last is None or _height(rung) > _height(self._last)
        return above and rung in self._available

    def _due(self, rung: Rung, trouble: Trouble, since: float) -> float:
        at = max(since + PATIENCE[trouble], self._not_before or 0.0)
        if self._last is None:
            return at
        return max(at, self._last_at + max(SPACE[rung], PATIENCE[trouble]))

    def deadline(self) -> float | None:
        """When to call :meth:`expire`; None = nothing is due."""
        if self._well_since is not None:
            return self._well_since + STABLE if self.record.climbs else None
        found = self._next()
        return found[0] if found else None

    def expire(self, now: float) -> Step | None:
        """The step to take now; the record has it already."""
        if self._well_since is not None:
            if self.record.climbs and now - self._well_since >= STABLE:
                self._begin_anew()
            return None
        found = self._next()
        if found is None or now < found[0]:
            return None
        _, rung, kind = found
        step = Step(rung, kind, self._cases[kind].seen)
        self._last, self._last_at = rung, now
        self.record = self.record.with_step(step)
        if self._next() is None:  # the top
            self.record = replace(self.record, climbs=self.record.climbs + 1)
            self._last, self._not_before = None, now + max(self._pause, PATIENCE[kind])
        return step


def _height(rung: Rung) -> int:
    return list(Rung).index(rung)
