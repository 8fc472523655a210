"""When to look at the UART next: as soon as something is there, or in a moment.

    watching  -- much came for LONG_ENOUGH -->  looking
              <-- little came since the last look, or too much --

To wake up costs the same for one byte as for four hundred.  So while little comes,
bytes are read as they arrive; while much comes, for longer than a request lasts, the
UART is looked at every few ms.  The first look that finds little ends that: nothing
ticks on a quiet line.
"""

import math

PERIOD = 0.003  # s between looks; the kernel's timer makes it 3 to 4 ms
SHORTEST_PERIOD = 0.001  # s; what that timer can do
BLUR = 1 / 8  # of the silence that ends a packet: how late its last byte may seem
LONG_ENOUGH = 0.050  # s; the longest Modbus frame at 115200 takes 22 ms
MUCH = 8000  # bytes/s: 115200 Bd, two thirds full
LITTLE = 4000  # bytes/s
ROOM = 2048  # bytes between two looks, half of what the tty holds


class Pace:
    """Told what each look found, it says when the next one is due.

    ``silence`` is the time in s that ends a packet, 0 = none does.  A look cannot tell
    when in its period a byte came, so a short silence leaves no time between looks.
    """

    def __init__(self, silence: float) -> None:
        self._period = min(PERIOD, silence * BLUR) if silence else PERIOD
        self._looking = False
        self._since = -math.inf  # from when on bytes are counted
        self._came = 0

    def next_look(self, found: int, now: float) -> float | None:
        """When to look again after ``found`` bytes; None = as soon as something is there."""
        if self._period < SHORTEST_PERIOD:
            return None
        self._came += found
        passed = now - self._since
        if self._looking:
            self._looking = LITTLE * passed <= self._came <= ROOM
        elif passed < LONG_ENOUGH:
            return None
        else:
            self._looking = MUCH * passed <= self._came <= ROOM / self._period * passed
        self._since, self._came = now, 0
        return now + self._period if self._looking else None
