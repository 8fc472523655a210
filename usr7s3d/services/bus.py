"""One pair of wires for both directions: who may speak, and what we hear of ourselves.

    port -> wait for silence -> tty       tty -> drop our echo -> port

It stands between the port and an open tty while the flow is RS485 or the HAT has an echo.
"""

import asyncio
import logging
import math
from collections.abc import Callable

from usr7s3d.core.echo import Echo
from usr7s3d.core.halfduplex import HalfDuplex
from usr7s3d.core.line import LineSettings
from usr7s3d.devices.uart import Uart
from usr7s3d.hostconfig import Rs485
from usr7s3d.services.timer import LazyTimer

log = logging.getLogger(__name__)


class Bus:
    """``received(data)`` gets what others said; ``sent()`` is called when something has left."""

    def __init__(
        self,
        uart: Uart,
        line: LineSettings,
        config: Rs485,
        *,
        received: Callable[[bytes], None],
        sent: Callable[[], None],
    ) -> None:
        on_bus = line.flow == "RS485"
        waits = on_bus and config.direction != "hardware"  # for the transceiver
        self._uart = uart
        self._echo = Echo(config.delay_before_ms / 1000 if waits else 0.0) if config.echo else None
        self._doubted = False
        self._received = received
        self._sent = sent
        self._clock = asyncio.get_running_loop().time
        self._queue = HalfDuplex(line.character_time, uart.unseen()) if on_bus else None
        self._character_time = line.character_time
        self._unread = 0  # bytes, at the last look into the kernel
        self._deaf = False  # the tty is not read
        self._unsaid: list[tuple[bytes, bool]] = []  # with an echo, while deaf; patient or not
        self._queue_timer = LazyTimer(self._let_go)
        self._echo_timer = LazyTimer(self._give_up)
        if self._queue:
            self._queue.heard(self._clock())  # nobody knows what is on the bus now

    @property
    def waiting(self) -> int:
        """Bytes that wait for the others to be silent, or until we can hear ourselves."""
        unsaid = sum(len(data) for data, _ in self._unsaid)
        return unsaid + (self._queue.waiting if self._queue else 0)

    @property
    def unasked(self) -> int:
        """Those of them that nobody asked for."""
        unsaid = sum(len(data) for data, patient in self._unsaid if patient)
        return unsaid + (self._queue.unasked if self._queue else 0)

    @property
    def echo_bytes(self) -> int:
        """Bytes dropped because they were our own."""
        return self._echo.dropped if self._echo else 0

    def set_line(self, line: LineSettings) -> None:
        """The line has another rate."""
        self._character_time = line.character_time
        if self._queue:
            self._queue.set_character_time(line.character_time)

    def receive(self, data: bytes) -> None:
        """Take what was read from the tty."""
        now = self._clock()
        if self._echo:
            data = self._echo.receive(data, now)
            self._echo_timer.set(self._echo.deadline())
            self._tell(self._echo.doubted)
        self._unread = 0
        if data:
            self._hear(data, now)

    def _hear(self, data: bytes, now: float) -> None:
        if self._queue:
            self._queue.heard(now)
        self._received(data)

    def _tell(self, doubted: bool) -> None:
        if doubted and not self._doubted:
            log.warning("UART: [rs485] echo is set, and what we send does not come back")
        self._doubted = doubted

    def pause(self) -> None:
        """The tty is not read from now on: an echo would be heard too late to be known."""
        self._deaf = True

    def resume(self) -> None:
        """It is read again."""
        if not self._deaf:
            return
        self._deaf = False
        if self._echo:
            self._echo.wait(self._clock())
            self._echo_timer.set(self._echo.deadline())
        unsaid, self._unsaid = self._unsaid, []
        for data, patient in unsaid:
            self.write(data, patient=patient)

    def _give_up(self) -> None:
        if not self._echo or self._deaf:
            return
        now = self._clock()
        if data := self._echo.expire(now):
            self._hear(data, now)
        self._echo_timer.set(self._echo.deadline())

    def write(self, data: bytes, *, patient: bool) -> None:
        """Send ``data`` when the bus is quiet; ``patient``, however long that takes."""
        if self._echo and self._deaf:
            self._unsaid.append((data, patient))
            return
        if not self._queue:
            self._send(data)
            return
        self._queue.put(data, self._clock(), patient=patient)
        self._let_out(self._queue)

    def _let_go(self) -> None:
        if self._queue:
            self._let_out(self._queue)
            self._sent()

    def _let_out(self, queue: HalfDuplex) -> None:
        now = self._clock()
        unread = self._uart.unread()
        if unread > self._unread:  # it comes in and is not read yet
            queue.heard(now)
        self._unread = unread
        if data := queue.take(now):
            self._send(data)
        self._queue_timer.set(queue.deadline())

    def _send(self, data: bytes) -> None:
        out = self._uart.out
        if out:
            if self._echo:
                self._echo.sent(data, self._clock(), self._character_time)
            out.write(data)

    def close(self) -> bytes:
        """The tty goes; what was still to be sent."""
        self._queue_timer.stop()
        self._echo_timer.stop()
        if self._echo and (data := self._echo.expire(math.inf)):
            self._received(data)
        queued = self._queue.take_back() if self._queue else b""
        return queued + b"".join(data for data, _ in self._unsaid)
