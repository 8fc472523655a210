"""The bearer through the modem: dialled, lost, dialled again."""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from tests.services.fake_ppp import UP, FakePhone, FakePppd
from tests.services.parts import no_jitter, running, settle
from usr7s3d.core.liveness import Liveness
from usr7s3d.devices.pppclient import Report, Request
from usr7s3d.hostconfig.model import Bearer as Config
from usr7s3d.services.mobile.ppp import SMS_TIME, Ppp
from usr7s3d.settings.model import Apn

APN = Apn(name="internet", user="web", password="geheim")


BOTH: list[Report] = [{"interface": "ppp0"}, {"address6": "fe80::1"}]


class Place:
    """A Ppp with fakes round it."""

    def __init__(self, script: list[Report] | None = None, **config: Any) -> None:
        self.phone = FakePhone()
        self.pppd = FakePppd(script)
        self.over: list[tuple[str, list[str]]] = []
        self.refused: list[str] = []
        self.sms_gap = 0.0
        self.live = (0, 0)
        self.config = Config(**config)

    def ppp(self, jitter: Callable[[], float] = no_jitter) -> Ppp:
        ppp = Ppp(
            self.config,
            APN,
            self.phone,
            open_session=self.pppd.session,
            make_dial=self._make_dial,
            jitter=jitter,
            live_bytes=lambda _: self.live,
            sms_gap=self.sms_gap,
        )
        ppp.refused = self.refused.append
        return ppp

    def _make_dial(self, interface: str, servers: Sequence[str]) -> Any:
        self.over.append((interface, list(servers)))
        return object()


async def up(ppp: Ppp) -> None:
    async with asyncio.timeout(10):
        await ppp.bearer.until_up()


@pytest.mark.manual("3.1", "connects to the GPRS network by itself")
async def test_it_dials_and_comes_up() -> None:
    place = Place()
    ppp = place.ppp()
    assert not ppp.bearer.up
    async with running(ppp):
        await up(ppp)
        context = 'AT+CGDCONT=1,"IP","internet"'
        assert place.phone.heard == ["ATE0", "AT+CGDCONT?", context, "ATD*99#"]
        assert place.phone.handed_over == 1
        assert place.pppd.requests == [Request("/dev/ttyUSB2", "IP", "chap", "web", "geheim")]
        assert place.over == [("ppp0", ["10.64.64.1", "10.64.64.2"])]
        assert (ppp.state, ppp.way.address) == ("up", "10.64.64.65")
        assert place.phone.busy == 1  # the descriptor stays open, and DTR up
    assert not ppp.bearer.up
    assert place.phone.busy == place.pppd.running == 0


async def test_a_context_that_is_set_is_not_written_again() -> None:
    place = Place()
    place.phone.answers["AT+CGDCONT?"] = ['+CGDCONT: 1,"IP","internet","0.0.0.0",0,0', "OK"]
    ppp = place.ppp()
    async with running(ppp):
        await up(ppp)
    assert not [line for line in place.phone.heard if line.startswith("AT+CGDCONT=")]


async def test_nobody_is_dialled_before_the_modem_may() -> None:
    place = Place()
    place.phone.register(False)
    ppp = place.ppp()
    async with running(ppp):
        await asyncio.sleep(1000)
        assert (place.phone.heard, ppp.state) == ([], "waiting")
        assert ppp.bearer.why_down == "waits for the modem (searching)"
        place.phone.register(True)
        await up(ppp)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (["NO CARRIER"], "refuses the call (NO CARRIER)"),
        (["BUSY"], "busy"),
        (["ERROR"], "refuses to dial"),
        (["+CME ERROR: 30"], "+CME ERROR 30"),
        (["nothing"], "does not answer on its port for data"),
    ],
)
async def test_every_refusal_in_words(answer: list[str], words: str) -> None:
    place = Place()
    place.phone.answers["ATD*99#"] = answer
    ppp = place.ppp()
    async with running(ppp):
        assert words in ppp.last_error
        assert ppp.state == "down"
    assert place.refused == [ppp.last_error]
    assert not place.pppd.requests


async def test_no_carrier_tells_the_networks_cause() -> None:
    place = Place()
    place.phone.answers["ATD*99#"] = ["NO CARRIER"]
    place.phone.answers["AT+CEER"] = ['+CEER: "Missing or unknown APN"', "OK"]
    ppp = place.ppp()
    async with running(ppp):
        assert ppp.last_error.endswith("Missing or unknown APN")


async def test_redialled_for_ever_with_a_growing_pause(caplog: pytest.LogCaptureFixture) -> None:
    place = Place()
    place.phone.answers["ATD*99#"] = ["NO CARRIER"]
    async with running(place.ppp()):
        await asyncio.sleep(86400)
    pauses = [
        later - at
        for at, later in zip(place.phone.dialled_at, place.phone.dialled_at[1:], strict=False)
    ]
    assert pauses[:8] == [2, 4, 8, 16, 32, 64, 128, 256]
    assert set(pauses[8:]) == {300}
    assert caplog.text.count("ppp: down") == 1


@pytest.mark.parametrize(
    ("status", "words", "counts"),
    [
        (10, "IPCP", True),
        (16, "hung up", True),
        (17, "left the call", True),
        # No reset of the modem would mend these: they are the contract's, or this machine's.
        (19, "refuses user or password", False),
        (4, "no PPP", False),
        (6, "locked", False),
        (-9, "signal 9", False),
    ],
)
async def test_a_session_that_does_not_come_up(status: int, words: str, counts: bool) -> None:
    place = Place([{"interface": "ppp0"}, {"exit": status}])
    ppp = place.ppp()
    async with running(ppp):
        assert words in ppp.last_error
    assert bool(place.refused) is counts
    assert place.phone.busy == 0


async def test_the_starter_refuses() -> None:
    place = Place([{"refused": "tty is of a USB device that is not the modem"}])
    ppp = place.ppp()
    async with running(ppp):
        assert ppp.last_error.endswith("not the modem")
    assert place.refused == []


async def test_a_network_that_says_nothing() -> None:
    place = Place([{"interface": "ppp0"}])
    ppp = place.ppp()
    async with running(ppp):
        await asyncio.sleep(91)
        assert ppp.last_error == "no address in 90 s"


async def test_a_session_that_is_lost_ends_the_links_and_comes_back() -> None:
    place = Place()
    ppp = place.ppp()
    lost: list[str] = []
    async with running(ppp):
        await up(ppp)
        await asyncio.sleep(100)
        with ppp.bearer.watched(lambda error: lost.append(str(error))):
            place.pppd.say({"log": "Modem hangup"}, {"exit": 16})
            await settle()
            assert lost == ["the modem hung up"]
            with pytest.raises(OSError, match="the modem hung up"):
                await ppp.dial.tcp("h", 1, lambda _: None, lambda: None)
        before = asyncio.get_running_loop().time()
        await up(ppp)
        assert asyncio.get_running_loop().time() - before < 3
        assert place.refused == []


async def test_sessions_that_never_last_are_spaced() -> None:
    place = Place([*UP, {"exit": 15}])
    async with running(place.ppp()):
        await asyncio.sleep(3600)
    assert len(place.phone.dialled_at) < 22


async def test_the_bytes_of_all_sessions_are_counted() -> None:
    place = Place()
    ppp = place.ppp()
    async with running(ppp):
        await up(ppp)
        place.live = (100, 110)
        assert ppp.traffic.total() == (100, 110)
        place.live = (0, 0)  # the interface goes before pppd has told
        place.pppd.say({"log": "Sent 118 bytes, received 106 bytes."}, {"exit": 16})
        await settle()
        assert ppp.traffic.total() == (106, 118)
        await up(ppp)
        place.live = (10, 20)
        assert ppp.traffic.total() == (116, 138)
    assert ppp.traffic.total() == (116, 138)


async def test_a_restart_keeps_the_call_unless_the_apn_changed() -> None:
    place = Place()
    ppp = place.ppp()
    async with running(ppp):
        await up(ppp)
        ppp.use(APN)
        await asyncio.sleep(10)
        assert (len(place.pppd.requests), place.pppd.ended) == (1, 0)
        ppp.use(replace(APN, name="other"))
        await settle()
        await up(ppp)
        assert place.pppd.ended == 1
        assert 'AT+CGDCONT=1,"IP","other"' in place.phone.heard


async def test_another_apn_is_tried_at_once() -> None:
    place = Place()
    place.phone.answers["ATD*99#"] = ["NO CARRIER"]
    ppp = place.ppp()
    async with running(ppp):
        await asyncio.sleep(2000)
        place.phone.answers["ATD*99#"] = ["CONNECT"]
        ppp.use(replace(APN, name="right"))
        await settle()
        assert place.phone.dialled_at[-1] == 2000
        await up(ppp)


async def test_redial_while_it_dials() -> None:
    place = Place()
    place.pppd.script = UP[:1]
    ppp = place.ppp()
    async with running(ppp):
        await asyncio.sleep(1)
        ppp.use(replace(APN, user="other"))
        place.pppd.say(*UP[1:])
        await asyncio.sleep(5)
        place.pppd.say(*UP[1:])
        await up(ppp)
        assert [request.user for request in place.pppd.requests] == ["web", "other"]


async def test_a_modem_with_one_port_hangs_up_to_read_sms() -> None:
    place = Place()
    place.phone.one_port, place.sms_gap = True, 600.0
    ppp = place.ppp()
    async with running(ppp):
        await up(ppp)
        assert ppp.sms_wait
        await asyncio.sleep(601)
        assert (ppp.bearer.up, ppp.sms_wait, place.phone.busy) == (False, False, 0)
        await asyncio.sleep(SMS_TIME + 1)
        assert ppp.bearer.up
        assert place.pppd.ended == 1


async def test_one_with_two_ports_does_not() -> None:
    place = Place()
    place.sms_gap = 600.0
    ppp = place.ppp()
    async with running(ppp):
        await asyncio.sleep(10000)
        assert len(place.pppd.requests) == 1
        assert not ppp.sms_wait


async def test_no_secret_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    place = Place()
    ppp = place.ppp()
    async with running(ppp):
        await up(ppp)
    assert "geheim" not in caplog.text + repr(place.pppd.requests)
    assert "ppp: up: ppp0, 10.64.64.65, 10.64.64.1, 10.64.64.2" in caplog.text


async def test_the_pauses_differ_and_never_end() -> None:
    place = Place()
    place.phone.answers["ATD*99#"] = ["BUSY"]
    ppp = place.ppp(jitter=random.Random(7).random)
    async with running(ppp):
        await asyncio.sleep(86000)
    at = place.phone.dialled_at
    pauses = [later - before for before, later in pairwise(at)][20:]
    assert len(set(pauses)) == len(pauses) > 280
    assert min(pauses) >= 225
    assert max(pauses) <= 300


async def test_rstim_does_not_cut_the_pauses_short() -> None:
    """With the SIM refused, one call a minute for ever would be RSTIM's doing."""
    place = Place()
    place.phone.answers["ATD*99#"] = ["NO CARRIER"]
    ppp = place.ppp()
    async with running(ppp):
        await asyncio.sleep(3600)
        before = len(place.phone.dialled_at)
        for _ in range(60):
            ppp.redial("RSTIM")
            await asyncio.sleep(60)
        assert len(place.phone.dialled_at) - before <= 12


async def test_rstim_while_it_comes_up_leaves_the_new_call_alone() -> None:
    place = Place(UP[:1])
    ppp = place.ppp()
    async with running(ppp):
        ppp.redial("RSTIM")
        place.pppd.say(*UP[1:])
        await asyncio.sleep(100)
        assert (ppp.state, len(place.phone.dialled_at)) == ("up", 1)
        place.pppd.script = UP
        ppp.redial("RSTIM")
        await asyncio.sleep(5)
        assert (ppp.state, len(place.phone.dialled_at)) == ("up", 2)


@pytest.mark.parametrize("closing", [0.0, 1.0])
async def test_another_apn_at_the_moment_when_the_call_is_lost(closing: float) -> None:
    place = Place()
    place.phone.closing = closing
    ppp = place.ppp()
    async with running(ppp):
        await up(ppp)
        place.pppd.say({"exit": 16})
        for name in "abcdefghijkl":
            await asyncio.sleep(0)
            ppp.use(replace(APN, name=name))
        await asyncio.sleep(10)
        assert ppp.bearer.up
        assert place.phone.heard[-2:] == ['AT+CGDCONT=1,"IP","l"', "ATD*99#"]


async def test_the_links_are_told_and_the_bytes_counted_before_pppd_ends() -> None:
    """Then the interface is gone, and its bytes with it."""
    place = Place()
    place.phone.one_port, place.sms_gap = True, 600.0
    ppp = place.ppp()
    seen: list[tuple[bool, str]] = []

    def ending() -> None:
        seen.append((ppp.bearer.up, ppp.state))
        place.live = (0, 0)

    place.pppd.ending = ending
    async with running(ppp):
        await up(ppp)
        place.live = (100, 110)
        await asyncio.sleep(601)
        assert seen == [(False, "waiting")]
        assert ppp.traffic.total() == (100, 110)


async def test_stopped_the_bytes_are_counted() -> None:
    place = Place()
    place.pppd.gone = lambda: setattr(place, "live", (0, 0))
    ppp = place.ppp()
    async with running(ppp):
        await up(ppp)
        place.live = (100, 110)
    assert ppp.traffic.total() == (100, 110)


async def test_ipv4_that_comes_long_behind_ipv6() -> None:
    place = Place(BOTH, pdp_type="IPV4V6")
    ppp = place.ppp()
    async with running(ppp):
        await up(ppp)
        assert (ppp.way.address, place.over) == ("fe80::1", [("ppp0", [])])
        await asyncio.sleep(10)
        place.pppd.say(*UP[2:])
        await settle()
        assert ppp.way.address == "10.64.64.65"
        assert place.over[-1] == ("ppp0", ["10.64.64.1", "10.64.64.2"])
        assert (ppp.bearer.up, ppp.counters.connects) == (True, 1)


async def test_a_network_that_names_servers_without_end() -> None:
    place = Place()
    ppp = place.ppp()
    async with running(ppp):
        await up(ppp)
        for n in range(1000):
            place.pppd.say({"dns": f"10.0.{n // 256}.{n % 256}"})
        await settle()
        assert ppp.way.servers == ["10.0.3.228", "10.0.3.229", "10.0.3.230", "10.0.3.231"]


@pytest.mark.parametrize(
    ("last", "words"),
    [
        ("LCP: timeout sending Config-Requests", "CONNECT and then nothing"),
        ("IPCP: timeout sending Config-Requests", "gives no address"),
        ("Connection terminated.", "agrees to no addresses"),
    ],
)
async def test_connect_and_then_silence(last: str, words: str) -> None:
    place = Place([{"log": last}, {"log": "Connection terminated."}, {"exit": 10}])
    ppp = place.ppp()
    async with running(ppp):
        assert words in ppp.last_error
        assert place.refused == [ppp.last_error]


async def test_a_modem_that_roams_is_hung_up_where_it_may_not() -> None:
    place = Place()
    ppp = place.ppp()
    async with running(ppp), asyncio.TaskGroup() as tasks:
        watch = tasks.create_task(ppp.stay_home(Liveness(asyncio.get_running_loop().time)))
        await up(ppp)
        place.phone.register(False)
        assert ppp.waits_for == ""  # it is up
        place.phone.roams.set()
        await settle()
        place.phone.roams.clear()
        assert (ppp.state, ppp.bearer.up, ppp.waits_for) == (
            "waiting",
            False,
            "the modem (searching)",
        )
        assert (place.pppd.ended, place.phone.busy) == (1, 0)
        await asyncio.sleep(1000)
        assert len(place.phone.dialled_at) == 1
        place.phone.register(True)
        await up(ppp)
        watch.cancel()
