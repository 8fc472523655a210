"""The way to the network as the links see it: there or not, and over which interface.

The host's own is always there, as far as we can tell; a link finds out by trying.  That
through the modem comes and goes, and each time it is another one: connections end with it.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from usr7s3d.devices.limit import TimeLimit


class Bearer:
    """What one service raises and drops, and any number of links watch."""

    def __init__(self, why_down: str = "") -> None:
        self.why_down = why_down
        self._risen = asyncio.Event()
        if not why_down:
            self._risen.set()
        self._lost: list[Callable[[OSError], None]] = []
        self._rise = asyncio.Event()  # a new one at each rise

    @property
    def up(self) -> bool:
        """Whether there is a way now."""
        return self._risen.is_set()

    def rise(self) -> None:
        """There is a way."""
        self._risen.set()
        rise, self._rise = self._rise, asyncio.Event()
        rise.set()

    def fall(self, why: str) -> None:
        """There is none, and nothing that used it goes on."""
        self.why_down = why
        if self.up:
            self._risen.clear()
            for lost in self._lost:
                lost(OSError(why))

    async def until_up(self) -> None:
        """Wait until there is a way."""
        await self._risen.wait()

    async def pause(self, seconds: float) -> bool:
        """Wait so long, or until a new way is there; whether it is."""
        try:
            async with TimeLimit(seconds):
                await self._rise.wait()
        except TimeoutError:
            return False
        return True

    @contextmanager
    def watched(self, lost: Callable[[OSError], None]) -> Iterator[None]:
        """Have ``lost(why)`` called when it falls within the block."""
        self._lost.append(lost)
        try:
            yield
        finally:
            self._lost.remove(lost)
