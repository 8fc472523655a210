"""Lights and keys as lists of what happened to them."""

import asyncio
import errno
import os

from usr7s3d.devices.gpio import Edge


class FakeLamp:
    """A light.  ``history`` has (s, lit), or (s, "blinks")."""

    def __init__(self, *, blinks: bool | None = None) -> None:
        self.history: list[tuple[float, bool | str]] = []
        self.opened = 0
        self.broken = False
        self.blinks = blinks  # what ``blink`` answers

    def open(self) -> "FakeLamp":
        self.opened += 1
        if self.broken:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        return self

    def set(self, on: bool) -> None:
        if self.broken:
            raise OSError(errno.ENODEV, "No such device")
        self._note(on)

    def blink(self, seconds: float) -> bool | None:
        if self.blinks is not None:
            self._note(f"blinks {seconds:g}")
        return self.blinks

    def close(self) -> None:
        self._note("closed")

    def _note(self, what: bool | str) -> None:
        self.history.append((asyncio.get_running_loop().time(), what))

    @property
    def levels(self) -> list[bool | str]:
        return [what for _, what in self.history]


class FakeKey:
    """An input line whose edges come through a pipe."""

    def __init__(self) -> None:
        self.fd, self._end = os.pipe()
        os.set_blocking(self.fd, False)

    def press(self, down: bool) -> None:
        at = asyncio.get_running_loop().time()
        os.write(self._end, f"{int(down)} {at}\n".encode())

    def break_off(self) -> None:
        os.close(self._end)
        self._end = -1

    def edges(self) -> list[Edge]:
        if not (data := os.read(self.fd, 4096)):
            raise OSError(errno.ENODEV, "No such device")
        rows = [line.split() for line in data.decode().splitlines()]
        return [Edge(down == "1", float(at)) for down, at in rows]

    def close(self) -> None:
        for fd in (self.fd, self._end):
            if fd >= 0:
                os.close(fd)
