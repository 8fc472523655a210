"""The SMS that nobody consumed, and the commands that show them (manual 2.2)."""

from datetime import datetime, timedelta, timezone

import pytest

from usr7s3d.at.fields import ParameterError
from usr7s3d.at.inbox import ROOM, Inbox, Received
from usr7s3d.at.table import Action
from usr7s3d.at.textmode import Charset, charset, listing, reading, request

ZONE = timezone(timedelta(hours=-3, minutes=-30))
ONE = Received("+4915123456789", datetime(2026, 11, 22, 13, 30, 40, tzinfo=ZONE), "hällo")


def test_an_index_stays_until_its_message_is_deleted() -> None:
    inbox = Inbox()
    for text in "abc":
        inbox.add(Received("1", None, text))
    inbox.delete(2)
    inbox.delete(2)
    inbox.add(Received("1", None, "d"))
    assert {index: each.text for index, each in inbox.show().items()} == {1: "a", 3: "c", 2: "d"}


def test_the_oldest_goes_when_there_is_no_room() -> None:
    inbox = Inbox()
    for n in range(ROOM + 1):
        inbox.add(Received("1", None, str(n)))
    assert len(inbox) == ROOM
    assert inbox.get(1) == Received("1", None, str(ROOM))


def test_showing_a_message_reads_it() -> None:
    inbox = Inbox()
    inbox.add(ONE)
    assert inbox.show((False,)) == {1: ONE}
    assert inbox.show((False,)) == {}
    assert inbox.show((True,))[1].read
    inbox.add(ONE)
    assert inbox.get(2) == ONE
    inbox.add(ONE)
    inbox.clear(unread_too=False)
    assert list(inbox.show()) == [3]
    inbox.clear(unread_too=True)
    assert len(inbox) == 0


def test_how_messages_are_listed_and_read() -> None:
    header = b'"REC UNREAD","+4915123456789",,"26/11/22,13:30:40-14"'
    assert listing({3: ONE}, Charset("utf-8")) == (
        b"\r\n+CMGL: 3," + header + b"\r\nh\xc3\xa4llo\r\n"
    )
    assert reading(ONE, Charset("gbk")) == b"\r\n+CMGR: " + header + b"\r\nh?llo\r\n"
    assert listing({}, Charset("utf-8")) == b""
    ucs2 = charset({"CSCS": '"ucs2"'}, "utf-8")
    assert reading(ONE, ucs2).endswith(b"\r\n006800E4006C006C006F\r\n")
    assert ucs2.decode(b"006800E4") == "hä"
    assert ucs2.decode(b"no hex") == "no hex"


@pytest.mark.parametrize(
    ("name", "texts", "action", "arguments"),
    [
        ("CMGL", [], Action.LIST_SMS, ((False,),)),
        ("CMGL", ["all"], Action.LIST_SMS, ((False, True),)),
        ("CMGL", ["4"], Action.LIST_SMS, ((False, True),)),
        ("CMGL", ["REC READ"], Action.LIST_SMS, ((True,),)),
        ("CMGL", ["STO SENT", "1"], Action.LIST_SMS, ((),)),
        ("CMGR", ["7"], Action.READ_SMS, (7,)),
        ("CMGD", ["7"], Action.DELETE_SMS, (7, 0)),
        ("CMGD", ["0", "4"], Action.DELETE_SMS, (0, 4)),
        ("CMGS", ["+491", "145"], Action.WRITE_SMS, ("+491",)),
    ],
)
def test_what_is_asked_for(
    name: str, texts: list[str], action: Action, arguments: tuple[object, ...]
) -> None:
    assert request(name, texts, {"CMGF": "1"}) == (action, arguments)
    assert request(name, texts, {}) == (action, arguments), "text mode is what we start with"


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("CMGL", ["NONE"]),
        ("CMGR", []),
        ("CMGR", ["0"]),
        ("CMGR", ["51"]),
        ("CMGD", ["1", "5"]),
        ("CMGS", [""]),
        ("CMGS", ["My Bank"]),
        ("CMGS", ["1" * 21]),
    ],
)
def test_bad_values(name: str, texts: list[str]) -> None:
    with pytest.raises(ParameterError):
        request(name, texts, {})


@pytest.mark.parametrize("name", ["CMGL", "CMGR", "CMGS"])
def test_pdu_mode_is_refused(name: str) -> None:
    """``AT+CMGS=23`` would take the length for a number."""
    with pytest.raises(ParameterError):
        request(name, ["1"], {"CMGF": "0"})
