"""One pair of wires for both directions: who may speak, and what we hear of ourselves.

    port -> wait for silence -> tty       tty -> drop our echo -> port

It stands between the port and an open tty while the flow is RS485 or the HAT has an echo.
"""

import asyncio
import math
from collections.abc import Callable

from usr7s3d.core.echo import Echo
from usr7s3d.core.halfduplex import HalfDuplex
from usr7s3d.core.line import LineSettings
from usr7s3d.devices.uart import Uart
from usr7s3d.services.timer import LazyTimer


class Bus:
    """``received(data)`` gets what others said; ``sent()`` is called when something has left."""

    def __init__(
        self,
        uart: Uart,
        line: LineSettings,
        echo: Echo | None,
        *,
        received: Callable[[bytes], None],
        sent: Callable[[], None],
    ) -> None:
        self._uart = uart
        self._echo = echo
        self._received = received
        self._sent = sent
        self._clock = asyncio.get_running_loop().time
        self._queue = HalfDuplex(line.character_time) if line.flow == "RS485" else None
        self._character_time = line.character_time
        self._unread = 0  # bytes, at the last look into the kernel
        self._queue_timer = LazyTimer(self._let_go)
        self._echo_timer = LazyTimer(self._give_up)
        if self._queue:
            self._queue.heard(self._clock())  # nobody knows what is on the bus now

    @property
    def waiting(self) -> int:
        """Bytes that wait for the others to be silent."""
        return self._queue.waiting if self._queue else 0

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
        self._unread = 0
        if data:
            self._hear(data, now)

    def _hear(self, data: bytes, now: float) -> None:
        if self._queue:
            self._queue.heard(now)
        self._received(data)

    def _give_up(self) -> None:
        if not self._echo:
            return
        now = self._clock()
        if data := self._echo.expire(now):
            self._hear(data, now)
        self._echo_timer.set(self._echo.deadline())

    def write(self, data: bytes, *, patient: bool) -> None:
        """Send ``data`` when the bus is quiet; ``patient``, however long that takes."""
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
        return self._queue.take_back() if self._queue else b""
