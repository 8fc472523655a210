"""Messages as the modem and the network exchange them (3GPP TS 23.040 9.2).

Its own codec: one shared with the daemon would agree with itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from usr7s3d.simulator.modem import gsm

ROOM = 140  # octets of user data
_DIGITS = "0123456789*#abc"
_INTERNATIONAL, _NATIONAL, _ALPHANUMERIC = 0x91, 0x81, 0xD0
_SEVEN_BIT, _EIGHT_BIT, _UCS2 = 0x00, 0x04, 0x08
_FLASH = 0x10  # class 0: shown at once, kept nowhere
_CONCATENATED = 0x00  # information element, 9.2.3.24.1


class PduError(ValueError):
    """Not a message that this network would take."""


@dataclass(frozen=True, slots=True)
class Submit:
    """What the modem's owner sends."""

    number: str
    text: str  # of 8-bit data: its hex
    alphabet: str  # "7-bit", "8-bit", "UCS-2"
    reference: int = 0  # its own count of the message
    report: bool = False  # wants to know when it has arrived
    part: tuple[int, int, int] | None = None  # reference, how many, which


@dataclass(frozen=True, slots=True)
class Incoming:
    """What the network has for the modem; ``pdu`` begins with the service centre."""

    pdu: bytes
    sender: str = ""
    text: str = ""
    time: datetime | None = None
    report: bool = False

    @property
    def length(self) -> int:
        """Octets without the service centre, as +CMGL and AT+CMGS count."""
        return len(self.pdu) - 1 - self.pdu[0]


class _Octets:
    """What has not been read yet."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def take(self, count: int) -> bytes:
        if len(self.data) < count:
            raise PduError("it ends too soon")
        taken, self.data = self.data[:count], self.data[count:]
        return taken

    def one(self) -> int:
        return self.take(1)[0]


def submit(pdu: bytes, length: int) -> Submit:
    """Read SMS-SUBMIT as AT+CMGS brings it.  Raises PduError."""
    octets = _Octets(pdu)
    octets.take(octets.one())  # service centre
    if len(octets.data) != length:
        raise PduError(f"{len(octets.data)} octets, not {length}")
    first, reference = octets.one(), octets.one()
    if first & 0b11 != 0b01:
        raise PduError("no SMS-SUBMIT")
    number = _address(octets, octets.one())
    octets.one()  # protocol
    coding = octets.one()
    octets.take({0b00: 0, 0b10: 1}.get(first >> 3 & 0b11, 7))  # validity
    count, data = octets.one(), octets.data
    header = _Octets(data).take(data[0] + 1) if first & 0x40 and data else b""
    alphabet, text = _user_data(coding, count, data, len(header))
    return Submit(number, text, alphabet, reference, bool(first & 0x20), _part(header))


def _address(octets: _Octets, digits: int) -> str:
    kind, data = octets.one(), octets.take((digits + 1) // 2)
    if kind & 0x70 == _ALPHANUMERIC & 0x70:
        return gsm.text(gsm.unpack(data, digits * 4 // 7))
    nibbles = [nibble for octet in data for nibble in (octet & 0xF, octet >> 4)][:digits]
    if 0xF in nibbles:
        raise PduError("a filler inside the number")
    plus = "+" if kind & 0x70 == _INTERNATIONAL & 0x70 else ""
    return plus + "".join(_DIGITS[nibble] for nibble in nibbles)


def _user_data(coding: int, count: int, data: bytes, header: int) -> tuple[str, str]:
    kind = coding & 0x0C if coding < 0x40 else {0xF: coding & 0x04}.get(coding >> 4)
    octets = (count * 7 + 7) // 8 if kind == _SEVEN_BIT else count
    if len(data) != octets or octets > ROOM or header > octets:
        raise PduError(f"{len(data)} octets of user data, {octets} announced")
    if kind == _SEVEN_BIT:
        skip = (header * 8 + 6) // 7
        return "7-bit", gsm.text(gsm.unpack(data, count)[skip:])
    if kind == _EIGHT_BIT:
        return "8-bit", data[header:].hex().upper()
    if kind == _UCS2:
        return "UCS-2", data[header:].decode("utf-16-be", errors="replace")
    raise PduError(f"coding {coding:02X}")


def _part(header: bytes) -> tuple[int, int, int] | None:
    rest = header[1:]
    while len(rest) >= 2:
        kind, size = rest[:2]
        body, rest = rest[2 : 2 + size], rest[2 + size :]
        if kind in (0x00, 0x08) and len(body) == size == (3 if kind == 0x00 else 4):
            return int.from_bytes(body[:-2], "big"), body[-2], body[-1]
    return None


def deliver(
    sender: str, text: str, time: datetime, centre: str, reference: int, *, flash: bool = False
) -> Iterator[Incoming]:
    """SMS-DELIVER: as many parts as the text needs."""
    coding, parts = _parts(text)
    for number, (said, body) in enumerate(parts, 1):
        many = bytes([5, _CONCATENATED, 3, reference & 0xFF, len(parts), number])
        header = many if len(parts) > 1 else b""
        count, data = _packed(coding, header, body)
        pdu = b"".join((
            _centre(centre),
            bytes([0x44 if header else 0x04]),
            _number(sender),
            bytes([0, coding | (_FLASH if flash else 0)]),
            _stamp(time),
            bytes([count]) + data,
        ))  # fmt: skip
        yield Incoming(pdu, sender, said, time)


def report(sent: Submit, time: datetime, centre: str) -> Incoming:
    """SMS-STATUS-REPORT: it has arrived."""
    head = bytes([0x06, sent.reference]) + _number(sent.number)
    pdu = _centre(centre) + head + _stamp(time) + _stamp(time) + b"\x00"
    return Incoming(pdu, sent.number, "", time, report=True)


def _packed(coding: int, header: bytes, body: bytes) -> tuple[int, bytes]:
    """The length as the header of a message tells it, and the user data."""
    if coding != _SEVEN_BIT:
        return len(header) + len(body), header + body
    fill = -len(header) * 8 % 7
    return (len(header) * 8 + fill) // 7 + len(body), header + gsm.pack(body, fill)


def _parts(text: str) -> tuple[int, list[tuple[str, bytes]]]:
    """The coding, and of each part its text, and its septets or octets."""
    if (codes := gsm.septets(text)) is not None:
        pieces = _pieces(text, [len(code) for code in codes], 160, 153)
        return _SEVEN_BIT, [(piece, _flat(piece)) for piece in pieces]
    sizes = [len(character.encode("utf-16-be")) for character in text]
    pieces = _pieces(text, sizes, ROOM, ROOM - 6)
    return _UCS2, [(piece, piece.encode("utf-16-be")) for piece in pieces]


def _flat(text: str) -> bytes:
    return bytes(code for codes in gsm.septets(text) or () for code in codes)


def _pieces(text: str, sizes: Sequence[int], alone: int, in_many: int) -> list[str]:
    if sum(sizes) <= alone:
        return [text]
    pieces, used = [""], 0
    for character, size in zip(text, sizes, strict=True):
        if used + size > in_many:
            pieces.append("")
            used = 0
        pieces[-1] += character
        used += size
    return pieces


def _number(number: str) -> bytes:
    digits = number.removeprefix("+")
    if digits and all(digit in _DIGITS for digit in digits):
        kind = _INTERNATIONAL if number.startswith("+") else _NATIONAL
        return bytes([len(digits), kind]) + _swapped(digits)
    codes = _flat(number)[:11]
    return bytes([(len(codes) * 7 + 3) // 4, _ALPHANUMERIC]) + gsm.pack(codes)


def _centre(number: str) -> bytes:
    address = _number(number)
    return bytes([len(address) - 1]) + address[1:]


def _swapped(digits: str) -> bytes:
    nibbles = [_DIGITS.index(digit) for digit in digits] + [0xF] * (len(digits) % 2)
    return bytes(low | high << 4 for low, high in zip(nibbles[::2], nibbles[1::2], strict=True))


def _stamp(time: datetime) -> bytes:
    offset = time.utcoffset()
    quarters = int(offset.total_seconds()) // 900 if offset else 0
    stamp = bytearray(_swapped(f"{time:%y%m%d%H%M%S}{abs(quarters):02}"))
    stamp[-1] |= 0x08 if quarters < 0 else 0
    return bytes(stamp)
