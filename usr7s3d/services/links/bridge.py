"""Joins the UART and the links: every packet to every link, every link to the UART.

Pressure travels back both ways.  The UART is not read while a link that is worth
waiting for is full; no link is read while too much waits for the UART.
"""

from collections.abc import Callable, Sequence

from usr7s3d.core.runs import RunMarker
from usr7s3d.services.links.link import Link
from usr7s3d.services.outlet import Outlet
from usr7s3d.services.port import Port

Moved = Callable[[str, str, int], None]  # told from where, to where, and how many bytes


class Bridge:
    """The data path of NET mode (manual 3.2.1).  ``show_id`` is SOCKIDEN."""

    def __init__(
        self,
        port: Port,
        outlet: Outlet,
        links: Sequence[Link],
        *,
        show_id: bool,
        clock: Callable[[], float],
        moved: Moved,
    ) -> None:
        self._port = port
        self._outlet = outlet
        self._links = links
        self._moved = moved
        self._marker = RunMarker() if show_id else None
        self._clock = clock
        for link in links:
            link.changed = self._link_changed

    def from_uart(self, packet: bytes) -> None:
        """Give ``packet`` to every link."""
        for link in self._links:
            link.send(packet)
            self._moved("UART", link.name, len(packet))
            if link.holds_up:
                self._port.pause("links")

    def _link_changed(self) -> None:
        if not any(link.holds_up for link in self._links):
            self._port.resume("links")

    def to_uart(self, name: str, data: bytes, *, datagram: bool) -> None:
        """Give the UART ``data`` that socket ``name`` has received."""
        if self._marker:
            mark = self._marker.mark(name, self._clock(), datagram=datagram)
            self._outlet.write(mark + data)
        else:
            self._outlet.write(data)
        self._moved(name, "UART", len(data))

    def flow(self, reading: bool) -> None:
        """Whether the links may be read: the UART takes what they bring."""
        for link in self._links:
            if reading:
                link.resume("UART")
            else:
                link.pause("UART")
