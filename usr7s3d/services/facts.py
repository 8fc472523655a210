"""What AT queries show that is no setting, gathered when somebody asks."""

from collections.abc import Mapping

from usr7s3d import __version__
from usr7s3d.at.facts import Facts
from usr7s3d.devices.route import default_route
from usr7s3d.hostconfig import HostConfig
from usr7s3d.services.link import Link


def gather(config: HostConfig, serial_number: str, links: Mapping[str, Link]) -> Facts:
    """The facts on the host bearer without a modem.

    There the system's own network stands in for the mobile one: with a default route
    the module looks registered, so firmware that waits for a network goes on.
    """
    online = default_route(config.bearer.interface)
    identity = config.identity
    return Facts(
        version=__version__,
        serial_number=serial_number,
        rts_taken=config.rs485.takes_rts,
        link_a=_connected(links.get("A")),
        link_b=_connected(links.get("B")),
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
