"""Tells a daemon that waits from one that hangs.

Every service says when it will act next: it waits for an event, however long, or
for something that ends by a time it names.  Between two waits it is at work, and
that takes a moment.  Who is late hangs, and then systemd is told no more that all
is well (sd_watchdog_enabled(3)).
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager

GRACE = 10.0  # s; work between two waits takes milliseconds, a busy SD card seconds


class Pulse:
    """One service's word on when it will act next."""

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        self.name = name
        self._clock = clock
        self.at_work()

    def at_work(self) -> None:
        """Something is being done that takes no time to speak of."""
        self.due = self._clock() + GRACE

    @contextmanager
    def waiting(self, seconds: float = math.inf) -> Iterator[None]:
        """Nothing will happen here for up to ``seconds``, or until an event comes."""
        self.due = self._clock() + seconds + GRACE
        try:
            yield
        finally:
            self.at_work()


class Liveness:
    """All services that are running."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pulses: set[Pulse] = set()

    @contextmanager
    def pulse(self, name: str) -> Iterator[Pulse]:
        """The pulse of the service ``name``, for as long as it runs."""
        pulse = Pulse(name, self._clock)
        self._pulses.add(pulse)
        try:
            yield pulse
        finally:
            self._pulses.discard(pulse)

    def late(self) -> dict[str, float]:
        """Who should have acted, and how many seconds ago."""
        now = self._clock()
        return {pulse.name: now - pulse.due for pulse in self._pulses if now > pulse.due}
