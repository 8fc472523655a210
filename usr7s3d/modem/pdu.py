"""SMS as the modem hands them out and takes them, in hex (3GPP TS 23.040 9.2.2, TS 27.005 3.1).

    service centre | first octet | address | ... | user data

A message that is cut short, or that cannot be, is a :class:`PduError` and nothing else; there is
no guessing what it may have said.
"""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from usr7s3d.modem.octets import (
    Address,
    Octets,
    PduError,
    read_address,
    read_centre,
    read_time,
)
from usr7s3d.modem.userdata import Body, read_body

__all__ = ["Deliver", "Outcome", "PduError", "StatusReport", "Submit", "decode"]

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_VALIDITY = (0, 7, 1, 7)  # octets, by the two bits of 9.2.3.3
_HEADER = 0x40  # 9.2.3.23


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """A message, or a part of one, that came for us (9.2.2.1)."""

    centre: Address
    sender: Address
    time: datetime | None  # when the service centre took it
    protocol: int  # TP-PID; 0x40 is one that must not be shown (9.2.3.9)
    body: Body

    @property
    def text(self) -> str:
        """Of this part alone."""
        return self.body.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """A message that was stored to be sent (9.2.2.2); ours never are."""

    centre: Address
    reference: int
    receiver: Address
    body: Body

    @property
    def text(self) -> str:
        """Of this part alone."""
        return self.body.text


class Outcome(Enum):
    """What a status (9.2.3.15) says in the end."""

    DELIVERED = "delivered"
    TRYING = "trying"  # the centre goes on
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusReport:
    """What became of a message of ours (9.2.2.3)."""

    centre: Address
    reference: int  # that +CMGS gave
    receiver: Address
    time: datetime | None  # when the centre took the message
    discharged: datetime | None  # when what `status` says happened
    status: int

    @property
    def outcome(self) -> Outcome:
        """Whether it is there."""
        if self.status < 0x20:
            return Outcome.DELIVERED
        return Outcome.TRYING if self.status < 0x40 else Outcome.FAILED


Message = Deliver | Submit | StatusReport


def decode(text: str) -> Message:
    """Read one message as it stands in a +CMGL, +CMGR, +CMT or +CDS.

    Raises:
        PduError: It is cut short, or no such message can exist.
    """
    if not _HEX.fullmatch(text := text.strip()):
        raise PduError("not in hex")
    octets = Octets(bytes.fromhex(text))
    centre = read_centre(octets)
    first = octets.octet()
    kind = first & 3  # message type, 9.2.3.1
    if kind == 3:
        raise PduError("reserved message type")
    return (_deliver, _submit, _status_report)[kind](octets, centre, first)


def _deliver(octets: Octets, centre: Address, first: int) -> Deliver:
    sender = read_address(octets)
    protocol, coding = octets.take(2)
    time = read_time(octets)
    body = read_body(octets, coding, has_header=bool(first & _HEADER))
    _nothing_behind(octets)
    return Deliver(centre=centre, sender=sender, time=time, protocol=protocol, body=body)


def _submit(octets: Octets, centre: Address, first: int) -> Submit:
    reference = octets.octet()
    receiver = read_address(octets)
    _, coding = octets.take(2)
    octets.take(_VALIDITY[first >> 3 & 3])
    body = read_body(octets, coding, has_header=bool(first & _HEADER))
    _nothing_behind(octets)
    return Submit(centre=centre, reference=reference, receiver=receiver, body=body)


def _status_report(octets: Octets, centre: Address, _first: int) -> StatusReport:
    reference = octets.octet()
    receiver = read_address(octets)
    time, discharged = read_time(octets), read_time(octets)
    return StatusReport(
        centre=centre,
        reference=reference,
        receiver=receiver,
        time=time,
        discharged=discharged,
        status=octets.octet(),
    )  # optional fields behind it say nothing that we use


def _nothing_behind(octets: Octets) -> None:
    """A SIM fills its records with FF; anything else means that the lengths before are wrong."""
    if octets.rest().strip(b"\xff"):
        raise PduError("more octets than the message has")
