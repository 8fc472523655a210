"""Each command gets its own answer, whatever the modem does."""

import pytest

from tests.modem.talk import Talk
from usr7s3d.modem import command as ask
from usr7s3d.modem.command import Command, query
from usr7s3d.modem.dialogue import (
    SETTLE,
    SETTLE_OWED,
    Answer,
    Unsolicited,
)
from usr7s3d.modem.exchange import MOST
from usr7s3d.modem.results import Final, Verdict

CSQ = query("+CSQ")
CREG = query("+CREG?")
PDU = "0011000B915121551532F4000004D4F29C0E"
SMS = ask.send_message(PDU, 17)


@pytest.fixture
def talk() -> Talk:
    """One whose line is clean."""
    return Talk()


def test_a_query_and_its_answer(talk: Talk) -> None:
    talk.ask(CSQ)
    assert talk.take_written() == b"AT+CSQ\r"
    talk.hear(b"\r\n+CSQ: 23,99\r\n\r\nOK\r\n")
    assert talk.take() == Answer(CSQ, Final(Verdict.OK), ("+CSQ: 23,99",))
    assert talk.dialogue.deadline() is None


def test_the_echo_is_no_answer(talk: Talk) -> None:
    talk.ask(ask.MAKER)
    talk.hear(b"AT+CGMI\r\r\nZTE CORPORATION\r\n\r\nOK\r\n")
    assert talk.take().lines == ("ZTE CORPORATION",)


def test_one_command_at_a_time(talk: Talk) -> None:
    talk.ask(CSQ)
    with pytest.raises(RuntimeError, match=r"AT\+CREG\?"):
        talk.ask(CREG)


def test_a_log_never_shows_values() -> None:
    assert Command(text='AT+CPIN="1234"').name == "AT+CPIN"
    assert ask.dial("*99***1#").name == "ATD"


def test_errors(talk: Talk) -> None:
    for data, code in ((b"\r\nERROR\r\n", None), (b"\r\n+CME ERROR: 10\r\n", 10)):
        talk.ask(CSQ)
        talk.hear(data)
        answer = talk.take()
        assert not answer.ok
        assert answer.final.code == code


# What comes unasked.


def test_unasked_lines_before_inside_and_behind_an_answer(talk: Talk) -> None:
    talk.ask(query("+CGDCONT?"))
    talk.hear(b'\r\nRING\r\n+CGDCONT: 1,"IP","a"\r\n\r\n+CMTI: "SM",3\r\n')
    talk.hear(b'+CGDCONT: 2,"IP","b"\r\n^RSSI: 19\r\n\r\nOK\r\n\r\nSMS DONE\r\n')
    assert talk.take().lines == ('+CGDCONT: 1,"IP","a"', '+CGDCONT: 2,"IP","b"')
    assert [u.line for u in talk.take_unasked()] == [
        "RING", '+CMTI: "SM",3', "^RSSI: 19", "SMS DONE",
    ]  # fmt: skip


def test_a_line_like_the_answer_is_part_of_it(talk: Talk) -> None:
    """The parser sees both, and takes the one that is in the form of an answer."""
    talk.ask(CREG)
    talk.hear(b"\r\n+CREG: 5\r\n\r\n+CREG: 2,1\r\n\r\nOK\r\n")
    assert talk.take().lines == ("+CREG: 5", "+CREG: 2,1")


def test_where_any_line_may_be_the_answer_known_ones_are_told_apart(talk: Talk) -> None:
    talk.ask(ask.IMEI)
    talk.hear(b"\r\n+CREG: 1\r\n\r\n356936001568843\r\n^BOOT:1,2\r\n\r\nOK\r\n")
    assert talk.take().lines == ("356936001568843",)
    assert [u.name for u in talk.take_unasked()] == ["+CREG", "^BOOT"]


def test_an_answer_with_a_makers_prefix(talk: Talk) -> None:
    talk.ask(ask.order("AT^ICCID?"))
    talk.hear(b"\r\n^ICCID: 8944200053671052499F\r\n\r\nOK\r\n")
    assert talk.take().lines == ("^ICCID: 8944200053671052499F",)


def test_a_set_brings_news_of_what_was_set(talk: Talk) -> None:
    talk.ask(ask.order("AT+CREG=1"))
    talk.hear(b"\r\n+CREG: 2\r\n\r\nOK\r\n")
    assert talk.take().lines == ()
    assert [u.line for u in talk.take_unasked()] == ["+CREG: 2"]


def test_a_message_that_comes_unasked_brings_its_pdu(talk: Talk) -> None:
    talk.hear(b"\r\n+CMT: ,24\r\n0791\r\n\r\n+CDS: 24\r\n0006\r\n")
    assert talk.take_unasked() == [
        Unsolicited("+CMT: ,24", "0791"),
        Unsolicited("+CDS: 24", "0006"),
    ]


def test_a_message_inside_a_list_of_messages(talk: Talk) -> None:
    talk.ask(ask.LIST_MESSAGES)
    talk.hear(
        b"\r\n+CMGL: 0,1,,24\r\n\r\n+CMT: ,30\r\nBBBB\r\nAAAA\r\n+CMGL: 1,1,,24\r\nCCCC\r\nOK\r\n"
    )
    assert talk.take().lines == ("+CMGL: 0,1,,24", "AAAA", "+CMGL: 1,1,,24", "CCCC")
    assert talk.take_unasked() == [Unsolicited("+CMT: ,30", "BBBB")]


def test_a_pdu_that_stays_away(talk: Talk) -> None:
    talk.ask(CSQ)
    talk.hear(b"\r\n+CMT: ,30\r\n+CSQ: 1,2\r\nOK\r\n")
    assert talk.take().ok
    assert talk.take_unasked() == [Unsolicited("+CMT: ,30")]


def test_a_call_that_ends_is_no_answer_to_a_query(talk: Talk) -> None:
    talk.ask(CSQ)
    talk.hear(b"\r\nNO CARRIER\r\n\r\n+CSQ: 1,2\r\n\r\nOK\r\n")
    assert talk.take().ok
    assert [u.line for u in talk.take_unasked()] == ["NO CARRIER"]


def test_noise_inside_replies(talk: Talk) -> None:
    talk.ask(CSQ)
    talk.hear(b"\xff\x00\r\n\xfe\xff\r\n+C\xffSQ: 23,\x0099\r\n\x80\x80\r\n\r\nOK\xff\r\n")
    assert talk.take().lines == ("+CSQ: 23,99",)


def test_an_empty_list(talk: Talk) -> None:
    talk.ask(ask.LIST_MESSAGES)
    talk.hear(b"\r\nOK\r\n")
    assert talk.take() == Answer(ask.LIST_MESSAGES, Final(Verdict.OK))


# The prompt.


def test_a_message_is_typed_behind_the_prompt(talk: Talk) -> None:
    talk.ask(SMS)
    assert talk.take_written() == b"AT+CMGS=17\r"
    talk.hear(b"\r\n> ")
    assert talk.take_written() == PDU.encode() + b"\x1a"
    assert talk.dialogue.leave() == b""
    talk.hear(b"\r\n+CMGS: 12\r\n\r\nOK\r\n")
    assert talk.take().lines == ("+CMGS: 12",)


def test_with_echo(talk: Talk) -> None:
    talk.ask(SMS)
    talk.hear(b"AT+CMGS=17\r\r\n> ")
    talk.hear(PDU.encode() + b"\x1a\r\n+CMGS: 12\r\n\r\nOK\r\n")
    assert talk.take().lines == ("+CMGS: 12",)
    assert talk.take_unasked() == []


def test_something_unasked_before_the_prompt(talk: Talk) -> None:
    talk.ask(SMS)
    talk.hear(b'\r\n+CMTI: "SM",3\r\n\r\n> ')
    assert talk.take_written().endswith(b"\x1a")
    talk.hear(b"\r\n+CMTI: \"SM\",4\r\n\r\n+CMGS: 1\r\n\r\nOK\r\n")  # fmt: skip
    assert talk.take().ok


@pytest.mark.parametrize("code", [38, 500])
def test_a_message_that_the_network_refuses(talk: Talk, code: int) -> None:
    talk.ask(SMS)
    talk.hear(b"\r\n> ")
    talk.hear(b"\r\n+CMS ERROR: %d\r\n" % code)
    assert talk.take().final.code == code
    talk.answered()


def test_a_refusal_instead_of_a_prompt(talk: Talk) -> None:
    talk.ask(SMS)
    talk.hear(b"\r\n+CMS ERROR: 302\r\n")
    assert talk.take().final.code == 302
    talk.answered()


def test_a_lost_prompt_is_left_by_esc(talk: Talk) -> None:
    talk.ask(SMS)
    talk.take_written()
    talk.wait(SMS.prompt_timeout)
    assert talk.take().final.verdict is Verdict.SILENT
    assert talk.take_written() == b"\x1bAT\r"
    talk.hear(b"\r\nOK\r\n\r\nOK\r\n")
    talk.wait(SETTLE)
    talk.answered()


def test_a_prompt_that_comes_after_the_esc(talk: Talk) -> None:
    """It swallowed our AT; ESC again, and AT again."""
    talk.ask(SMS)
    talk.wait(SMS.prompt_timeout)
    talk.take()
    talk.take_written()
    talk.hear(b"\r\n> ")
    assert talk.take_written() == b"\x1bAT\r"
    talk.hear(b"\r\nOK\r\n")
    talk.wait(SETTLE_OWED)
    talk.answered()


def test_a_prompt_that_nobody_waits_for(talk: Talk) -> None:
    talk.hear(b"\r\n> ")
    assert talk.take_written() == b"\x1b"
    talk.ask(CSQ)
    assert talk.take_written() == b"AT\r"
    talk.hear(b"\r\nOK\r\n\r\nOK\r\n")
    talk.wait(SETTLE)
    assert talk.take_written() == b"AT+CSQ\r"


def test_a_prompt_inside_another_command(talk: Talk) -> None:
    talk.ask(CSQ)
    talk.take_written()
    talk.hear(b"\r\n> ")
    assert talk.take_written() == b"\x1b"
    talk.wait(CSQ.timeout)
    assert talk.take().final.verdict is Verdict.SILENT
    talk.recovers()


def test_stopping_while_a_prompt_is_awaited(talk: Talk) -> None:
    assert talk.dialogue.leave() == b""
    talk.ask(SMS)
    assert talk.dialogue.leave() == b"\x1b"


# Dialling.


def test_dialling_ends_in_connect_and_the_rest_is_data(talk: Talk) -> None:
    talk.ask(ask.dial())
    talk.hear(b"ATD*99#\r\r\nCONN")
    talk.hear(b"ECT 21600000\r\n~\xff}#\xc0!")
    answer = talk.take()
    assert answer.ok
    assert answer.final.verdict is Verdict.CONNECT
    talk.hear(b"\r\nOK\r\n")  # is data too
    assert talk.dialogue.rest() == b"~\xff}#\xc0!\r\nOK\r\n"


def test_a_modem_that_starts_ppp_without_connect(talk: Talk) -> None:
    talk.ask(ask.dial())
    talk.hear(b"ATD*99#\r\r\n")
    talk.hear(b"~\x7f}# !}!}!")
    assert talk.take().final.verdict is Verdict.CONNECT
    assert talk.dialogue.rest() == b"~\x7f}# !}!}!"


@pytest.mark.parametrize("words", ["NO CARRIER", "BUSY", "NO ANSWER", "NO DIALTONE"])
def test_dialling_in_vain(talk: Talk, words: str) -> None:
    talk.ask(ask.dial())
    talk.hear(f"\r\n^BOOT:1,0\r\n\r\n{words}\r\n".encode())
    assert talk.take().final.verdict.value == words
    assert [u.name for u in talk.take_unasked()] == ["^BOOT"]
    talk.answered()


def test_an_answer_without_end_fills_no_memory(talk: Talk) -> None:
    talk.ask(ask.LIST_MESSAGES)
    for index in range(20000):
        talk.hear(b"\r\n+CMGL: %d,1,,24\r\n%b" % (index, b"00" * 24))
    talk.hear(b"\r\nOK\r\n")
    answer = talk.take()
    assert answer.ok
    assert sum(map(len, answer.lines)) <= MOST


def test_a_store_of_1000_is_listed_whole(talk: Talk) -> None:
    talk.ask(ask.LIST_MESSAGES)
    for index in range(1000):
        talk.hear(b"\r\n+CMGL: %d,1,,160\r\n%b" % (index, b"00" * 170))
    talk.hear(b"\r\nOK\r\n")
    assert len(talk.take().lines) == 2000
