"""The rude ways to bring a modem back: what each step of core/ladder.py does."""

import asyncio
import logging
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from usr7s3d.devices import gpio, usbreset
from usr7s3d.hostconfig.kinds import GpioLine
from usr7s3d.hostconfig.model import Modem as Config

log = logging.getLogger(__name__)

RESTART = b"\r\nAT+CFUN=1,1\r"  # 3GPP TS 27.007 8.2
HEARD = 1.0  # s for a modem that answers nothing to hear it all the same
PRESS = 3.0  # s; long enough to turn any modem off that we know, or on
OFF = 15.0  # s for it to sign off, before the press that turns it on
PRESS_ON = 1.5  # s
CYCLE_TIME = 30.0  # s for uhubctl

InThread = Callable[..., Awaitable[Any]]
OpenPort = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Hands:
    """What may be done to the modem here.  Every call raises OSError."""

    config: Config
    runtime: Path
    open_port: OpenPort
    in_thread: InThread

    async def restart(self, port: str) -> None:
        """Tell it to begin anew, on a port where it may hear and cannot answer."""
        tty = await self.open_port(port, lambda _: None, lambda _: None)
        try:
            tty.write(RESTART)
            await asyncio.sleep(HEARD)
        finally:
            await tty.close()

    async def usb_reset(self, plug: str) -> None:
        """As if it had been pulled for a moment."""
        await self.in_thread(partial(usbreset.reset, plug))

    async def power(self, gone: Callable[[], bool]) -> None:
        """Its power key, or the power of its USB port."""
        if self.config.uhubctl:
            await self.in_thread(partial(_cycle, self.config.uhubctl))
        elif self.config.power:
            await self._press(self.config.power, PRESS)
            await asyncio.sleep(OFF)
            if gone():  # it was on, and that turned it off
                await self._press(self.config.power, PRESS_ON)

    async def _press(self, key: GpioLine, seconds: float) -> None:
        opening = partial(gpio.open_output, key.chip, key.line, active_low=key.active_low)
        with await self.in_thread(opening) as line:
            line.set(True)
            try:
                await asyncio.sleep(seconds)
            finally:
                line.set(False)

    async def reboot(self) -> None:
        """Ask for it; usr7s3d-reboot.path does it, if somebody has enabled that."""
        await self.in_thread((self.runtime / "reboot").touch)


def _cycle(place: str) -> None:
    hub, _, port = place.partition("/")
    command = ["uhubctl", "--location", hub, "--ports", port, "--action", "cycle"]
    try:
        done = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=CYCLE_TIME, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise OSError("uhubctl does not end") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise OSError(f"uhubctl: {said[-1] if said else done.returncode}")
