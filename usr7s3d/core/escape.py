"""Finds the way into command mode in the bytes from the UART (manual 4.1.1).

    host      <quiet T1> + + +                    a <20 ms>
    module                     <T4> a  <---T5--->            +ok

Bytes that may belong to the sequence are held back.  When it fails they go on as
data, once and in order; when it succeeds none of them does.  So a failed attempt
makes bytes late by T4 + T5, or by that again for each time it is repeated, and
never loses one.
"""

import math
from dataclasses import dataclass
from enum import Enum, auto

LONGEST_HELD = 64  # bytes; of a host that repeats +++ for ever, the oldest are data


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds.  T1 to T5 are those of the figure in manual 4.1.1."""

    quiet: float = 0.200  # T1, shortest silence before the first plus
    gap: float = 0.050  # T2 and T3, longest silence between two pluses
    settle: float = 0.050  # T4, silence after the third plus: a fourth makes it data
    reply: float = 3.0  # T5, longest wait for the host's own "a"
    alone: float = 0.020  # silence that shows that the "a" is nothing longer


@dataclass(frozen=True, slots=True)
class Data:
    """Ordinary traffic whose last byte came at ``at``."""

    data: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Reply:
    """Bytes to write to the UART."""

    data: bytes


@dataclass(frozen=True, slots=True)
class CommandMode:
    """The host asked for command mode and has it, once ``+ok`` is on its way."""


Event = Data | Reply | CommandMode


class _Phase(Enum):
    IDLE = auto()  # nothing is held
    PLUSES = auto()  # up to three pluses; the third waits for T4
    INVITED = auto()  # our "a" is out, T5 runs
    ANSWERED = auto()  # the host's "a" is here, and must stay alone


class EscapeDetector:
    """Feed it every UART byte, and the time; it says what each byte was for."""

    def __init__(self, timing: Timing) -> None:
        self._timing = timing
        self._last_byte_at = -math.inf
        self._forget()

    def _forget(self) -> None:
        self._phase = _Phase.IDLE
        self._held: list[Data] = []  # as they came, for the case that they are data
        self._pluses = 0  # of the attempt that is under way
        self._deadline: float | None = None

    @property
    def handshaking(self) -> bool:
        """From the first held plus to ``+ok`` or failure: nothing of ours may come between."""
        return self._phase is not _Phase.IDLE

    @property
    def undecided(self) -> bool:
        """One, two or three pluses are held, and T2, T3 or T4 runs."""
        return self._phase is _Phase.PLUSES

    def note(self, at: float) -> None:
        """Bytes that others took, the last of them at ``at``, count for T1."""
        self._last_byte_at = max(self._last_byte_at, at)

    def passes(self, data: bytes, now: float) -> bool:
        """Whether ``data`` is data and nothing is held, as nearly always; then it is noted.

        The short way of :meth:`receive`, which else has to be called.
        """
        if self._phase is not _Phase.IDLE:
            return False
        if len(data) <= 3 and not data.strip(b"+"):
            return False
        self._last_byte_at = now
        return True

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Sort ``data``, which came at ``now``."""
        events = self.expire(now) if self._held else []
        quiet = now - self._last_byte_at > self._timing.quiet
        self._last_byte_at = now
        if self._continues(data, now, quiet):
            self._held.append(Data(data, now))
            return events
        if self._held:
            events += self._fail()
        events.append(Data(data, now))
        return events

    def _continues(self, data: bytes, now: float, quiet: bool) -> bool:
        """Take ``data`` into the attempt, if it fits."""
        if self._phase is _Phase.INVITED and data == b"a":
            self._phase = _Phase.ANSWERED
            self._deadline = now + self._timing.alone
            return True
        if self._phase is _Phase.PLUSES:
            pluses = self._pluses + len(data)
        elif quiet and self._phase is not _Phase.ANSWERED:
            pluses = len(data)  # the first attempt, or one that replaces the first
        else:
            return False
        if data.strip(b"+") or pluses > 3:
            return False
        self._phase, self._pluses = _Phase.PLUSES, pluses
        self._deadline = now + (self._timing.gap if pluses < 3 else self._timing.settle)
        return True

    def deadline(self) -> float | None:
        """When to call :meth:`expire` next, or None while nothing is held."""
        return self._deadline

    def expire(self, now: float) -> list[Event]:
        """Act on the times that have run out."""
        events: list[Event] = []
        while self._deadline is not None and now >= self._deadline:
            events += self._expire(self._deadline)
        return events

    def _expire(self, deadline: float) -> list[Event]:
        if self._phase is _Phase.PLUSES and self._pluses == 3:
            self._phase = _Phase.INVITED
            self._deadline = deadline + self._timing.reply
            return [*self._oldest(), Reply(b"a")]
        if self._phase is _Phase.ANSWERED:
            self._forget()
            return [Reply(b"+ok"), CommandMode()]
        return self._fail()

    def _oldest(self) -> list[Data]:
        """Give away what attempts that were repeated have piled up."""
        start = 0
        while sum(len(run.data) for run in self._held[start:]) > LONGEST_HELD:
            start += 1
        oldest, self._held = self._held[:start], self._held[start:]
        return oldest

    def _fail(self) -> list[Event]:
        """What is held is data."""
        return list[Event](self._give_away())

    def rest(self) -> list[tuple[bytes, float]]:
        """Give away what is held, each run with the time of its last byte."""
        return [(data.data, data.at) for data in self._give_away()]

    def _give_away(self) -> list[Data]:
        held = self._held
        self._forget()
        return held
