"""What AT queries show that is no setting, gathered when somebody asks."""

from collections.abc import Mapping
from dataclasses import replace

from usr7s3d import __version__
from usr7s3d.at.facts import Facts
from usr7s3d.devices.route import default_route
from usr7s3d.hostconfig import HostConfig
from usr7s3d.modem.seen import Seen
from usr7s3d.services.links.link import Link

# What CREG knows of 3GPP TS 27.007 10.1.22: "CSFB not preferred" is registered for all others.
_PLAIN_STATS = {9: 1, 10: 5}


def gather(config: HostConfig, serial_number: str, links: Mapping[str, Link], seen: Seen) -> Facts:
    """The facts of now.

    On the host bearer, while there is no modem, the system's own network stands in for the mobile
    one: with a default route the module looks registered, so firmware that waits for a network
    goes on.
    """
    facts = Facts(
        version=__version__,
        serial_number=serial_number,
        rts_taken=config.rs485.takes_rts,
        link_a=_connected(links.get("A")),
        link_b=_connected(links.get("B")),
    )
    if seen.present or config.bearer.kind == "ppp":
        return _mobile(facts, config, seen)
    return _system(facts, config)


def _mobile(facts: Facts, config: HostConfig, seen: Seen) -> Facts:
    """What the modem tells; `[identity]` where it does not."""
    identity = config.identity
    number = seen.number or identity.cnum or seen.number
    stat = seen.registration.stat if seen.registration else 0
    return replace(
        facts,
        modem=seen.sim == "READY",
        imei=seen.imei or identity.imei or None,
        iccid=seen.iccid or identity.iccid or None,
        imsi=seen.imsi or None,
        number=number,
        sim=seen.sim if seen.sim not in ("", *_NO_SIM) else None,
        signal=_csq(seen),
        registration=_PLAIN_STATS.get(stat, stat),
        attached=seen.attached,
        operator=seen.operator,
    )


_NO_SIM = ("NOT INSERTED", "FAILURE", "BUSY", "WRONG")  # an error of +CPIN, not a value


def _csq(seen: Seen) -> int:
    """On the scale of +CSQ, also where the modem told dBm only."""
    if seen.signal and seen.signal.dbm is not None:
        return seen.signal.csq
    return 99 if seen.dbm is None else max(0, min(31, (seen.dbm + 113) // 2))


def _system(facts: Facts, config: HostConfig) -> Facts:
    online = default_route(config.bearer.interface)
    identity = config.identity
    return replace(
        facts,
        imei=identity.imei or None,
        iccid=identity.iccid or None,
        number=identity.cnum or None,
        sim="READY" if online else None,
        signal=31 if online else 99,
        registration=int(online),
        attached=online,
    )


def _connected(link: Link | None) -> str:
    return "connected" if link and link.state == "connected" else "disconnected"
