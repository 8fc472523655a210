"""Lines and prompts in the bytes that a modem sends (ITU-T V.250 5.7, 3GPP TS 27.005 3.5.1).

Lines end at CR, LF or both; empty ones are nothing.  Modems send NUL, FF and other noise when they
start, change their rate or share their line with a radio: it is taken out.  ``> `` has no end of
line: a ``>`` where a line begins is a prompt.
"""

import re
from dataclasses import dataclass

LONGEST = 4096  # bytes; an operator scan is 2 KB, a message 360
_NOISE = bytes(octet for octet in range(32) if octet not in b"\t\r\n") + b"\x7f\xff"
_AROUND = b"\r\n\t " + _NOISE
_END = re.compile(rb"[\r\n]")
_NO_ASCII_OUTSIDE = re.compile(r"^[^\x21-\x7e]+|[^\x21-\x7e]+$")


@dataclass(frozen=True, slots=True)
class Line:
    """A line with something in it, without noise and blanks around it."""

    text: str


@dataclass(frozen=True, slots=True)
class Prompt:
    """The modem waits for the text of a message."""


class LineReader:
    """Feed it bytes, then ask for :meth:`next` until there is none."""

    def __init__(self) -> None:
        self._held = bytearray()
        self._overlong = False

    def feed(self, data: bytes) -> None:
        """Take what came."""
        self._held += data

    def next(self) -> Line | Prompt | None:
        """The next line or prompt, None until more has come."""
        while True:
            self._held[:] = self._held.lstrip(_AROUND) if not self._overlong else self._held
            if self._held.startswith(b">") and not self._overlong:
                del self._held[:1]
                return Prompt()
            if (end := _END.search(self._held)) is None:
                self._shorten()
                return None
            line = bytes(self._held[: end.start()])
            del self._held[: end.end()]
            overlong, self._overlong = self._overlong or len(line) > LONGEST, False
            if not overlong and (text := _text(line)):
                return Line(text)

    def _shorten(self) -> None:
        """What is too long to be a line is dropped to its end."""
        if self._overlong or len(self._held) > LONGEST:
            self._overlong = True
            self._held.clear()

    def starts_with(self, data: bytes) -> bool:
        """Whether the line that has begun does."""
        return self._held.lstrip(_AROUND).startswith(data)

    def take(self) -> bytes:
        """Give away all that is held: behind a CONNECT it is no text."""
        rest = bytes(self._held).lstrip(b"\r\n")
        self._held.clear()
        return rest


def _text(line: bytes) -> str:
    clean = line.translate(None, _NOISE)
    try:
        text = clean.decode()  # names of operators
    except UnicodeDecodeError:
        text = clean.decode("latin-1")
    text = _NO_ASCII_OUTSIDE.sub("", text)
    # Names go to logs and to terminals: no control characters of other alphabets.
    return text if text.isprintable() else "".join(map(_shown, text))


def _shown(char: str) -> str:
    return char if char.isprintable() or char == "\t" else "?"
