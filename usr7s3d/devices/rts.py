"""RTS as the pin that switches an RS485 transceiver.

RTS is active low there: a transceiver that sends while its pin is high sends while the modem line
RTS is *off*.
"""

import errno
import fcntl
import struct
import termios

from usr7s3d.devices.sending import Pin
from usr7s3d.devices.termios2 import TCGETS2, TCSETS2, TERMIOS2

RTS = struct.pack("i", termios.TIOCM_RTS)
CFLAG = 2  # its place in TERMIOS2
NOT_SUPPORTED = (errno.ENOTTY, errno.EINVAL, errno.EOPNOTSUPP)  # what drivers say without it


def pin(tty: int, *, active_low: bool) -> Pin:
    """The calls that switch it."""
    on, off = (termios.TIOCMBIS, RTS), (termios.TIOCMBIC, RTS)
    return Pin(tty, on, off) if active_low else Pin(tty, off, on)


def listen(tty: int, *, active_low: bool) -> None:
    """Have the transceiver listen, if this tty has an RTS.  Raises OSError."""
    try:
        fcntl.ioctl(tty, *pin(tty, active_low=active_low).off)
    except OSError as error:
        if error.errno not in NOT_SUPPORTED:
            raise


def keep_listening(tty: int, *, active_low: bool) -> None:
    """Have the transceiver listen when nobody has the tty open any more.  Raises OSError.

    Unless told not to (HUPCL) the kernel turns RTS off then, its pin high: a transceiver that
    sends while the pin is high would hold the bus until the tty is opened again.
    """
    words = list(TERMIOS2.unpack(fcntl.ioctl(tty, TCGETS2, bytes(TERMIOS2.size))))
    hangs_up = termios.HUPCL if active_low else 0
    if words[CFLAG] & termios.HUPCL != hangs_up:
        words[CFLAG] ^= termios.HUPCL
        fcntl.ioctl(tty, TCSETS2, TERMIOS2.pack(*words))
