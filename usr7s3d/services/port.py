"""Keeps the UART open, and owns both its directions.

The tty may be missing at the start, vanish and come back: the port waits, says so
once, and goes on.  What the network sent meanwhile waits here, bounded because
links are not read while too much does.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from operator import methodcaller
from typing import Any, NoReturn

from usr7s3d.core.backoff import Backoff
from usr7s3d.core.line import LineSettings
from usr7s3d.core.liveness import Liveness, Pulse
from usr7s3d.core.pace import Pace
from usr7s3d.devices.limit import TimeLimit
from usr7s3d.devices.stream import Stream
from usr7s3d.devices.uart import Uart

log = logging.getLogger(__name__)

OPEN_LIMIT = 30.0  # s; a driver that takes longer to open its tty is stuck
STABLE = 2.0  # s; one that is lost at once each time must not keep us busy
LAST_WORDS = 0.5  # s at the end for what is unsent; CTS may hold it for ever
CLOSE_LIMIT = 1.0  # s; with the last words, the daemon stops within 2 s
FULL = 4096  # bytes unsent: links are not read until less waits
NOBODY = "nobody serves it"  # a reason to pause
DRAIN_STEP = 0.005  # s between two looks at the kernel's buffer

OpenUart = Callable[[str, LineSettings], Uart]
InThread = Callable[..., Awaitable[Any]]  # devices.thread.in_thread


class Port:
    """The UART for as long as the daemon runs.

    It is read only while somebody serves it; that changes hands at each restart of
    the module, while the tty stays open and the kernel keeps what comes.
    """

    def __init__(
        self,
        device: str,
        line: LineSettings,
        backoff: Backoff,
        *,
        open_uart: OpenUart,
        in_thread: InThread,
    ) -> None:
        self.device = device
        self.line = line  # as asked for
        self.rx_bytes = 0
        self.tx_bytes = 0
        self._backoff = backoff
        self._open_uart = open_uart
        self._in_thread = in_thread
        self._received: Callable[[bytes], None] = lambda _: None
        self._drained: Callable[[], None] = lambda: None
        self._uart: Uart | None = None
        self._pauses = {NOBODY}
        self._pace: Pace | None = None
        self._pending = bytearray()  # for a tty that is not there
        self._greeting = b""

    @property
    def open(self) -> bool:
        """Whether there is a tty now."""
        return self._uart is not None

    @property
    def unsent(self) -> int:
        """Bytes for the UART that wait in the daemon."""
        stream = self._uart.stream if self._uart else None
        return len(self._pending) + (stream.unsent if stream else 0)

    @property
    def full(self) -> bool:
        """Whether links should not be read now."""
        return self.unsent >= FULL

    def actual_line(self) -> LineSettings | None:
        """What the line is set to now; None while it is not open."""
        try:
            return self._uart.line() if self._uart else None
        except OSError:
            return None

    def write(self, data: bytes) -> None:
        """Send ``data`` from the network, behind everything before it; wait for a tty."""
        if self._uart:
            self.say(data)
        else:
            self._pending += data

    def take_back(self) -> bytes:
        """What waits for a tty; this port has ended and will not send it."""
        pending = bytes(self._pending)
        self._pending.clear()
        return pending

    def say(self, data: bytes) -> None:
        """Send ``data`` of our own, like a reply; it is for now or for nobody."""
        if self._uart and self._uart.stream:
            self.tx_bytes += len(data)
            self._uart.stream.write(data)

    def greet(self, data: bytes) -> None:
        """Say ``data`` now, or as soon as there is a tty."""
        self._greeting = data
        self._greet()

    def _greet(self) -> None:
        if self._uart:
            greeting, self._greeting = self._greeting, b""
            self.say(greeting)

    def serve(
        self,
        received: Callable[[bytes], None],
        drained: Callable[[], None],
        pace: Pace | None = None,
    ) -> None:
        """Read for ``received`` at ``pace``; call ``drained`` whenever nothing is left unsent."""
        self._received, self._drained, self._pace = received, drained, pace
        self._pauses = {NOBODY}
        self.resume(NOBODY)

    def leave(self) -> None:
        """Nobody reads any more; what comes waits in the kernel."""
        self.pause(NOBODY)
        self._received, self._drained = lambda _: None, lambda: None

    def pause(self, reason: str) -> None:
        """Leave what comes in the kernel until every reason to do so is gone."""
        self._pauses.add(reason)
        if self._uart and self._uart.stream:
            self._uart.stream.pause_reading()

    def resume(self, reason: str) -> None:
        """End one reason to pause."""
        self._pauses.discard(reason)
        if not self._pauses and self._uart and self._uart.stream:
            self._uart.stream.resume_reading(self._pace)

    def set_line(self, line: LineSettings, level: int = logging.INFO) -> None:
        """Change the line settings, now or as soon as there is a tty; ``level`` is for the log."""
        if line == self.line:
            return
        self.line = line
        if self._uart:
            self._set(self._uart)
            self._report(self._uart, level)

    def _set(self, uart: Uart) -> None:
        try:
            uart.set_line(self.line)
        except OSError as error:
            log.error("UART: %s cannot be set to %s: %s", self.device, self.line, error)

    async def sent(self, limit: float) -> None:
        """Wait until everything written has left, at most ``limit`` s (CTS may hold it)."""
        clock = asyncio.get_running_loop().time
        end = clock() + limit
        # The kernel has no event for an empty output buffer, only a call that blocks.
        while self._uart and (left := self._uart.unsent()) and clock() < end:
            step = max(DRAIN_STEP, left * self.line.character_time / 2)
            await asyncio.sleep(min(step, end - clock()))

    async def run(self, liveness: Liveness) -> NoReturn:
        """Open the tty, serve it until it is lost, and begin again."""
        clock = asyncio.get_running_loop().time
        with liveness.pulse("UART") as pulse:
            said = ""
            while True:
                asked = self.line
                try:
                    uart = await self._opened(pulse)
                except OSError as error:
                    if str(error) != said:
                        said = str(error)
                        log.warning("UART: %s: %s: waiting for it", self.device, error)
                else:
                    said = ""
                    began = clock()
                    await self._serve(uart, asked, pulse)
                    if clock() - began >= STABLE:
                        self._backoff.reset()
                delay = self._backoff.next()
                with pulse.waiting(delay):
                    await asyncio.sleep(delay)

    async def _opened(self, pulse: Pulse) -> Uart:
        # Given up, the next try would stick, too, in one more thread: better to be late.
        with pulse.waiting(OPEN_LIMIT):
            opening = partial(self._open_uart, self.device, self.line)
            uart: Uart = await self._in_thread(opening, methodcaller("close"))
            return uart

    async def _serve(self, uart: Uart, asked: LineSettings, pulse: Pulse) -> None:
        lost = asyncio.Event()
        errors: list[OSError | None] = []

        def note(error: OSError | None) -> None:
            errors.append(error)
            lost.set()

        stream = uart.attach(self._receive, self._sent, note)
        self._uart = uart
        try:
            self._begin(uart, stream, asked)
            with pulse.waiting():
                await lost.wait()
            log.warning("UART: %s has gone (%s): waiting", self.device, errors[0] or "hang-up")
        finally:
            with pulse.waiting(LAST_WORDS + CLOSE_LIMIT):
                if not lost.is_set():
                    await self.sent(LAST_WORDS)
                uart.detach()
                self._uart = None
                self._pending += stream.take_back()
                await self._close(uart)

    def _begin(self, uart: Uart, stream: Stream, asked: LineSettings) -> None:
        """What was asked of the tty while it was missing or being opened."""
        if self.line != asked:  # a restart came while it was being opened
            self._set(uart)
        self._report(uart)
        pending = bytes(self._pending)
        self._pending.clear()
        self._greet()
        self.say(pending)
        if not self.unsent:
            self._drained()  # whoever waited for less to be pending would not hear of it
        if not self._pauses:
            stream.resume_reading(self._pace)

    async def _close(self, uart: Uart) -> None:
        try:
            async with TimeLimit(CLOSE_LIMIT):
                await self._in_thread(uart.close)
        except TimeoutError:
            log.warning("UART: %s does not close; left to the kernel", self.device)

    def _receive(self, data: bytes) -> None:
        self.rx_bytes += len(data)
        self._received(data)

    def _sent(self) -> None:
        if not self.unsent:
            self._drained()

    def _report(self, uart: Uart, level: int = logging.INFO) -> None:
        """One line on what the line is; a PTY holds neither parity nor 5 to 7 data bits."""
        try:
            actual = uart.line()
        except OSError as error:
            log.log(level, "UART: %s open, settings not readable: %s", self.device, error)
            return
        wanted = self.line if self.line.flow != "RS485" else None
        if wanted is None or actual == wanted:
            log.log(level, "UART: %s open, %s", self.device, self.line)
        else:
            log.log(
                level, "UART: %s open, holds %s where %s was asked", self.device, actual, self.line
            )
