"""The network's side: messages on their way to the modem, and what the modem has sent."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from usr7s3d.simulator.modem import pdu

BEGAN = datetime(2026, 1, 1, 12, tzinfo=UTC)  # at 0 s; the loop's clock knows no date
HOME, SEARCHING, DENIED, ROAMING, NONE = 1, 2, 3, 5, 0  # 3GPP TS 27.007 7.2
COVERAGE = {
    "home": HOME,
    "roaming": ROAMING,
    "denied": DENIED,
    "searching": SEARCHING,
    "lost": NONE,
}
MOST = 1000  # messages of each kind; then the oldest is forgotten


@dataclass(frozen=True, slots=True)
class Slot:
    """A message that the modem keeps."""

    message: pdu.Incoming
    read: bool = False


class Store:
    """Numbered slots on the SIM or in the modem; they outlive a power cut."""

    def __init__(self, slots: int, first: int) -> None:
        self.range = range(first, first + slots)
        self.slots: dict[int, Slot] = {}

    def add(self, message: pdu.Incoming) -> int | None:
        """Keep it in the lowest free slot; None when it is full."""
        free = next((index for index in self.range if index not in self.slots), None)
        if free is not None:
            self.slots[free] = Slot(message)
        return free


class Network:
    """Keeps what it cannot deliver, in order, and tries again as soon as there is room."""

    def __init__(self, centre: str) -> None:
        self._centre = centre
        self.coverage = HOME
        self.waiting: deque[pdu.Incoming] = deque(maxlen=MOST)
        self.sent: deque[pdu.Submit] = deque(maxlen=MOST)
        self.told: Callable[[pdu.Submit], None] = lambda _: None
        self._reference = 0

    def message(self, sender: str, text: str, now: float, *, flash: bool = False) -> None:
        """Somebody writes to the modem."""
        self._reference += 1
        time = moment(now)
        self.waiting += pdu.deliver(sender, text, time, self._centre, self._reference, flash=flash)

    def raw(self, octets: bytes) -> None:
        """A message as it is."""
        self.waiting.append(pdu.Incoming(octets))

    def take(self, message: pdu.Submit, now: float) -> None:
        """The modem has sent this."""
        self.sent.append(message)
        self.told(message)
        if message.report:
            self.waiting.append(pdu.report(message, moment(now), self._centre))


def moment(now: float) -> datetime:
    """The date and time on this network, to the second."""
    return (BEGAN + timedelta(seconds=now)).replace(microsecond=0)
