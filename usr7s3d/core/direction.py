"""Sends on an RS485 line whose transceiver we switch: the driver enable (DE) round each frame.

    resting -- data --> lead -- delay before --> sending -- last stop bit --> tail
       ^                                            ^                          ||
       |                                            +---------- data ----------+|
       +------------------------------- delay after ----------------------------+

When the last stop bit leaves is computed from what was written; from then on the transmitter is
asked until it is empty, because a FIFO starts late and a divisor is never exact.  The kernel's
own call for that, tcdrain(3), wakes up milliseconds late: the answer would have begun.

A driver that takes and sends nothing any more is parked: the line is let go, what waits is kept,
and tried again now and then.

A process of its own runs this (``devices/sender.py``), so it imports nothing.
"""

ASK_SHORTEST, ASK_LONGEST = 50e-6, 1e-3  # s between two questions; in between, 1/8 character
UNTOLD = 1.0  # characters to wait where the driver cannot tell: its FIFO starts late by less
STUCK = 2.0  # s behind the computed end; held any longer, the line would be dead for all others
PARKED_LOOK = 1.0  # s between two tries to hand something to a driver that is stuck
RETRY = 64  # characters between two tries to hand over what the kernel's 4095 bytes had no room for

LEAD, SENDING, UNSURE, TAIL, PARKED = "lead", "sending", "unsure", "tail", "parked"


class Line:
    """What is sent through; a test has one with a clock and a history."""

    def drive(self, active: bool) -> None:
        """Switch the transceiver to sending, or back."""
        raise NotImplementedError

    def write(self, data: bytes | bytearray) -> int:
        """Give bytes to the kernel; how many it took."""
        raise NotImplementedError

    def empty(self) -> bool | None:
        """Whether the last stop bit has left; None where the driver cannot tell."""
        raise NotImplementedError


class Sender:
    """Times in s, by whatever clock the caller has; ``before`` and ``after`` are the delays."""

    def __init__(self, line: Line, character_time: float, before: float, after: float) -> None:
        self._line = line
        self._before = before
        self._after = after
        self._waiting = bytearray()  # for the kernel
        self._state = ""  # resting
        self._ends = 0.0  # when the last stop bit of what was written leaves, as computed
        self._due = 0.0  # the next thing to do
        self._character_time = character_time

    @property
    def active(self) -> bool:
        """Whether the transceiver is switched to sending."""
        return self._state not in ("", PARKED)

    @property
    def waiting(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return len(self._waiting)

    def deadline(self) -> float | None:
        """When to call :meth:`expire` next; None while nothing is sent."""
        return self._due if self._state else None

    def send(self, data: bytes, now: float) -> None:
        """Send ``data``, behind what is being sent."""
        self._waiting += data
        if not self._state:
            self._lead(now)
            self._ends = self._due
        if self._state not in (LEAD, PARKED) or self._due <= now:
            self._write(now)

    def _lead(self, now: float) -> None:
        self._line.drive(True)
        self._state, self._due = LEAD, now + self._before

    def set_character_time(self, seconds: float, now: float) -> None:
        """The line has another rate, also for what is under way."""
        self._ends = now + max(0.0, self._ends - now) * seconds / self._character_time
        self._character_time = seconds
        if self._state == SENDING and not self._waiting:
            self._due = self._ends
        elif self._state == UNSURE:
            self._due = self._ends + UNTOLD * seconds

    def expire(self, now: float) -> float | None:
        """Do what is due; when it was to let the line go, how late that was in s."""
        if not self._state or now < self._due:
            return None
        if self._state == PARKED:
            self._lead(now)
        elif self._waiting:
            self._write(now)
        elif self._state in (LEAD, SENDING):
            self._ask(now)
        elif self._state == UNSURE:
            self._begin_tail(now)
        if self._state == TAIL and now >= self._due:
            return self.release(now)
        return None

    def _write(self, now: float) -> None:
        taken = self._line.write(self._waiting)
        if taken:
            del self._waiting[:taken]
            self._ends = max(now, self._ends) + taken * self._character_time
        elif now >= self._ends + STUCK:
            self._line.drive(False)
            self._state, self._due = PARKED, now + PARKED_LOOK
            return
        self._state = SENDING
        self._due = now + RETRY * self._character_time if self._waiting else self._ends

    def look(self, now: float) -> None:
        """Ask whether the last stop bit has left already: what the driver had may be flushed."""
        if self._state == SENDING and not self._waiting and self._line.empty():
            self._ends = min(self._ends, now)
            self._begin_tail(now)

    def _ask(self, now: float) -> None:
        empty = self._line.empty()
        if empty or now >= self._ends + STUCK:
            self._begin_tail(now)
        elif empty is None:
            self._state, self._due = UNSURE, self._ends + UNTOLD * self._character_time
        else:
            self._due = now + min(max(self._character_time / 8, ASK_SHORTEST), ASK_LONGEST)

    def _begin_tail(self, now: float) -> None:
        self._state, self._due = TAIL, max(self._ends, now) + self._after

    def release(self, now: float) -> float:
        """Let the line go at once; how late that is in s."""
        self._line.drive(False)
        self._state = ""
        self._waiting.clear()
        return now - self._ends - self._after
