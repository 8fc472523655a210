"""The way to the network as a whole."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.services.fake_ppp import FakePhone, FakePppd
from tests.services.parts import at_once, no_jitter, running
from usr7s3d.hostconfig import HostConfig
from usr7s3d.hostconfig.model import Bearer as Config
from usr7s3d.hostconfig.model import Modem
from usr7s3d.services.mobile.ppp import Ppp
from usr7s3d.services.mobile.uplink import NO_MODEM, ONE_PORT, Kit, Uplink
from usr7s3d.settings.model import Apn

HOST, PPP = HostConfig(bearer=Config(kind="host")), HostConfig(bearer=Config(kind="ppp"))


class Notes:
    def notes(self, name: str) -> dict[str, dict[str, str]]:
        return {}

    def keep_notes(self, name: str, words: str, tables: Mapping[str, Mapping[str, str]]) -> None:
        pass


def dialer(config: HostConfig, interface: str, servers: Sequence[str]) -> Any:
    return interface, tuple(servers)


def uplink(config: HostConfig, kit: Kit | None = None) -> Uplink:
    return Uplink(config, kit or Kit(), Notes(), dialer, at_once)


def call(phone: FakePhone) -> Ppp:
    return Ppp(
        PPP.bearer,
        Apn(),
        phone,
        open_session=FakePppd().session,
        make_dial=lambda interface, servers: dialer(PPP, interface, servers),
        jitter=no_jitter,
        live_bytes=lambda _: (100, 50),
    )


async def test_the_hosts_network_is_always_worth_an_attempt() -> None:
    way = uplink(HOST)
    async with running(way):
        way.host_bytes = lambda: (7, 8)
        assert way.bearer.up
        assert (way.warnings, way.status()["kind"]) == ([], "host")
        assert list(way.status()["months"].values()) == [{"host_rx": 7, "host_tx": 8}]


async def test_one_interface_of_it() -> None:
    config = replace(HOST, bearer=Config(kind="host", interface="ppp0"))
    way: Any = uplink(config)
    assert way.dial == ("ppp0", ())


async def test_ppp_without_a_modem_is_said_and_waits() -> None:
    way = uplink(replace(PPP, modem=Modem(at_port="none")))
    async with running(way):
        assert not way.bearer.up
        assert way.warnings == [NO_MODEM]
        status = way.status()
        assert (status["state"], status["waits_for"]) == ("down", NO_MODEM)


async def test_the_data_call_is_the_bearer() -> None:
    phone = FakePhone()
    phone.one_port = True
    way = uplink(PPP, Kit(ppp=call(phone)))
    async with running(way):
        await asyncio.sleep(5)
        status = way.status()
        assert (status["state"], status["interface"]) == ("up", "ppp0")
        assert list(status["months"].values()) == [{"ppp_rx": 100, "ppp_tx": 50}]
        assert way.warnings == [ONE_PORT]
        way.redial("RSTIM")
        way.use(Apn(name="other"))
        await asyncio.sleep(5)
        assert way.status()["connects"] == 2


async def test_it_outlives_a_configuration_that_leaves_it_alone() -> None:
    way = uplink(HOST)
    assert way.serves(replace(HOST, leds=HOST.leds))
    assert not way.serves(PPP)
    assert not way.serves(replace(HOST, modem=Modem(usb="1-1.2")))
