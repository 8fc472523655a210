"""SMS mode (manual 3.2.3): what the UART sends goes to one phone, what it sends to the UART."""

import asyncio
import logging
import math
from collections.abc import Callable

from usr7s3d.modem.joiner import Joined
from usr7s3d.modem.numbers import same_number
from usr7s3d.modem.userdata import Alphabet
from usr7s3d.services.links.bridge import Moved
from usr7s3d.services.outlet import Outlet
from usr7s3d.services.sms.desk import Desk

log = logging.getLogger(__name__)


class SmsMode:
    """One UART packet is one SMS to DSTNUM; its texts go to the UART and nothing else does."""

    def __init__(
        self,
        desk: Desk,
        outlet: Outlet,
        *,
        destination: Callable[[], str],
        look: Callable[[], None],
        moved: Moved,
    ) -> None:
        self._desk = desk
        self._outlet = outlet
        self._destination = destination
        self._look = look
        self._moved = moved
        self._told = False
        self._clock = asyncio.get_running_loop().time
        self.last_received_at = -math.inf

    def from_uart(self, packet: bytes) -> None:
        """Queue it."""
        if number := self._destination():
            self._told = False
            self._moved("UART", "SMS", len(packet))
            self._desk.text(number, self._desk.decode(packet))
            return
        self._desk.counters.dropped += 1
        if not self._told:
            log.warning("SMS: DSTNUM is empty: what the UART sends goes nowhere")
        self._told = True

    def flow(self, reading: bool) -> None:
        """The UART takes more: what waits in the store may come."""
        if reading:
            self._look()

    def wants(self, sender: str) -> bool:
        """Whether SMS from there are for the UART."""
        return same_number(sender, self._destination())

    def deliver(self, joined: Joined) -> bool:
        """Give the UART its text; False: it takes none now."""
        if not self._outlet.open:
            return False
        binary = joined.parts[0].body.alphabet is Alphabet.DATA
        data = joined.data if binary else self._desk.encode(joined.text)
        self.last_received_at = self._clock()
        self._moved("SMS", "UART", len(data))
        self._outlet.write(data)
        return True
