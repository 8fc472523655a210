"""Joins the UART and the links: every packet to every link, every link to the UART.

Pressure travels back both ways.  The UART is not read while a link that is worth
waiting for is full; no link is read while too much waits for the UART.
"""

from collections.abc import Callable, Sequence

from usr7s3d.core.runs import RunMarker
from usr7s3d.services.link import Link
from usr7s3d.services.port import Port

Moved = Callable[[str, str, int], None]  # told from where, to where, and how many bytes


class Bridge:
    """The data path of NET mode (manual 3.2.1).  ``show_id`` is SOCKIDEN."""

    def __init__(self, port: Port, links: Sequence[Link], *, show_id: bool, moved: Moved) -> None:
        self._port = port
        self._links = links
        self._moved = moved
        self._marker = RunMarker() if show_id else None
        self._held: list[bytes] = []
        self._holds: set[str] = set()  # why data for the UART waits
        for link in links:
            link.changed = self._link_changed

    def from_uart(self, packet: bytes) -> None:
        """Give ``packet`` to every link."""
        for link in self._links:
            self._moved("UART", link.name, len(packet))
            link.send(packet)
            if link.holds_up:
                self._port.pause("links")

    def _link_changed(self) -> None:
        if not any(link.holds_up for link in self._links):
            self._port.resume("links")

    def to_uart(self, name: str, data: bytes, now: float, *, datagram: bool) -> None:
        """Give the UART ``data`` that socket ``name`` received at ``now``."""
        self._moved(name, "UART", len(data))
        if self._marker:
            data = self._marker.mark(name, now, datagram=datagram) + data
        if self._holds:
            self._held.append(data)
        else:
            self._port.write(data)
        if self._holds or self._port.full:
            self._read_links(False)

    def uart_drained(self) -> None:
        """Nothing waits for the UART any more."""
        if not self._holds:
            self._read_links(True)

    def _read_links(self, reading: bool) -> None:
        for link in self._links:
            if reading:
                link.resume("UART")
            else:
                link.pause("UART")

    def hold(self, reason: str) -> None:
        """Keep data for the UART back, as in command mode; bounded, for no link is read then."""
        self._holds.add(reason)

    def release(self, reason: str) -> None:
        """End one reason to hold."""
        self._holds.discard(reason)
        if self._holds:
            return
        held, self._held = self._held, []
        for data in held:
            self._port.write(data)
        self._read_links(not self._port.full)
