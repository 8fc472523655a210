"""Finds commands with the password in a stream of data (manual 4.1.2-4.1.4).

    usr.cn#AT+VER<CR>        the password, a fixed #, and a command line

A command starts a packet: it comes first after a silence, or directly behind
another command.  Bytes that can still become one are held back; the right
password never travels on as data, a wrong one is data like any other.
"""

import math
from dataclasses import dataclass
from hmac import compare_digest as same

from usr7s3d.core.lines import LONGEST

PACKET_GAP = 0.050  # s without a byte; what comes after it starts a packet
LONGEST_HOLD = 0.200  # s after the last byte that a mere beginning is held
MARK = b"#AT"


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes for the other side, the last of which came at ``at``."""

    data: bytes
    at: float


@dataclass(frozen=True, slots=True)
class Command:
    """A command; ``text`` is None when it was too long to be one."""

    prefix: bytes  # as it came, "#" included: the reply begins with it
    text: str | None


Event = Data | Command


class PasswordGate:
    """Sorts one stream.  ``packet_end`` is the silence in s that ends a command without CR.

    No event but the last of a list is a command: what stands behind one waits for
    :meth:`proceed`, because the command may have changed the password.
    """

    def __init__(self, packet_end: float = PACKET_GAP) -> None:
        self._packet_end = max(packet_end, PACKET_GAP)
        self._hold = min(self._packet_end, LONGEST_HOLD)
        self._wanted = b""
        self._held: list[Data] = []  # as they came, for the case that they are data
        self._overlong = False  # the middle of what is held was dropped
        self._behind_command = False
        self._last_byte_at = -math.inf

    def set_password(self, password: str | None) -> None:
        """Wait for ``password`` from now on; None shuts the door."""
        self._wanted = b"" if password is None else password.encode("latin-1") + MARK

    def note_command(self, at: float) -> None:
        """A command that others took ended at ``at``: what follows is directly behind it."""
        self._last_byte_at = at
        self._behind_command = True

    def passes(self, data: bytes, at: float) -> bool:
        """Whether ``data`` is data and nothing is held, as nearly always; then it is noted.

        The short way of :meth:`receive`, which else has to be called.
        """
        if self._held or self._behind_command:
            return False
        if self._wanted and at - self._last_byte_at >= PACKET_GAP and self._possible(data):
            return False
        self._last_byte_at = at
        return True

    def receive(self, data: bytes, at: float) -> list[Event]:
        """Sort ``data``, whose last byte came at ``at``."""
        events = self.expire(at)
        starts = at - self._last_byte_at >= PACKET_GAP
        self._last_byte_at = at
        if self._behind_command:
            data = data if starts else data.lstrip(b"\r\n")
            starts = True
            self._behind_command = not data
        if not data:
            return events
        if not starts and not self._held:
            return [*events, Data(data, at)]  # in the middle of a packet, as nearly all data is
        self._held.append(Data(data, at))
        if events and isinstance(events[-1], Command):
            return events
        return events + self.proceed()

    def proceed(self) -> list[Event]:
        """Go on behind the command that was carried out."""
        events: list[Event] = []
        while self._held:
            held = b"".join(run.data for run in self._held)
            if not self._possible(held):
                events += self._release()
            elif (cr := held.find(b"\r")) < 0:
                self._shorten(held)
                break
            else:
                behind = held[cr:].lstrip(b"\r\n")
                self._held = [Data(behind, self._last_byte_at)] if behind else []
                self._behind_command = not behind
                events.append(self._command(held[:cr]))
                break
        return events

    def _possible(self, data: bytes) -> bool:
        """Whether a command may begin with ``data``; its ``at`` is good in any case."""
        size = min(len(data), len(self._wanted))
        text = max(0, size - (len(self._wanted) - 2))  # how much of the final AT is there
        head = data[: size - text] + data[size - text : size].upper()
        return size > 0 and bool(same(head, self._wanted[:size]))

    @property
    def undecided(self) -> bool:
        """Bytes are held that may be data yet."""
        return bool(self._held) and not self._opened()

    def _opened(self) -> bool:
        """Whether the whole prefix is there."""
        held = b"".join(run.data for run in self._held)
        return len(held) >= len(self._wanted) and self._possible(held)

    def _release(self) -> list[Event]:
        """The packet that the oldest run started is data."""
        packet: list[Event] = [before := self._held.pop(0)]
        while self._held and self._held[0].at - before.at < PACKET_GAP:
            packet.append(before := self._held.pop(0))
        self._overlong = False
        return packet

    def _shorten(self, held: bytes) -> None:
        """Drop what is too long to be a command, but for the prefix."""
        if len(held) > LONGEST:
            self._overlong = True
            self._held = [Data(held[: len(self._wanted)], self._last_byte_at)]

    def _command(self, held: bytes) -> Command:
        """The command that ``held`` is; CR and what follows it are off."""
        hash_at = len(self._wanted) - len(MARK) + 1
        text = None if self._overlong or len(held) > LONGEST else held[hash_at:].decode("latin-1")
        self._overlong = False
        return Command(held[:hash_at], text)

    def deadline(self) -> float | None:
        """When to call :meth:`expire` next, or None while nothing is held."""
        if not self._held:
            return None
        return self._last_byte_at + (self._packet_end if self._opened() else self._hold)

    def expire(self, now: float) -> list[Event]:
        """Act on a silence that has lasted until ``now``: the packet has ended."""
        deadline = self.deadline()
        if deadline is None or now < deadline:
            return []
        if self._opened():
            held, self._held = b"".join(run.data for run in self._held), []
            return [self._command(held)]
        events: list[Event] = []
        while self._held:
            events += self._release()
        return events

    def rest(self) -> list[tuple[bytes, float]]:
        """Give away what is no command yet, each run with the time of its last byte."""
        rest = [(run.data, run.at) for run in self._held]
        self._held = []
        self._overlong = False
        return rest
