"""What pyserial and termios raise about a device, as OSError."""

import contextlib
import errno
import os
import termios
from collections.abc import Iterator

import serial


@contextlib.contextmanager
def os_errors() -> Iterator[None]:
    """Everything that pyserial and termios raise about a device, as OSError."""
    try:
        yield
    except termios.error as error:
        raise OSError(*error.args) from error
    except ValueError as error:
        raise OSError(errno.EINVAL, str(error)) from error
    except serial.SerialException as error:
        cause = error.__context__  # of "no tty" pyserial tells in words only
        number = error.errno or (cause.args[0] if isinstance(cause, termios.error) else errno.EIO)
        if number == errno.EWOULDBLOCK:
            raise OSError(errno.EBUSY, "another program has it") from error
        raise OSError(number, os.strerror(number)) from error
