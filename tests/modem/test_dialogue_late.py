"""Time-outs, and answers that come late, twice, slowly or never."""

import pytest

from tests.modem.talk import Talk
from usr7s3d.modem import command as ask
from usr7s3d.modem.command import query
from usr7s3d.modem.dialogue import (
    MOST_FINALS,
    PROBE_WAIT,
    PROBES,
    SETTLE,
    SETTLE_OWED,
    Answer,
)
from usr7s3d.modem.exchange import GRACE
from usr7s3d.modem.results import Final, Verdict

CSQ = query("+CSQ")
CREG = query("+CREG?")
PDU = "0011000B915121551532F4000004D4F29C0E"
SMS = ask.send_message(PDU, 17)


@pytest.fixture
def talk() -> Talk:
    """One whose line is clean."""
    return Talk()


def test_a_late_answer_is_not_the_next_commands(talk: Talk) -> None:
    talk.ask(ask.OPERATOR)
    talk.wait(ask.OPERATOR.timeout)
    assert talk.take().final.verdict is Verdict.SILENT
    talk.ask(ask.ECHO_OFF)
    talk.take_written()
    talk.wait(1.0)
    talk.hear(b"\r\nERROR\r\n")  # of the first
    talk.wait(SETTLE_OWED - 0.1)
    assert talk.take_written() == b""
    talk.hear(b"\r\nOK\r\n")  # of our AT
    talk.wait(SETTLE)
    assert talk.take_written() == b"ATE0\r"
    talk.hear(b"\r\nOK\r\n")
    assert talk.take().ok


def test_a_late_answer_that_never_comes(talk: Talk) -> None:
    talk.ask(CREG)
    talk.wait(CREG.timeout)
    talk.take()
    talk.recovers()


def test_a_late_answer_in_lines(talk: Talk) -> None:
    talk.ask(ask.LIST_MESSAGES)
    talk.wait(ask.LIST_MESSAGES.timeout)
    talk.take()
    talk.ask(CSQ)
    talk.hear(b"\r\n+CMGL: 0,1,,24\r\nAAAA\r\n+CMGL: 1,1,,24\r\nBBBB\r\n\r\nOK\r\n\r\nOK\r\n")
    talk.take_written()
    talk.wait(SETTLE)
    assert talk.take_written() == b"AT+CSQ\r"


def test_an_ok_of_an_older_command(talk: Talk) -> None:
    """A query's OK without the answer before it: that may yet come."""
    talk.ask(CSQ)
    talk.hear(b"\r\nOK\r\n")
    talk.wait(GRACE / 2)
    assert talk.answers == []
    talk.hear(b"\r\n+CSQ: 7,0\r\n\r\nOK\r\n")
    assert talk.take().lines == ("+CSQ: 7,0",)


def test_a_query_that_is_answered_by_ok_alone(talk: Talk) -> None:
    talk.ask(CSQ)
    talk.hear(b"\r\nOK\r\n")
    talk.wait(GRACE)
    assert talk.take() == Answer(CSQ, Final(Verdict.OK))
    talk.take_written()
    talk.ask(CREG)
    assert talk.take_written() == b"AT\r"  # who knows whose OK that was


def test_a_modem_that_answers_nothing(talk: Talk) -> None:
    for _ in range(3):
        talk.ask(CSQ)
        talk.wait(CSQ.timeout + PROBES * PROBE_WAIT)
        assert talk.take().final.verdict is Verdict.SILENT
        assert not talk.dialogue.busy
    assert talk.dialogue.deadline() is None
    talk.ask(CSQ)
    talk.hear(b"\r\nOK\r\n")
    talk.wait(SETTLE)
    assert talk.take_written().endswith(b"AT+CSQ\r")


def test_a_modem_that_answers_twice(talk: Talk) -> None:
    for _ in range(3):
        talk.ask(CREG)
        talk.hear(b"\r\nOK\r\n\r\nOK\r\n")
        talk.wait(SETTLE)
        talk.hear(b"\r\n+CREG: 0,1\r\n\r\nOK\r\n\r\n+CREG: 0,1\r\n\r\nOK\r\n")
        assert talk.take().lines == ("+CREG: 0,1",)


def test_a_modem_that_answers_slowly(talk: Talk) -> None:
    talk.ask(CREG)
    for octet in b"\r\n+CREG: 0,1\r\n\r\nOK\r\n":
        talk.wait(0.4)
        talk.hear(bytes((octet,)))
    assert talk.take().lines == ("+CREG: 0,1",)


def test_a_modem_that_never_falls_silent(talk: Talk) -> None:
    talk.ask(CSQ)
    talk.wait(CSQ.timeout)
    talk.take()
    talk.ask(CREG)
    for _ in range(MOST_FINALS * 2):
        talk.hear(b"\r\nERROR\r\n")
        talk.wait(0.1)
    assert talk.take() == Answer(CREG, Final(Verdict.ERROR))


def test_stray_results_while_nothing_is_asked(talk: Talk) -> None:
    talk.hear(b"\r\nERROR\r\n\r\n  \r\nERROR\r\n")
    talk.ask(CSQ)
    assert talk.take_written() == b"AT\r"
    recovers_with = b"\r\nOK\r\n"
    talk.hear(recovers_with)
    talk.wait(SETTLE)
    assert talk.take_written() == b"AT+CSQ\r"


def test_the_start_finds_out_what_was_left_behind() -> None:
    talk = Talk(clean=False)
    talk.ask(CSQ)
    assert talk.take_written() == b"\x1bAT\r"  # maybe a prompt
    talk.hear(b"\r\n+CMS ERROR: 500\r\n\r\nOK\r\n")
    talk.wait(SETTLE)
    assert talk.take_written() == b"AT+CSQ\r"


def test_a_command_that_nobody_waits_for_any_more(talk: Talk) -> None:
    talk.ask(ask.OPERATOR)
    talk.abandon()
    assert talk.answers == []
    assert not talk.dialogue.busy
    talk.ask(CSQ)
    talk.hear(b"\r\n+COPS: 0\r\n\r\nOK\r\n\r\nOK\r\n")
    talk.take_written()
    talk.wait(SETTLE)
    assert talk.take_written() == b"AT+CSQ\r"


def test_a_message_that_nobody_waits_for_any_more(talk: Talk) -> None:
    talk.ask(SMS)
    talk.take_written()
    talk.abandon()
    assert talk.take_written() == b"\x1bAT\r"


@pytest.mark.parametrize("seconds", [0.5, 1.5, 2.5, 4.0, 5.5])
def test_a_modem_that_is_slow_from_the_start(seconds: float) -> None:
    """Each answer as late as the one before; the probes were sent too often for it."""
    talk = Talk(clean=False)
    due: list[float] = []
    talk.ask(CSQ)
    asked = 0.0
    while not talk.answers and talk.now < 200:
        written = talk.take_written()
        due += [talk.now + seconds] * written.count(b"AT\r")
        if b"+CSQ" in written:
            asked = talk.now
        while due and due[0] <= talk.now:
            due.pop(0)
            talk.hear(b"\r\nOK\r\n")
        if asked and talk.now >= asked + seconds:
            talk.hear(b"\r\n+CSQ: 7,0\r\n\r\nOK\r\n")
        talk.wait(0.25)
    assert talk.take().lines == ("+CSQ: 7,0",)
    assert not due
