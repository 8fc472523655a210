"""What is measured: each joins a tty to TCP on this machine, with one command."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

USR7S3D = "usr7s3d"
SER2NET = "ser2net"
SOCAT = "socat"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one bridge runs."""

    folder: Path  # for its files; gone afterwards
    tty: str
    baud: int
    ports: Sequence[int]  # on 127.0.0.1, one for each connection


@dataclass(frozen=True, slots=True)
class Bridge:
    """One program with one configuration."""

    name: str
    command: Callable[[Place], list[str]]
    listens: bool = False  # on the first port; else it connects to all of them
    fans_out: bool = True  # can serve two connections


SER2NET_STOCK = """\
connection: &bench
  accepter: tcp,127.0.0.1,{port}
  connector: serialdev,{tty},{baud}n81,local
  options:
    max-connections: 2
"""
# What makes it fastest: no wait for more characters, no Nagle, 4096 instead of 64 bytes at once.
SER2NET_TUNED = (
    SER2NET_STOCK.replace("tcp,", "tcp(nodelay),")
    + """\
    chardelay: false
    dev-to-net-bufsize: 4096
    net-to-dev-bufsize: 4096
"""
)


def _ser2net(template: str) -> Callable[[Place], list[str]]:
    def command(place: Place) -> list[str]:
        config = place.folder / "ser2net.yaml"
        config.write_text(template.format(port=place.ports[0], tty=place.tty, baud=place.baud))
        return ["ser2net", "-n", "-u", "-c", str(config)]

    return command


def _socat(place: Place) -> list[str]:
    tty = f"{place.tty},b{place.baud},raw,echo=0,clocal=1"
    return ["socat", tty, f"TCP:127.0.0.1:{place.ports[0]},nodelay"]


# A bridge and nothing else: what the module says by itself is switched off.
CONFIG = """\
[uart]
device = "{tty}"
[bearer]
kind = "host"
[modem]
at_port = "none"
[factory]
UART = "{baud},NONE,8,1,NONE"
UARTFT = "{packet_time}"
STMSG = '""'
RSTIM = "0"
HEARTEN = "off"
SOCKA = '"TCP","127.0.0.1",{port_a}'
SOCKB = '"TCP","127.0.0.1",{port_b}'
SOCKBEN = "{fans_out}"
"""


def _usr7s3d(packet_time: int) -> Callable[[Place], list[str]]:
    def command(place: Place) -> list[str]:
        config = place.folder / "usr7s3d.toml"
        config.write_text(
            CONFIG.format(
                tty=place.tty,
                baud=place.baud,
                packet_time=packet_time,
                port_a=place.ports[0],
                port_b=place.ports[-1],
                fans_out="on" if len(place.ports) > 1 else "off",
            )
        )
        folders = [f"--state-dir={place.folder / 'state'}", f"--runtime-dir={place.folder / 'run'}"]
        return [sys.executable, "-m", "usr7s3d", f"--config={config}", *folders]

    return command


BRIDGES = {
    bridge.name: bridge
    for bridge in (
        Bridge(SER2NET, _ser2net(SER2NET_STOCK), listens=True),
        Bridge("ser2net-tuned", _ser2net(SER2NET_TUNED), listens=True),
        Bridge(SOCAT, _socat, fans_out=False),
        Bridge(USR7S3D, _usr7s3d(packet_time=0)),
        Bridge("usr7s3d-framed", _usr7s3d(packet_time=50)),  # UARTFT as it leaves the factory
    )
}
COMPARED = (SER2NET, "ser2net-tuned", SOCAT, USR7S3D)
