"""The checks.  Pure: what the machine is, its configuration, what the daemon says; findings out.

``status`` is the answer of the daemon, None when it does not run.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from usr7s3d.ctl.doctor.host import MEBI, Host
from usr7s3d.hostconfig import HostConfig

Status = dict[str, Any] | None
USER = "usr7s3d"
BUILT_IN = 2024  # year; a clock before it was never set
LITTLE = 20 * MEBI  # bytes


class Level(Enum):
    """How bad."""

    GOOD = "ok"
    NOTE = "note"
    BAD = "BAD"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, and what to do about it."""

    level: Level
    about: str
    words: str
    remedy: str = ""


Check = Callable[[Host, HostConfig, str, Status], list[Finding]]


def tty(host: Host, config: HostConfig, device: str, status: Status) -> list[Finding]:
    """Is it there, may we open it, does somebody else have it?"""
    if device.startswith("pty:"):
        return [Finding(Level.GOOD, "UART", f"{device}: the daemon makes it")]
    found = host.ttys.get(device)
    if not found:
        return [Finding(Level.BAD, "UART", f"there is no {device}", _how_to_get(host, device))]
    faults = []
    if found.users:
        who = ", ".join(found.users)
        remedy = "stop it; two readers share the bytes between them"
        faults.append(Finding(Level.BAD, "UART", f"{device} is open in {who}", remedy))
    members = host.groups.get(found.group, ())
    if not found.group_may:
        words = f"group {found.group} may not read and write {device}"
        faults.append(Finding(Level.BAD, "UART", words, "see the udev rule that made it"))
    elif USER in host.groups and USER not in members:
        words = f"user {USER} is not in group {found.group}"
        faults.append(Finding(Level.BAD, "UART", words, f"sudo adduser {USER} {found.group}"))
    if status and not faults and status["uart"]["state"] != "open":
        faults.append(
            Finding(Level.BAD, "UART", "not open; the log says why", "journalctl -u usr7s3d")
        )
    return faults or [Finding(Level.GOOD, "UART", f"{device} is there")]


def _how_to_get(host: Host, device: str) -> str:
    if host.pi5:
        return "dtparam=uart0=on in config.txt, then reboot" if device == "/dev/ttyAMA0" else ""
    if device in ("/dev/serial0", "/dev/ttyAMA0", "/dev/ttyS0"):
        return "enable_uart=1 in config.txt, then reboot"
    if "ttySC" in device:
        return "the HAT's overlay in config.txt, as in dtoverlay=sc16is752-spi1,int_pin=24"
    return "plugged in? lsusb, dmesg"


def console(host: Host, config: HostConfig, device: str, status: Status) -> list[Finding]:
    """A login on the port answers the serial device, and prints the kernel's words into it."""
    name = host.resolve(device)
    if not name or device.startswith("pty:"):
        return []
    faults = []
    for word in re.findall(r"console=([^\s,]+)", host.cmdline):
        if host.resolve(f"/dev/{word}") == name:
            remedy = f"take console={word},... out of cmdline.txt, then reboot"
            faults.append(Finding(Level.BAD, "console", f"the kernel writes to {name}", remedy))
    if name in host.getty_on or (device == "/dev/serial0" and "serial0" in host.getty_on):
        remedy = f"sudo systemctl disable --now serial-getty@{name}.service"
        faults.append(Finding(Level.BAD, "console", f"a login runs on {name}", remedy))
    return faults or [Finding(Level.GOOD, "console", f"none on {name}")]


def header(host: Host, config: HostConfig, device: str, status: Status) -> list[Finding]:
    """Which of the board's UARTs is on the header."""
    if host.pi5 and host.resolve(device) == "ttyAMA10":
        remedy = 'leave [uart] device empty, or "/dev/ttyAMA0"; dtparam=uart0=on in config.txt'
        words = f"{device} is the debug connector of a Pi 5, not the header"
        return [Finding(Level.BAD, "header", words, remedy)]
    if not host.model or host.pi5 or host.resolve(device) != "ttyS0":
        return []
    remedy = "dtoverlay=disable-bt in config.txt (Bluetooth gives its UART up), then reboot"
    words = "the header has the mini UART: no parity, few bytes of buffer"
    parity = '"NONE"' not in status["uart"]["settings"].split(",")[1] if status else False
    if parity:
        return [Finding(Level.BAD, "header", f"{words}, and AT+UART asks for parity", remedy)]
    return [Finding(Level.NOTE, "header", words, remedy)]


def rts(host: Host, config: HostConfig, device: str, status: Status) -> list[Finding]:
    """RTS and CTS come out on the header only when they are asked for."""
    flow = status["uart"]["settings"].endswith('"CRTS"') if status else False
    if not (flow or config.rs485.takes_rts) or host.resolve(device) not in ("ttyAMA0", "ttyS0"):
        return []
    pins = any(re.fullmatch(r"gpio=(16[-,])?17=a[35]", line) for line in host.config_txt)
    if not host.model or pins or host.configured("ctsrts"):
        return []
    remedy = "dtoverlay=uart0-pi5,ctsrts" if host.pi5 else "gpio=16-17=a3 (a5: mini UART)"
    words = "RTS and CTS are not on the header (GPIO 17 and 16)"
    return [Finding(Level.BAD, "RTS", words, f"{remedy} in config.txt, then reboot")]


def rs485(host: Host, config: HostConfig, device: str, status: Status) -> list[Finding]:
    """Who switches the transceiver, and whether that is what was asked for."""
    if not status:
        return []
    told = status["uart"].get("rs485")
    if not told:
        if config.rs485.direction in ("kernel", "rts", "gpio"):
            words = f"direction {config.rs485.direction} acts with flow RS485 only"
            remedy = "usr7s3ctl at 'AT+UART=...,\"RS485\"', then AT+S"
            return [Finding(Level.BAD, "RS485", words, remedy)]
        return []
    words = f"{told['way']}: {told['why']}"
    if told["trouble"]:
        remedy = "another [rs485] direction, or none if the HAT switches by itself"
        return [Finding(Level.BAD, "RS485", words, remedy)]
    late = told.get("release_us", {}).get("p99", 0)
    if late > 1750:
        words += f"; listens again {late} us late in 1 of 100"
        return [Finding(Level.NOTE, "RS485", words, "the machine is overloaded")]
    return [Finding(Level.GOOD, "RS485", words)]


def modem(host: Host, config: HostConfig, device: str, status: Status) -> list[Finding]:
    """Is the stick one that we can use?"""
    if not status or not config.modem_wanted:
        return []
    told = status["modem"]
    state = told["state"]
    if state == "absent":
        remedy = "lsusb; a stick that shows a disk or a network card needs its other mode"
        words = told.get("problem") or "none that we know is plugged in"
        return [Finding(Level.BAD, "modem", words, remedy)]
    if state in ("denied", "sim"):
        words = "the network refuses the SIM" if state == "denied" else "the SIM is not ready"
        words = told.get("problem") or words
        return [Finding(Level.BAD, "modem", words, "[modem] pin; journalctl -u usr7s3d")]
    return [Finding(Level.GOOD, "modem", state)]


def network(host: Host, config: HostConfig, device: str, status: Status) -> list[Finding]:
    """Is there a way for the sockets?"""
    if not status:
        return []
    told = status["bearer"]
    if told["state"] == "up":
        return [Finding(Level.GOOD, "network", f"{told['interface']}  {told['address']}".rstrip())]
    if told["kind"] == "host":
        way = f"over {told['interface']}" if told["interface"] else "out"
        return [Finding(Level.BAD, "network", f"this machine has no way {way}", "ip route")]
    why = told.get("waits_for") or told.get("last_error")
    words = f"no call through the modem: {told['state']}" + (f", {why}" if why else "")
    remedy = 'AT+APN, [bearer] auth; [bearer] kind = "host" without a call'
    level = Level.NOTE if told["state"] in ("dialling", "connecting") else Level.BAD
    return [Finding(level, "network", words, remedy)]


def clock(host: Host, config: HostConfig, device: str, status: Status) -> list[Finding]:
    """A Pi has no battery: until a server told it, it lives in the past."""
    if host.year < BUILT_IN:
        return [Finding(Level.BAD, "clock", f"it is {host.year} here", "is there an NTP server?")]
    if not host.clock_synchronized:
        words = "nobody has set it since the boot: times in the log may be wrong"
        return [Finding(Level.NOTE, "clock", words, "timedatectl")]
    return [Finding(Level.GOOD, "clock", "set")]


def disk(host: Host, config: HostConfig, device: str, status: Status) -> list[Finding]:
    """Room for AT+S."""
    if host.free_bytes is None:
        return []
    if host.free_bytes < LITTLE:
        words = f"{host.free_bytes // MEBI} MB left where the settings are kept"
        return [Finding(Level.BAD, "disk", words, "AT+S will fail: make room")]
    return [Finding(Level.GOOD, "disk", f"{host.free_bytes // MEBI} MB free")]


CHECKS: tuple[Check, ...] = (tty, console, header, rts, rs485, modem, network, clock, disk)


def warnings(status: Status) -> list[Finding]:
    """What the daemon itself wants its owner to know."""
    told = status["warnings"] if status else []
    return [Finding(Level.BAD, "daemon", warning) for warning in told]


def echo(answer: dict[str, Any]) -> Finding:
    """What came of sending a few bytes and listening."""
    heard, configured = answer["heard"], answer["configured"]
    if heard and not configured:
        words = "the HAT hears what it sends: the serial device's handshake would answer itself"
        return Finding(Level.BAD, "echo", words, "[rs485] echo = true")
    if configured and not heard:
        words = "[rs485] echo is on, and nothing came back"
        return Finding(Level.NOTE, "echo", words, "[rs485] echo = false")
    return Finding(Level.GOOD, "echo", "dropped" if heard else "none")
