"""A kernel's GPIO chips, in a folder: what ``usr7s3d.devices.gpio`` asks, answered here.

Each line keeps ``history``, the levels at its pin.  Use it in place of the kernel's call:
``monkeypatch.setattr(gpio, "ioctl", kernel.ioctl)``.
"""

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path

from usr7s3d.devices import gpio


@dataclass
class Pin:
    """One line, as its pin has it."""

    name: str = ""
    user: str = ""
    flags: int = 0
    level: bool = False
    history: list[bool] = field(default_factory=list)
    events: int = -1  # the end of a pipe at which edges go in

    def drive(self, level: bool) -> None:
        """From outside: the input's level."""
        if level != self.level and self.events >= 0:
            active = level != bool(self.flags & gpio.ACTIVE_LOW)
            os.write(self.events, gpio.EVENT.pack(1_500_000_000, 1 if active else 2, 0, 0, 0))
        self.level = level


class FakeGpio:
    """Chips in ``dev``, lines taken and given back."""

    def __init__(self, dev: Path) -> None:
        self.dev = dev
        self._chips: dict[str, tuple[str, list[Pin]]] = {}
        self._lines: dict[int, Pin] = {}
        self._fds: list[int] = []

    def add(self, name: str, label: str, pins: list[Pin]) -> list[Pin]:
        """A chip."""
        self._chips[name] = label, pins
        (self.dev / name).touch()
        return pins

    def close(self) -> None:
        """Close what a kernel would when the last user has gone."""
        for fd in self._fds:
            os.close(fd)

    def ioctl(self, fd: int, request: int, words: bytes) -> bytes:
        """In place of fcntl.ioctl."""
        if request in (gpio.GET_VALUES, gpio.SET_VALUES):
            return self._values(self._lines[fd], request, words)
        path = Path(os.readlink(f"/proc/self/fd/{fd}"))
        if path.name not in self._chips:
            raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")
        label, pins = self._chips[path.name]
        if request == gpio.GET_CHIP_INFO:
            return gpio.CHIP_INFO.pack(path.name.encode(), label.encode(), len(pins))
        if request == gpio.GET_LINE_INFO:
            offset = gpio.LINE_INFO.unpack(words)[2]
            pin = pins[offset]
            flags = pin.flags | (gpio.USED if pin.user else 0)
            return gpio.LINE_INFO.pack(pin.name.encode(), pin.user.encode(), offset, 0, flags)
        assert request == gpio.GET_LINE
        return self._take(pins, words)

    def _take(self, pins: list[Pin], words: bytes) -> bytes:
        offset, consumer, config, lines, events, _ = gpio.LINE_REQUEST.unpack(words)
        assert lines == 1
        pin = pins[offset]
        if pin.user:
            raise OSError(errno.EBUSY, "Device or resource busy")
        pin.flags, attributes = gpio.LINE_CONFIG.unpack_from(config)
        pin.user = consumer.rstrip(b"\0").decode()
        line, pin.events = os.pipe()
        self._fds.append(pin.events)
        self._lines[line] = pin
        if attributes:
            kind, value, mask = gpio.ATTRIBUTE.unpack_from(config, gpio.LINE_CONFIG.size)
            assert (kind, mask) == (gpio.OUTPUT_VALUES, 1)
            self._set(pin, value)
        return gpio.LINE_REQUEST.pack(offset, consumer, config, lines, events, line)

    def _values(self, pin: Pin, request: int, words: bytes) -> bytes:
        bits, mask = gpio.VALUES.unpack(words)
        low = bool(pin.flags & gpio.ACTIVE_LOW)
        if request == gpio.SET_VALUES:
            self._set(pin, bits & mask)
        return gpio.VALUES.pack(pin.level != low, mask)

    def _set(self, pin: Pin, active: int) -> None:
        assert pin.flags & gpio.OUTPUT
        pin.level = bool(active) != bool(pin.flags & gpio.ACTIVE_LOW)
        pin.history.append(pin.level)
