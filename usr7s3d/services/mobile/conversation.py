"""One port of the modem in use: whoever asks gets the answer to his own command.

ask(command) --> queue --> modem/dialogue --> port --> modem
                                |
listen(callback) <--------------+  what comes unasked
"""

import asyncio
import contextlib
import errno
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from usr7s3d.modem.command import Command
from usr7s3d.modem.dialogue import Answer, Dialogue, Event, Unsolicited, Write
from usr7s3d.modem.results import Verdict
from usr7s3d.services.timer import LazyTimer

log = logging.getLogger(__name__)

GUARD = 1.2  # s of silence round +++; modems want 1
MOST_WAITING = 32  # commands; a modem that hangs must not collect them

Listener = Callable[[Unsolicited], None]


class ModemGone(OSError):
    """There is no modem to ask, or not any more."""


class Port(Protocol):
    """An open tty; see ``devices/modemport.py``."""

    path: str

    def write(self, data: bytes) -> None:
        """Send ``data``."""
        ...

    def hand_over(self) -> int:
        """Stop to read; the descriptor."""
        ...

    async def close(self, last_words: bytes = b"") -> None:
        """Let the tty go."""
        ...


OpenPort = Callable[
    [str, Callable[[bytes], None], Callable[[OSError | None], None]], Awaitable[Port]
]


class Conversation:
    """The dialogue on one open port, from its opening to its end.

    ``lost()`` is called once, when the port has gone by itself.
    """

    def __init__(self, path: str, lost: Callable[[], None] = lambda: None) -> None:
        self.path = path
        self.in_call = False  # CONNECT came: the port carries data
        self.gone: ModemGone | None = None  # why nobody can be asked here
        self._lost = lost
        self._clock = asyncio.get_running_loop().time
        self._dialogue = Dialogue()
        self._timer = LazyTimer(self._expired)
        self._port: Port | None = None
        self._turn = asyncio.Lock()  # first come, first served
        self._waiting = 0
        self._answer: asyncio.Future[Answer] | None = None
        self._listeners: list[Listener] = []

    async def open(self, open_port: OpenPort) -> None:
        """Open the port.  Raises OSError."""
        self._port = await open_port(self.path, self._receive, self._port_lost)

    async def close(self) -> None:
        """Close the port: a prompt is left, those who wait are told.  Safe to call twice."""
        self.end(ModemGone(errno.ENODEV, "the port was closed"))
        port, self._port = self._port, None
        if port:
            await port.close(self._dialogue.leave())

    async def ask(self, command: Command) -> Answer:
        """The answer to ``command``, when all that were asked before have theirs.

        Raises:
            ModemGone: The port is lost, or carries a call.
            OSError: Too many wait already.
        """
        if self._waiting >= MOST_WAITING:
            raise OSError(errno.EBUSY, f"{command.name}: too many commands wait for the modem")
        self._waiting += 1
        try:
            async with self._turn:
                return await self._exchange(command)
        finally:
            self._waiting -= 1

    async def _exchange(self, command: Command) -> Answer:
        self._check_open()
        if self.in_call:
            raise ModemGone(errno.EBUSY, "the port carries a call")
        self._answer = asyncio.get_running_loop().create_future()
        try:
            self._act(self._dialogue.send(command, self._clock()))
            answer = await self._answer
        except asyncio.CancelledError:
            # What it answers now is nobody's, and must not become the next one's.
            self._act(self._dialogue.abandon(self._clock()))
            raise
        finally:
            self._answer = None
        log.debug("modem: %s: %s", command.name, answer.final)
        return answer

    def listen(self, callback: Listener) -> None:
        """Call ``callback`` with each thing that the modem says unasked."""
        self._listeners.append(callback)

    def hand_over(self) -> tuple[int, bytes]:
        """Behind CONNECT: the descriptor, for pppd, and the data that came already.

        Nothing is read here any more.  The tty stays open, and DTR up, until :meth:`close`.
        """
        fd = self._check_open().hand_over()
        return fd, self._dialogue.rest()

    def check(self) -> None:
        """Raise ModemGone when it has ended."""
        if self.gone:
            raise type(self.gone)(*self.gone.args)

    def _check_open(self) -> Port:
        self.check()
        if self._port is None:
            raise ModemGone(errno.ENODEV, "the port is not open")
        return self._port

    def _receive(self, data: bytes) -> None:
        self._act(self._dialogue.receive(data, self._clock()))

    def _expired(self) -> None:
        self._act(self._dialogue.expire(self._clock()))

    def _act(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Write):
                if self._port:
                    self._port.write(event.data)
            elif isinstance(event, Unsolicited):
                for listener in self._listeners:
                    listener(event)
            else:
                self.in_call = event.final.verdict is Verdict.CONNECT
                if self._answer and not self._answer.done():
                    self._answer.set_result(event)
        self._timer.set(None if self.gone else self._dialogue.deadline())

    def _port_lost(self, error: OSError | None) -> None:
        why = (error.strerror if error else None) or "hang-up"
        self.end(ModemGone(error.errno if error else errno.EIO, why))
        self._lost()

    def end(self, why: ModemGone) -> None:
        """Tell those who wait, and those who come, ``why`` nobody answers here any more."""
        self.gone = self.gone or why
        self._timer.stop()
        if self._answer and not self._answer.done():
            self._answer.set_exception(type(self.gone)(*self.gone.args))


@contextlib.asynccontextmanager
async def conversation(
    path: str, open_port: OpenPort, lost: Callable[[], None] = lambda: None
) -> AsyncIterator[Conversation]:
    """Open the port at ``path`` for the block.  Raises OSError."""
    talk = Conversation(path, lost)
    try:
        await talk.open(open_port)
        yield talk
    finally:
        await talk.close()


async def hang_up(path: str, open_port: OpenPort) -> None:
    """+++ and ATH (ITU-T V.250 6.3.6), for a modem that does not watch DTR.  Raises OSError."""
    port = await open_port(path, lambda _: None, lambda _: None)
    try:
        for words in (b"+++", b"ATH\r"):
            await asyncio.sleep(GUARD)
            port.write(words)
        await asyncio.sleep(GUARD)
    finally:
        await port.close()
