"""SMS as commands and SMS mode ask for them: text in the UART's charset, numbers, an inbox."""

import asyncio
from collections.abc import Callable, Mapping

from usr7s3d.at import textmode
from usr7s3d.at.engine import Door, Refusal, Unavailable
from usr7s3d.at.inbox import Inbox
from usr7s3d.at.table import Action
from usr7s3d.modem.octets import PduError
from usr7s3d.modem.submit import encode
from usr7s3d.modem.userdata import Alphabet
from usr7s3d.services.sms.memory import Memory
from usr7s3d.services.sms.order import Order
from usr7s3d.services.sms.outbox import Outbox

_KINDS = {1: Alphabet.GSM7, 2: Alphabet.DATA, 3: Alphabet.UCS2}  # manual 4.2.1.48
AT_THE_UART = (Door.UART, Door.UART_PASSWORD)


class Desk:
    """Takes orders.  ``say`` writes the result of SMSSEND to the UART, when there is one."""

    def __init__(self, memory: Memory, outbox: Outbox, charset: str) -> None:
        self.say: Callable[[bytes], None] = lambda _: None
        self.counters = memory.counters
        self._inbox: Inbox = memory.inbox
        self._outbox = outbox
        self._charset = charset
        self._reference = int(asyncio.get_running_loop().time())

    def decode(self, data: bytes) -> str:
        """Text that the UART sent; what is no text becomes a question mark."""
        return textmode.Charset(self._charset).decode(data)

    def encode(self, text: str) -> bytes:
        """Text for the UART."""
        return textmode.Charset(self._charset).encode(text)

    def send(self, door: Door, number: str, kind: int, data: str) -> None:
        """AT+SMSSEND.  Raises Refusal."""
        content: str | bytes = data.encode("latin-1", "replace")
        if kind != 2:
            content = self._read(data)
        told = self._tell if door in AT_THE_UART else _nobody
        if not self._order(number, content, alphabet=_KINDS[kind], told=told):
            raise Unavailable

    def _read(self, data: str) -> str:
        """Text of a command: its bytes stand as latin-1, but for the control socket's."""
        try:
            return data.encode("latin-1").decode(self._charset)
        except UnicodeError:
            return data

    def _tell(self, ok: bool) -> None:
        self.say(b"\r\nSMSEND OK\r\n" if ok else b"\r\nSMSEND FAIL\r\n")

    def text(
        self,
        number: str,
        text: str,
        *,
        first: bool = False,
        told: Callable[[bool], None] | None = None,
    ) -> None:
        """Queue a text, in 7 bits where they do; what is refused is counted and told."""
        told = told or _nobody
        try:
            if not self._order(number, text, told=told, first=first):
                told(False)
        except Refusal:
            self.counters.failed += 1
            told(False)

    def _order(
        self,
        number: str,
        content: str | bytes,
        *,
        alphabet: Alphabet | None = None,
        told: Callable[[bool], None],
        first: bool = False,
    ) -> bool:
        self._reference = (self._reference + 1) % 256
        try:
            parts = encode(number, content, alphabet=alphabet, reference=self._reference)
        except PduError:
            raise Refusal from None
        return self._outbox.put(Order(number, parts, told), first=first)

    def write(self, number: str, typed: bytes, session: Mapping[str, str]) -> bytes:
        """AT+CMGS.  Raises Refusal."""
        text = textmode.charset(session, self._charset).decode(typed)
        if not self._order(number, text, told=_nobody):
            raise Unavailable
        return b"\r\n+CMGS: %d\r\n" % self._reference

    def inbox(
        self, action: Action, arguments: tuple[object, ...], session: Mapping[str, str]
    ) -> bytes:
        """AT+CMGL, CMGR, CMGD.  Raises Refusal."""
        how = textmode.charset(session, self._charset)
        match action, arguments:
            case Action.LIST_SMS, (tuple() as states,):
                return textmode.listing(self._inbox.show(states), how)
            case Action.READ_SMS, (int() as index,):
                if (message := self._inbox.get(index)) is None:
                    raise Refusal
                return textmode.reading(message, how)
            case Action.DELETE_SMS, (int() as index, 0):
                self._inbox.delete(index)
            case Action.DELETE_SMS, (int(), int() as which):
                self._inbox.clear(unread_too=which == 4)
        return b""


def _nobody(_ok: bool) -> None:
    """No one waits for the result."""
