"""The data call with its modem and what looks after it, together: troubles, and stops anywhere."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.services.fake_ppp import UP, FakePppd
from tests.services.modem_parts import AT, Bench, until
from tests.services.parts import at_once, no_jitter, running
from tests.services.test_recovery import Hands, Notes
from usr7s3d.core.liveness import Liveness
from usr7s3d.devices.pppclient import Report
from usr7s3d.devices.usb import Plugged
from usr7s3d.hostconfig.model import Bearer as Config
from usr7s3d.services.mobile.phone import Phone
from usr7s3d.services.mobile.ppp import Ppp
from usr7s3d.services.mobile.recovery import Recovery
from usr7s3d.settings.model import Apn

CONNECT = b"\r\nCONNECT 150000000\r\n"
ONE_PORT = Plugged(at=(AT,), usb="1-1.2", model="SIM800")
MUTE: list[Report] = [
    {"interface": "ppp0"},
    {"log": "LCP: timeout sending Config-Requests"},
    {"log": "Connection terminated."},
    {"exit": 10},
]


class Place:
    """A modem of one port or two, and all that uses it."""

    def __init__(self, *, one_port: bool, script: list[Report] | None = None) -> None:
        self.bench = Bench()
        if one_port:
            self.bench.plugged = ONE_PORT
        self.fake, self.modem = self.bench.fake, self.bench.modem
        self.fake.answers["ATD*99#"] = CONNECT
        self.liveness = Liveness(asyncio.get_running_loop().time)
        self.pppd, self.hands = FakePppd(script), Hands()
        config = self.bench.config.modem
        self.recovery = Recovery(config, self.modem, self.hands, Notes(), at_once)
        self.modem.rescue = self.recovery.rescue
        self.ppp = Ppp(
            Config(),
            Apn(name="internet"),
            Phone(self.modem, self.fake.open),
            open_session=self.pppd.session,
            make_dial=self._make_dial,
            jitter=no_jitter,
            live_bytes=lambda _: (0, 0),
            sms_gap=600.0,
        )
        self.ppp.refused, self.ppp.connected = self.recovery.refused, self.recovery.connected

    def _make_dial(self, interface: str, servers: Sequence[str]) -> Any:
        return object()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        parts = self.modem, self.recovery, self.ppp
        async with running(*parts, liveness=self.liveness):
            yield

    @property
    def open_ports(self) -> int:
        return sum(port.last_words is None for port in self.fake.ports)


@pytest.mark.parametrize("one_port", [False, True])
async def test_connect_and_then_silence_for_two_hours(one_port: bool) -> None:
    """The modem is restarted by a command on the port that is open, then reset, then left alone."""
    place = Place(one_port=one_port, script=MUTE)
    async with place.running():
        await asyncio.sleep(1700)
        assert "CONNECT and then nothing" in place.ppp.last_error
        assert (place.fake.count("AT+CFUN"), place.hands.done) == (0, [])
        await asyncio.sleep(400)
        assert (place.fake.count("AT+CFUN=1,1"), place.hands.done) == (1, [])
        await asyncio.sleep(5100)
        assert [what for _, what in place.hands.done] == ["usb 1-1.2"]
        assert place.fake.count("AT+CFUN=1,1") <= 2
        place.pppd.script = UP
        await until(lambda: place.ppp.bearer.up)


@pytest.mark.parametrize("one_port", [False, True])
async def test_refused_for_a_day_its_modem_is_hardly_touched(one_port: bool) -> None:
    place = Place(one_port=one_port)
    place.fake.answers["ATD*99#"] = b"\r\nNO CARRIER\r\n"
    async with place.running():
        await asyncio.sleep(86000)
    assert 1 <= place.fake.count("AT+CFUN=1,1") <= 10
    assert len(place.hands.done) <= 10
    assert place.fake.count("ATD") < 300


async def test_a_modem_that_ignores_dtr_and_plusses_is_reset() -> None:
    """It stays in the call that is over, and takes commands for data."""
    place = Place(one_port=True)
    async with place.running():
        await until(lambda: place.ppp.bearer.up)
        place.fake.dumb = True
        place.pppd.say({"exit": 15})
        await until(lambda: len(place.hands.done) == 2)
        assert "+++ATH" in place.fake.heard
        assert [what for _, what in place.hands.done] == [f"cfun {AT}", "usb 1-1.2"]
        place.fake.dumb = False
        began = asyncio.get_running_loop().time()
        await until(lambda: place.ppp.bearer.up)
        assert asyncio.get_running_loop().time() - began < 30


@pytest.mark.parametrize("one_port", [False, True])
async def test_pulled_in_the_call_and_put_back(one_port: bool) -> None:
    place = Place(one_port=one_port)
    async with place.running():
        await until(lambda: place.ppp.bearer.up)
        for _ in range(5):
            place.bench.unplug()
            place.pppd.say({"exit": 16})
            await asyncio.sleep(20)
            assert (place.modem.state, place.ppp.bearer.up) == ("absent", False)
            place.bench.plug(ONE_PORT if one_port else place.bench.plugged or _two_ports())
            began = asyncio.get_running_loop().time()
            await until(lambda: place.ppp.bearer.up)
            assert asyncio.get_running_loop().time() - began < 15
        assert place.hands.done == []


def _two_ports() -> Plugged:
    return Plugged(at=(AT, "/dev/ttyUSB3"), data="/dev/ttyUSB3", usb="1-1.2")


@pytest.mark.parametrize("one_port", [False, True])
@pytest.mark.parametrize("delay", [0.0, 0.4])
async def test_stopped_at_any_moment_nothing_stays_open(one_port: bool, delay: float) -> None:
    """As by SIGHUP with another [bearer]: waiting, dialling, connecting, up, hanging up."""
    states: set[str] = set()
    for step in range(70):
        place = Place(one_port=one_port, script=UP[:3])
        place.fake.delay = delay
        async with place.running():
            await asyncio.sleep(step * 0.29)
            if step % 2:
                place.pppd.say(*UP[3:])
                await asyncio.sleep(0.7)
            if step % 7 == 6:
                place.ppp.use(Apn(name="other"))
                await asyncio.sleep(step % 5 / 10)
            states.add(place.ppp.state)
        assert (place.open_ports, place.pppd.running) == (0, 0), step
        assert not place.ppp.bearer.up
        assert asyncio.all_tasks() == {asyncio.current_task()}
    assert states >= {"waiting", "connecting", "up"} | ({"dialling"} if delay else set())


@pytest.mark.parametrize("one_port", [False, True])
@pytest.mark.parametrize("trouble", ["none", "mute", "refused", "dead", "slow"])
async def test_the_watchdog_is_never_kept_waiting(one_port: bool, trouble: str) -> None:
    place = Place(one_port=one_port, script=MUTE if trouble == "mute" else UP)
    place.fake.delay = 9.0 if trouble == "slow" else 0.3
    if trouble == "refused":
        place.fake.answers["ATD*99#"] = b"\r\nNO CARRIER\r\n"
    async with place.running():
        for second in range(1800):
            await asyncio.sleep(2)
            assert not place.liveness.late(), second
            if second == 300:
                place.fake.dumb = trouble == "dead"
                place.pppd.say({"exit": 15})
    assert place.fake.count("ATD") or trouble == "slow"
