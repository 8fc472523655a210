"""Each rule by which the simulated modem misbehaves."""

import pytest

from tests.simulator.bench import Bench
from usr7s3d.simulator.modem.events import Unplug
from usr7s3d.simulator.modem.faults import NOISE, Rule, parse


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (
            "fault AT+CMGS +CMS ERROR: 38 x2",
            Rule("fault", "AT+CMGS", result="+CMS ERROR: 38", left=2),
        ),
        ("silent AT+CSQ", Rule("silent", "AT+CSQ")),
        ("silent", Rule("silent")),
        ("slow 3s", Rule("slow", seconds=3)),
        ("slow 0.5 s AT+COPS? x1", Rule("slow", "AT+COPS?", 0.5, left=1)),
        ("no prompt", Rule("no prompt")),
        ("no prompt +CMS ERROR: 500 x3", Rule("no prompt", result="+CMS ERROR: 500", left=3)),
        ("twice x1", Rule("twice", left=1)),
        ("fault ATD*99# BUSY", Rule("fault", "ATD*99#", result="BUSY")),
    ],
)
def test_a_rule_reads_and_writes_the_same(text: str, rule: Rule) -> None:
    assert parse(text) == rule
    assert parse(str(rule)) == rule


@pytest.mark.parametrize("text", ["", "fault", "fault AT+CSQ", "slow AT+CSQ", "silent ERROR", "x2"])
def test_a_mistake_is_told(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse(text)


@pytest.mark.parametrize(
    ("rule", "command", "concerned"),
    [
        ("AT+CREG", "AT+CREG?", True),
        ("AT+CREG", "at+creg=2", True),
        ("AT+CREG", "AT+CREGX", False),
        ("AT+CREG?", "AT+CREG=2", False),
        ("AT", "AT", True),
        ("AT", "AT+CREG", False),
        ("", "AT", True),
        ("ATD", "ATD*99#", True),
    ],
)
def test_which_commands_a_rule_concerns(rule: str, command: str, concerned: bool) -> None:
    assert Rule("silent", rule).concerns(command) == concerned


def test_fault_counts_down() -> None:
    bench = Bench()
    bench.does("fault AT+CMGS +CMS ERROR: 38 x2")
    answers = [bench.sends("123", "hello")[-1] for _ in range(3)]
    assert answers == ["+CMS ERROR: 38", "+CMS ERROR: 38", "OK"]
    assert len(bench.modem.state.network.sent) == 1


def test_silent() -> None:
    bench = Bench()
    bench.does("silent AT+CSQ x1")
    assert bench.asks("AT+CSQ") == []
    assert bench.asks("AT") == ["OK"]
    assert bench.asks("AT+CSQ") == ["+CSQ: 21,99", "OK"]


def test_slow_and_what_is_asked_meanwhile_waits_behind_it() -> None:
    bench = Bench()
    bench.does("slow 3s AT+CSQ")
    assert bench.asks("AT+CSQ") == []
    assert bench.asks("AT+CREG?") == []
    bench.does("say +QIND: x")
    assert bench.lines() == ["+QIND: x"]
    bench.wait(3)
    assert bench.lines() == ["+CSQ: 21,99", "OK", "+CREG: 0,1", "OK"]


def test_late() -> None:
    bench = Bench()
    bench.does("late AT+CSQ x1")
    assert bench.asks("AT+CSQ") == []
    assert bench.asks("AT+CREG?") == ["+CSQ: 21,99", "OK", "+CREG: 0,1", "OK"]


def test_twice() -> None:
    bench = Bench()
    bench.does("twice")
    assert bench.asks("AT+CSQ") == ["+CSQ: 21,99", "OK"] * 2


def test_noise_stands_before_the_answer_and_between_its_lines() -> None:
    bench = Bench()
    bench.does("noise")
    bench.types("AT+CSQ\r")
    noise = NOISE.decode("latin-1")
    assert bench.said() == f"{noise}\r\n+CSQ: 21,99\r\n{noise}\r\nOK\r\n"


def test_half() -> None:
    bench = Bench()
    bench.does("half")
    bench.types("AT+CSQ\r")
    assert bench.said() == "\r\n+CSQ: 21"


def test_no_prompt_and_the_next_command_becomes_text() -> None:
    bench = Bench()
    bench.does("no prompt x1")
    bench.asks("AT+CMGF=1")
    assert bench.asks('AT+CMGS="123"') == []
    assert bench.asks("AT+CSQ") == []
    bench.types("\x1b")
    assert bench.lines() == ["OK"]
    assert bench.asks("AT+CSQ") == ["+CSQ: 21,99", "OK"]


def test_a_prompt_refused() -> None:
    bench = Bench()
    bench.does("no prompt +CMS ERROR: 500 x1")
    assert bench.asks("AT+CMGS=5") == ["+CMS ERROR: 500"]
    assert bench.asks("AT") == ["OK"]


def test_unplugged_at_the_prompt_and_in_the_middle_of_a_list() -> None:
    for command, seen in (("AT+CMGS=5", "\r\n> "), ("AT+CSQ", "\r\n+CSQ: 21")):
        bench = Bench()
        bench.does(f"unplug {command}")
        bench.types(f"{command}\r")
        bench.wait(0)
        assert bench.said() == seen
        assert bench.events == [Unplug()]


def test_faults_are_listed_and_mended() -> None:
    bench = Bench("echo off\nfaults:\n  twice x9\n  silent AT+CSQ")
    bench.does("faults")
    bench.does("mend")
    bench.does("faults")
    assert bench.told() == ["twice x9, silent AT+CSQ", "none"]


@pytest.mark.parametrize("line", ["nonsense", "sim lost", "signal loud", "fault", "sms", "pdu XY"])
def test_a_mistake_at_the_prompt_is_told_and_harms_nothing(line: str) -> None:
    bench = Bench()
    bench.does(line)
    (told,) = bench.told()
    assert told.endswith("(`help` lists what there is)")
    assert bench.asks("AT") == ["OK"]
