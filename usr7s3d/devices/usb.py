"""Finds the modem in /sys: by what it is and where it is plugged, never by the number of a tty."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from usr7s3d.hostconfig.model import Modem as Config
from usr7s3d.modem.ports import Interface, Unusable, UsbDevice, choose, judge

SYS, DEV = Path("/sys"), Path("/dev")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugged:
    """A modem, and the ttys through which it is used."""

    at: tuple[str, ...]  # for commands, in the order to try them
    data: str = ""  # for the call; empty: the one that takes commands
    known: bool = True  # False: each is to be asked whether it takes commands
    usb: str = ""  # the kernel's name of the device, "1-1.2"; empty: it is on no USB
    model: str = ""  # for people


def find(config: Config, sys: Path = SYS, dev: Path = DEV) -> Plugged | Unusable | None:
    """Look for our modem now; None when it is not there.  Ports in ``config`` win over USB's."""
    if config.at_port:
        return _configured(config, sys) if Path(config.at_port).exists() else None
    verdict = choose(devices(sys), config.usb)
    if verdict is None or isinstance(verdict, Unusable):
        return verdict
    data = config.data_port or (str(dev / verdict.data.tty) if verdict.data else "")
    return Plugged(
        at=tuple(str(dev / port.tty) for port in verdict.at),
        data=data,
        known=verdict.known,
        usb=verdict.device.path,
        model=verdict.device.shown,
    )


def _configured(config: Config, sys: Path) -> Plugged:
    """The ports that a person chose, and the device that they belong to."""
    path = Path(config.at_port)
    name = path.resolve().name  # of a link in /dev/serial/by-id
    owners = (d for d in devices(sys) if any(each.tty == name for each in d.interfaces))
    device = next(owners, None)
    data = config.data_port
    if device and not data:
        verdict = judge(device)
        if not isinstance(verdict, Unusable) and verdict.data:
            data = str(path.resolve().parent / verdict.data.tty)
    shown, usb = (device.shown, device.path) if device else ("", "")
    return Plugged(at=(config.at_port,), data=data, usb=usb, model=shown)


def devices(sys: Path = SYS) -> list[UsbDevice]:
    """All USB devices.  One that goes while it is read is left out.  May block for a while."""
    return [device for path in _entries(sys / "bus/usb/devices") if (device := _device(path))]


def _entries(folder: Path) -> Iterator[Path]:
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return
    # "1-1.2" is a device, "1-1.2:1.0" an interface, "usb1" a root hub.
    yield from (path for path in paths if path.name[0].isdigit() and ":" not in path.name)


def _device(path: Path) -> UsbDevice | None:
    try:
        return UsbDevice(
            path=path.name,
            vendor=_hex(path / "idVendor"),
            product=_hex(path / "idProduct"),
            name=" ".join(filter(None, (_words(path / "manufacturer"), _words(path / "product")))),
            interfaces=tuple(_interface(each) for each in sorted(path.glob(f"{path.name}:*"))),
        )
    except (OSError, ValueError):
        return None


def _interface(path: Path) -> Interface:
    driver = path / "driver"
    return Interface(
        number=_hex(path / "bInterfaceNumber"),
        usb_class=_hex(path / "bInterfaceClass"),
        subclass=_hex(path / "bInterfaceSubClass"),
        protocol=_hex(path / "bInterfaceProtocol"),
        driver=driver.resolve().name if driver.is_symlink() else "",
        tty=_tty(path),
    )


def _tty(interface: Path) -> str:
    """``ttyUSB2`` stands in the interface's folder, ``ttyACM0`` in its folder ``tty``."""
    found = [*interface.glob("ttyUSB*"), *interface.glob("tty/tty*")]
    return found[0].name if found else ""


def _hex(path: Path) -> int:
    return int(path.read_text(), 16)


def _words(path: Path) -> str:
    """What a device says of itself, and anybody may have built it: fit for a log."""
    try:
        words = path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
    return "".join(char if char.isprintable() else "?" for char in words)
