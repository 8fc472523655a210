"""From a name to a connection: each address has its share of the 20 s."""

import asyncio
import socket
from typing import cast

import pytest

from usr7s3d.devices import tcp
from usr7s3d.devices.dial import ATTEMPT, Dialer
from usr7s3d.devices.resolve import Resolver
from usr7s3d.devices.tcp import Keepalive, TcpChannel

KEEPALIVE = Keepalive(60, 20, 120)


class FakeResolver:
    """Knows one name; takes ``seconds``."""

    def __init__(self, *hosts: str, seconds: float = 0.0) -> None:
        self.hosts = hosts
        self.seconds = seconds
        self.asked = 0

    async def addresses(self, host: str) -> list[tuple[socket.AddressFamily, str]]:
        self.asked += 1
        await asyncio.sleep(self.seconds)
        return [(socket.AF_INET, each) for each in self.hosts]


class Addresses:
    """What answers: a host listed, at once; others never.  In place of the kernel."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answering: str) -> None:
        self.tried: list[tuple[float, str]] = []
        self.answering = answering
        monkeypatch.setattr(tcp, "_connect", self.connect)

    async def connect(
        self, family: object, where: tuple[str, int], interface: str, keepalive: Keepalive
    ) -> socket.socket:
        self.tried.append((asyncio.get_running_loop().time(), where[0]))
        if where[0] not in self.answering:
            await asyncio.Event().wait()
        return socket.socket()


def dialer(resolver: FakeResolver) -> Dialer:
    return Dialer(cast(Resolver, resolver), "", KEEPALIVE)


async def dial(resolver: FakeResolver) -> TcpChannel:
    return await dialer(resolver).tcp("name", 1, lambda _: None, lambda: None)


async def test_a_silent_address_leaves_half_of_the_time_to_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    addresses = Addresses(monkeypatch, "10.0.0.2")
    (await dial(FakeResolver("10.0.0.1", "10.0.0.2"))).close()
    assert addresses.tried == [(0, "10.0.0.1"), (10, "10.0.0.2")]


async def test_all_addresses_are_tried_within_20_s(monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = Addresses(monkeypatch)
    with pytest.raises(TimeoutError):
        await dial(FakeResolver("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", seconds=4))
    assert [at for at, _ in addresses.tried] == [4, 8, 12, 16]
    assert asyncio.get_running_loop().time() == ATTEMPT == 20


async def test_a_name_is_resolved_anew_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    Addresses(monkeypatch, "10.0.0.1")
    resolver = FakeResolver("10.0.0.1")
    dial_ = dialer(resolver)
    for _ in range(3):
        (await dial_.tcp("name", 1, lambda _: None, lambda: None)).close()
    assert resolver.asked == 3


async def test_a_name_without_address_is_an_error() -> None:
    with pytest.raises(OSError, match="no address"):
        await dial(FakeResolver())
    with pytest.raises(OSError, match="no address"):
        await dialer(FakeResolver()).udp("name", 1, lambda _: None, lambda: None)


async def test_a_name_with_a_thousand_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A share of 20 ms would be too short for each of them on GPRS."""
    addresses = Addresses(monkeypatch)
    with pytest.raises(TimeoutError):
        await dial(FakeResolver(*(f"10.0.{n // 250}.{n % 250}" for n in range(1000))))
    assert [at for at, _ in addresses.tried] == [0, 3, 6, 9, 12, 15, 18]
    assert asyncio.get_running_loop().time() == ATTEMPT
