"""Keeps the UART open, and owns both its directions.

The tty may be missing at the start, vanish and come back: the port waits, says so
once, and goes on.  What the network sent meanwhile waits here, bounded because
links are not read while too much does.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, Any, NoReturn

from usr7s3d.core.backoff import Backoff
from usr7s3d.core.line import LineSettings
from usr7s3d.core.liveness import Liveness, Pulse
from usr7s3d.core.pace import Pace
from usr7s3d.devices.limit import TimeLimit
from usr7s3d.devices.stream import Stream
from usr7s3d.devices.uart import NO_RS485, Uart
from usr7s3d.hostconfig import Rs485

if TYPE_CHECKING:  # they cost memory, on an RS232 line for nothing
    from usr7s3d.devices.rs485 import Direction
    from usr7s3d.devices.sending import SendingProcess
    from usr7s3d.services.bus import Bus

log = logging.getLogger(__name__)

OPEN_LIMIT = 30.0  # s; a driver that takes longer to open its tty is stuck
STABLE = 2.0  # s; one that is lost at once each time must not keep us busy
LAST_WORDS = 0.5  # s at the end for what is unsent; CTS may hold it for ever
CLOSE_LIMIT = 1.0  # s; with the last words, the daemon stops within 2 s
FULL = 4096  # bytes unsent: links are not read until less waits
NOBODY = "nobody serves it"  # a reason to pause
DRAIN_STEP = 0.005  # s between two looks at the kernel's buffer

OpenUart = Callable[[str, LineSettings, Rs485], Uart]
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
        rs485: Rs485 = NO_RS485,
    ) -> None:
        self.device = device
        self.rs485 = rs485
        self.line = self._without_rts(line)  # as asked for
        self.rx_bytes = 0
        self.tx_bytes = 0
        self._backoff = backoff
        self._open_uart = open_uart
        self._in_thread = in_thread
        self._received: Callable[[bytes], object] = lambda _: None
        self._drained: Callable[[], None] = lambda: None
        self._uart: Uart | None = None
        self._out: Stream | SendingProcess | None = None  # what its bytes leave by
        self._bus: Bus | None = None
        self._echo_bytes = 0  # on the ttys before this one
        self._reopen = asyncio.Event()
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
        waiting = self._bus.waiting if self._bus else 0
        return len(self._pending) + (self._out.unsent if self._out else 0) + waiting

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

    @property
    def direction(self) -> "Direction | None":
        """Who switches the transceiver; None while nobody has to."""
        return self._uart.direction if self._uart else None

    @property
    def echo_bytes(self) -> int:
        """Bytes dropped because they were our own."""
        return self._echo_bytes + (self._bus.echo_bytes if self._bus else 0)

    @property
    def unasked(self) -> int:
        """Bytes that nobody asked for and that wait until the bus is quiet."""
        return self._bus.unasked if self._bus else 0

    def write(self, data: bytes) -> None:
        """Send ``data`` from the network, behind everything before it; wait for a tty."""
        if self._out and not self._bus:
            self._out.write(data)
            self.tx_bytes += len(data)
        elif self._uart:
            self.say(data)
        else:
            self._pending += data

    def take_back(self) -> bytes:
        """What waits for a tty; this port has ended and will not send it."""
        pending = bytes(self._pending)
        self._pending.clear()
        return pending

    def say(self, data: bytes, *, unasked: bool = False) -> None:
        """Send ``data`` of our own, like a reply; it is for now or for nobody.

        On RS485 what is ``unasked`` waits until the bus is quiet, however long that takes.
        """
        if self._out:
            self.tx_bytes += len(data)
            if self._bus:
                self._bus.write(data, patient=unasked)
            else:
                self._out.write(data)

    @contextmanager
    def overheard(self, received: Callable[[bytes], object]) -> Iterator[None]:
        """Give what comes to ``received``, and not to who serves it, for a moment."""
        served, self._received = self._received, received
        try:
            yield
        finally:
            self._received = served

    def hand_on(self, data: bytes) -> None:
        """Give ``data``, which somebody overheard, to who serves it."""
        if data:
            self._received(data)

    def greet(self, data: bytes) -> None:
        """Say ``data`` now, or as soon as there is a tty."""
        self._greeting = data
        self._greet()

    def _greet(self) -> None:
        if self._uart:
            greeting, self._greeting = self._greeting, b""
            self.say(greeting, unasked=True)

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
        if self._bus:
            self._bus.pause()
        if self._uart and self._uart.stream:
            self._uart.stream.pause_reading()

    def resume(self, reason: str) -> None:
        """End one reason to pause."""
        self._pauses.discard(reason)
        if not self._pauses and self._uart and self._uart.stream:
            self._uart.stream.resume_reading(self._pace)
            if self._bus:
                self._bus.resume()

    def set_line(self, line: LineSettings, level: int = logging.INFO) -> None:
        """Change the line settings, now or as soon as there is a tty; ``level`` is for the log."""
        line = self._without_rts(line)
        if line == self.line:
            return
        turned = _turned(line, self.line)
        self.line = line
        if self._uart and turned:
            self._reopen.set()
        elif self._uart:
            self._set(self._uart)
            self._report(self._uart, level)

    def _without_rts(self, line: LineSettings) -> LineSettings:
        """CRTS may come from settings that are older than the transceiver on RTS."""
        if line.flow != "CRTS" or not self.rs485.takes_rts:
            return line
        log.warning("UART: no flow control (CRTS): RTS switches the RS485 transceiver")
        return replace(line, flow="NONE")

    def _set(self, uart: Uart) -> None:
        try:
            uart.set_line(self.line)
            if self._bus:
                self._bus.set_line(self.line)
        except OSError as error:
            log.error("UART: %s cannot be set to %s: %s", self.device, self.line, error)

    async def sent(self, limit: float) -> None:
        """Wait until everything written has left, at most ``limit`` s (CTS may hold it)."""
        clock = asyncio.get_running_loop().time
        end = clock() + limit
        # The kernel has no event for an empty output buffer, only a call that blocks.
        while self._uart and (left := self._left(self._uart)) and clock() < end:
            step = max(DRAIN_STEP, left * self.line.character_time / 2)
            await asyncio.sleep(min(step, end - clock()))

    def _left(self, uart: Uart) -> int:
        return uart.unsent() + (self._bus.waiting if self._bus else 0)

    async def run(self, liveness: Liveness) -> NoReturn:
        """Open the tty, serve it until it is lost, and begin again."""
        clock = asyncio.get_running_loop().time
        with liveness.pulse("UART") as pulse:
            said = ""
            while True:
                asked = self.line
                self._reopen.clear()
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
                    if self._reopen.is_set():
                        continue
                    if clock() - began >= STABLE:
                        self._backoff.reset()
                delay = self._backoff.next()
                with pulse.waiting(delay):
                    await asyncio.sleep(delay)

    async def _opened(self, pulse: Pulse) -> Uart:
        # Given up, the next try would stick, too, in one more thread: better to be late.
        with pulse.waiting(OPEN_LIMIT):
            opening = partial(self._open_uart, self.device, self.line, self.rs485)
            uart: Uart = await self._in_thread(opening, methodcaller("close"))
            return uart

    async def _serve(self, uart: Uart, asked: LineSettings, pulse: Pulse) -> None:
        lost: list[OSError | None] = []

        def note(error: OSError | None) -> None:
            lost.append(error)
            self._reopen.set()

        with_bus = self.rs485.echo or self.line.flow == "RS485"
        self._bus = self._make_bus(uart) if with_bus else None
        received = self._bus.receive if self._bus else self._receive
        stream = uart.attach(received, self._sent, note)
        self._uart, self._out = uart, uart.out
        try:
            self._begin(uart, stream, asked)
            with pulse.waiting():
                await self._reopen.wait()
            if lost:
                self._reopen.clear()
                log.warning("UART: %s has gone (%s): waiting", self.device, lost[0] or "hang-up")
        finally:
            with pulse.waiting(LAST_WORDS + CLOSE_LIMIT):
                if not lost:
                    await self.sent(LAST_WORDS)
                uart.detach()
                self._pending += self._out.take_back() if self._out else b""
                self._uart = self._out = None
                self._pending += self._bus.close() if self._bus else b""
                self._echo_bytes = self.echo_bytes
                self._bus = None
                await self._close(uart)

    def _make_bus(self, uart: Uart) -> "Bus":
        from usr7s3d.services.bus import Bus  # noqa: PLC0415

        bus = Bus(uart, self.line, self.rs485, received=self._receive, sent=self._sent)
        if self._pauses:
            bus.pause()
        return bus

    def _begin(self, uart: Uart, stream: Stream, asked: LineSettings) -> None:
        """What was asked of the tty while it was missing or being opened."""
        if self.line != asked:  # a restart came while it was being opened
            self._set(uart)
            if _turned(self.line, asked):
                self._reopen.set()
        self._report(uart)
        if direction := uart.direction:
            level = logging.WARNING if direction.choice.trouble else logging.INFO
            choice = direction.choice
            log.log(level, "UART: RS485 direction by %s (%s)", choice.way, choice.why)
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


def _turned(line: LineSettings, before: LineSettings) -> bool:
    """Whether somebody has to switch the transceiver from now on, or to leave it alone."""
    return line.flow != before.flow and "RS485" in (line.flow, before.flow)
