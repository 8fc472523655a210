"""What we know of the modem, its SIM and its network at one moment."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # who has no modem needs none of that
    from usr7s3d.modem.network import Registration, Signal

# As status shows it.  none: it is not wanted; sim: the SIM is not ready.
NONE, ABSENT, STARTING, SIM = "none", "absent", "starting", "sim"
SEARCHING, DENIED, REGISTERED = "searching", "denied", "registered"

# Access technologies (3GPP TS 27.007 7.3), in words that people use.
TECHNOLOGIES = {
    0: "GSM", 1: "GSM", 2: "UMTS", 3: "EDGE", 4: "HSPA", 5: "HSPA", 6: "HSPA", 7: "LTE",
    8: "EC-GSM-IoT", 9: "NB-IoT", 10: "LTE", 11: "5G", 12: "5G", 13: "5G",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """Empty and None: not known."""

    state: str = NONE
    usb: str = ""  # where it is plugged, "1-1.2"
    at_port: str = ""
    data_port: str = ""  # empty: the one that takes commands
    model: str = ""
    imei: str = ""
    sim: str = ""  # as +CPIN says it; empty while nobody has asked
    iccid: str = ""
    imsi: str = ""
    number: str | None = None  # empty: the SIM does not know it
    signal: "Signal | None" = None
    dbm: int | None = None
    registration: "Registration | None" = None
    attached: bool = False  # to packet service
    operator: str = ""
    technology: str = ""
    stays_offline: bool = False  # roams, and may not
    problem: str = ""  # what keeps it from working, in words, and what to do

    @property
    def present(self) -> bool:
        """Whether there is a modem that answers, or is about to."""
        return self.state not in (NONE, ABSENT)


def best(registrations: "list[Registration | None]") -> "Registration | None":
    """Of those for calls, packets and LTE, the one that tells what the modem can do."""
    known = [each for each in registrations if each]
    return min(known, key=_rank, default=None)


def _rank(registration: "Registration") -> int:
    if registration.registered:
        return 0
    return 1 if registration.denied else 3 if registration.stat == 0 else 2


def state(registration: "Registration | None") -> str:
    """The state of a modem whose SIM is ready."""
    if registration and registration.registered:
        return REGISTERED
    return DENIED if registration and registration.denied else SEARCHING


def in_words(seen: Seen) -> str:
    """Its state for the log."""
    words = seen.state
    if seen.state == REGISTERED:
        where = " ".join(filter(None, (seen.operator, seen.technology)))
        level = "" if seen.dbm is None else f", {seen.dbm} dBm"
        words = f"registered{' in ' if where else ''}{where}{level}"
    return f"{words}: {seen.problem}" if seen.problem else words
