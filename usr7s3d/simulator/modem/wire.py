"""Byte streams for the shell: a PTY, a unix socket, one half of a socket pair."""

import asyncio
import os
import pty
import socket
import termios
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

LIMIT = 65536  # bytes that wait to be written; beyond, the sender should pause
CHUNK = 4096


class Wire:
    """A file descriptor of its own, both ways, in the running loop."""

    def __init__(
        self, fd: int, received: Callable[[bytes], None], gone: Callable[[], None]
    ) -> None:
        os.set_blocking(fd, False)
        self._fd = fd
        self._received = received
        self._gone = gone
        self._loop = asyncio.get_running_loop()
        self._waiting = bytearray()
        self.relieved: Callable[[], None] = lambda: None  # called when no longer full
        self._loop.add_reader(fd, self._readable)

    @property
    def full(self) -> bool:
        """Whether to write no more for now."""
        return len(self._waiting) > LIMIT

    def pause(self) -> None:
        """Read no more, until :meth:`resume`."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)

    def resume(self) -> None:
        """Read again."""
        if self._fd >= 0:
            self._loop.add_reader(self._fd, self._readable)

    def write(self, data: bytes) -> None:
        """Send, and keep what does not fit yet."""
        if self._fd >= 0:
            self._waiting += data
            self._writable()

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if data:
            self._received(data)
        else:
            self.pause()
            self._gone()

    def _writable(self) -> None:
        was_full = self.full
        try:
            del self._waiting[: os.write(self._fd, self._waiting)]
        except BlockingIOError:
            pass
        except OSError:
            self._waiting.clear()  # the reader notices as well
        if self._waiting:
            self._loop.add_writer(self._fd, self._writable)
        else:
            self._loop.remove_writer(self._fd)
        if was_full and not self.full:
            self.relieved()

    def close(self) -> None:
        """Leave it.  Safe to call twice."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            os.close(self._fd)
            self._fd = -1


class Tty:
    """A PTY, and a link to its other side, for as long as the modem is plugged in.

    Its other side is held open, so that nobody's leaving is an error here; except during a call:
    there it is the hang-up.
    """

    lasts = True

    def __init__(self, path: Path) -> None:
        self._path = path
        self._held = -1
        self._name = ""

    def open(self, received: Callable[[bytes], None], gone: Callable[[], None]) -> Wire:
        """A new PTY.  Raises OSError."""
        ours, self._held = pty.openpty()
        self._name = os.ttyname(self._held)
        tty.setraw(self._held, termios.TCSANOW)  # what is on its way stays
        new = self._path.with_name(f".{self._path.name}.new")
        new.unlink(missing_ok=True)
        new.symlink_to(self._name)
        new.replace(self._path)
        return Wire(ours, received, gone)

    def hold(self, held: bool) -> None:
        """Keep the other side open, or leave it to whoever calls."""
        if held and self._held < 0:
            with suppress(OSError):  # taken for its owner alone: then that one keeps it open
                self._held = os.open(self._name, os.O_RDWR | os.O_NOCTTY)
                tty.setraw(self._held, termios.TCSANOW)  # what is on its way stays
        elif not held and self._held >= 0:
            os.close(self._held)
            self._held = -1

    def close(self) -> None:
        """Unplugged: the link goes, too."""
        self.hold(False)
        with suppress(OSError):
            if os.readlink(self._path) == self._name:
                self._path.unlink()


class Plug:
    """A unix socket that somebody else listens on, as QEMU does for a serial port."""

    lasts = False  # when its other side has gone, it has gone

    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self, received: Callable[[bytes], None], gone: Callable[[], None]) -> Wire:
        """Connect.  Raises OSError."""
        sock = socket.socket(socket.AF_UNIX)
        try:
            sock.connect(str(self._path))
        except OSError:
            sock.close()
            raise
        return Wire(sock.detach(), received, gone)

    def hold(self, held: bool) -> None:
        """Nothing to hold: whose other side has closed is unplugged."""

    def close(self) -> None:
        """Nothing left behind."""


End = Tty | Plug


def end(place: str) -> End:
    """``unix:PATH`` is a socket to connect to, anything else where to link a PTY."""
    if place.startswith("unix:"):
        return Plug(Path(place.removeprefix("unix:")))
    return Tty(Path(place))
