"""The fields that SMS messages are made of (3GPP TS 23.040 9.1.2): addresses, times, octets."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from usr7s3d.modem.alphabets import from_septets, octets_for, unpack

DIGITS = "0123456789*#abc"  # 9.1.2.3; F is filler
INTERNATIONAL, ALPHANUMERIC = 1, 5  # type of number, 9.1.2.5
LONGEST_ADDRESS = 20  # semi-octets
LONGEST_CENTRE = 11  # octets of a service centre's address with its type, 3GPP TS 24.011 8.2.5


class PduError(ValueError):
    """No such message can exist; or it cannot be sent."""


class Octets:
    """Octets to be taken from the front."""

    def __init__(self, octets: bytes) -> None:
        self._rest = octets

    def take(self, count: int) -> bytes:
        """The next ``count`` octets; there must be as many."""
        if count > len(self._rest):
            raise PduError(f"{count - len(self._rest)} octets short")
        taken, self._rest = self._rest[:count], self._rest[count:]
        return taken

    def octet(self) -> int:
        """The next one."""
        return self.take(1)[0]

    def rest(self) -> bytes:
        """What is left."""
        return self.take(len(self._rest))

    def __len__(self) -> int:
        return len(self._rest)


@dataclass(frozen=True, slots=True)
class Address:
    """A number or a name; ``kind`` and ``plan`` are TON and NPI of 9.1.2.5."""

    text: str  # digits, * # a b c without +, or a name
    kind: int = 0
    plan: int = 1

    @property
    def alphanumeric(self) -> bool:
        """A name, to which nothing can be sent."""
        return self.kind == ALPHANUMERIC

    @property
    def number(self) -> str:
        """What may be compared with a number: of a name nothing, though it may be digits."""
        return "" if self.alphanumeric else str(self)

    def __str__(self) -> str:
        return "+" + self.text if self.kind == INTERNATIONAL and self.text else self.text


def read_address(octets: Octets) -> Address:
    """An address of a message: its length counts semi-octets."""
    length = octets.octet()
    if length > LONGEST_ADDRESS:
        raise PduError(f"an address of {length} digits")
    return _address(octets, length)


def read_centre(octets: Octets) -> Address:
    """The service centre's address: its length counts octets, with the type (27.005 3.1)."""
    length = octets.octet()
    if length > LONGEST_CENTRE:
        raise PduError(f"a service centre's address of {length} octets")
    return _address(octets, (length - 1) * 2) if length else Address("")


def _address(octets: Octets, semi_octets: int) -> Address:
    kind = octets.octet()
    ton, npi = kind >> 4 & 7, kind & 15
    value = octets.take((semi_octets + 1) // 2)
    read = _name if ton == ALPHANUMERIC else _digits
    return Address(read(value, semi_octets), ton, npi)


def _digits(value: bytes, count: int) -> str:
    nibbles = [nibble for octet in value for nibble in (octet & 15, octet >> 4)][:count]
    while nibbles and nibbles[-1] == 15:  # filler, which some senders count
        nibbles.pop()
    if 15 in nibbles:
        raise PduError("filler between digits")
    return "".join(DIGITS[nibble] for nibble in nibbles)


def _name(value: bytes, semi_octets: int) -> str:
    count = semi_octets * 4 // 7
    septets = unpack(value[: octets_for(count)], count)
    # A sender that counts whole octets says 14 for seven letters, and the fill bits look like an @.
    if count % 8 == 0 and semi_octets % 2 == 0 and septets.endswith(b"\0"):
        septets = septets[:-1]
    return from_septets(septets)


def write_address(number: str) -> bytes:
    """An address to send to: ``+4917...``, ``017...``, ``*100#``.

    Raises:
        PduError: No number: a name, or empty, or too long.
    """
    digits = number.removeprefix("+")
    if not 1 <= len(digits) <= LONGEST_ADDRESS or set(digits) - set(DIGITS):
        raise PduError("no number that can be sent to")
    # Without + it may be national, a short code, anything: "unknown", the network sees.
    kind = 0x91 if number.startswith("+") else 0x81
    nibbles = [DIGITS.index(digit) for digit in digits] + [15] * (len(digits) % 2)
    pairs = zip(nibbles[::2], nibbles[1::2], strict=True)
    return bytes((len(digits), kind, *(high << 4 | low for low, high in pairs)))


def read_time(octets: Octets) -> datetime | None:
    """A time stamp of seven octets (9.2.3.11); None when it is no date.

    A message is worth more than its date, so that is no reason to refuse it.
    """
    *date, zone = octets.take(7)
    try:
        year, month, day, hour, minute, second = (_decimal(octet) for octet in date)
        # Quarters of an hour; bit 3, the tens digit's highest, is the sign.
        offset = timedelta(minutes=15 * _decimal(zone & ~8)) * (-1 if zone & 8 else 1)
        year += 1900 if year >= 90 else 2000
        return datetime(year, month, day, hour, minute, second, tzinfo=timezone(offset))
    except ValueError:
        return None


def _decimal(octet: int) -> int:
    """Two decimal digits in swapped semi-octets."""
    return int(f"{octet & 15:x}{octet >> 4:x}")
