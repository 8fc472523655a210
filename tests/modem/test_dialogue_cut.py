"""However the bytes are cut, the answers are the same; whatever comes, order returns."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.modem.talk import Talk
from usr7s3d.modem import command as ask
from usr7s3d.modem.command import query
from usr7s3d.modem.dialogue import (
    PROBE_WAIT,
    PROBES,
    SETTLE,
    Answer,
    Unsolicited,
)

CSQ = query("+CSQ")
CREG = query("+CREG?")
PDU = "0011000B915121551532F4000004D4F29C0E"
SMS = ask.send_message(PDU, 17)


HEARD = (
    b'\xffAT+CMGL=4\r\r\n+CMGL: 0,1,,24\r\n\r\n+CMTI: "SM",3\r\nAAAA\r\n\r\n+CMT: ,30\r\nBBBB\r\n'
    b"RING\r\n+CMGL: 1,1,,24\r\nCC\x00CC\r\n\xfe\r\n\r\nOK\r\n\r\nPB DONE\r\n"
)


def overheard(chunks: Iterator[bytes], pause: float) -> tuple[Answer, list[Unsolicited]]:
    talk = Talk()
    talk.ask(ask.LIST_MESSAGES)
    for chunk in chunks:
        talk.hear(chunk)
        talk.wait(pause)
    return talk.take(), talk.take_unasked()


@pytest.mark.parametrize("pause", [0.0, 0.1])
def test_cut_anywhere_the_answer_is_the_same(pause: float) -> None:
    whole = overheard(iter([HEARD]), pause)
    assert whole[0].lines == ("+CMGL: 0,1,,24", "AAAA", "+CMGL: 1,1,,24", "CCCC")
    assert overheard((HEARD[at : at + 1] for at in range(len(HEARD))), pause) == whole
    for cut in range(len(HEARD)):
        assert overheard(iter([HEARD[:cut], HEARD[cut:]]), pause) == whole


def test_cut_anywhere_a_message_is_sent() -> None:
    before, behind = b'AT+CMGS=17\r\r\n+CMTI: "SM",3\r\n\r\n> ', b"\r\n+CMGS: 12\r\n\r\nOK\r\n"
    for cut in range(len(before + behind)):
        talk = Talk()
        talk.ask(SMS)
        for part in (before[:cut], before[cut:], behind[: max(cut - len(before), 0)]):
            talk.hear(part)
            talk.wait(0.1)
        assert talk.take_written() == b"AT+CMGS=17\r" + PDU.encode() + b"\x1a"
        talk.hear(behind[max(cut - len(before), 0) :])
        assert talk.take().lines == ("+CMGS: 12",)


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=20),
            st.sampled_from(
                [b"\r\nOK\r\n", b"\r\nERROR\r\n", b"\r\n> ", b"\r\n+CSQ: 1,2\r\n", 0.1, 3.0]
            ),
        ),
        max_size=30,
    )
)
def test_whatever_comes_every_command_is_answered_and_working_order_returns(
    script: list[bytes | float],
) -> None:
    talk = Talk()
    asked = 0
    for step in script:
        if not talk.dialogue.busy:
            talk.ask((CSQ, SMS, ask.ECHO_OFF)[asked % 3])
            asked += 1
        if isinstance(step, bytes):
            talk.hear(step)
        else:
            talk.wait(step)
    talk.hear(b"\r\n")
    talk.wait(SMS.timeout + PROBES * PROBE_WAIT * 20)
    assert len(talk.answers) == asked
    talk.answers = []
    talk.take_written()
    talk.ask(CREG)
    for _ in range(10):  # a modem in order
        if b"AT+CREG?\r" in (written := talk.take_written()):
            break
        if b"AT\r" in written:
            talk.hear(b"\r\nOK\r\n")
        talk.wait(SETTLE)
    talk.hear(b"\r\n+CREG: 0,5\r\n\r\nOK\r\n")
    assert talk.take().lines == ("+CREG: 0,5",)
