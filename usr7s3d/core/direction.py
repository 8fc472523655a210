"""Sends on an RS485 line whose transceiver we switch: the driver enable (DE) round each frame.

    resting -- data --> lead -- delay before --> sending -- last stop bit --> tail
       ^                                            ^                          ||
       |                                            +---------- data ----------+|
       +------------------------------- delay after ----------------------------+

When the last stop bit leaves is computed from what was written; from then on the transmitter is
asked until it is empty, because a FIFO starts late and a divisor is never exact.  The kernel's
own call for that, tcdrain(3), wakes up milliseconds late: the answer would have begun.

A process of its own runs this (``devices/sender.py``), so it imports nothing.
"""

ASK_SHORTEST, ASK_LONGEST = 50e-6, 1e-3  # s between two questions; in between, 1/8 character
UNTOLD = 1.0  # characters to wait where the driver cannot tell: its FIFO starts late by less
STUCK = 2.0  # s behind the computed end; held any longer, the line would be dead for all others
RETRY = 64  # characters between two tries to hand over what the kernel's 4095 bytes had no room for

LEAD, SENDING, UNSURE, TAIL = "lead", "sending", "unsure", "tail"


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
        self.character_time = character_time

    @property
    def active(self) -> bool:
        """Whether the transceiver is switched to sending."""
        return bool(self._state)

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
            self._line.drive(True)
            self._state, self._due = LEAD, now + self._before
        if self._state != LEAD or self._due <= now:
            self._write(now)

    def expire(self, now: float) -> float | None:
        """Do what is due; when it was to let the line go, how late that was in s."""
        if not self._state or now < self._due:
            return None
        if self._waiting:
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
        del self._waiting[:taken]
        self._state = SENDING
        self._ends = max(now, self._ends) + taken * self.character_time
        self._due = now + RETRY * self.character_time if self._waiting else self._ends

    def _ask(self, now: float) -> None:
        empty = self._line.empty()
        if empty or now >= self._ends + STUCK:
            self._begin_tail(now)
        elif empty is None:
            self._state, self._due = UNSURE, self._ends + UNTOLD * self.character_time
        else:
            self._due = now + min(max(self.character_time / 8, ASK_SHORTEST), ASK_LONGEST)

    def _begin_tail(self, now: float) -> None:
        self._state, self._due = TAIL, max(self._ends, now) + self._after

    def release(self, now: float) -> float:
        """Let the line go at once; how late that is in s."""
        self._line.drive(False)
        self._state = ""
        self._waiting.clear()
        return now - self._ends - self._after
