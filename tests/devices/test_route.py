"""Default routes, from the kernel's tables as they were seen."""

from pathlib import Path

import pytest

from usr7s3d.devices import route

HEAD = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
DEFAULT4 = "eth0\t00000000\t0101A8C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
LAN4 = "eth0\t0001A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0\n"
DOWN4 = "eth0\t00000000\t0101A8C0\t0002\t0\t0\t100\t00000000\t0\t0\t0\n"
ZERO = "0" * 32
DEFAULT6 = f"{ZERO} 00 {ZERO} 00 fe80{'0' * 28} 00000400 00000001 00000000 00000003     wlan0\n"
REJECT6 = f"{ZERO} 00 {ZERO} 00 {ZERO} ffffffff 00000001 00000000 00200200       lo\n"


@pytest.mark.parametrize(
    ("ipv4", "ipv6", "interface", "there"),
    [
        (HEAD + DEFAULT4 + LAN4, "", "", True),
        (HEAD + LAN4, "", "", False),
        (HEAD + DOWN4, "", "", False),
        (HEAD, DEFAULT6 + REJECT6, "", True),
        (HEAD, REJECT6, "", False),
        (HEAD + DEFAULT4, "", "eth0", True),
        (HEAD + DEFAULT4, "", "wlan0", False),
        (HEAD + DEFAULT4, DEFAULT6, "wlan0", True),
        ("", "", "", False),
    ],
)
def test_default_route(
    monkeypatch: pytest.MonkeyPatch, ipv4: str, ipv6: str, interface: str, there: bool
) -> None:
    tables = {"/proc/net/route": ipv4, "/proc/net/ipv6_route": ipv6}
    monkeypatch.setattr(route, "_lines", lambda path: tables.get(path, "").splitlines())
    assert route.default_route(interface) is there


@pytest.mark.parametrize(("flags", "there"), [("0x10d1", True), ("0x1003", False)])
def test_a_call_that_is_named_needs_no_default_route(
    monkeypatch: pytest.MonkeyPatch, flags: str, there: bool
) -> None:
    tables = {"/sys/class/net/lo/flags": flags, "/proc/net/route": HEAD + DEFAULT4}
    monkeypatch.setattr(route, "_lines", lambda path: tables.get(path, "").splitlines())
    assert route.default_route("lo") is there


def test_kernel_without_ipv6() -> None:
    assert route._lines(str(Path("/proc/net/no-such-table"))) == []


def test_address_of_the_loopback() -> None:
    assert route.address("lo") == "127.0.0.1"


def test_address_of_what_is_not_there() -> None:
    assert route.address("ppp99") == ""
