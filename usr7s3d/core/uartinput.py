"""What the bytes from the UART mean: data, a handshake, or commands.

    data mode      bytes -> escape detector -> password gate -> framer -> Packet
    command mode   bytes -> line reader -> Command

The escape detector stands first: a framer that waits for a silence would eat T2
and T3.  A command may change what the bytes behind it mean, so after each one
the input stands still until :meth:`UartInput.done`.

Times act in the order in which they run out, and before the bytes that came after
them, so that a late call gives what a punctual one would have given.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import itemgetter

from usr7s3d.core import escape, lines, password
from usr7s3d.core.escape import EscapeDetector
from usr7s3d.core.framer import Framer
from usr7s3d.core.lines import LineReader
from usr7s3d.core.password import PasswordGate


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How to read one UART; fixed from one restart of the module to the next."""

    timing: escape.Timing
    packet_time: float  # s
    packet_length: int  # bytes
    bit_time: float  # s
    command_timeout: float  # s, 0 = none
    command_only: bool = False  # AT+WKMOD="CMD"


@dataclass(frozen=True, slots=True)
class Packet:
    """Data for the network."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes to write to the UART."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Command:
    """A command line to carry out; ``text`` is None when it was too long."""

    text: str | None
    raw: bytes = b""  # for the echo
    prefix: bytes | None = None  # of a command with password; None in command mode


@dataclass(frozen=True, slots=True)
class Typed:
    """What came behind a prompt; ``text`` is None when it is not to be sent."""

    text: bytes | None
    raw: bytes  # for the echo
    cancelled: bool


@dataclass(frozen=True, slots=True)
class Misplaced:
    """``+++`` in command mode: answered like an unknown command, without echo."""


@dataclass(frozen=True, slots=True)
class CommandMode:
    """Command mode was entered, or left because its time was up."""

    entered: bool


Event = Packet | Write | Command | Typed | Misplaced | CommandMode
_Act = Callable[[float], list[Event]]  # given the time at which it was due
_BY_TIME = itemgetter(0)


class UartInput:
    """Feed it every UART byte, and the time."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._escape = EscapeDetector(rules.timing)
        self._gate = PasswordGate(rules.packet_time)
        character_time = 10 * rules.bit_time
        self._framer = Framer(rules.packet_time, rules.packet_length, character_time)
        self._lines = LineReader(rules.bit_time)
        self._busy = False
        self._waiting: deque[tuple[bytes, float]] = deque()  # came while busy
        self._last_good_at = 0.0
        self._last_byte_at = 0.0  # in command mode
        self.command_mode = rules.command_only

    @property
    def handshaking(self) -> bool:
        """Between ``+++`` and ``+ok``: nothing that we send by ourselves may come between."""
        return self._escape.handshaking

    def set_password(self, wanted: str | None) -> None:
        """Take commands with this password from now on; None takes none."""
        self._gate.set_password(wanted)

    def passes(self, data: bytes, now: float) -> bool:
        """Whether ``data`` is a packet as it is and nothing is held, as often; then it is noted.

        The short way of :meth:`receive`, which else has to be called.
        """
        # The framer comes first: it notes a time that only counts while it holds something.
        return (
            not (self._busy or self.command_mode)
            and self._framer.passes(data, now)
            and self._escape.passes(data, now)
            and self._gate.passes(data, now)
        )

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take ``data``, which came at ``now``.  Feed no more than 4 KiB while busy."""
        self._framer.catch_up(len(data), now)
        if self._plain(data, now):
            return [Packet(packet) for packet in self._framer.receive(data, now)]
        events = self.expire(now)
        if self._busy:
            self._waiting.append((data, now))
            return events
        return events + self._sort(data, now)

    def _plain(self, data: bytes, now: float) -> bool:
        """Whether only the framer has to see ``data``: nobody holds anything, or begins to."""
        if self._busy or self.command_mode:
            return False
        return self._escape.passes(data, now) and self._gate.passes(data, now)

    def _sort(self, data: bytes, at: float) -> list[Event]:
        if self.command_mode:
            self._last_byte_at = at
            return self._from_lines(self._lines.receive(data, at))
        return self._from_escape(self._escape.receive(data, at), at)

    def done(
        self, now: float, *, ok: bool, leave: bool = False, prompt: bool = False
    ) -> list[Event]:
        """The last command was carried out at ``now``.

        ``leave`` ends command mode; ``prompt`` asks for a text, which comes as :class:`Typed`.
        """
        self._busy = False
        if prompt:
            self._lines.prompt(now)
        if ok:
            self._last_good_at = now
        if not self.command_mode:
            events = self._from_gate(self._gate.proceed())
        elif leave and not self._rules.command_only:
            self._gate.note_command(self._last_byte_at)
            events = self._leave()
        else:
            events = self._from_lines(self._lines.proceed())
        while self._waiting and not self._busy:
            data, at = self._waiting[0]
            events += self.expire(at)
            if not self._busy:
                self._waiting.popleft()
                events += self._sort(data, at)
        return events

    def _leave(self) -> list[Event]:
        """Back to the data.  What is held came without T1 before it: it is no handshake."""
        self.command_mode = False
        self._escape.note(self._last_byte_at)
        events: list[Event] = []
        for data, at in self._lines.rest():
            events += self._from_gate(self._gate.receive(data, at))
        return events

    def _from_escape(self, events: Iterable[escape.Event], now: float) -> list[Event]:
        out: list[Event] = []
        for event in events:
            if isinstance(event, escape.Data):
                out += self._from_gate(self._gate.receive(event.data, event.at))
            elif isinstance(event, escape.Reply):
                out.append(Write(event.data))
                # The silences of the handshake have ended what came before it.
                out += self._password_ends(math.inf) + self._packet_ends(math.inf)
            else:
                self._last_good_at = now
                self._lines = LineReader(self._rules.bit_time)
                self.command_mode = True
                out.append(CommandMode(entered=True))
        return out

    def _from_gate(self, events: Iterable[password.Event]) -> list[Event]:
        out: list[Event] = []
        for event in events:
            if isinstance(event, password.Data):
                out += [Packet(p) for p in self._framer.receive(event.data, event.at)]
            else:
                self._busy = True
                out += self._packet_ends(math.inf)  # a command starts a packet of its own
                out.append(Command(event.text, prefix=event.prefix))
        return out

    def _from_lines(self, events: Iterable[lines.Event]) -> list[Event]:
        out: list[Event] = []
        for event in events:
            if isinstance(event, lines.Escape):
                out.append(Misplaced())
            elif isinstance(event, lines.LoneA):
                out.append(Write(b"+ok"))
            elif isinstance(event, lines.Line):
                self._busy = True
                out.append(Command(event.text, event.raw))
            elif isinstance(event, lines.Typed):
                self._busy = True
                out.append(Typed(event.text, event.raw, event.cancelled))
            else:
                self._busy = True
                out.append(Command(None))
        return out

    def deadline(self) -> float | None:
        """When to call :meth:`expire` next, or None while only bytes can go on."""
        timers = self._timers()
        return min(timers, key=_BY_TIME)[0] if timers else None

    def expire(self, now: float) -> list[Event]:
        """Act on the times that have run out."""
        events: list[Event] = []
        while timers := self._timers():
            at, act = min(timers, key=_BY_TIME)
            if now < at:
                break
            events += act(at)
        return events

    def _timers(self) -> list[tuple[float, _Act]]:
        """The times that may run out next, and what happens then."""
        found: list[tuple[float | None, _Act]]
        packet = self._framer.deadline()
        if self._busy:
            found = [(packet, self._packet_ends)]
        elif self.command_mode:
            line = self._lines.deadline()
            found = [
                (packet, self._packet_ends),
                (line, self._line_ends),
                # A line that is about to end comes first.
                (self._time_up() if line is None else None, self._time_is_up),
            ]
        else:
            password, handshake = self._gate.deadline(), self._escape.deadline()
            if packet is None and password is None and handshake is None:
                return []  # nothing is held, as nearly always
            undecided = self._escape.undecided or self._gate.undecided
            found = [
                # What they hold may belong to the packet.
                (None if undecided else packet, self._packet_ends),
                (password, self._password_ends),
                (handshake, self._escape_ends),
            ]
        return [(at, act) for at, act in found if at is not None]

    def _packet_ends(self, at: float) -> list[Event]:
        return [Packet(packet) for packet in self._framer.expire(at)]

    def _password_ends(self, at: float) -> list[Event]:
        return self._from_gate(self._gate.expire(at))

    def _escape_ends(self, at: float) -> list[Event]:
        return self._from_escape(self._escape.expire(at), at)

    def _line_ends(self, at: float) -> list[Event]:
        return self._from_lines(self._lines.expire(at))

    def _time_is_up(self, _at: float) -> list[Event]:
        return [CommandMode(entered=False), *self._leave()]

    def _time_up(self) -> float | None:
        timeout = self._rules.command_timeout
        return self._last_good_at + timeout if timeout and not self._rules.command_only else None

    def rest(self) -> list[tuple[bytes, float]]:
        """All bytes that were neither passed on nor carried out, each run with its time.

        The input that follows this one, after a restart, is fed with them.
        """
        parts = (self._framer, self._gate, self._escape, self._lines)
        waiting, self._waiting = self._waiting, deque()
        return [*(run for part in parts for run in part.rest()), *waiting]
