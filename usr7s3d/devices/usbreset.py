"""Resets the modem by its plug, as if it had been pulled for a moment.

udev makes the modem's own device ours, and no other (systemd/usr7s3d.rules).
"""

import contextlib
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
        _write(folder / "authorized", "0")
    finally:
        # Also after whoever was stopped between the two: nobody else would let it in again.
        with contextlib.suppress(FileNotFoundError):  # it may be on its way back by itself
            if (folder / "authorized").read_text().strip() == "0":
                _write(folder / "authorized", "1")


def _write(path: Path, text: str) -> None:
    with open(path, "r+", encoding="ascii") as file:
        file.write(text)
