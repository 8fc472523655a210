"""Which port of a USB modem is for what; and of one that cannot be used, what to do about it.

Pure: somebody else reads /sys and describes the device.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from usr7s3d.modem.models import MAKERS, MODELS, Layout

HUAWEI = 0x12D1
# The kernel binds these to modems only; cdc_acm is for much else.
_MODEM_DRIVERS = {"option", "qcserial", "sierra", "hso", "qmi_wwan", "cdc_mbim", "huawei_cdc_ncm"}
# Huawei tells by subclass and protocol (77-mm-huawei-net-port-types.rules).
_HUAWEI_DATA = {(1, 0x01), (2, 0x01)}
_HUAWEI_AT = {(1, 0x02), (2, 0x02)}
_HUAWEI_NEVER = {(1, 0x05), (1, 0x14)}  # positions

_STORAGE = 0x08  # USB class
_RNDIS = {(0xE0, 1, 3), (0xEF, 4, 1), (0x02, 2, 0xFF)}
_CDC = 0x02
_ECM, _NCM, _MBIM = 0x06, 0x0D, 0x0E  # its subclasses
_VENDOR = 0xFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """One interface of a USB device."""

    number: int
    usb_class: int
    subclass: int = 0
    protocol: int = 0
    driver: str = ""  # empty: none has taken it
    tty: str = ""  # "ttyUSB2"; empty: none


@dataclass(frozen=True, slots=True, kw_only=True)
class UsbDevice:
    """A USB device as /sys shows it."""

    path: str  # the kernel's name, "1-1.2": it stays the same while the plug does
    vendor: int
    product: int
    name: str = ""  # its own
    interfaces: tuple[Interface, ...] = ()

    @property
    def ids(self) -> str:
        """``1e0e:9001``."""
        return f"{self.vendor:04x}:{self.product:04x}"

    @property
    def shown(self) -> str:
        """For people."""
        known = MODELS.get((self.vendor, self.product))
        name = known.name if known else self.name
        return f"{name} ({self.ids})" if name else self.ids


@dataclass(frozen=True, slots=True)
class Ports:
    """A modem that can be used."""

    device: UsbDevice
    at: tuple[Interface, ...]  # for commands, in the order to try them
    data: Interface | None  # for the call; None: the one that takes commands
    known: bool  # False: a guess, each port is to be asked whether it takes commands


@dataclass(frozen=True, slots=True)
class Unusable:
    """A modem that cannot be used as it is."""

    device: UsbDevice
    words: str  # what it shows, and what to do


Verdict = Ports | Unusable


def is_known(vendor: int, product: int) -> bool:
    """Whether this is a modem, as far as we know."""
    return (vendor, product) in MODELS


def is_modem(device: UsbDevice) -> bool:
    """Known, or by a maker of modems, or the kernel takes it for one."""
    return (
        is_known(device.vendor, device.product)
        or device.vendor in MAKERS
        or any(interface.driver in _MODEM_DRIVERS for interface in device.interfaces)
    )


def judge(device: UsbDevice) -> Verdict:
    """What can be done with a device that is a modem, or that somebody says is ours."""
    ttys = [interface for interface in device.interfaces if interface.tty]
    layout = _layout(device)
    usable = [interface for interface in ttys if interface.number not in layout.never]
    if not usable:
        return Unusable(device, _why_not(device))
    by_number = {interface.number: interface for interface in usable}
    at = tuple(by_number[number] for number in layout.at if number in by_number)
    if not at:
        return Ports(device, tuple(sorted(usable, key=lambda port: port.number)), None, known=False)
    return Ports(device, at, by_number.get(layout.data if layout.data is not None else -1), True)


def _layout(device: UsbDevice) -> Layout:
    if device.vendor == HUAWEI:
        told = {
            i.number: (i.subclass, i.protocol) for i in device.interfaces if i.usb_class == _VENDOR
        }
        at = tuple(number for number, kind in told.items() if kind in _HUAWEI_AT)
        data = next((number for number, kind in told.items() if kind in _HUAWEI_DATA), None)
        if at:
            never = tuple(number for number, kind in told.items() if kind in _HUAWEI_NEVER)
            return Layout(at, data, never)
    known = MODELS.get((device.vendor, device.product))
    return known.layout if known else Layout()


def _why_not(device: UsbDevice) -> str:
    kinds = {_kind(interface) for interface in device.interfaces}
    for kind, words in _WORDS.items():
        if kind in kinds:
            return f"{device.shown} {words}"
    return f"{device.shown} shows no serial port"


_WORDS = {
    "router": (
        "is a router of its own (HiLink, RNDIS): use its network with [bearer] kind = "
        '"host", or put it into stick mode'
    ),
    "mbim": (
        "speaks MBIM only, no AT commands: switch it to serial ports with its maker's tool, or "
        'leave it to ModemManager with [bearer] kind = "host"'
    ),
    "qmi": (
        "speaks QMI only, no AT commands: switch it to serial ports with its maker's tool, or "
        'leave it to ModemManager with [bearer] kind = "host"'
    ),
    "storage": "shows its CD-ROM only: install usb-modeswitch and plug it in again",
    "no driver": "has no driver: load the module `option` and tell it the ids in its new_id",
}  # in the order that counts when one device shows several


def _kind(interface: Interface) -> str:
    cdc = interface.subclass if interface.usb_class == _CDC else None
    triple = (interface.usb_class, interface.subclass, interface.protocol)
    if cdc == _MBIM or interface.driver == "cdc_mbim":
        return "mbim"
    if triple in _RNDIS or cdc in (_ECM, _NCM) or interface.driver == "huawei_cdc_ncm":
        return "router"
    if interface.driver == "qmi_wwan":
        return "qmi"
    if interface.usb_class == _STORAGE:
        return "storage"
    return "no driver" if interface.usb_class == _VENDOR and not interface.driver else ""


def choose(devices: Iterable[UsbDevice], wanted: str = "") -> Verdict | None:
    """The one of ``devices`` that is ours; None when there is none.

    Args:
        devices: All that are plugged in.
        wanted: ``[modem] usb``: a USB path or ``vid:pid``; empty: a modem that we know, before one
            that looks like one, before one that cannot be used; the first by its plug.
    """
    ordered = sorted(devices, key=lambda device: _plug(device.path))
    if wanted:
        ours = [d for d in ordered if wanted.lower() in (d.path, d.ids)]
    else:
        ours = [device for device in ordered if is_modem(device)]
    return min(map(judge, ours), key=_preference, default=None)


def _preference(verdict: Verdict) -> int:
    if isinstance(verdict, Unusable):
        return 2
    return 0 if verdict.known else 1


def _plug(path: str) -> list[int]:
    """``1-1.10`` behind ``1-1.2``."""
    return [int(part) for part in path.replace("-", ".").split(".") if part.isdecimal()]
