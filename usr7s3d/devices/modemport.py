"""One tty of the modem: opened and set by pyserial, carried by pyserial-asyncio.

Its transport is made for a line that stays.  Ours is pulled: what waits to be sent would hold up
the closing (tcdrain, on the loop, for as long as the driver likes), so it is thrown away first.
"""

import asyncio
import contextlib
import errno
import fcntl
import os
import struct
import termios
from collections.abc import Callable
from functools import cache, partial
from operator import methodcaller
from typing import Any

import serial

from usr7s3d.devices.thread import in_thread
from usr7s3d.devices.ttyerrors import os_errors

BAUD = 115200  # USB modems ignore it; those on a UART are delivered with it
MOST_UNSENT = 8192  # bytes; commands are short, so a tty that holds up as many is dead
LAST_WORDS = 0.2  # s for them to leave
_STEP = 0.005  # s between two looks at the kernel's buffer
_INT = struct.Struct("i")


class ModemPort:
    """An open tty.

    ``received(data)`` is called with what came; ``lost(error)`` once, when it has gone (None: a
    hang-up) and nobody closed it.
    """

    def __init__(
        self,
        path: str,
        tty: serial.Serial,
        received: Callable[[bytes], None],
        lost: Callable[[OSError | None], None],
    ) -> None:
        self.path = path
        self._tty = tty
        self._lost: Callable[[OSError | None], None] | None = lost
        self._error: OSError | None = None
        self._clock = asyncio.get_running_loop().time
        self._closed = asyncio.get_running_loop().create_future()
        with os_errors():
            self._transport = _transport_class()(
                asyncio.get_running_loop(), _Protocol(received, self._end), tty
            )

    def write(self, data: bytes) -> None:
        """Send ``data``.  A tty that takes nothing is lost."""
        if self._transport.is_closing():
            return
        if self._transport.get_write_buffer_size() + len(data) > MOST_UNSENT:
            self._error = OSError(errno.ENOBUFS, "takes no more")
            self._transport.abort()
        else:
            self._transport.write(data)

    def hand_over(self) -> int:
        """Stop to read, and let others open the tty: pppd.  The descriptor stays ours."""
        self._transport.pause_reading()
        with contextlib.suppress(OSError):
            fcntl.ioctl(self._tty.fd, termios.TIOCNXCL)
        return int(self._tty.fd)

    async def close(self, last_words: bytes = b"") -> None:
        """Write ``last_words``, if it takes them at once, and let the tty go."""
        self._lost = None
        try:
            if last_words and not self._transport.is_closing():
                with contextlib.suppress(OSError):
                    os.write(self._tty.fd, last_words)
                    await self._left()
        finally:
            self._transport.abort()
            await self._closed

    async def _left(self) -> None:
        """What was written has left the kernel, or will not soon.  Raises OSError."""
        end = self._clock() + LAST_WORDS
        while _unsent(self._tty.fd) and self._clock() < end:  # noqa: ASYNC110 - it has no event
            await asyncio.sleep(_STEP)

    def _end(self, error: Exception | None) -> None:
        self._closed.set_result(None)
        if self._lost:
            self._lost(self._error or _reason(error))


class _Protocol(asyncio.Protocol):
    """Passes on what the transport says."""

    def __init__(
        self, received: Callable[[bytes], None], lost: Callable[[Exception | None], None]
    ) -> None:
        self._received = received
        self._lost = lost

    def data_received(self, data: bytes) -> None:
        self._received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost(exc)


@cache
def _transport_class() -> Any:
    from serial_asyncio import SerialTransport  # noqa: PLC0415 - only where there is a modem

    class Transport(SerialTransport):  # type: ignore[misc]
        def _fatal_error(self, exc: Exception, message: str = "") -> None:
            self._abort(exc)  # expected; it would log a traceback

        def _close(self, exc: Exception | None = None) -> None:
            self._abort(exc)  # it would go on writing to what cannot be read any more

        def _abort(self, exc: Exception | None) -> None:
            if not self._closing:
                _discard(self._serial.fd)
                super()._abort(exc)

    return Transport


def _unsent(fd: int) -> int:
    """Bytes that have not left the kernel.  Raises OSError."""
    return int(_INT.unpack(fcntl.ioctl(fd, termios.TIOCOUTQ, bytes(_INT.size)))[0])


def _discard(fd: int) -> None:
    """Throw away what is unsent.  Only then: on a PTY the call takes what the other end has."""
    with contextlib.suppress(OSError, termios.error):
        if _unsent(fd):
            termios.tcflush(fd, termios.TCOFLUSH)


def _reason(error: Exception | None) -> OSError | None:
    """Why it was lost, from pyserial's words; None for a hang-up."""
    cause = error.__context__ if error else None
    if not isinstance(cause, OSError) or cause.errno == errno.EIO:
        return None
    return OSError(cause.errno, os.strerror(cause.errno or 0))


async def open_modem_port(
    path: str,
    received: Callable[[bytes], None],
    lost: Callable[[OSError | None], None],
) -> ModemPort:
    """Open a tty.  Raises OSError, EBUSY when another program has it."""
    tty = await in_thread(partial(_open, path), methodcaller("close"))
    try:
        return ModemPort(path, tty, received, lost)
    except BaseException:
        tty.close()
        raise


def _open(path: str) -> serial.Serial:
    """May block.  Modem lines that a PTY lacks are pyserial's to shrug at."""
    _transport_class()
    with os_errors():
        tty = serial.Serial(path, BAUD, timeout=0, write_timeout=0, exclusive=True)
        with contextlib.suppress(OSError):
            fcntl.ioctl(tty.fd, termios.TIOCEXCL)  # against those who ignore the lock
        return tty
