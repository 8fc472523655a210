"""The text files that tell one make of modem from another."""

import pytest

from tests.simulator.bench import Bench
from usr7s3d.simulator.modem import manners


def test_words_replies_and_lines_said_unasked() -> None:
    bench = Bench(
        """
# a comment
model X1
echo off

AT+CGMM
    +CGMM: {model}
    OK
AT+Q*
    +CME ERROR: 4
starting:
    0.5 RDY
    +FIRST
every 10:
    ^RSSI:{rssi}
"""
    )
    assert bench.asks("at+cgmm") == ["+CGMM: X1", "OK"]
    assert bench.asks("AT+QCFG=1") == ["+CME ERROR: 4"]
    bench.does("restart")
    bench.wait(2)
    assert bench.lines() == ["+FIRST", "RDY"]
    bench.does("signal 7")
    bench.wait(10)
    assert bench.lines() == ["^RSSI:7"]
    bench.asks("AT^CURC=0")
    bench.wait(60)
    assert bench.lines() == []


@pytest.mark.parametrize(
    ("text", "trouble"),
    [
        ("colour red", "line 1: what is `colour`"),
        ("\n\n  OK", "line 3: indented under nothing"),
        ("AT+X", "line 1: a command without a reply"),
        ("sometimes:\n  RDY", "line 1: what is `sometimes:`"),
        ("faults:\n  brittle", "line 1: no such rule: brittle"),
        ("every soon:\n  RDY", "line 1: could not convert"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, trouble: str) -> None:
    with pytest.raises(ValueError, match=trouble):
        manners.parse(text)


@pytest.mark.parametrize("name", manners.names())
def test_each_that_we_have(name: str) -> None:
    """It starts, registers, takes and sends a message, and rings up a carrier."""
    text = (manners.KNOWN / f"{name}.txt").read_text()
    bench = Bench(text + "\necho off\n", ["at"] if name == "sim800" else ["at", "data"])
    assert manners.load(name) == manners.parse(text)
    assert bench.asks("AT+CGREG?") == ["+CGREG: 0,1", "OK"]
    bench.does("sms +491701234567 hello")
    assert bench.lines()[0].startswith("+CMTI: ")
    bench.sends("123", "hello")
    bench.wait(1)
    assert [message.text for message in bench.modem.state.network.sent] == ["hello"]
    bench.said()
    assert bench.asks("ATD*99#")[0].startswith("CONNECT")


def test_there_are_some() -> None:
    assert {"sim7600", "huawei", "ec25", "sim800"} <= set(manners.names())
