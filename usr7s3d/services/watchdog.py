"""Feeds systemd's watchdog for as long as nobody is late (sd_watchdog_enabled(3))."""

import asyncio
import logging
from typing import Protocol

from usr7s3d.core.liveness import Liveness

log = logging.getLogger(__name__)

SIGNS_OF_LIFE = 3  # in the time that systemd allows


class Systemd(Protocol):
    """As much of devices.notify.Notifier as is needed here."""

    @property
    def watchdog(self) -> float | None:
        """Seconds within which systemd wants a sign of life, or None."""
        ...

    def alive(self) -> None:
        """Give one."""
        ...


async def feed(systemd: Systemd, liveness: Liveness) -> None:
    """Say that all is well; when somebody hangs say who, and leave the rest to systemd."""
    if not systemd.watchdog:
        return
    said: set[str] = set()
    while True:
        late = liveness.late()
        for name in late.keys() - said:
            log.error("watchdog: %s hangs: it should have acted %.0f s ago", name, late[name])
        if said - late.keys():
            log.warning("watchdog: %s goes on", ", ".join(sorted(said - late.keys())))
        said = set(late)
        if not late:
            systemd.alive()
        await asyncio.sleep(systemd.watchdog / SIGNS_OF_LIFE)
