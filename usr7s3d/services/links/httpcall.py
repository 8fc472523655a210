"""One connection to the HTTP server; carries one request after the other."""

import asyncio
from collections.abc import Awaitable, Callable

from usr7s3d.core.httpanswer import Answer
from usr7s3d.services.links.connection import Channel

PIECE = 512  # bytes parsed at a time: 1 ms even as chunks of one byte; then others have a turn
WAITING = 16 * 1024  # bytes received and not parsed yet, above which nothing is read

Open = Callable[[Callable[[bytes], None], Callable[[], None]], Awaitable[Channel]]


class Call:
    """A connection; between two requests a word or the end from the server closes it."""

    def __init__(self) -> None:
        self._channel: Channel
        self._inbox = bytearray()
        self._news = asyncio.Event()
        self._asked = 0  # bytes of the request under way
        self._idle = False
        self._broken: OSError | None = None
        self.usable = True

    @classmethod
    async def to(cls, open_channel: Open) -> "Call":
        """Call the server.  Raises OSError."""
        call = cls()
        call._channel = await open_channel(call._receive, lambda: None)
        call._channel.lost.add_done_callback(lambda _: call._lost())
        call._channel.resume_reading()
        return call

    def _receive(self, data: bytes) -> None:
        if self._idle:
            self.close()
            return
        self._inbox += data
        self._news.set()
        if len(self._inbox) >= WAITING:
            self._channel.pause_reading()

    def _lost(self) -> None:
        self._news.set()
        if self._idle:
            self.close()

    def break_off(self, why: OSError) -> None:
        """The way to the network is gone, and the connection with it."""
        self._broken = why
        self._lost()

    async def ask(self, request: bytes, answer: Answer) -> None:
        """Send ``request`` and read ``answer`` to its end.  Raises OSError and BadAnswer."""
        self._idle, self._asked = False, len(request)
        self._channel.write(request)
        while not answer.complete:
            if piece := await self._next():
                answer.receive(piece)
            else:
                answer.end()
        self._idle = True
        self.usable = answer.reusable and not self._inbox and not self._channel.lost.done()

    async def _next(self) -> bytes:
        """What comes next; empty when the server has closed.  Raises OSError."""
        await asyncio.sleep(0)  # a long answer must not keep the loop from others
        while self._broken or not self._inbox:
            if self._broken:
                raise self._broken
            if self._channel.lost.done():
                if error := self._channel.lost.result():
                    raise error
                return b""
            self._news.clear()
            await self._news.wait()
        piece = bytes(self._inbox[:PIECE])
        del self._inbox[:PIECE]
        if not self._inbox:
            self._channel.resume_reading()
        return piece

    @property
    def unheard(self) -> bool:
        """Whether the server's machine has acknowledged nothing of the last request."""
        return self._channel.unacknowledged() >= self._asked

    def close(self) -> None:
        """Hang up.  Safe to call twice."""
        self.usable = False
        self._channel.close()
