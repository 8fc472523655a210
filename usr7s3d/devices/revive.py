"""The rude ways to bring a modem back: what each step of core/ladder.py does."""

import asyncio
import logging
import subprocess
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from usr7s3d.devices import gpio, usb, usbreset
from usr7s3d.hostconfig.kinds import GpioLine
from usr7s3d.hostconfig.model import Modem as Config
from usr7s3d.modem.command import ATTENTION, RESTART

log = logging.getLogger(__name__)

HEARD = 1.0  # s for a modem that answers nothing to hear it all the same
PRESS = 3.0  # s; long enough to turn any modem off that we know, or on
OFF = 15.0  # s for it to sign off, before the press that turns it on
START = 40.0  # s for one that was off to be seen; another press would turn it off again
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
            tty.write(f"\r\n{RESTART.text}\r".encode())
            await asyncio.sleep(HEARD)
        finally:
            await tty.close()

    async def usb_reset(self, plug: str) -> None:
        """As if it had been pulled for a moment."""
        await self.in_thread(partial(usbreset.reset, plug))

    async def power(self, plug: str, port: str) -> None:
        """Its power key, or the power of its USB port."""
        if self.config.uhubctl:
            await self.in_thread(partial(_cycle, self.config.uhubctl))
        elif self.config.power:
            on = await self._is_on(plug, port)
            await self._press(self.config.power, PRESS)
            # One that was on signs off now; one that was off, or could not be seen, starts.
            await asyncio.sleep(OFF if on else START)
            if not await self._is_on(plug, port):
                await self._press(self.config.power, PRESS_ON)

    async def _is_on(self, plug: str, port: str) -> bool:
        """Whether the kernel sees it; one that is on no USB is asked."""
        if plug:
            return usbreset.is_there(plug)
        if not port:  # nobody has seen it yet
            return await self.in_thread(partial(usb.find, self.config)) is not None
        heard = bytearray()
        try:
            tty = await self.open_port(port, heard.extend, lambda _: None)
        except OSError:
            return False
        try:
            tty.write(f"\r\n{ATTENTION.text}\r".encode())
            await asyncio.sleep(HEARD)
        finally:
            await tty.close()
        return bool(heard)

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
            command, capture_output=True, errors="replace", timeout=CYCLE_TIME, check=False
        )
    except FileNotFoundError as error:
        raise OSError("uhubctl is not installed") from error
    except subprocess.TimeoutExpired as error:
        raise OSError("uhubctl does not end") from error
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()  # behind the first: advice
        raise OSError(f"uhubctl: {said[0] if said else done.returncode}")
