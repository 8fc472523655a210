"""The module's lights (manual 3.7), as far as the host configuration names them.

A light that is not there, or is taken away, is waited for; the others go on.
"""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NoReturn

from usr7s3d.core.backoff import Backoff
from usr7s3d.core.lights import WORK_TIME, Flash
from usr7s3d.core.liveness import Liveness
from usr7s3d.devices.leds import Lamp
from usr7s3d.devices.limit import TimeLimit
from usr7s3d.services.timer import LazyTimer

log = logging.getLogger(__name__)

BLINK_TRIES = 10  # at 1 s each, until udev has handed over the timer's files

Opener = Callable[[], Lamp]


class Light:
    """One light: what it should show, and its lamp while there is one."""

    def __init__(self, name: str, opener: Opener, lost: Callable[[], None]) -> None:
        self.name = name
        self._lost = lost
        self._opener = opener
        self._lamp: Lamp | None = None
        self._wanted = False
        self._shown = False
        self._said = ""

    @property
    def missing(self) -> bool:
        """Whether it has to be opened."""
        return self._lamp is None

    def show(self, on: bool) -> None:
        """Light it, or put it out, now or when there is a lamp."""
        self._wanted = on
        if self._lamp and on is not self._shown:
            try:
                self._lamp.set(on)
                self._shown = on
            except OSError as error:
                self._lose(error)

    def toggle(self) -> None:
        """The other way round."""
        self.show(not self._wanted)

    def blink(self, seconds: float) -> bool | None:
        """See ``Lamp.blink``."""
        try:
            return self._lamp.blink(seconds) if self._lamp else False
        except OSError as error:
            self._lose(error)
            return False

    def open(self) -> None:
        """Take the lamp, if it can be had."""
        try:
            self._lamp = self._opener()
        except OSError as error:
            self._complain(f"{error}: waiting for it")
            return
        self._said, self._shown = "", False
        self.show(self._wanted)

    def _lose(self, error: OSError) -> None:
        self._complain(f"has gone: {error}")
        self.close()
        self._lost()

    def _complain(self, words: str) -> None:
        if words != self._said:
            self._said = words
            log.warning("LED %s: %s", self.name.upper(), words)

    def close(self) -> None:
        """Give the lamp back, dark."""
        if self._lamp:
            self._lamp.close()
            self._lamp = None


class Lights:
    """All of them.  ``facts()`` tells which of the steady ones are lit now."""

    def __init__(
        self,
        openers: Mapping[str, Opener],
        facts: Callable[[], dict[str, bool]],
        backoff: Backoff,
    ) -> None:
        self._facts = facts
        self._backoff = backoff
        self._clock = asyncio.get_running_loop().time
        self._lost = asyncio.Event()
        self._lights = {name: Light(name, each, self._lost.set) for name, each in openers.items()}
        self._retry_at = 0.0
        self._data = self._lights.get("data")
        self._flash = Flash()
        self._flash_timer = LazyTimer(self._expire)
        self._work = self._lights.get("work")
        self._work_at: float | None = 0.0  # None: the kernel blinks it
        self._tries = 0

    def refresh(self) -> None:
        """A state has changed, or may have."""
        facts = self._facts()
        for name in facts.keys() & self._lights.keys():
            self._lights[name].show(facts[name])

    def moved(self, source: str, target: str, size: int) -> None:
        """Bytes went from one side to the other."""
        if self._data and self._flash.traffic(self._clock()):
            self._data.show(True)
            self._flash_timer.set(self._flash.deadline())

    def _expire(self) -> None:
        if self._data and self._flash.expire(self._clock()):
            self._data.show(False)
        self._flash_timer.set(self._flash.deadline())

    async def run(self, liveness: Liveness) -> NoReturn:
        """Keep every lamp that can be had, and WORK toggling."""
        try:
            with liveness.pulse("lights") as pulse:
                while True:
                    due = self._look(self._clock())
                    self._lost.clear()
                    with pulse.waiting(due - self._clock()), suppress(TimeoutError):
                        async with TimeLimit(due - self._clock()):
                            await self._lost.wait()
        finally:
            self._flash_timer.stop()
            for light in self._lights.values():
                light.close()

    def _look(self, now: float) -> float:
        """Do what is due; when there is more to do."""
        missing = [light for light in self._lights.values() if light.missing]
        if missing and now >= self._retry_at:
            for light in missing:
                light.open()
            self.refresh()
            self._retry_at = now + self._backoff.next(now)
        if not any(light.missing for light in self._lights.values()):
            self._backoff.reset()
            self._retry_at = 0.0
            return self._toggle(now)
        return min(self._retry_at, self._toggle(now))

    def _toggle(self, now: float) -> float:
        """WORK, if it is due; when it is again."""
        if self._work is None or self._work.missing:
            self._work_at, self._tries = now, 0
            return math.inf
        if self._work_at is not None and now >= self._work_at:
            self._work_at = now + WORK_TIME
            self._blink(self._work)
        return math.inf if self._work_at is None else self._work_at

    def _blink(self, work: Light) -> None:
        """Have the kernel toggle it, else do it ourselves."""
        self._tries += 1
        done = work.blink(WORK_TIME) if self._tries <= BLINK_TRIES else None
        if done is None:
            self._tries = BLINK_TRIES
            work.toggle()
        elif done:
            self._work_at = None
        elif self._tries == BLINK_TRIES:
            log.info("LED WORK: blinks at the kernel's own pace: its delay_on is not ours")
            self._work_at = None
