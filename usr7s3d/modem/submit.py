"""SMS to send, cut into as many as they need (3GPP TS 23.040 9.2.2.2)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from usr7s3d.modem.alphabets import fits_gsm7, to_septets
from usr7s3d.modem.octets import PduError, write_address
from usr7s3d.modem.userdata import CONCATENATED, Alphabet, Body, write_body

_SUBMIT, _REPORT, _HEADER = 0x01, 0x20, 0x40  # first octet: 9.2.3.1, 9.2.3.5, 9.2.3.23
_CODING = {Alphabet.GSM7: 0x00, Alphabet.DATA: 0x04, Alphabet.UCS2: 0x08}  # 23.038 4
_WITH_CLASS = 0x10  # the class is in bits 1 and 0

# Septets or octets of one message, and of one among several: 6 octets of header, 7 septets.
ROOM = {Alphabet.GSM7: (160, 153), Alphabet.DATA: (140, 134), Alphabet.UCS2: (140, 134)}
MOST_PARTS = 255


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message for ``AT+CMGS=<length>``."""

    pdu: str  # hex, the service centre's address (none: the SIM's own) in front
    length: int  # octets without that address, 3GPP TS 27.005 3.5.1


def encode(
    number: str,
    text: str | bytes,
    *,
    alphabet: Alphabet | None = None,
    reference: int = 0,
    message_class: int | None = None,
    report: bool = False,
) -> list[Outgoing]:
    """The messages that bring ``text`` to ``number``, in order.

    Args:
        number: Digits, ``+`` in front when it is international.
        text: Bytes go as 8-bit data.
        alphabet: None = 7 bits where they do, else UCS-2.
        reference: Common to the parts of one text; the next text should have another.
        message_class: 0 is flash.
        report: Ask for a status report.

    Raises:
        PduError: The number cannot be sent to, the alphabet lacks a character, more than 255 parts.
    """
    if alphabet is None:
        alphabet = _alphabet_for(text)
    to = write_address(number)
    coding = _CODING[alphabet]
    if message_class is not None:
        coding |= _WITH_CLASS | message_class
    parts = _cut(_units(text, alphabet), *ROOM[alphabet])
    if len(parts) > MOST_PARTS:
        raise PduError(f"{len(parts)} parts")
    first = _SUBMIT | (_REPORT if report else 0) | (_HEADER if len(parts) > 1 else 0)
    return [
        _outgoing(bytes((first, 0)) + to + bytes((0, coding)), Body(coding, part, elements))
        for part, elements in zip(parts, _numbered(len(parts), reference), strict=True)
    ]


def _alphabet_for(text: str | bytes) -> Alphabet:
    if isinstance(text, bytes):
        return Alphabet.DATA
    return Alphabet.GSM7 if fits_gsm7(text) else Alphabet.UCS2


def _units(text: str | bytes, alphabet: Alphabet) -> Sequence[bytes]:
    """What must not be cut: a character with its escape, a surrogate pair, an octet."""
    try:
        if alphabet is Alphabet.DATA:
            data = text if isinstance(text, bytes) else text.encode()
            return [bytes((octet,)) for octet in data]
        if isinstance(text, bytes):
            text = text.decode()
        if alphabet is Alphabet.GSM7:
            return to_septets(text)
        return [char.encode("utf-16-be") for char in text]
    except ValueError as error:  # no such character, or bytes that are no UTF-8
        raise PduError(str(error)) from None


def _cut(units: Iterable[bytes], alone: int, among_several: int) -> list[bytes]:
    units = list(units)
    if sum(map(len, units)) <= alone:
        return [b"".join(units)]
    parts = [b""]
    for unit in units:
        if len(parts[-1]) + len(unit) > among_several:
            parts.append(b"")
        parts[-1] += unit
    return parts


def _numbered(total: int, reference: int) -> list[tuple[tuple[int, bytes], ...]]:
    if total == 1:
        return [()]
    # Eight bits of reference: every phone knows those (9.2.3.24.1).
    return [
        ((CONCATENATED, bytes((reference & 0xFF, total, number))),)
        for number in range(1, total + 1)
    ]


def _outgoing(head: bytes, body: Body) -> Outgoing:
    tpdu = head + write_body(body)
    return Outgoing("00" + tpdu.hex().upper(), len(tpdu))
