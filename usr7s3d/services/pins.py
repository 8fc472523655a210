"""The module's keys (its pins RESET and RELOAD), on GPIO lines."""

import asyncio
import logging
from collections.abc import Callable
from typing import NoReturn, Protocol

from usr7s3d.core.backoff import Backoff
from usr7s3d.core.key import Key
from usr7s3d.core.liveness import Liveness
from usr7s3d.devices.gpio import Edge
from usr7s3d.services.timer import LazyTimer

log = logging.getLogger(__name__)


class Line(Protocol):
    """An input, see ``devices/gpio.py``."""

    fd: int

    def edges(self) -> list[Edge]:
        """What happened since the last call.  Raises OSError."""
        ...

    def close(self) -> None:
        """Give it back."""
        ...


class Pin:
    """One key: ``act()`` when it is held for ``hold`` s.  Waited for while it is not there."""

    def __init__(
        self,
        name: str,
        hold: float,
        act: Callable[[], None],
        opener: Callable[[], Line],
        backoff: Backoff,
    ) -> None:
        self.name = name
        self._hold = hold
        self._act = act
        self._opener = opener
        self._backoff = backoff
        self._loop = asyncio.get_running_loop()
        self._key = Key(hold)
        self._timer = LazyTimer(self._expire)

    async def run(self, liveness: Liveness) -> NoReturn:
        """Watch the line; take it again when it is lost."""
        said = ""
        with liveness.pulse(f"pin {self.name}") as pulse:
            while True:
                try:
                    line = self._opener()
                except OSError as error:
                    if str(error) != said:
                        said = str(error)
                        log.warning("pin %s: %s: waiting for it", self.name, error)
                else:
                    self._backoff.reset()
                    with pulse.waiting():
                        lost = await self._watch(line)
                    log.warning("pin %s: has gone: %s", self.name, lost)
                delay = self._backoff.next(self._loop.time())
                with pulse.waiting(delay):
                    await asyncio.sleep(delay)

    async def _watch(self, line: Line) -> OSError:
        lost: asyncio.Future[OSError] = self._loop.create_future()

        def readable() -> None:
            try:
                for edge in line.edges():
                    if self._key.change(edge.active, edge.at):
                        self._fire()
            except OSError as error:
                self._loop.remove_reader(line.fd)
                lost.set_result(error)
            self._timer.set(self._key.deadline())

        self._key = Key(self._hold)
        self._loop.add_reader(line.fd, readable)
        try:
            return await lost
        finally:
            self._timer.stop()
            self._loop.remove_reader(line.fd)
            line.close()

    def _expire(self) -> None:
        if self._key.expire(self._loop.time()):
            self._fire()
        self._timer.set(self._key.deadline())

    def _fire(self) -> None:
        log.info("pin %s: pressed", self.name)
        self._act()
