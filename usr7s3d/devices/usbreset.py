"""Resets the modem by its plug, as if it had been pulled for a moment.

udev makes the modem's own device ours, and no other (systemd/usr7s3d.rules).
"""

import fcntl
import os
from pathlib import Path

SYS, DEV = Path("/sys/bus/usb/devices"), Path("/dev/bus/usb")
USBDEVFS_RESET = 0x5514  # <linux/usbdevice_fs.h>


def is_there(plug: str, sys: Path = SYS) -> bool:
    """Whether the kernel sees a device at ``plug``."""
    return (sys / plug).exists()


def reset(plug: str, sys: Path = SYS, dev: Path = DEV) -> None:
    """Reset the device at ``plug`` ("1-1.2").  May block for a second.  Raises OSError.

    A device so far gone that the kernel cannot reset it is locked out and let in again,
    which has its drivers begin anew.
    """
    folder = sys / plug
    bus, number = (int((folder / name).read_text()) for name in ("busnum", "devnum"))
    try:
        device = os.open(dev / f"{bus:03}/{number:03}", os.O_WRONLY | os.O_CLOEXEC)
        try:
            fcntl.ioctl(device, USBDEVFS_RESET, 0)
        finally:
            os.close(device)
    except OSError:
        for switch in ("0", "1"):
            with open(folder / "authorized", "r+", encoding="ascii") as file:
                file.write(switch)
