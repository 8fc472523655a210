"""Sends on a tty and switches its transceiver, in a process of its own.

    python3 -I -S sender.py SOCKET TTY PIN CALL-ON ON CALL-OFF OFF CHARACTER BEFORE AFTER

In the daemon this would have to wait for whatever Python code runs there: milliseconds, in which
the answer on the bus has begun.  Here nothing else runs.  It gets what is to be sent as messages on
a socket, and tells how far it is; when the socket ends, it lets the line go and ends.

PIN is a descriptor, CALL-* an ioctl on it with the bytes ON, OFF (hex), so that it need not know
what kind of pin that is; times are in s.  It imports as little as it can: each module is memory.
"""

import fcntl
import gc
import os
import select
import struct
import sys
import time

if __name__ == "__main__":  # by path and isolated, so the package has to be shown
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(__file__))))

from usr7s3d.core.direction import Line, Sender

DATA, CHARACTER_TIME, ASK = b"D", b"C", b"A"  # the first byte of a message to us
LONGEST = 4096  # bytes of data in a message
REPORT = struct.Struct(
    "=c I d"
)  # kind; bytes taken by the kernel; of a release, s that it was late
STARTED, PROGRESS, RELEASED = b"s", b"p", b"r"  # STARTED: 1 for "taken" is a real-time schedule
TIME = struct.Struct("=d")

TIOCOUTQ, TIOCSERGETLSR, TCFLSH = 0x5411, 0x5459, 0x540B
TCOFLUSH = 1
TEMT = 1  # transmitter empty: the last stop bit has left
NO_ANSWER = bytes(4)
LAST_WORDS = 0.5  # s for what is being sent when the daemon goes
PRIORITY = 1  # of real-time ones the lowest: behind the kernel's own threads, before all else


class TtyLine(Line):
    """A tty and the pin of its transceiver."""

    def __init__(self, tty: int, pin: int, on: tuple[int, bytes], off: tuple[int, bytes]) -> None:
        self._tty = tty
        self._pin = pin
        self._calls = (off, on)
        self.taken = 0  # bytes that nobody was told of

    def drive(self, active: bool) -> None:
        """Switch the pin."""
        request, words = self._calls[active]
        fcntl.ioctl(self._pin, request, words)

    def write(self, data: bytes | bytearray) -> int:
        """Give bytes to the driver."""
        try:
            taken = os.write(self._tty, data)
        except (BlockingIOError, InterruptedError):
            return 0
        self.taken += taken
        return taken

    def empty(self) -> bool | None:
        """Ask the driver, then its transmitter."""
        if int.from_bytes(fcntl.ioctl(self._tty, TIOCOUTQ, NO_ANSWER), sys.byteorder):
            return False
        try:
            answer = fcntl.ioctl(self._tty, TIOCSERGETLSR, NO_ANSWER)
        except OSError:
            return None
        return bool(int.from_bytes(answer, sys.byteorder) & TEMT)

    def forget(self) -> None:
        """Throw away what the driver has not sent; close(2) would wait for that."""
        fcntl.ioctl(self._tty, TCFLSH, TCOFLUSH)


def serve(sock: int, line: TtyLine, sender: Sender) -> None:
    """Send what comes on ``sock`` until it ends.  Raises OSError when the tty has gone."""
    owed: float | None = None  # the daemon has yet to hear how late the line was let go
    while True:
        due = sender.deadline()
        wait = None if due is None else max(0.0, due - time.monotonic())
        tell = False
        if select.select([sock], [] if owed is None else [sock], [], wait)[0]:
            message = _next(sock)
            if not message:
                return
            tell = _obey(message, sender, time.monotonic())
        late = sender.expire(time.monotonic())
        owed = owed if late is None else late
        if (tell or line.taken or owed is not None) and _report(sock, line, owed):
            owed = None


def _obey(message: bytes, sender: Sender, now: float) -> bool:
    """Do what the daemon says; whether it asked for a report."""
    kind, body = message[:1], message[1:]
    if kind == DATA:
        sender.send(body, now)
    elif kind == CHARACTER_TIME:
        (seconds,) = TIME.unpack(body)
        sender.set_character_time(seconds, now)
    return kind == ASK


def _next(sock: int) -> bytes:
    """The next message; none when the daemon has gone."""
    try:
        return os.read(sock, LONGEST + 1)
    except ConnectionResetError:  # it went without having read our reports
        return b""


def _report(sock: int, line: TtyLine, late: float | None) -> bool:
    kind = PROGRESS if late is None else RELEASED
    try:
        os.write(sock, REPORT.pack(kind, line.taken, late or 0.0))
    except (BlockingIOError, BrokenPipeError, ConnectionResetError):
        return False  # the daemon is behind, and this goes into the next report; or it has gone
    line.taken = 0
    return True


def _finish(line: TtyLine, sender: Sender) -> None:
    """The daemon has gone: end the frame, and let the line go."""
    now = time.monotonic()
    end = now + LAST_WORDS
    sender.look(now)
    while sender.active and (now := time.monotonic()) < end:
        due = sender.deadline() or now
        time.sleep(max(0.0, min(due, end) - now))
        sender.expire(time.monotonic())
    if sender.active or sender.waiting:
        line.forget()


def _hurry() -> bool:
    """Ask to be woken on time; whether the schedule is a real-time one."""
    gc.disable()  # nothing here makes circles
    try:
        with open("/proc/self/timerslack_ns", "w") as slack:
            slack.write("1")
    except OSError:
        pass
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except OSError:
        return False
    return True


def main(arguments: list[str]) -> int:
    """Run until the daemon closes the socket."""
    sock, tty, pin = (int(number) for number in arguments[:3])
    on, off = ((int(arguments[n]), bytes.fromhex(arguments[n + 1])) for n in (3, 5))
    line = TtyLine(tty, pin, on, off)
    sender = Sender(line, *(float(seconds) for seconds in arguments[7:10]))
    try:
        os.write(sock, REPORT.pack(STARTED, _hurry(), 0.0))
        serve(sock, line, sender)
        _finish(line, sender)
    except OSError:
        return 1  # the tty has gone, or the daemon; it knows, or need not
    finally:
        if sender.active:
            _let_go(line)
    return 0


def _let_go(line: TtyLine) -> None:
    try:
        line.drive(False)
    except OSError:
        return  # the pin has gone with the tty


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
