"""One of the modem's ttys: lines and typed text out of bytes."""

from collections.abc import Iterator
from dataclasses import dataclass

from usr7s3d.simulator.modem.ask import Ask

_SEND, _CANCEL = 0x1A, 0x1B
_LONGEST = 4096  # bytes of a line or a text; what is longer is forgotten


@dataclass(frozen=True, slots=True)
class Line:
    """A command line."""

    text: str


@dataclass(frozen=True, slots=True)
class Typed:
    """What came behind a prompt; None when it was cancelled."""

    ask: Ask
    data: bytes | None


@dataclass(frozen=True, slots=True)
class Echo:
    """Bytes to send back."""

    data: bytes


class Port:
    """Takes bytes while it is no data call's."""

    def __init__(self, name: str, *, echo: bool) -> None:
        self.name = name
        self.echo = echo
        self.prompt: Ask | None = None  # text comes, not commands
        self.free_at = 0.0  # when what it says by then is out
        self.waiting = 0  # pieces that are not out yet
        self.held = b""  # an answer that comes with the next one
        self._bytes = bytearray()
        self._rest = bytearray()

    def feed(self, data: bytes) -> None:
        """Take more; :meth:`read` says what it is."""
        self._rest += data

    def read(self) -> Iterator[Line | Typed | Echo]:
        """Everything so far.  Whoever iterates may set ``prompt`` and ``echo`` meanwhile."""
        while self._rest:
            ends = (_SEND, _CANCEL) if self.prompt else (0x0D,)
            end = next((at for at, byte in enumerate(self._rest) if byte in ends), None)
            size = len(self._rest) if end is None else end + 1
            piece = bytes(self._rest[:size])
            del self._rest[:size]
            if self.echo:
                yield Echo(piece)
            self._bytes += piece
            del self._bytes[:-_LONGEST]
            if end is not None:
                yield self._whole()

    def _whole(self) -> Line | Typed:
        data, self._bytes = bytes(self._bytes), bytearray()
        if ask := self.prompt:
            self.prompt = None
            return Typed(ask, None if data[-1] == _CANCEL else data[:-1])
        printable = bytes(byte for byte in data if 0x20 <= byte < 0x7F)
        return Line(printable.decode("ascii").strip())

    def rest(self) -> bytes:
        """What came behind the line that began a call."""
        data, self._rest = bytes(self._rest), bytearray()
        return data
