"""The UART: opened, locked and made raw by pyserial, read and written by our own Stream.

``pty:PATH`` makes a PTY and links PATH to its tty, for programs on the same
machine.  Any other device is opened as it is; a PTY is a good UART.
"""

import contextlib
import errno
import fcntl
import os
import pty
import struct
import termios
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import serial

from usr7s3d.core.line import LineSettings
from usr7s3d.devices.stream import Stream
from usr7s3d.devices.termios2 import TCGETS2, TCSETS2, TERMIOS2
from usr7s3d.devices.ttyerrors import os_errors
from usr7s3d.hostconfig import Rs485

if TYPE_CHECKING:  # they cost 0.2 MB, on an RS232 line for nothing
    from usr7s3d.core.halfduplex import Unseen
    from usr7s3d.devices.rs485 import Direction
    from usr7s3d.devices.sending import SendingProcess

PTY_PREFIX = "pty:"

INT = struct.Struct("i")
TIOCSERGETLSR, TEMT = 0x5459, 1  # transmitter empty, from <linux/serial.h>
BOTHER, CBAUD, CMSPAR = 0o010000, 0o010017, 0o10000000000
CIBAUD = CBAUD << 16
PARITY = {
    "NONE": 0,
    "ODD": termios.PARENB | termios.PARODD,
    "EVEN": termios.PARENB,
    "MARK": termios.PARENB | termios.PARODD | CMSPAR,
    "SPACE": termios.PARENB | CMSPAR,
}
NO_RS485 = Rs485()

USB_LATENCY = 0.016  # s between two lots of an FTDI chip
FIFO = 16  # characters: at half of 32 the PL011 of a Pi 4 and 5 hands over; other chips at fewer
LINE_FLAGS = CBAUD | CIBAUD | PARITY["MARK"] | termios.CSIZE | termios.CSTOPB | termios.CRTSCTS


class Uart:
    """An open serial line."""

    direction: "Direction | None" = None  # who switches its transceiver, while flow is RS485

    def __init__(self, port: serial.Serial, fd: int, link: str | None = None) -> None:
        self._port = port
        self._fd = fd  # of a PTY that we made, its master; else the port's own
        self._link = link
        self.stream: Stream | None = None

    def open_direction(self, line: LineSettings, config: Rs485) -> None:
        """See to it that somebody switches the transceiver.  May block; raises OSError."""
        from usr7s3d.devices import rs485  # noqa: PLC0415

        self.direction = rs485.open_direction(self._fd, line, config)

    def attach(
        self,
        received: Callable[[bytes], None],
        sent: Callable[[], None],
        lost: Callable[[OSError | None], None],
    ) -> Stream:
        """Start to move bytes; see :class:`Stream` for the callbacks."""
        self.stream = Stream(self._fd, received=received, sent=sent, lost=lost)
        if self.direction and self.direction.process:
            self.direction.process.attach(sent, lost)
        return self.stream

    @property
    def out(self) -> "Stream | SendingProcess | None":
        """What to write to; None before :meth:`attach`."""
        process = self.direction.process if self.direction else None
        return process if process and self.stream else self.stream

    def set_line(self, line: LineSettings) -> None:
        """Change the line; what waits in the kernel either way stays.  Raises OSError.

        What the driver cannot do it leaves out; :meth:`line` tells.
        """
        _set_line(self._port.fd, line)
        if self.direction and self.direction.process:
            self.direction.process.set_character_time(line.character_time)

    def line(self) -> LineSettings:
        """What the line is set to now, as the kernel tells it.  Raises OSError."""
        answer = fcntl.ioctl(self._port.fd, TCGETS2, bytes(TERMIOS2.size))
        _, _, flags, _, _, _, baud = TERMIOS2.unpack(answer)
        parity = flags & PARITY["MARK"]
        return LineSettings(
            baud=baud,
            parity=next(name for name, bits in PARITY.items() if bits == parity)
            if flags & termios.PARENB
            else "NONE",
            data_bits=5 + (flags & termios.CSIZE) // termios.CS6,
            stop_bits=2 if flags & termios.CSTOPB else 1,
            flow="CRTS" if flags & termios.CRTSCTS else "NONE",
        )

    def unsent(self) -> int:
        """Bytes written that have not left yet, in the daemon and in the kernel's buffer.

        1 until the last stop bit has left: another rate would spoil what a FIFO holds.
        """
        ours = self.out.unsent if self.out else 0
        if self.direction and self.direction.process and self.direction.process.busy:
            ours = max(ours, 1)  # until the transceiver listens again
        with contextlib.suppress(OSError):
            answer = fcntl.ioctl(self._port.fd, termios.TIOCOUTQ, bytes(INT.size))
            ours += int(INT.unpack(answer)[0])
            if not ours:  # the driver is rid of it, its FIFO may not be; few drivers can tell
                answer = fcntl.ioctl(self._port.fd, TIOCSERGETLSR, bytes(INT.size))
                ours = 0 if INT.unpack(answer)[0] & TEMT else 1
        return ours

    def unread(self) -> int:
        """Bytes that have come and wait in the kernel."""
        try:
            answer = fcntl.ioctl(self._fd, termios.FIONREAD, bytes(INT.size))
        except OSError:
            return 0
        return int(INT.unpack(answer)[0])

    def unseen(self) -> "Unseen":
        """For how long bytes may come in before the kernel has them."""
        from usr7s3d.core.halfduplex import NOTHING, Unseen  # noqa: PLC0415
        from usr7s3d.devices import ttykinds  # noqa: PLC0415

        device = ttykinds.number(self._fd)
        if device is None or ttykinds.is_pty(device):
            return NOTHING
        usb = ttykinds.is_usb(device)
        return Unseen(seconds=USB_LATENCY) if usb else Unseen(characters=FIFO)

    def close(self) -> None:
        """Let the device go.  May block for as long as its driver likes: call it in a thread."""
        if self.unsent():
            # They would keep close() waiting for a CTS that may never come.
            with contextlib.suppress(termios.error):
                termios.tcflush(self._port.fd, termios.TCOFLUSH)
        if self.direction:
            self.direction.close()
        if self._link:
            with contextlib.suppress(OSError):
                if os.readlink(self._link) == os.ttyname(self._port.fd):
                    os.unlink(self._link)
            os.close(self._fd)
        self._port.close()

    def detach(self) -> None:
        """Stop to move bytes; comes before :meth:`close`, on the loop."""
        if self.stream:
            self.stream.close()
        if self.direction and self.direction.process:
            self.direction.process.detach()


def open_uart(device: str, line: LineSettings, config: Rs485 = NO_RS485) -> Uart:
    """Open ``device``; may block.  Raises OSError, EBUSY when another program has it."""
    if device.startswith(PTY_PREFIX):
        uart = _make_pty(device.removeprefix(PTY_PREFIX), line)
    else:
        port = _open_port(device, line, exclusive=True, config=config)
        uart = Uart(port, port.fd)
    if line.flow == "RS485":
        try:
            uart.open_direction(line, config)
        except BaseException:
            uart.close()
            raise
    return uart


def _open_port(
    path: str, line: LineSettings, exclusive: bool, config: Rs485 = NO_RS485
) -> serial.Serial:
    with os_errors():
        # An inter-byte time of 0 makes pyserial set VMIN=1, VTIME=0: then "no data" is
        # EAGAIN and an empty read is a hang-up.  With VMIN=0 both read as nothing.
        port = serial.Serial(exclusive=exclusive or None, inter_byte_timeout=0)
        port.port = path
        # It would raise RTS, which is the driver's with CRTS, and where it switches a transceiver
        # that sends while the pin is low.
        port.rtscts = line.flow == "CRTS"
        port.rts = not (config.active_low and config.takes_rts)
        port.open()
        try:
            _set_line(port.fd, line)
        except BaseException:
            port.close()
            raise
        return port


def _make_pty(link: str, line: LineSettings) -> Uart:
    master, slave = pty.openpty()
    try:
        # Our own handle on the tty keeps the master alive between its users.
        port = _open_port(os.ttyname(slave), line, exclusive=False)
    except BaseException:
        os.close(master)
        raise
    finally:
        os.close(slave)
    uart = Uart(port, master, link)
    try:
        os.set_blocking(master, False)
        _replace_link(os.ttyname(port.fd), link)
    except BaseException:
        uart.close()
        raise
    return uart


def _replace_link(target: str, link: str) -> None:
    """Point ``link`` to ``target``; a file, and the link of a PTY that lives, is left alone."""
    if os.path.islink(link):
        if _leads_to_a_living_pty(link):
            raise OSError(errno.EBUSY, "another program has it")
        os.unlink(link)
    os.symlink(target, link)


def _leads_to_a_living_pty(link: str) -> bool:
    """Whether the PTY is still the one that ``link`` was made for.

    The kernel uses the numbers again, so after a crash the link may lead to a
    stranger's terminal; but that is younger than the link.
    """
    try:
        return os.stat(link).st_ctime_ns <= os.lstat(link).st_mtime_ns
    except FileNotFoundError:
        return False


def _set_line(fd: int, line: LineSettings) -> None:
    size = (termios.CS5, termios.CS6, termios.CS7, termios.CS8)[line.data_bits - 5]
    stop = termios.CSTOPB if line.stop_bits == 2 else 0
    flow = termios.CRTSCTS if line.flow == "CRTS" else 0
    rate = getattr(termios, f"B{line.baud}", BOTHER)
    answer = fcntl.ioctl(fd, TCGETS2, bytes(TERMIOS2.size))
    iflag, oflag, cflag, lflag, rest, _, _ = TERMIOS2.unpack(answer)
    iflag &= ~termios.BRKINT  # a break would throw away what waits in the kernel
    cflag = cflag & ~LINE_FLAGS | size | stop | flow | rate | PARITY[line.parity]
    words = TERMIOS2.pack(iflag, oflag, cflag, lflag, rest, line.baud, line.baud)
    fcntl.ioctl(fd, TCSETS2, words)


def header_uart() -> str:
    """The UART on the header of this board; on a Pi 5 ``serial0`` is its debug header."""
    try:
        model = Path("/proc/device-tree/model").read_text("ascii", "replace")
    except OSError:
        model = ""
    return "/dev/ttyAMA0" if "Raspberry Pi 5" in model else "/dev/serial0"
