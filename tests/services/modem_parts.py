"""A modem with its owner, on the virtual clock."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from tests.services.fake_modem import FakeModem
from tests.services.parts import at_once, no_jitter
from usr7s3d.devices.usb import Plugged
from usr7s3d.hostconfig import HostConfig
from usr7s3d.hostconfig.model import Bearer
from usr7s3d.hostconfig.model import Modem as Config
from usr7s3d.services.mobile.finder import Found, Outside
from usr7s3d.services.mobile.modem import Modem
from usr7s3d.services.mobile.unlock import Notebook

AT, DATA = "/dev/ttyUSB2", "/dev/ttyUSB3"
STICK = Plugged(at=(AT, DATA), data=DATA, usb="1-1.2", model="SIMCom (1e0e:9001)")


class FakeStore:
    """Notes in memory; ``failure`` is raised by writing."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, str]] = {}
        self.failure: OSError | None = None

    def notes(self, name: str) -> dict[str, dict[str, str]]:
        assert name == "modem.toml"
        return {table: dict(rows) for table, rows in self.tables.items()}

    def keep_notes(self, name: str, words: str, tables: dict[str, dict[str, str]]) -> None:
        if self.failure:
            raise self.failure
        self.tables = tables


class Bench:
    """The USB port into which ``fake`` is plugged, and its owner, ``modem``."""

    def __init__(self, config: Config | None = None, **changes: Any) -> None:
        self.fake = FakeModem()
        self.fake.is_registered()
        self.plugged: Found = STICK
        self.looks: list[float] = []
        self.told = True  # the kernel tells what is plugged in
        self.store = FakeStore()
        self._changed: list[Callable[[], None]] = []
        self._clock = asyncio.get_running_loop().time
        bearer = Bearer(kind="ppp")
        self.config = HostConfig(modem=replace(config or Config(), **changes), bearer=bearer)
        self.modem = self.another()

    def another(self) -> Modem:
        """As after a restart of the process."""
        outside = Outside(
            find=self._find,
            open_port=self.fake.open,
            plugs=self._plugs,
            in_thread=at_once,
            jitter=no_jitter,
        )
        return Modem(self.config, Notebook(self.store, at_once), outside)

    def _find(self) -> Found:
        self.looks.append(self._clock())
        return self.plugged

    @contextmanager
    def _plugs(self, changed: Callable[[], None]) -> Iterator[bool]:
        self._changed.append(changed)
        try:
            yield self.told
        finally:
            self._changed.remove(changed)

    def plug(self, found: Found = STICK) -> None:
        """Put it into the USB port; the kernel says so."""
        self.plugged = found
        self.fake.plug()
        for changed in self._changed:
            changed()

    def unplug(self) -> None:
        self.plugged = None
        self.fake.unplug()


async def until(condition: Callable[[], object], within: float = 600.0) -> None:
    """Let time pass until it is so."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110 - of counters, which have no event
            await asyncio.sleep(0.5)
