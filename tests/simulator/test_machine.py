"""The simulated modem: commands, registration, power, calls."""

import pytest

from tests.simulator.bench import Bench
from usr7s3d.simulator.modem.events import CallDown, CallUp, Carry, Event, Plug, Unplug


def test_an_answer_is_framed_as_v250_has_it() -> None:
    bench = Bench()
    bench.types("AT+CSQ\r")
    assert bench.said() == "\r\n+CSQ: 21,99\r\n\r\nOK\r\n"


def test_echo_is_what_came() -> None:
    bench = Bench("echo on")
    bench.types("AT\r\n")
    assert bench.said() == "AT\r\r\nOK\r\n\n"
    bench.types("\rATE0\r")
    assert bench.said() == "\rATE0\r\r\nOK\r\n"
    bench.types("at\r")
    assert bench.said() == "\r\nOK\r\n"


def test_each_port_has_its_own_echo_and_answers() -> None:
    bench = Bench("echo on")
    assert bench.asks("ATE0") == ["ATE0\r", "OK"]
    assert bench.asks("AT", "data") == ["AT\r", "OK"]
    assert bench.said("at") == ""


def test_several_commands_on_a_line_end_with_one_result() -> None:
    assert Bench().asks("ATE0V1+CMEE=2;+CREG?;&D2") == ["+CREG: 0,1", "OK"]


def test_the_first_that_fails_ends_the_line() -> None:
    bench = Bench()
    assert bench.asks("AT+CREG=9;+CMEE=2") == ["+CME ERROR: 50"]
    assert bench.asks("AT+CMEE?") == ["+CMEE: 1", "OK"]


@pytest.mark.parametrize(
    ("level", "result"),
    [(0, "ERROR"), (1, "+CME ERROR: 10"), (2, "+CME ERROR: SIM not inserted")],
)
def test_errors_as_cmee_has_them(level: int, result: str) -> None:
    bench = Bench()
    bench.does("sim out")
    bench.said()
    bench.asks(f"AT+CMEE={level}")
    assert bench.asks("AT+CIMI") == [result]


@pytest.mark.parametrize("rubbish", ["", "\x00\xff", "hello", "\x1b", "\n"])
def test_what_is_no_command_is_not_answered(rubbish: str) -> None:
    assert Bench().asks(rubbish) == []


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_input_cut_anywhere(size: int) -> None:
    bench, whole = Bench("echo on"), Bench("echo on")
    session = 'ATE0\rAT+CMGF=1\rAT+CMGS="+491"\rhello\x1aAT+CSQ;+COPS?\rATD*99#\rdata'
    whole.types(session)
    for at in range(0, len(session), size):
        bench.types(session[at : at + size])
    assert bench.said() == whole.said()
    assert carried(bench.events) == carried(whole.events) == b"data"


def carried(events: list[Event]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, Carry))


@pytest.mark.parametrize(
    ("word", "stat"), [("home", 1), ("roaming", 5), ("denied", 3), ("searching", 2), ("lost", 0)]
)
def test_registration_is_what_the_person_says(word: str, stat: int) -> None:
    bench = Bench()
    bench.does(word)
    assert bench.asks("AT+CEREG?") == [f"+CEREG: 0,{stat}", "OK"]


def test_a_change_is_told_to_who_asked_for_it() -> None:
    bench = Bench()
    bench.asks("AT+CREG=2;+CGREG=1")
    bench.does("denied")
    assert bench.lines() == ["+CREG: 3", "+CGREG: 3"]
    bench.does("home")
    assert bench.lines() == ['+CREG: 1,"1A2B","01C3D4E5",7', "+CGREG: 1"]


def test_a_pin_is_asked_for_and_three_wrong_ones_lock_it() -> None:
    bench = Bench()
    bench.does("sim pin")
    assert bench.lines() == ["+CPIN: SIM PIN"]
    assert bench.asks('AT+CPIN="1234"') == ["OK"]
    bench.does("sim pin")
    bench.said()
    for state in ("SIM PIN", "SIM PIN", "SIM PUK"):
        assert bench.asks("AT+CPIN=9999") == ["+CME ERROR: 16"]
        assert bench.asks("AT+CPIN?") == [f"+CPIN: {state}", "OK"]


def test_radio_off_and_on() -> None:
    bench = Bench()
    bench.asks("AT+CFUN=0")
    assert bench.asks("AT+CREG?") == ["+CREG: 0,0", "OK"]
    bench.asks("AT+CFUN=1")
    assert bench.asks("AT+CREG?") == ["+CREG: 0,2", "OK"]
    bench.wait(1)
    assert bench.asks("AT+CREG?") == ["+CREG: 0,1", "OK"]


def test_a_restart_unplugs_it_for_a_while() -> None:
    bench = Bench("restarts 2\necho off\nstarting:\n 0.5 RDY")
    assert bench.asks("AT+CFUN=1,1") == ["OK"]
    bench.wait(1)
    assert bench.events == [Unplug()]
    bench.types("AT\r")
    assert bench.said() == ""
    bench.wait(2)
    assert Plug() in bench.events
    assert bench.lines() == ["RDY"]


def test_a_call_takes_the_port_and_the_escape_gives_it_back() -> None:
    bench = Bench()
    bench.asks('AT+CGDCONT=1,"IP","internet"')
    bench.events.clear()
    bench.types("ATD*99#\r", "data")
    assert bench.said("data") == "\r\nCONNECT 150000000\r\n"
    assert bench.events == [CallUp("data", "*99#", "internet")]
    bench.wait(5)
    bench.types("AT\r+++", "data")  # not alone
    bench.wait(5)
    assert bench.asks("AT+CSQ") == ["+CSQ: 21,99", "OK"]  # the other port goes on
    bench.types("+", "data")
    bench.types("++", "data")
    bench.wait(0.9)
    assert bench.said("data") == ""
    bench.wait(0.2)
    assert bench.lines("data") == ["OK"]
    assert bench.asks("ATO", "data") == ["CONNECT 150000000"]
    bench.wait(2)
    bench.types("+++", "data")
    bench.wait(2)
    bench.lines("data")
    assert bench.asks("ATH", "data") == ["OK"]
    assert bench.events[-1] == CallDown()


def test_a_call_that_the_carrier_or_the_network_ends() -> None:
    bench = Bench()
    bench.asks("ATD*99***1#")
    bench.events += bench.modem.carrier_gone(bench.now)
    assert bench.lines() == ["NO CARRIER"]
    assert bench.asks("ATD*99#") == ["CONNECT 150000000"]
    bench.does("denied")
    assert bench.lines() == ["NO CARRIER"]
    assert bench.events[-1] == CallDown()
    assert bench.asks("ATD*99#") == ["NO CARRIER"]


def test_nobody_at_the_port_ends_its_call() -> None:
    bench = Bench()
    bench.asks("ATD*99#")
    assert bench.modem.hung_up("data", bench.now) == []
    assert bench.modem.hung_up("at", bench.now) == [CallDown()]
    assert bench.asks("AT") == ["OK"]


def test_an_apn_that_the_network_does_not_take() -> None:
    bench = Bench("echo off\napns internet m2m\nrefusal +CME ERROR: 133")
    bench.asks('AT+CGDCONT=1,"IP","wrong"')
    assert bench.asks("ATD*99#") == ["+CME ERROR: 133"]
    bench.asks('AT+CGDCONT=1,"IP","Internet"')
    assert bench.asks("ATD*99#") == ["CONNECT 150000000"]


def test_a_call_that_begins_without_a_word() -> None:
    bench = Bench("echo off\nconnect")
    assert bench.asks("ATD*99#") == []
    bench.types("~")
    assert carried(bench.events) == b"~"


def test_an_incoming_call_rings_until_it_is_answered_rejected_or_over() -> None:
    bench = Bench()
    bench.asks("AT+CLIP=1")
    bench.does("call +491701234567")
    bench.wait(5)
    assert bench.lines() == ["RING", '+CLIP: "+491701234567",145'] * 2
    assert bench.asks("ATH") == ["OK"]
    bench.wait(20)
    assert bench.lines() == []
    bench.does("call")
    bench.does("drop")
    assert bench.lines()[-1] == "NO CARRIER"


def test_unplugged_in_the_middle_of_a_call() -> None:
    bench = Bench()
    bench.asks("ATD*99#")
    bench.does("unplug")
    assert bench.events[-2:] == [Unplug(), CallDown()]
    bench.does("plug")
    bench.wait(1)
    assert bench.asks("AT") == ["OK"]
