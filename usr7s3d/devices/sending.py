"""The daemon's end of the process that sends on an RS485 line (``devices/sender.py``).

To its owner it is what a Stream is for writing: it takes bytes, says how many the kernel has
not taken yet, and gives those back when the line is lost.
"""

import asyncio
import contextlib
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from usr7s3d.core.lateness import Lateness
from usr7s3d.devices import sender

PROGRAM = sender.__file__
ANSWER_LIMIT = 2.0  # s for the process to tell how far it is, while it is busy
END_LIMIT = 2 * sender.LAST_WORDS  # s for it to end by itself
SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}


@dataclass(frozen=True, slots=True)
class Pin:
    """How a transceiver is switched: an ioctl on ``fd``, and its bytes for on and off."""

    fd: int
    on: tuple[int, bytes]
    off: tuple[int, bytes]

    def drive(self, active: bool) -> tuple[int, bytes]:
        """The call that switches it."""
        return self.on if active else self.off


class SendingProcess:
    """Owns the process.  Start and close it in a thread; both take milliseconds."""

    def __init__(self, tty: int, pin: Pin, times: tuple[float, float, float]) -> None:
        """``times`` are those of a character, the delay before and the delay after, in s."""
        self._sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (self._sock, theirs):
            end.setblocking(False)
        with theirs:
            try:
                self._process = self._start(theirs.fileno(), tty, pin, times)
            except BaseException:
                self._sock.close()
                raise
        self._unsent = bytearray()  # the first ``_handed`` bytes of it are with the process
        self._handed = 0
        self._resting = True  # nothing is on the line
        self._sent: Callable[[], None] = lambda: None
        self._lost: Callable[[OSError | None], None] = lambda _: None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next_look: asyncio.TimerHandle | None = None
        self._asked = False  # how far it is, and it has not answered
        self._character_time: float | None = None  # that it has yet to be told
        self.realtime = False
        self.lateness = Lateness()

    def _start(
        self, sock: int, tty: int, pin: Pin, times: tuple[float, float, float]
    ) -> "subprocess.Popen[bytes]":
        calls = [
            str(part) for request, words in (pin.on, pin.off) for part in (request, words.hex())
        ]
        command = [sys.executable, "-I", "-S", PROGRAM, str(sock), str(tty), str(pin.fd), *calls]
        # systemd and ctrl-c signal the whole group; the process ends when the daemon has.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            return subprocess.Popen(  # noqa: S603 - our own program, our own numbers
                [*command, *map(repr, times)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds={sock, tty, pin.fd},
            )
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def attach(self, sent: Callable[[], None], lost: Callable[[OSError | None], None]) -> None:
        """Begin to hear of it; see :class:`usr7s3d.devices.stream.Stream` for the callbacks."""
        self._sent, self._lost = sent, lost
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._sock.fileno(), self._reported)

    @property
    def unsent(self) -> int:
        """Bytes that the kernel has not taken yet."""
        return len(self._unsent)

    @property
    def busy(self) -> bool:
        """Whether something is on its way, or the transceiver still switched to sending."""
        return bool(self._unsent) or not self._resting

    def write(self, data: bytes) -> None:
        """Send ``data`` behind what is unsent.  The caller bounds what waits here."""
        self._unsent += data
        self._hand_over()

    def _hand_over(self) -> None:
        while self._loop and self._handed < len(self._unsent):
            self._watch(self._loop)
            piece = self._unsent[self._handed : self._handed + sender.LONGEST]
            if not self._tell(sender.DATA + piece):
                return
            self._resting = False
            self._handed += len(piece)

    def _tell(self, message: bytes) -> bool:
        """Give it a message; when it is behind, its owner is called later."""
        try:
            self._sock.send(message)
        except BlockingIOError:
            if self._loop:
                self._loop.add_writer(self._sock.fileno(), self._writable)
            return False
        except OSError:
            return False  # it has ended: the reader is told
        return True

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """See to it that it lives: stopped, it would hold the line for ever."""
        if not self._next_look:
            self._next_look = loop.call_later(ANSWER_LIMIT, self._look)

    def _look(self) -> None:
        self._next_look = None
        if not (self._loop and self.busy):
            return
        if self._asked:
            self._process.kill()  # the reader is told
            return
        self._asked = True
        with contextlib.suppress(OSError):  # so far behind that it need not be asked
            self._sock.send(sender.ASK)
        self._watch(self._loop)

    def _writable(self) -> None:
        if self._loop:
            self._loop.remove_writer(self._sock.fileno())
        if self._character_time is not None:
            self.set_character_time(self._character_time)
        self._hand_over()

    def set_character_time(self, seconds: float) -> None:
        """The line has another rate."""
        told = self._tell(sender.CHARACTER_TIME + sender.TIME.pack(seconds))
        self._character_time = None if told else seconds

    def _reported(self) -> None:
        try:
            report = self._sock.recv(sender.REPORT.size)
        except BlockingIOError:
            return
        except OSError:
            report = b""
        if not report:
            self.detach()
            self._lost(None)
            return
        self._asked = False
        kind, count, late = sender.REPORT.unpack(report)
        if kind == sender.STARTED:
            self.realtime = bool(count)
            return
        del self._unsent[:count]
        self._handed -= count
        if kind == sender.RELEASED:
            self._resting = self._handed == 0
            self.lateness.add(late)
        self._sent()

    def take_back(self) -> bytes:
        """What is unsent; it will not be sent here."""
        unsent = bytes(self._unsent)
        self._unsent.clear()
        self._handed = 0
        return unsent

    def detach(self) -> None:
        """Stop to hear of it; comes before :meth:`close`, on the loop."""
        if self._loop:
            self._loop.remove_reader(self._sock.fileno())
            self._loop.remove_writer(self._sock.fileno())
            if self._next_look:
                self._next_look.cancel()
                self._next_look = None
            self._loop = None

    def close(self) -> None:
        """End it; it lets the line go first."""
        self._sock.close()
        try:
            self._process.wait(END_LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
