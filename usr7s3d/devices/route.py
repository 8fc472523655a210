"""Whether the system has a way to the network: its default routes, and our address there."""

import fcntl
import socket
import struct
from pathlib import Path

DESTINATION, FLAGS = 1, 3  # columns of /proc/net/route, proc_pid_net(5)
UP = 0x1
POINT_TO_POINT = 0x10  # <linux/if.h>
SIOCGIFADDR = 0x8915  # netdevice(7)
IFREQ = struct.Struct("16s 4x 4s 16x")  # name, then the address within a sockaddr_in


def default_route(interface: str = "") -> bool:
    """Whether there is a default route, over ``interface`` if one is named."""
    return way_out(interface) != ""


def way_out(interface: str = "") -> str:
    """The interface of the default route, if it is ``interface`` or none is named; else "".

    One that leads to a single other end needs no route, when it is named: pppd adds none
    where there is another default route.
    """
    if interface and _leads_to_one_end(interface) and address(interface):
        return interface
    return next((name for name in (*_ipv4(), *_ipv6()) if interface in ("", name)), "")


def _leads_to_one_end(interface: str) -> bool:
    flags = "".join(_lines(f"/sys/class/net/{interface}/flags"))
    return bool(flags) and bool(int(flags, 16) & POINT_TO_POINT)


def address(interface: str) -> str:
    """The IPv4 address of ``interface``, or "" when it has none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        request = IFREQ.pack(interface.encode()[:15], bytes(4))
        try:
            _, packed = IFREQ.unpack(fcntl.ioctl(sock, SIOCGIFADDR, request))
        except OSError:
            return ""
    return socket.inet_ntoa(packed)


def traffic(interface: str) -> tuple[int, int]:
    """Bytes that ``interface`` has received and sent since it is there; 0 when it is not."""
    folder = Path("/sys/class/net") / interface / "statistics"
    try:
        received, sent = ((folder / name).read_text() for name in ("rx_bytes", "tx_bytes"))
    except OSError:
        return 0, 0
    return int(received), int(sent)


def _ipv4() -> list[str]:
    """Names of the interfaces with an IPv4 default route."""
    rows = [line.split() for line in _lines("/proc/net/route")[1:]]
    return [
        row[0]
        for row in rows
        if row[DESTINATION] == "00000000" and row[7] == "00000000" and int(row[FLAGS], 16) & UP
    ]


def _ipv6() -> list[str]:
    """The same for IPv6; the kernel lists its reject routes on ``lo``."""
    rows = [line.split() for line in _lines("/proc/net/ipv6_route")]
    return [row[9] for row in rows if row[0] == "0" * 32 and row[1] == "00" and row[9] != "lo"]


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("ascii").splitlines()
    except OSError:
        return []
