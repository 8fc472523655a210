"""Finds command lines in the bytes that come in command mode (manual 4.2).

A line ends at CR.  An LF behind it belongs to the terminator, and hosts send CR,
CRLF and CRCR in any mixture, so a CR that is the last byte read waits a moment
for its LF: the echo must show the line as it came.

Behind the prompt of ``AT+CMGS`` comes the text of an SMS instead, up to 1A, or 1B, which cancels
it (3GPP TS 27.005 3.5.1).

``+++`` on an empty line, followed by silence, is a host that does not know that it
is in command mode already; an ``a`` alone after it is the rest of its handshake.
"""

import re
from dataclasses import dataclass

LONGEST = 1024  # bytes without the terminator; far above the longest command (HTPHD, 500)
LF_WAIT = 0.005  # s; a host's UART driver may pause between CR and LF
LF_WAIT_BITS = 40  # or four characters, whichever is longer
SILENCE = 0.050  # s after +++, the T4 of the handshake
A_ALONE = 0.020  # s after a, as in the handshake
A_WAIT = 3.0  # s, the T5 of the handshake
TYPING = 60.0  # s without a byte; who went away at the prompt must not have it for ever

_END_OF_TEXT = re.compile(rb"[\x1a\x1b]")


@dataclass(frozen=True, slots=True)
class Line:
    """A command, and the bytes that brought it, terminator included."""

    text: str  # latin-1
    raw: bytes


@dataclass(frozen=True, slots=True)
class Overlong:
    """A line that was discarded up to its CR."""


@dataclass(frozen=True, slots=True)
class Escape:
    """``+++`` where it has no meaning."""


@dataclass(frozen=True, slots=True)
class LoneA:
    """The ``a`` that a host sends blindly after its ``+++``."""


@dataclass(frozen=True, slots=True)
class Typed:
    """The text of an SMS; None: cancelled, or too long, or never finished."""

    text: bytes | None
    raw: bytes
    cancelled: bool = False


Event = Line | Overlong | Typed | Escape | LoneA


class LineReader:
    """Eats bytes of command mode.  ``bit_time`` is that of the UART, in seconds.

    No event but the last of a list is a line, be it overlong, or a text: what stands behind it
    waits for :meth:`proceed`, because it may have changed what that means (``AT+ENTM``).
    """

    def __init__(self, bit_time: float) -> None:
        self._lf_wait = max(LF_WAIT, LF_WAIT_BITS * bit_time)
        self._held = bytearray()
        self._typing = False
        self._overlong = False
        self._swallow_lf = False  # the one LF that comes after its line was answered
        self._last_byte_at = 0.0
        self._a_until = 0.0

    def receive(self, data: bytes, now: float) -> list[Event]:
        """Take ``data``, which came at ``now``; return what it completes."""
        events = self.expire(now)
        self._last_byte_at = now
        if self._swallow_lf:
            self._swallow_lf = False
            data = data.removeprefix(b"\n")
        self._held += data
        if events and isinstance(events[-1], Line | Overlong | Typed):
            return events
        return events + self.proceed()

    def proceed(self) -> list[Event]:
        """Go on behind the line that was answered."""
        if self._typing:
            return self._cut_text()
        while (cr := self._held.find(b"\r")) >= 0:
            end = cr + 1
            if end == len(self._held):
                break  # its LF may follow
            end += self._held[end] == 0x0A
            if events := self._cut(end):
                return events
        if len(self._held) > LONGEST + len(b"\r\n"):
            self._shorten()
        return []

    def prompt(self, now: float) -> None:
        """The line was answered with a prompt: what follows is a text."""
        self._typing = True
        self._last_byte_at = now

    def _cut_text(self) -> list[Event]:
        found = _END_OF_TEXT.search(self._held)
        if not found:
            if len(self._held) > LONGEST:
                self._overlong = True
                self._held.clear()
            return []
        end = found.end()
        raw = bytes(self._held[:end])
        del self._held[:end]
        return [self._typed(raw[:-1], raw, cancelled=raw.endswith(b"\x1b"))]

    def _typed(self, text: bytes | None, raw: bytes, *, cancelled: bool = False) -> Typed:
        lost = self._overlong or text is None or len(text) > LONGEST
        self._typing = self._overlong = False
        return Typed(None if lost or cancelled else text, b"" if lost else raw, cancelled)

    def rest(self) -> list[tuple[bytes, float]]:
        """Give away what is no line yet, with the time of its last byte.

        A text that was begun is none of it: as data it would go to the network.
        """
        if self._typing:
            self._held.clear()
        rest = [(bytes(self._held), self._last_byte_at)] if self._held else []
        self._held.clear()
        return rest

    def _shorten(self) -> None:
        """Drop what is too long to be a command, but for a CR that ends it."""
        self._overlong = True
        self._held[:] = b"\r" if self._held.endswith(b"\r") else b""

    def _cut(self, end: int) -> list[Event]:
        raw = bytes(self._held[:end])
        del self._held[:end]
        if self._overlong or len(raw.strip(b"\r\n")) > LONGEST:
            self._overlong = False
            return [Overlong()]
        text = raw.decode("latin-1").strip(" \t\r\n")
        return [Line(text, raw)] if text else []

    def deadline(self) -> float | None:
        """When to call :meth:`expire` next, or None while only bytes can go on."""
        if self._typing:
            return self._last_byte_at + TYPING
        if self._held.endswith(b"\r"):
            return self._last_byte_at + self._lf_wait
        if self._overlong:
            return None
        if self._held == b"+++":
            return self._last_byte_at + SILENCE
        if self._held == b"a" and self._last_byte_at < self._a_until:
            return self._last_byte_at + A_ALONE
        return None

    def expire(self, now: float) -> list[Event]:
        """Act on a silence that has lasted until ``now``."""
        deadline = self.deadline()
        if deadline is None or now < deadline:
            return []
        if self._typing:
            self._held.clear()
            return [self._typed(None, b"")]
        if self._held.endswith(b"\r"):
            self._swallow_lf = True
            return self._cut(len(self._held))
        return [self._misplaced(deadline)]

    def _misplaced(self, now: float) -> Event:
        """A piece of the handshake, in command mode."""
        a = self._held == b"a"
        self._held.clear()
        self._a_until = 0.0 if a else now + A_WAIT
        return LoneA() if a else Escape()
