"""Tell udev whether a USB device is our modem (systemd/usr7s3d.rules asks for each one).

    python3 -m usr7s3d.devices.claim /sys/devices/.../1-1.2

prints USR7S3D_MODEM=1, or USR7S3D_HUB=1 for the hub whose port `[modem] uhubctl` names, or nothing.

Ours is what `[modem] usb` names in the configuration of an enabled service.  Without it: the modems
we know, unless the service uses none, or lives on the host's network, which may well come through
ModemManager.  A service that is disabled claims nothing.
"""

import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from usr7s3d.modem import ports

CONFIGURATIONS = Path("/etc/usr7s3d")
ENABLED = Path("/etc/systemd/system/multi-user.target.wants")


def configurations(folder: Path = CONFIGURATIONS, enabled: Path = ENABLED) -> Iterator[Path]:
    """One for each service that starts at boot."""
    for link in sorted(enabled.glob("usr7s3d*.service")):
        yield folder / f"{link.stem.removeprefix('usr7s3d@')}.toml"


def read(path: Path) -> dict[str, Any]:
    """Read a configuration; one that is broken counts as empty: the daemon says what is wrong."""
    try:
        return tomllib.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def is_ours(configuration: dict[str, Any], path: str, vendor: int, product: int) -> bool:
    """Decide for one service; pure.  ``path`` is the kernel's name of the device, ``1-1.2``."""
    modem, bearer = (_table(configuration, name) for name in ("modem", "bearer"))
    if "none" in (modem.get("at_port"), modem.get("data_port")):
        return False
    if wanted := modem.get("usb"):
        return str(wanted).lower() in (path, f"{vendor:04x}:{product:04x}")
    return bearer.get("kind") != "host" and ports.is_known(vendor, product)


def is_hub(configuration: dict[str, Any], path: str) -> bool:
    """Whether uhubctl is to switch a port of this hub; pure."""
    hub = str(_table(configuration, "modem").get("uhubctl") or "").partition("/")[0]
    return hub != "" and path in (hub, f"usb{hub}")


def _table(configuration: dict[str, Any], name: str) -> dict[str, Any]:
    table = configuration.get(name)
    return table if isinstance(table, dict) else {}


def main(arguments: list[str]) -> int:
    """Print the mark when any of our services wants the device."""
    device = Path(arguments[0])
    vendor, product = (int((device / name).read_text(), 16) for name in ("idVendor", "idProduct"))
    if any(is_ours(read(c), device.name, vendor, product) for c in configurations()):
        print("USR7S3D_MODEM=1")
    if any(is_hub(read(c), device.name) for c in configurations()):
        print("USR7S3D_HUB=1")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
