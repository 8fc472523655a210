"""The one way to the UART for all that is no command's reply: data, answers, SMS, SMSEND.

Held back while the UART is in command mode or its line is being changed.  Whoever fills
it is told to stop meanwhile, and while too much waits; so what is held is bounded.
"""

from collections.abc import Callable

from usr7s3d.services.port import Port


class Outlet:
    """Writes to ``port`` in order, each piece whole."""

    def __init__(self, port: Port) -> None:
        self.flow: Callable[[bool], None] = lambda _: None  # told whether more may come
        self._port = port
        self._held: list[bytes] = []
        self._holds: set[str] = set()  # why data waits

    @property
    def open(self) -> bool:
        """Whether more may come."""
        return not self._holds and not self._port.full

    def write(self, data: bytes) -> None:
        """Send ``data``, or keep it for later, behind what is kept already."""
        if self._holds:
            self._held.append(data)
            self.flow(False)
            return
        self._port.write(data)
        if self._port.full:
            self.flow(False)

    def drained(self) -> None:
        """Nothing waits in the port any more."""
        if not self._holds:
            self.flow(True)

    def hold(self, reason: str) -> None:
        """Keep what comes back, as in command mode."""
        self._holds.add(reason)

    def release(self, reason: str) -> None:
        """End one reason to hold."""
        self._holds.discard(reason)
        if self._holds:
            return
        held, self._held = self._held, []
        for data in held:
            self._port.write(data)
        self.flow(self.open)
