"""The SMS commands of modems in text mode (manual 2.2; 3GPP TS 27.005 3.4 and 3.5).

What a client set before, in the same session, says how: ``AT+CSCS="UCS2"`` writes text and
numbers in hex of UTF-16, any other set means that text is in the UART's own charset.  PDU mode
(``AT+CMGF=0``) is not spoken: its commands are refused then.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from usr7s3d.at.fields import Choice, Number, ParameterError, Text
from usr7s3d.at.inbox import ROOM, Received
from usr7s3d.at.table import Action

if TYPE_CHECKING:
    from datetime import datetime

# Which of ours each shows, read or not; none of them is stored to be sent.  Some clients write
# the numbers of PDU mode.
_STATES: dict[str, tuple[bool, ...]] = {
    "REC UNREAD": (False,), "REC READ": (True,), "ALL": (False, True),
    "0": (False,), "1": (True,), "4": (False, True),
    "STO UNSENT": (), "STO SENT": (), "2": (), "3": (),
}  # fmt: skip
_STATE = Choice(tuple(_STATES))
_INDEX = Number(1, ROOM)
_WHICH = Number(0, 4)  # +CMGD's second value, 27.005 3.5.4
_NUMBER = Text('"number"', 20, 1, r"\+?[0-9]+")

_RANGES = {
    "CMGL": '("REC UNREAD","REC READ","STO UNSENT","STO SENT","ALL")',
    "CMGD": f"(1-{ROOM}),(0-4)",
}


@dataclass(frozen=True, slots=True)
class Charset:
    """How text stands on the UART in this session."""

    uart: str  # Python's name of it
    ucs2: bool = False

    def decode(self, data: bytes) -> str:
        """Text that was typed; what is no text becomes a question mark."""
        if self.ucs2 and (text := _from_ucs2(data.decode("latin-1").strip())) is not None:
            return text
        return data.decode(self.uart, "replace").replace("\ufffd", "?")

    def encode(self, text: str) -> bytes:
        """Text as it is shown."""
        if self.ucs2:
            return text.encode("utf-16-be", "replace").hex().upper().encode()
        return text.encode(self.uart, "replace")


def charset(session: Mapping[str, str], uart: str) -> Charset:
    """What the session's CSCS asks for."""
    return Charset(uart, session.get("CSCS", "").strip('" ').upper() == "UCS2")


def _from_ucs2(text: str) -> str | None:
    if not re.fullmatch(r"(?:[0-9A-Fa-f]{4})+", text):
        return None
    try:
        return bytes.fromhex(text).decode("utf-16-be")
    except UnicodeDecodeError:
        return None


def ranges(name: str) -> str:
    """The text of ``=?``; nothing where OK is all."""
    return _RANGES.get(name, "")


def request(
    name: str, texts: list[str], session: Mapping[str, str]
) -> tuple[Action, tuple[object, ...]]:
    """What a command asks for, and its arguments.  Raises ParameterError."""
    if name != "CMGD" and session.get("CMGF", "1").strip('" ') != "1":
        raise ParameterError("PDU mode")
    match name, texts:
        case "CMGL", []:
            return Action.LIST_SMS, ((False,),)
        case "CMGL", [state] | [state, _]:
            return Action.LIST_SMS, (_STATES[str(_STATE.parse(state))],)
        case "CMGR", [index] | [index, _]:
            return Action.READ_SMS, (_INDEX.parse(index),)
        case "CMGD", [index]:
            return Action.DELETE_SMS, (_INDEX.parse(index), 0)
        case "CMGD", [index, which]:
            # Clients write 0 or 1 for "all", where no index is meant.
            return Action.DELETE_SMS, (Number(0, 255).parse(index), _WHICH.parse(which))
        case "CMGS", [number] | [number, _]:
            if session.get("CSCS", "").strip('" ').upper() == "UCS2":
                number = _from_ucs2(number) or number
            return Action.WRITE_SMS, (_NUMBER.parse(number),)
    raise ParameterError(f"{name} takes other values")


def listing(messages: Mapping[int, Received], how: Charset) -> bytes:
    """The answer to CMGL."""
    rows = (
        b"+CMGL: %d,%b\r\n%b\r\n" % (index, _header(each, how), how.encode(each.text))
        for index, each in messages.items()
    )
    text = b"".join(rows)
    return text and b"\r\n" + text


def reading(message: Received, how: Charset) -> bytes:
    """The answer to CMGR."""
    return b"\r\n+CMGR: %b\r\n%b\r\n" % (_header(message, how), how.encode(message.text))


def _header(message: Received, how: Charset) -> bytes:
    state = b"REC READ" if message.read else b"REC UNREAD"
    sender = how.encode(message.sender.replace('"', "'"))
    return b'"%b","%b",,"%b"' % (state, sender, _time(message.time).encode())


def _time(time: "datetime | None") -> str:
    """``26/11/22,13:30:40+08``, the zone in quarters of an hour (27.005 3.1, <scts>)."""
    offset = time.utcoffset() if time else None
    if not time or offset is None:
        return ""
    return f"{time:%y/%m/%d,%H:%M:%S}{round(offset.total_seconds() / 900):+03}"
