"""How the daemon is, as ``usr7s3ctl status`` and systemd show it."""

import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from usr7s3d import __version__
from usr7s3d.core.line import LineSettings
from usr7s3d.modem.seen import NONE
from usr7s3d.services.links.link import Link
from usr7s3d.services.mobile.uplink import Uplink
from usr7s3d.services.module import Module
from usr7s3d.services.port import Port

PERCENTILES = (50, 99, 99.9)

if TYPE_CHECKING:
    from usr7s3d.devices.rs485 import Direction
    from usr7s3d.services.links.httpd import Httpd
    from usr7s3d.services.sms.service import Sms


def whole(
    port: Port,
    module: Module | None,
    uplink: Uplink,
    sms: "Sms | None",
    *,
    uptime: float,
    warnings: list[str],
) -> dict[str, Any]:
    """Everything; ``uptime`` in s, ``warnings`` for the person who looks."""
    links, doors = (module.links, module.doors) if module else ({}, {})
    return {
        "version": __version__,
        "pid": os.getpid(),
        "mode": module.settings.module.mode if module else "",
        "uptime_s": round(uptime, 1),
        "uart": uart(port),
        "links": {name.lower(): link(each) for name, each in links.items()},
        "doors": {
            **{name.lower(): door.state for name, door in doors.items()},
            "sms": sms.door_state if sms else "off",
        },
        "http": http(module.httpd if module else None),
        "bearer": uplink.status(),
        "modem": mobile(uplink),
        "sms": sms.status() if sms else {"state": "off"},
        "warnings": warnings + uplink.warnings,
    }


def mobile(uplink: Uplink) -> dict[str, Any]:
    """The modem; of what its SIM says of its owner, no more than the ICCID."""
    modem = uplink.modem
    if modem is None:
        return {"state": NONE}
    seen = modem.seen
    return {
        "state": seen.state,
        "model": seen.model,
        "imei": seen.imei,
        "iccid": seen.iccid,
        "sim": seen.sim,
        "operator": seen.operator,
        "technology": seen.technology,
        "roaming": bool(seen.registration and seen.registration.roaming),
        "rssi_dbm": seen.dbm,
        "usb": seen.usb,
        "ports": {"at": seen.at_port, "data": seen.data_port or seen.at_port},
        "problem": seen.problem,
        "counters": asdict(modem.counters),
        "recovery": asdict(uplink.recovery.record) if uplink.recovery else {},
    }


def uart(port: Port) -> dict[str, Any]:
    """The serial line."""
    actual: LineSettings | None = port.actual_line()
    return {
        "device": port.device,
        "state": "open" if port.open else "waiting",
        "settings": str(actual or port.line),
        "rx_bytes": port.rx_bytes,
        "tx_bytes": port.tx_bytes,
        "echo_bytes": port.echo_bytes,
        "rs485": rs485(port.direction) if port.direction else None,
    }


def rs485(direction: "Direction") -> dict[str, Any]:
    """Who switches the transceiver, and how late it listens again, in microseconds."""
    choice, process = direction.choice, direction.process
    answer: dict[str, Any] = {"way": choice.way, "why": choice.why, "trouble": choice.trouble}
    if process:
        late = process.lateness
        answer["frames"] = late.count
        answer["realtime"] = process.realtime
        answer["release_us"] = {
            f"p{percent:g}": round(1e6 * late.percentile(percent)) for percent in PERCENTILES
        }
    return answer


def link(link: Link) -> dict[str, Any]:
    """One socket."""
    return {
        "state": link.state,
        "peer": link.rules.peer,
        **asdict(link.counters),
        "cached_bytes": len(link.cache),
        "last_error": link.last_error,
    }


def http(httpd: "Httpd | None") -> dict[str, Any]:
    """HTTPD mode; ``off`` in any other."""
    if not httpd:
        return {"state": "off"}
    return {
        "state": httpd.state,
        "server": httpd.rules.form.server,
        **asdict(httpd.counters),
        "waiting_packets": httpd.waiting,
        "last_error": httpd.last_error,
    }


def in_a_line(port: Port, module: Module | None, uplink: Uplink) -> str:
    """For ``systemctl status``."""
    serial = f"UART {'open' if port.open else 'waiting for ' + port.device}"
    if not module:
        return serial
    links = [f"{name} {each.state}" for name, each in module.links.items() if each.state != "off"]
    mobile = [f"modem {uplink.modem.state}"] if uplink.modem else []
    if uplink.ppp:
        mobile.append(f"ppp {uplink.ppp.state}")
    return ", ".join([f"mode {module.settings.module.mode}", serial, *links, *mobile])
