"""The lights' hardware: a kernel LED or a GPIO line, driven alike.

The kernel keeps a LED's files in its folder; udev gives ours to us (systemd/usr7s3d.rules).
``delay_on`` and ``delay_off`` come with the trigger ``timer``, and udev a moment later.
"""

import contextlib
from pathlib import Path
from typing import Protocol

from usr7s3d.devices import gpio
from usr7s3d.hostconfig.kinds import GpioLine, KernelLed

LEDS = Path("/sys/class/leds")


class Lamp(Protocol):
    """A light of ours until it is closed.  All but ``close`` raise OSError."""

    def set(self, on: bool) -> None:
        """Light it, or put it out."""
        ...

    def blink(self, seconds: float) -> bool | None:
        """Toggle from now on, by itself, every ``seconds``.

        True: it does.  False: at another pace, and asking again may help.  None: it cannot.
        """
        ...

    def close(self) -> None:
        """Put it out and give it back."""
        ...


class LedLamp:
    """A folder of /sys/class/leds.  Raises OSError when it is not there or not ours."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._full = self._read("max_brightness") or "1"
        self._write("trigger", "none")
        self.set(False)

    def set(self, on: bool) -> None:
        """Light it, or put it out."""
        self._write("brightness", self._full if on else "0")

    def blink(self, seconds: float) -> bool | None:
        """By the kernel's timer, which costs us nothing."""
        if "[timer]" not in self._read("trigger"):
            try:
                self._write("trigger", "timer")
            except OSError:
                return None  # this kernel has no such trigger
        try:
            for name in ("delay_on", "delay_off"):
                self._write(name, f"{seconds * 1000:.0f}")
        except OSError:
            return False  # not ours yet
        return True

    def close(self) -> None:
        """Dark, and by itself no more."""
        with contextlib.suppress(OSError):  # it may have gone
            self._write("trigger", "none")
            self.set(False)

    def _read(self, name: str) -> str:
        return (self._folder / name).read_text("ascii").strip()

    def _write(self, name: str, text: str) -> None:
        # Not write_text, whose O_TRUNC and O_CREAT would make a file of a wrong name.
        with open(self._folder / name, "r+", encoding="ascii") as file:
            file.write(text)


class GpioLamp:
    """A line of a GPIO chip."""

    def __init__(self, line: gpio.Line) -> None:
        self._line = line

    def set(self, on: bool) -> None:
        """Light it, or put it out."""
        self._line.set(on)

    def blink(self, seconds: float) -> bool | None:
        """Only by our hand."""
        return None

    def close(self) -> None:
        """Dark first: what a pin does that nobody has is the kernel's choice."""
        with contextlib.suppress(OSError):  # the chip may have gone
            self._line.set(False)
        self._line.close()


def open_lamp(place: GpioLine | KernelLed) -> Lamp:
    """The light at ``place``, dark.  Raises OSError."""
    if isinstance(place, KernelLed):
        return LedLamp(LEDS / place.name)
    return GpioLamp(gpio.open_output(place.chip, place.line, active_low=place.active_low))


def open_pin(place: GpioLine) -> gpio.Line:
    """The key at ``place``, active while it is pressed.  Raises OSError."""
    return gpio.open_input(place.chip, place.line, active_low=place.active_low)
