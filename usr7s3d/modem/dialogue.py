"""One command at a time, and to each its own answer.

    send AT+CSQ ------> | +CMTI: "SM",3        unsolicited, passed on
                        | +CSQ: 23,99          begins with the command's name: the answer
                        | OK                   ends it

Nothing in the protocol says which command an answer belongs to.  So after anything that may have
left one behind (a time-out, an OK too many, a lost prompt, the start) the next command waits until
the line is clean: ``AT`` is sent, and sent again, until it is answered and silence follows.  An
answer that comes late falls into that gap.  A modem answers in order, so once as many final results
came as were owed a short silence will do; else a longer one, and not shorter than the modem takes.

A prompt that nobody waits for would turn the next command into a message's text: ESC leaves it.
"""

from dataclasses import dataclass

from usr7s3d.modem import unsolicited
from usr7s3d.modem.command import Command
from usr7s3d.modem.exchange import Exchange
from usr7s3d.modem.lines import LineReader, Prompt
from usr7s3d.modem.results import Final, Verdict, final

ESC = b"\x1b"
_PROBE = b"AT\r"
_PPP_FLAG = b"~"  # of modems that start PPP without a CONNECT

PROBES = 3
PROBE_WAIT = 2.0  # s for an answer to AT
SETTLE = 0.2  # s of silence when all is answered
SETTLE_OWED = 1.0  # s of silence when an answer is still missing
MOST_FINALS = 20  # in one cleaning; a modem that is never silent is not waited for


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes for the modem."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Unsolicited:
    """Something said unasked, with the PDU that came with it."""

    line: str
    pdu: str = ""

    @property
    def name(self) -> str:
        """``+CMTI``, ``RING``."""
        return unsolicited.name(self.line)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a command.  After CONNECT, :meth:`Dialogue.rest` has the first data."""

    command: Command
    final: Final
    lines: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether the modem did it."""
        return self.final.ok


Event = Write | Unsolicited | Answer


class _Cleaning:
    """AT was sent at ``now``, to learn when all before it is answered."""

    def __init__(self, owed: int, now: float) -> None:
        self._owed = owed
        self._began = now
        self._took = SETTLE_OWED  # s; a slow modem is as slow with the next answer
        self._probes = 0
        self._finals = 0
        self.probe(now)

    def probe(self, now: float) -> None:
        """AT was sent, once more."""
        self._probes += 1
        self._owed += 1
        self.deadline = now + PROBE_WAIT

    def final(self, now: float) -> None:
        """Something was answered."""
        if not self._finals:
            self._took = max(self._took, now - self._began)
        self._owed -= 1
        self._finals += 1
        if self._finals <= MOST_FINALS:
            self.deadline = now + (SETTLE if self._owed <= 0 else self._took)

    @property
    def clean(self) -> bool:
        """Whether the silence, now that it lasted, is that of a modem that has answered."""
        return self._finals > 0

    @property
    def hopeless(self) -> bool:
        """Whether it was asked often enough."""
        return self._probes >= PROBES


class Dialogue:
    """Our end of the conversation, without the tty: bytes and time in, events out."""

    def __init__(self) -> None:
        self._reader = LineReader()
        self._exchange: Exchange | None = None
        self._cleaning: _Cleaning | None = None
        self._next: Command | None = None  # waits for a clean line
        self._dirty = True  # whoever had the line before us may have left something
        self._escape = True  # and be it a prompt
        self._header: str | None = None  # unsolicited, its PDU is the next line
        self._data = False  # CONNECT: what comes is no text

    @property
    def busy(self) -> bool:
        """Whether a command is under way, or waits for a clean line."""
        return self._next is not None or self._exchange is not None

    def send(self, command: Command, now: float) -> list[Event]:
        """Ask.  The :class:`Answer` comes later, whatever happens."""
        if self.busy:
            raise RuntimeError(f"{command.name} while another command is under way")
        self._next = command
        if self._cleaning:
            return []
        return self._clean(now) if self._dirty else self._start(now)

    def _start(self, now: float) -> list[Event]:
        command, self._next = self._next, None
        if command is None:
            return []
        self._exchange = Exchange(command, now)
        return [Write(command.text.encode() + b"\r")]

    def _clean(self, now: float, owed: int = 0) -> list[Event]:
        self._cleaning = _Cleaning(owed, now)
        escape, self._escape = self._escape, False
        return [Write((ESC if escape else b"") + _PROBE)]

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take what the modem sent.  Data beats a time that has just run out."""
        events: list[Event] = []
        self._reader.feed(data)
        while not self._data:
            exchange = self._exchange
            if exchange and exchange.command.dials and self._reader.starts_with(_PPP_FLAG):
                return events + self._finish(exchange, Final(Verdict.CONNECT))
            if (item := self._reader.next()) is None:
                break
            events += self._prompt(now) if isinstance(item, Prompt) else self._line(item.text, now)
        return events

    def _prompt(self, now: float) -> list[Event]:
        if self._exchange and (text := self._exchange.prompt(now)) is not None:
            return [Write(text)] if text else []
        self._dirty = True
        if self._cleaning:
            self._cleaning.probe(now)  # the last one went into the text
            return [Write(ESC + _PROBE)]
        return [Write(ESC)]

    def _line(self, line: str, now: float) -> list[Event]:
        if self._header is not None:
            header, self._header = self._header, None
            if unsolicited.is_pdu(line):
                return [Unsolicited(header, line)]
            return [Unsolicited(header), *self._line(line, now)]
        if self._exchange:
            result = self._exchange.line(line, now)
            if isinstance(result, Final):
                return self._finish(self._exchange, result)
            return [] if result else self._unasked(line)
        if final(line) and not unsolicited.known(line):
            self._dirty = True  # when it answers nothing: whose will the next one be?
            if self._cleaning:
                self._cleaning.final(now)
            return []
        return self._unasked(line)

    def _unasked(self, line: str) -> list[Event]:
        if line.upper().startswith("AT"):
            return []  # an echo, late or of a probe
        if unsolicited.has_pdu(line):
            self._header = line
            return []
        return [Unsolicited(line)]

    def _finish(self, exchange: Exchange, result: Final) -> list[Event]:
        self._exchange = None
        self._data = result.verdict is Verdict.CONNECT
        return [Answer(exchange.command, result, tuple(exchange.lines))]

    def deadline(self) -> float | None:
        """When to call :meth:`expire`, or None while nothing is under way."""
        under_way = self._exchange or self._cleaning
        return under_way.deadline if under_way else None

    def expire(self, now: float) -> list[Event]:
        """Act on times that have run out."""
        events: list[Event] = []
        while (deadline := self.deadline()) is not None and now >= deadline:
            events += self._expire(deadline)
        return events

    def _expire(self, now: float) -> list[Event]:
        if self._exchange:
            return self._time_out(self._exchange, now)
        cleaning, self._cleaning = self._cleaning, None
        if cleaning is None or cleaning.clean:
            self._dirty = False
            return self._start(now)
        if cleaning.hopeless:  # dead, asleep or restarting; the next command tries again
            command, self._next = self._next, None
            return [Answer(command, Final(Verdict.SILENT))] if command else []
        self._cleaning = cleaning
        cleaning.probe(now)
        return [Write(_PROBE)]

    def _time_out(self, exchange: Exchange, now: float) -> list[Event]:
        self._dirty = True
        result = exchange.expire()
        events = self._finish(exchange, result)
        return events if result.ok else events + self._break_off(exchange, now)

    def _break_off(self, exchange: Exchange, now: float) -> list[Event]:
        """Its answer is still to come, or its prompt."""
        self._dirty = True
        self._escape = exchange.prompt_awaited
        return self._clean(now, owed=1)

    def abandon(self, now: float) -> list[Event]:
        """Nobody waits any more: the answer must not become the next command's."""
        self._next = None
        exchange, self._exchange = self._exchange, None
        return self._break_off(exchange, now) if exchange else []

    def leave(self) -> bytes:
        """What to write before the port is closed, so that nobody finds a prompt there."""
        return ESC if self._exchange and self._exchange.prompt_awaited else b""

    def rest(self) -> bytes:
        """The data that came behind CONNECT."""
        return self._reader.take()
