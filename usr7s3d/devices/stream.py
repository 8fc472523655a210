"""One non-blocking file descriptor on the loop: a tty, a PTY, or a connected socket.

It reads when there is something, or at a :class:`Pace`, writes at once, and keeps only
what the kernel does not take.  Three system calls a chunk: wait, read, write.  asyncio's
own transports would cost more and hide what is still unsent.
"""

import asyncio
import errno
import os
from collections.abc import Callable

from usr7s3d.core.pace import Pace

READ_SIZE = 4096  # bytes; the tty's own buffer holds 4095
HANG_UPS = (errno.EIO, errno.EPIPE)  # what a tty and a socket say whose other end has gone


class Stream:
    """Reads and writes ``fd`` until it is lost or closed.  It does not own the fd.

    ``received(data)`` is called with what came; ``sent()`` when the kernel took some of
    what was unsent; ``lost(error)`` once, when the other side has gone (None) or the fd
    failed.  All from the loop, never from within :meth:`write`.

    A fd that takes no more is lost at once; with ``reads_out``, behind the last byte
    that can still be read from it: a server may say something and hang up.

    What was unsent when it was lost, and what is written after that, stays unsent: its
    owner can see how much that is, and :meth:`take_back` gives it back.
    """

    def __init__(
        self,
        fd: int,
        *,
        received: Callable[[bytes], None],
        sent: Callable[[], None],
        lost: Callable[[OSError | None], None],
        reads_out: bool = False,
    ) -> None:
        self._fd = fd
        self._received = received
        self._sent = sent
        self._lost = lost
        self._reads_out = reads_out
        self._write_error: OSError | None = None
        self._loop = asyncio.get_running_loop()
        self._unsent = bytearray()
        self._reading = False
        self._next_look: asyncio.TimerHandle | None = None  # None = the loop watches the fd
        self._open = True
        self._pace: Pace | None = None

    @property
    def unsent(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return len(self._unsent)

    def resume_reading(self, pace: Pace | None = None) -> None:
        """Read from now on, at ``pace``; without one, as soon as there is something."""
        if self._open and not self._reading:
            self._reading = True
            self._pace = pace
            self._loop.add_reader(self._fd, self._look)

    def pause_reading(self) -> None:
        """Leave what comes in the kernel, which in the end stops the sender."""
        if self._reading:
            self._reading = False
            if self._next_look:
                self._next_look.cancel()
                self._next_look = None
            else:
                self._loop.remove_reader(self._fd)

    def _look(self) -> None:
        try:
            data = os.read(self._fd, READ_SIZE)
        except (BlockingIOError, InterruptedError):
            self._keep_pace(0)
        except OSError as error:
            self._fail(error)
        else:
            if data:
                self._received(data)
                self._keep_pace(len(data))
            else:
                self._fail(None)

    def _keep_pace(self, found: int) -> None:
        """Watch the fd, or look at it again in a moment."""
        if not (self._pace and self._reading):
            return
        due = self._pace.next_look(found, self._loop.time())
        if due is not None:
            if not self._next_look:
                self._loop.remove_reader(self._fd)
            self._next_look = self._loop.call_at(due, self._look)
        elif self._next_look:
            self._next_look = None
            self._loop.add_reader(self._fd, self._look)

    def write(self, data: bytes) -> None:
        """Send ``data`` behind what is unsent.  The caller bounds what waits here."""
        if self._open and not self._unsent:
            taken = self._take(data)
            if taken == len(data):
                return
            data = data[taken:]
            if self._open and not self._write_error:
                self._loop.add_writer(self._fd, self._writable)
        self._unsent += data

    def _take(self, data: bytes | bytearray) -> int:
        """Give ``data`` to the kernel; how much it took."""
        try:
            return os.write(self._fd, data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            self._write_error = error
            self._loop.remove_writer(self._fd)
            if not self._reads_out:
                self.close()
                self._loop.call_soon(self._lose, error)
            return 0

    def _writable(self) -> None:
        taken = self._take(self._unsent)
        del self._unsent[:taken]
        if not self._unsent and self._open:
            self._loop.remove_writer(self._fd)
        if taken:
            self._sent()

    def take_back(self) -> bytes:
        """What is unsent; it will not be sent here."""
        unsent = bytes(self._unsent)
        self._unsent.clear()
        if self._open:
            self._loop.remove_writer(self._fd)
        return unsent

    def _fail(self, error: OSError | None) -> None:
        if self._open:
            self.close()
            self._lose(error)

    def _lose(self, error: OSError | None) -> None:
        error = error or self._write_error
        self._lost(None if error and error.errno in HANG_UPS else error)

    def close(self) -> None:
        """Let go of the fd.  Safe to call twice."""
        if self._open:
            self._open = False
            self.pause_reading()
            self._loop.remove_writer(self._fd)
