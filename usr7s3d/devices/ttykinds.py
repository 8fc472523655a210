"""What kind of tty a descriptor is, by its device number (the kernel's devices.txt)."""

import os
import stat

PTYS, PTMX = range(136, 144), (5, 2)  # Unix98 PTYs, and what they are made by
LOW_DENSITY, AMA = 204, range(64, 80)  # the PL011s among what has this number
USB = (188, 166)  # ttyUSB, ttyACM


def number(fd: int) -> tuple[int, int] | None:
    """Major and minor; None of what is no tty, or is gone."""
    try:
        status = os.fstat(fd)
    except OSError:
        return None
    if not stat.S_ISCHR(status.st_mode):
        return None
    return os.major(status.st_rdev), os.minor(status.st_rdev)


def is_pty(device: tuple[int, int] | None) -> bool:
    """Whether there is no wire behind it."""
    return device is not None and (device[0] in PTYS or device == PTMX)


def is_pl011(device: tuple[int, int] | None) -> bool:
    """Whether its driver is that of the PL011 (ttyAMA)."""
    return device is not None and device[0] == LOW_DENSITY and device[1] in AMA


def is_usb(device: tuple[int, int] | None) -> bool:
    """Whether it is an adapter on USB."""
    return device is not None and device[0] in USB
