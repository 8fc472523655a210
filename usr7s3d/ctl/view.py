"""The status as a person reads it.  Pure: the daemon's answer in, text out."""

from typing import Any

UNITS = ("B", "kB", "MB", "GB", "TB")


def status(answer: dict[str, Any]) -> str:
    """A line for the module, UART, each socket and the bearer, then what needs attention."""
    uart = answer["uart"]
    lines = [
        f"usr7s3d {answer['version']}, mode {answer['mode']}, up {duration(answer['uptime_s'])}",
        _row("UART", uart["state"], f"{uart['device']}  {uart['settings']}", _traffic(uart)),
    ]
    if rs485 := uart["rs485"]:
        lines.append(_rs485(rs485))
    lines += [_link(name.upper(), link) for name, link in answer["links"].items()]
    if answer["http"]["state"] != "off":
        lines.append(_http(answer["http"]))
    lines.append(_net(answer["bearer"]))
    modem = answer["modem"]
    if modem["state"] != "none":
        lines.append(_modem(modem))
    if answer["sms"]["state"] != "off":
        lines.append(_sms(answer["sms"]))
    doors = answer["doors"].items()
    lines += [f"{name.upper()}: too many wrong passwords" for name, s in doors if s == "locked"]
    lines += [f"! {warning}" for warning in answer["warnings"]]
    if modem.get("recovery", {}).get("climbs"):
        lines.append(
            f"! modem: all steps were in vain so far, the last: {modem['recovery']['last']}"
        )
    if modem.get("problem"):
        lines.append(f"! modem: {modem['problem']}")
    return "\n".join(lines)


def _rs485(rs485: dict[str, Any]) -> str:
    notes = [rs485["why"]]
    if late := rs485.get("release_us"):
        notes.append(f"listens again {late['p50']} us late, {late['p99']} us in 1 of 100")
    return _row("RS485", rs485["way"], *notes)


def _net(bearer: dict[str, Any]) -> str:
    if bearer["state"] == "up":
        return _row("net", "up", bearer["interface"], bearer["address"])
    why = bearer.get("waits_for") or bearer.get("last_error") or ""
    return _row("net", bearer["state"], *filter(None, (bearer["interface"], why)))


def _link(name: str, link: dict[str, Any]) -> str:
    if link["state"] == "off":
        return _row(name, "off")
    notes = [_traffic(link)]
    if link["cached_bytes"]:
        notes.append(f"{size(link['cached_bytes'])} wait")
    if link["resent_packets"]:
        notes.append(f"{link['resent_packets']} packets sent again")
    if link["dropped_bytes"]:
        notes.append(f"{size(link['dropped_bytes'])} dropped")
    if link["last_error"] and link["state"] != "connected":
        notes.append(link["last_error"])
    return _row(name, link["state"], link["peer"], *notes)


def _modem(modem: dict[str, Any]) -> str:
    network = " ".join(filter(None, (modem["operator"], modem["technology"])))
    roaming = "roaming" if modem["roaming"] else ""
    level = "" if modem["rssi_dbm"] is None else f"{modem['rssi_dbm']} dBm"
    known = (network, roaming, level, modem["model"], modem["ports"]["at"])
    return _row("modem", modem["state"], *filter(None, known))


def _sms(sms: dict[str, Any]) -> str:
    notes = [f"{sms['received']} received", f"{sms['sent']} sent"]
    what = {
        "failed": "not sent", "refused": "refused", "dropped": "dropped", "waiting": "wait",
        "inbox": "kept", "unreadable": "unreadable", "guesses": "wrong passwords",
    }  # fmt: skip
    notes += [f"{sms[name]} {words}" for name, words in what.items() if sms[name]]
    store = sms["store"]
    full = f"store {store['name']} {store['used']}/{store['total']}" if store["name"] else ""
    return _row("SMS", sms["state"], full, ", ".join(notes))


def _http(http: dict[str, Any]) -> str:
    notes = [_traffic(http), f"{http['answers']} of {http['requests']} requests answered"]
    if http["dropped_packets"]:
        notes.append(f"{http['dropped_packets']} packets dropped")
    if http["last_error"]:
        notes.append(http["last_error"])
    return _row("HTTP", http["state"], http["server"], *notes)


def differences(answer: dict[str, Any]) -> str:
    """Each command that is not the same everywhere, its values, and which sets have them."""
    lines = []
    for command, found in answer["differences"]:
        values = [(_printable(value), sets) for value, sets in found]
        lines.append(f"AT+{command}")
        width = max(len(value) for value, _ in values)
        lines += [f"    {value:<{width}}  {', '.join(sets)}" for value, sets in values]
    return "\n".join(lines) or "no set differs from another"


def _printable(text: str) -> str:
    """``text`` that tells a terminal nothing: bytes 80 to A0 as ``[hh]``."""
    return "".join(c if c.isprintable() else f"[{ord(c):02X}]" for c in text)


def _row(name: str, state: str, *rest: str) -> str:
    return f"{name:<6}{state:<12}{'  '.join(rest)}".rstrip()


def _traffic(counts: dict[str, Any]) -> str:
    return f"rx {size(counts['rx_bytes'])}, tx {size(counts['tx_bytes'])}"


def size(count: float) -> str:
    """``count`` bytes in a unit that leaves at most four digits."""
    for unit in UNITS:
        if count < 1000 or unit == UNITS[-1]:
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"


def duration(seconds: float) -> str:
    """The two largest units."""
    minutes, hours = int(seconds) // 60, int(seconds) // 3600
    if hours >= 24:
        return f"{hours // 24} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {int(seconds) % 60} s" if minutes else f"{int(seconds)} s"
