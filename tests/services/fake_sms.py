"""A modem with a store, and a network behind it that holds back what has no room."""

import asyncio
import errno
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.modem.tpdu import deliver, septets
from usr7s3d.modem.command import Command
from usr7s3d.modem.dialogue import Answer, Unsolicited
from usr7s3d.modem.results import Final, Verdict
from usr7s3d.services.mobile.ready import Ready

OK = Final(Verdict.OK)
GONE = OSError(errno.ENODEV, "there is no modem")
SILENT = Final(Verdict.SILENT)


def cms(code: int) -> Final:
    """``+CMS ERROR: code``."""
    return Final(Verdict.CMS, code)


@dataclass
class FakeAsks:
    """``sent`` has the PDUs that left; ``refusals`` are for the next AT+CMGS, or what it raises.

    ``rules`` answers commands by their beginning, before the fake itself does.
    """

    size: int = 20
    used: dict[int, str] = field(default_factory=dict)
    held_back: deque[str] = field(default_factory=deque)
    sent: list[str] = field(default_factory=list)
    sent_at: list[float] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    refusals: deque[Final | OSError] = field(default_factory=deque)
    rules: dict[str, Final | OSError] = field(default_factory=dict)
    tells: bool = True  # +CMTI
    slow: float = 0.0  # s for each command
    store: str = "SM"
    service: int = 0

    def __post_init__(self) -> None:
        self.ready = Ready()
        self.ready.set()
        self.heard: list[Callable[[Unsolicited], None]] = []

    def listen(self, callback: Callable[[Unsolicited], None]) -> None:
        self.heard.append(callback)

    def unlisten(self, callback: Callable[[Unsolicited], None]) -> None:
        self.heard.remove(callback)

    def say(self, line: str, pdu: str = "") -> None:
        for each in self.heard:
            each(Unsolicited(line, pdu))

    def unplug(self) -> None:
        self.ready.clear()

    def plug(self) -> None:
        self.ready.set()

    # The network.

    def receive(self, *pdus: str) -> None:
        """Messages come, or wait in the network while there is no room."""
        self.held_back.extend(pdus)
        self._fill()

    def _fill(self) -> None:
        while self.held_back and len(self.used) < self.size:
            index = next(i for i in range(1, self.size + 1) if i not in self.used)
            self.used[index] = self.held_back.popleft()
            if self.tells:
                self.say(f'+CMTI: "{self.store}",{index}')

    # The commands.

    async def ask(self, command: Command) -> Answer:
        if self.slow:
            await asyncio.sleep(self.slow)
        if not self.ready.is_set():
            raise GONE
        self.asked.append(command.text)
        for start, what in self.rules.items():
            if command.text.startswith(start):
                if isinstance(what, OSError):
                    raise what
                return Answer(command, what)
        final, *lines = self._answer(command)
        return Answer(command, final, tuple(lines))

    def _answer(self, command: Command) -> tuple[Final, *tuple[str, ...]]:
        text = command.text
        if text == "AT+CMGL=4":
            rows = [(f"+CMGL: {i},1,,24", pdu) for i, pdu in sorted(self.used.items())]
            return OK, *(line for row in rows for line in row)
        if text.startswith("AT+CMGD="):
            self.used.pop(int(text.removeprefix("AT+CMGD=")), None)
            self._fill()
        elif text == "AT+CPMS?":
            full = f'"{self.store}",{len(self.used)},{self.size}'
            return OK, f"+CPMS: {full},{full},{full}"
        elif text.startswith("AT+CPMS="):
            full = f"{len(self.used)},{self.size}"
            return OK, f"+CPMS: {full},{full},{full}"
        elif text == "AT+CSMS?":
            return OK, f"+CSMS: {self.service},1,1,1"
        elif text.startswith("AT+CMGS="):
            return self._send(command)
        return (OK,)

    def _send(self, command: Command) -> tuple[Final, *tuple[str, ...]]:
        self.sent_at.append(asyncio.get_running_loop().time())
        refusal = self.refusals.popleft() if self.refusals else OK
        if isinstance(refusal, OSError):
            self.unplug()
            raise refusal
        if not refusal.ok:
            return (refusal,)
        self.sent.append(command.message or "")
        return OK, f"+CMGS: {len(self.sent)}"


def _swapped(digits: str) -> str:
    digits += "F" * (len(digits) % 2)
    return "".join(digits[at + 1] + digits[at] for at in range(0, len(digits), 2))


def number(digits: str) -> str:
    """An address in hex."""
    kind = "91" if digits.startswith("+") else "81"
    digits = digits.removeprefix("+")
    return f"{len(digits):02X}{kind}{_swapped(digits)}"


def name(text: bytes) -> str:
    """The address of a sender without a number."""
    packed = septets(text)[2:]
    return f"{-(-len(text) * 7 // 4):02X}D0{packed}"


def at(second: int) -> str:
    """A centre's time stamp: that many seconds into 22 November 2026."""
    hours, minutes = divmod(second // 60, 60)
    return _swapped(f"261122{hours:02}{minutes:02}{second % 60:02}") + "00"


PHONE = "+4915123456789"


def sms(
    text: str, sender: str = PHONE, *, second: int = 0, part: tuple[int, int, int] | None = None
) -> str:
    """A message in 7 bits; ``part`` is reference, total and number.  ``text`` is plain ASCII."""
    header = "050003" + bytes(part).hex().upper() if part else ""
    return deliver(
        septets(text.encode("ascii"), header),
        header=bool(part),
        sender=number(sender),
        time=at(second),
    )


@dataclass(slots=True)
class FakeNotes:
    """A file in the state folder."""

    tables: dict[str, dict[str, str]] = field(default_factory=dict)
    writes: int = 0
    failure: OSError | None = None

    def notes(self, _name: str) -> dict[str, dict[str, str]]:
        return self.tables

    def keep_notes(self, _name: str, _words: str, tables: Mapping[str, Mapping[str, str]]) -> None:
        if self.failure:
            raise self.failure
        self.writes += 1
        self.tables = {table: dict(rows) for table, rows in tables.items()}


class FakeTimes:
    """When SMS were sent."""

    def __init__(self) -> None:
        self.times: Sequence[float] = ()

    def load(self, now: float) -> list[float]:
        return [time for time in self.times if time <= now]

    def keep(self, times: Sequence[float]) -> None:
        self.times = times
