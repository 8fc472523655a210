"""Who the modem is, how its SIM and its network are; what was chosen; calls."""

import asyncio
import logging
from typing import Any

import pytest

from tests.services.fake_modem import ok
from tests.services.modem_parts import Bench, until
from tests.services.parts import running, settle
from usr7s3d.modem.network import Registration
from usr7s3d.modem.seen import REGISTERED, in_words

ERROR = b"\r\nERROR\r\n"
NO_SIM = b"\r\n+CME ERROR: 10\r\n"
PIN = "8264"
ENTER = f'AT+CPIN="{PIN}"'


@pytest.fixture(autouse=True)
def _log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)


async def registered(bench: Bench) -> None:
    await until(lambda: bench.modem.state == REGISTERED)
    assert bench.modem.ready.is_set()


@pytest.mark.manual("4.2.1.21", "the number of the SIM")
async def test_what_is_seen_of_it() -> None:
    bench = Bench()
    async with running(bench.modem):
        await registered(bench)
        seen = bench.modem.seen
    assert (seen.imei, seen.iccid, seen.imsi) == (
        "867584030000001", "8949020000012345678", "262020000000001",
    )  # fmt: skip
    assert seen.number == "+491700000001"
    assert (seen.sim, seen.dbm, seen.attached) == ("READY", -67, True)
    assert seen.registration == Registration(1), "that of +CREG, which was asked first"
    assert (seen.operator, seen.technology) == ("Vodafone.de", "LTE")
    assert seen.model == "SIMCOM INCORPORATED SIMCOM_SIM7600E"
    assert in_words(seen) == "registered in Vodafone.de LTE, -67 dBm"


async def test_a_sim_that_does_not_know_its_number() -> None:
    bench = Bench()
    bench.fake.answers["AT+CNUM"] = ok()
    async with running(bench.modem):
        await registered(bench)
        assert bench.modem.seen.number == ""


async def test_an_iccid_by_the_makers_own_command() -> None:
    bench = Bench()
    bench.fake.answers |= {"AT+CCID": ERROR, "AT+ICCID": ok("+ICCID: 89860114721100697502")}
    async with running(bench.modem):
        await registered(bench)
        assert bench.modem.seen.iccid == "89860114721100697502"


async def test_a_signal_that_only_the_extended_command_tells() -> None:
    bench = Bench()
    bench.fake.answers |= {
        "AT+CSQ": ok("+CSQ: 99,99"),
        "AT+CESQ": ok("+CESQ: 99,99,255,255,20,44"),
    }
    async with running(bench.modem):
        await registered(bench)
        assert bench.modem.seen.dbm == -97


# Registration.


def network(bench: Bench, stat: int) -> None:
    for name in ("CREG", "CGREG", "CEREG"):
        bench.fake.answers[f"AT+{name}?"] = ok(f"+{name}: 1,{stat}")


async def test_searching_then_registered_at_once_when_the_modem_says_so() -> None:
    bench = Bench()
    network(bench, 2)
    async with running(bench.modem):
        await until(lambda: bench.modem.state == "searching")
        assert bench.modem.ready.is_set()  # it can be asked
        await asyncio.sleep(300)
        network(bench, 1)
        bench.fake.says("+CEREG: 1")
        await asyncio.sleep(1.5)
        assert bench.modem.state == REGISTERED


async def test_one_that_says_nothing_unasked_is_asked_every_10_s() -> None:
    bench = Bench()
    network(bench, 2)
    async with running(bench.modem):
        await asyncio.sleep(300)
        bench.fake.heard.clear()
        await asyncio.sleep(100)
        assert 9 <= bench.fake.count("AT+CREG?") <= 11
        network(bench, 1)
        await asyncio.sleep(12)
        assert bench.modem.state == REGISTERED
        bench.fake.heard.clear()
        await asyncio.sleep(600)
        assert 9 <= bench.fake.count("AT+CREG?") <= 11


async def test_registration_denied(caplog: pytest.LogCaptureFixture) -> None:
    """It is said once, and taken back when the network thinks better of it."""
    bench = Bench()
    network(bench, 3)
    async with running(bench.modem):
        await until(lambda: bench.modem.state == "denied")
        await asyncio.sleep(600)
        assert "registration denied" in bench.modem.seen.problem
        network(bench, 1)
        await registered(bench)
        assert bench.modem.seen.problem == ""
    denied = [r for r in caplog.records if "denied" in r.getMessage()]
    assert len(denied) == 1


async def test_the_loss_of_the_network_is_seen() -> None:
    bench = Bench()
    async with running(bench.modem):
        await registered(bench)
        network(bench, 2)
        bench.fake.says("+CREG: 2")
        await asyncio.sleep(1.5)
        assert bench.modem.state == "searching"
        assert bench.modem.seen.operator == ""


async def test_registered_for_packets_only() -> None:
    bench = Bench()
    bench.fake.answers |= {"AT+CREG?": ok("+CREG: 0,3"), "AT+CGREG?": ERROR}
    async with running(bench.modem):
        await registered(bench)


@pytest.mark.parametrize("roaming", [True, False])
async def test_roaming(roaming: bool) -> None:
    bench = Bench(roaming=roaming)
    network(bench, 5)
    async with running(bench.modem):
        await registered(bench)
        assert bench.modem.seen.stays_offline is not roaming
        assert ("[modem] roaming" in bench.modem.seen.problem) is not roaming


# The SIM.


async def test_sim_removed_and_put_back() -> None:
    bench = Bench()
    async with running(bench.modem):
        await registered(bench)
        bench.fake.answers |= {"AT+CPIN?": NO_SIM, "AT+CIMI": NO_SIM}
        bench.fake.says("+CPIN: NOT READY")
        await asyncio.sleep(1.5)
        seen = bench.modem.seen
        assert (seen.state, seen.sim, seen.problem) == ("sim", "NOT INSERTED", "there is no SIM")
        assert (seen.iccid, seen.imsi, seen.number, seen.operator) == ("", "", None, "")
        assert seen.imei == "867584030000001"
        assert not bench.modem.ready.is_set()
        bench.fake.answers |= {"AT+CPIN?": ok("+CPIN: READY"), "AT+CIMI": ok("262020000000001")}
        await registered(bench)
        assert bench.modem.seen.iccid == "8949020000012345678"


async def test_sim_removed_from_a_modem_that_says_nothing_unasked() -> None:
    bench = Bench()
    async with running(bench.modem):
        await registered(bench)
        bench.fake.answers["AT+CPIN?"] = NO_SIM
        await asyncio.sleep(65)
        assert bench.modem.state == "sim"


async def test_one_answer_that_tells_nothing_tears_nothing_down() -> None:
    bench = Bench()
    async with running(bench.modem):
        await registered(bench)
        bench.fake.answers["AT+CPIN?"] = ERROR
        await asyncio.sleep(62)
        assert bench.modem.state == REGISTERED
        bench.fake.answers["AT+CPIN?"] = ok("+CPIN: READY")
        await asyncio.sleep(60)
        assert bench.modem.state == REGISTERED
        bench.fake.answers["AT+CPIN?"] = ERROR
        await until(lambda: bench.modem.state == "sim")
        assert bench.modem.seen.problem == "the SIM cannot be read"


async def test_a_sim_that_refuses_for_a_while_after_it_came_up() -> None:
    bench = Bench()
    refusals = iter([b"\r\n+CMS ERROR: 314\r\n"] * 3)
    bench.fake.answers["AT+CMGF=0"] = lambda: next(refusals, ok())
    async with running(bench.modem):
        await registered(bench)
    assert bench.fake.count("AT+CMGF=0") == 4


async def test_a_modem_that_knows_no_messages() -> None:
    bench = Bench()
    bench.fake.answers["AT+CMGF=0"] = ERROR
    async with running(bench.modem):
        await registered(bench)


# The PIN.


class Sim:
    """A SIM with a PIN: three attempts."""

    def __init__(self, bench: Bench, pin: str = PIN, *, tells_attempts: bool = True) -> None:
        self.bench = bench
        self.pin = pin
        self.left = 3
        self.open = False
        answers = bench.fake.answers
        answers["AT+CPIN?"] = self._state
        for code in (PIN, "1111", "2222"):
            answers[f'AT+CPIN="{code}"'] = lambda code=code: self._enter(code)  # type: ignore[misc]
        answers['AT+CPINR="SIM PIN"'] = self._attempts if tells_attempts else ERROR

    def _state(self) -> bytes:
        if self.left == 0:
            return ok("+CPIN: SIM PUK")
        return ok("+CPIN: READY" if self.open else "+CPIN: SIM PIN")

    def _enter(self, code: str) -> bytes:
        if code == self.pin:
            self.open, self.left = True, 3
            return ok()
        self.left -= 1
        return b"\r\n+CME ERROR: 16\r\n"

    def _attempts(self) -> bytes:
        return ok(f"+CPINR: SIM PIN,{self.left},3")


@pytest.mark.parametrize("tells_attempts", [True, False])
async def test_the_pin_is_entered_once_when_asked_for(
    tells_attempts: bool, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(pin=PIN)
    Sim(bench, tells_attempts=tells_attempts)
    async with running(bench.modem):
        await registered(bench)
        await asyncio.sleep(600)
    assert bench.fake.count("AT+CPIN=") == 1
    assert bench.store.tables == {"pin": {}}
    assert PIN not in caplog.text
    assert PIN not in repr(bench.modem.seen)


async def test_without_one_configured_it_is_said() -> None:
    bench = Bench()
    Sim(bench)
    async with running(bench.modem):
        await until(lambda: bench.modem.seen.problem)
        assert bench.modem.seen.problem == "the SIM wants its PIN: put it into [modem] pin"
        assert (bench.modem.state, bench.modem.seen.sim) == ("sim", "SIM PIN")
    assert bench.fake.count("AT+CPIN=") == 0


@pytest.mark.parametrize("tells_attempts", [True, False])
async def test_a_wrong_pin_is_never_tried_twice(tells_attempts: bool) -> None:
    """Not after an hour, not by another port, not after a restart of the process."""
    bench = Bench(pin=PIN)
    sim = Sim(bench, pin="2222", tells_attempts=tells_attempts)
    async with running(bench.modem):
        await until(lambda: "refuses the PIN" in bench.modem.seen.problem)
        assert PIN not in bench.modem.seen.problem
        await asyncio.sleep(3600)
        bench.modem.reopen("test")
        await asyncio.sleep(60)
        bench.unplug()
        await asyncio.sleep(60)
        bench.plug()
        await asyncio.sleep(60)
        assert "it is not tried again" in bench.modem.seen.problem
    for _ in range(3):
        async with running(bench.another()):
            await asyncio.sleep(200)
    assert bench.fake.count("AT+CPIN=") == 1
    assert sim.left == 2
    assert PIN not in str(bench.store.tables)


@pytest.mark.parametrize("told_first", [True, False])
async def test_a_sim_that_tells_its_iccid_at_one_start_only(told_first: bool) -> None:
    bench = Bench(pin=PIN)
    sim = Sim(bench, pin="2222")
    fake, told = bench.fake, dict(bench.fake.answers)
    silent = {name: ERROR for name in told if "CCID" in name}
    for tells in (told_first, not told_first, told_first):
        fake.answers |= told if tells else silent
        fake.answers["AT+CPIN?"] = sim._state
        async with running(bench.another()):
            await asyncio.sleep(200)
    assert fake.count("AT+CPIN=") == 1
    assert sim.left == 2


async def test_a_sim_that_was_busy_is_asked_again() -> None:
    bench = Bench(pin=PIN)
    Sim(bench, tells_attempts=False)
    enter = bench.fake.answers[ENTER]
    bench.fake.answers[ENTER] = b"\r\n+CME ERROR: 14\r\n"
    async with running(bench.modem):
        await until(lambda: bench.fake.count(ENTER))
        bench.fake.answers[ENTER] = enter
        await registered(bench)
    assert bench.fake.count(ENTER) == 2
    assert bench.store.tables == {"pin": {}}


async def test_a_pin_that_opened_the_sim_though_its_answer_was_lost() -> None:
    """At the next start it is entered again."""
    bench = Bench(pin=PIN)
    sim = Sim(bench, tells_attempts=False)

    def takes_it_and_says_nothing() -> bytes:
        sim.open = True
        return b""

    bench.fake.answers[ENTER] = takes_it_and_says_nothing
    async with running(bench.modem):
        await registered(bench)
    assert bench.store.tables == {"pin": {}}


async def test_another_pin_in_the_configuration_is_tried() -> None:
    bench = Bench(pin="1111")
    sim = Sim(bench)
    async with running(bench.modem):
        await until(lambda: sim.left == 2)
    tables = bench.store.tables
    bench = Bench(pin=PIN)
    bench.store.tables = tables
    sim = Sim(bench)
    async with running(bench.modem):
        await registered(bench)


async def test_a_puk_is_never_entered() -> None:
    bench = Bench(pin=PIN)
    Sim(bench).left = 0
    async with running(bench.modem):
        await asyncio.sleep(600)
        assert "PUK" in bench.modem.seen.problem
    assert bench.fake.count("AT+CPIN=") == 0


@pytest.mark.parametrize(("tells_attempts", "entered"), [(True, 2), (False, 1)])
async def test_power_cut_while_the_pin_was_entered(tells_attempts: bool, entered: int) -> None:
    """Nobody saw what came of it: only a SIM with all its attempts left is asked again."""
    bench = Bench(pin=PIN)
    sim = Sim(bench, tells_attempts=tells_attempts)
    bench.fake.answers[ENTER] = b""
    async with running(bench.modem):
        await until(lambda: bench.fake.count(ENTER))
    sim = Sim(bench, tells_attempts=tells_attempts)
    another = bench.another()
    async with running(another):
        await asyncio.sleep(300)
        assert another.ready.is_set() is tells_attempts
        assert sim.open is tells_attempts
        if not tells_attempts:
            assert "delete modem.toml" in another.seen.problem
    assert bench.fake.count(ENTER) == entered


@pytest.mark.parametrize(("tells_attempts", "entered"), [(True, 1), (False, 0)])
async def test_a_disk_that_cannot_note_the_attempt(tells_attempts: bool, entered: int) -> None:
    bench = Bench(pin=PIN)
    Sim(bench, tells_attempts=tells_attempts)
    bench.store.failure = OSError(28, "No space left on device")
    async with running(bench.modem):
        await asyncio.sleep(30)
        assert bench.modem.ready.is_set() is tells_attempts
    assert bench.fake.count(ENTER) == entered


# What the configuration chooses.


async def test_an_operator_is_set_once(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(operator="26201")
    chosen: list[str] = []

    def choose() -> bytes:
        chosen.append("26201")
        bench.fake.answers["AT+COPS?"] = ok('+COPS: 1,2,"26201",7')
        return ok()

    bench.fake.answers['AT+COPS=1,2,"26201"'] = choose
    async with running(bench.modem):
        await registered(bench)
        bench.modem.reopen("test")
        await asyncio.sleep(5)
        await registered(bench)
    another = bench.another()
    async with running(another):
        await until(lambda: another.state == REGISTERED)
    assert chosen == ["26201"]
    assert bench.fake.count("AT+COPS=1") == 1


async def test_an_operator_that_cannot_be_had_is_said(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench(operator="26201")
    bench.fake.answers['AT+COPS=1,2,"26201"'] = b"\r\n+CME ERROR: 30\r\n"
    async with running(bench.modem):
        await registered(bench)
    assert "it cannot stay in network 26201: +CME ERROR 30 (No network service)" in caplog.text


async def test_without_one_a_modem_that_was_kept_in_one_may_choose_again() -> None:
    bench = Bench()
    bench.fake.answers["AT+COPS?"] = ok('+COPS: 1,2,"26201",7')
    async with running(bench.modem):
        await registered(bench)
    assert bench.fake.count("AT+COPS=0") == 1


async def test_without_one_a_modem_that_chooses_is_left_alone() -> None:
    bench = Bench()
    async with running(bench.modem):
        await registered(bench)
    assert bench.fake.count("AT+COPS=0") == 0


SIMCOM: dict[str, Any] = {"AT+CNMP?": ok("+CNMP: 2"), "AT+CMNB?": ERROR}
HUAWEI: dict[str, Any] = {
    "AT+CNMP?": ERROR,
    'AT+QCFG="nwscanmode"': ERROR,
    "AT^SYSCFGEX?": ok('^SYSCFGEX:"00",3fffffff,1,2,800c5'),
}


@pytest.mark.parametrize(
    ("answers", "order"),
    [(SIMCOM, "AT+CNMP=38"), (HUAWEI, 'AT^SYSCFGEX="03",40000000,2,4,40000000,,')],
    ids=["SIMCom", "Huawei"],
)
async def test_a_kind_of_network_is_set_once_and_undone(
    answers: dict[str, Any], order: str
) -> None:
    bench = Bench(rat="4g")
    bench.fake.answers |= answers
    bench.fake.answers[order] = lambda: (
        bench.fake.answers.update({"AT+CNMP?": ok("+CNMP: 38")}) or ok()
    )
    async with running(bench.modem):
        await registered(bench)
    assert bench.fake.count(order) == 1
    if answers is SIMCOM:
        async with running(bench.another()):
            await asyncio.sleep(10)
        assert bench.fake.count(order) == 1
    auto = Bench()
    auto.store = bench.store
    auto.modem = auto.another()
    auto.fake.answers |= answers | {"AT+CNMP?": ok("+CNMP: 38")} if answers is SIMCOM else answers
    async with running(auto.modem):
        await registered(auto)
    assert auto.fake.count("AT+CNMP=2") == (answers is SIMCOM)
    assert auto.store.tables["rat"] == {}


async def test_a_kind_of_network_that_its_owner_set_is_left_alone() -> None:
    bench = Bench()
    bench.fake.answers["AT+CNMP?"] = ok("+CNMP: 38")
    async with running(bench.modem):
        await registered(bench)
    assert bench.fake.count("AT+CNMP") == 0


async def test_a_kind_of_network_that_the_modem_does_not_know(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench(rat="nb-iot")
    bench.fake.answers |= HUAWEI
    async with running(bench.modem):
        await registered(bench)
    assert "[modem] rat = nb-iot is not set: this modem has no such choice" in caplog.text


# Calls.


@pytest.mark.parametrize("allowed", [True, False])
@pytest.mark.manual("4.2.1.6", "whether a call is allowed")
async def test_an_incoming_call(allowed: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Rings come every 5 s; it is one call, and one line."""
    bench = Bench()
    async with running(bench.modem):
        await registered(bench)
        bench.modem.calls.allowed = lambda: allowed
        for _ in range(3):
            bench.fake.says("RING")
            await asyncio.sleep(5)
    assert bench.fake.count("AT+CHUP") == (0 if allowed else 3)
    calls = [r.getMessage() for r in caplog.records if "a call comes in" in r.getMessage()]
    assert calls == [
        f"modem: a call comes in: {'left ringing' if allowed else 'rejected (CALEN off)'}"
    ]


async def test_calen_acts_on_the_next_ring() -> None:
    bench = Bench()
    calen = True
    async with running(bench.modem):
        await registered(bench)
        bench.modem.calls.allowed = lambda: calen
        bench.fake.says("RING")
        await asyncio.sleep(5)
        calen = False
        bench.fake.says("+CRING: VOICE")
        await asyncio.sleep(5)
    assert bench.fake.count("AT+CHUP") == 1


async def test_a_call_that_only_ath_ends() -> None:
    bench = Bench()
    bench.fake.answers["AT+CHUP"] = ERROR
    async with running(bench.modem):
        await registered(bench)
        bench.fake.says("RING")
        await settle()
        await asyncio.sleep(1.5)
    assert bench.fake.count("ATH") == 1
