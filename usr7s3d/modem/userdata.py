"""What an SMS carries: coding, header, text or data (3GPP TS 23.038 4, TS 23.040 9.2.3.24)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from itertools import groupby

from usr7s3d.modem.alphabets import from_septets, octets_for, pack, unpack
from usr7s3d.modem.octets import Octets, PduError

CONCATENATED, CONCATENATED_WIDE = 0x00, 0x08  # information elements, 9.2.3.24.1 and .8
PORTS, PORTS_WIDE = 0x04, 0x05  # 9.2.3.24.3 and .4
SINGLE_SHIFT, LOCKING_SHIFT = 0x24, 0x25  # 9.2.3.24.15 and .16

LONGEST = 140  # octets of user data, header included


class Alphabet(Enum):
    """How characters are coded."""

    GSM7 = auto()
    DATA = auto()  # no characters: octets
    UCS2 = auto()  # UTF-16 in truth: phones send emoji as surrogates


def alphabet(coding: int) -> Alphabet:
    """The alphabet of a data coding scheme (23.038 4); what is reserved there is GSM7.

    Raises:
        PduError: The text is compressed (3GPP TS 23.042), which nobody sends.
    """
    if coding < 0x80:  # general groups
        if coding & 0x20:
            raise PduError("compressed text")
        return (Alphabet.GSM7, Alphabet.DATA, Alphabet.UCS2, Alphabet.GSM7)[coding >> 2 & 3]
    if coding >= 0xF0:  # with a class
        return Alphabet.DATA if coding & 4 else Alphabet.GSM7
    return Alphabet.UCS2 if coding >= 0xE0 else Alphabet.GSM7  # "message waiting", reserved


@dataclass(frozen=True, slots=True)
class Concatenation:
    """This part's place in a longer message."""

    reference: int
    total: int
    number: int  # from 1
    wide: bool  # the reference has 16 bits


@dataclass(frozen=True, slots=True)
class Ports:
    """For which application it is."""

    destination: int
    source: int


Element = tuple[int, bytes]


@dataclass(frozen=True, slots=True)
class Body:
    """User data: ``data`` has septets, one per byte, or octets, by the alphabet."""

    coding: int  # data coding scheme as it came
    data: bytes
    elements: tuple[Element, ...] = ()  # of the header

    @property
    def alphabet(self) -> Alphabet:
        """How :attr:`data` is to be read."""
        return alphabet(self.coding)

    @property
    def message_class(self) -> int | None:
        """0 = shown at once and not stored (flash) to 3; None = no class (23.038 4)."""
        has_class = self.coding & 0x10 if self.coding < 0x80 else self.coding >= 0xF0
        return self.coding & 3 if has_class else None

    @property
    def text(self) -> str:
        """The text of this part alone; empty for 8-bit data."""
        return join((self,))

    @property
    def concatenation(self) -> Concatenation | None:
        """None also when the element makes no sense: it is ignored then (9.2.3.24.1)."""
        element = self._last(CONCATENATED, CONCATENATED_WIDE)
        if element is None or len(element[1]) != (4 if element[0] else 3):
            return None
        *reference, total, number = element[1]
        if not 1 <= number <= total:
            return None
        return Concatenation(int.from_bytes(bytes(reference), "big"), total, number, element[0] > 0)

    @property
    def ports(self) -> Ports | None:
        """None when there are none."""
        element = self._last(PORTS, PORTS_WIDE)
        if element is None or len(element[1]) != (2 if element[0] == PORTS else 4):
            return None
        half = len(element[1]) // 2
        destination, source = element[1][:half], element[1][half:]
        return Ports(int.from_bytes(destination, "big"), int.from_bytes(source, "big"))

    def language(self, shift: int) -> int:
        """The national language of a shift table, 0 = none."""
        element = self._last(shift)
        return element[1][0] if element and len(element[1]) == 1 else 0

    def _last(self, *kinds: int) -> Element | None:
        """Of an element that came twice, the later one counts (9.2.3.24)."""
        return next((e for e in reversed(self.elements) if e[0] in kinds), None)


def _reading(body: Body) -> tuple[Alphabet, int, int]:
    return body.alphabet, body.language(LOCKING_SHIFT), body.language(SINGLE_SHIFT)


def join(parts: Iterable[Body]) -> str:
    """The text of consecutive parts, where a character may be cut in two between them."""
    text = ""
    for (how, locking, single), group in groupby(parts, _reading):
        data = b"".join(part.data for part in group)
        if how is Alphabet.UCS2:
            text += data.decode("utf-16-be", "replace")
        elif how is Alphabet.GSM7:
            text += from_septets(data, locking, single)
    return text


def read_body(octets: Octets, coding: int, *, has_header: bool) -> Body:
    """User data with its length, to the end of the message."""
    length = octets.octet()
    how = alphabet(coding)
    octet_count = octets_for(length) if how is Alphabet.GSM7 else length
    if octet_count > LONGEST:
        raise PduError(f"{octet_count} octets of user data")
    data = octets.take(octet_count)
    header = data[: data[0] + 1] if has_header and data else b""
    if has_header and not header:
        raise PduError("no header where one should be")
    elements = _elements(header[1:], header[0]) if header else ()
    if how is Alphabet.GSM7:
        skip = septets_for(header)
        if skip > length:
            raise PduError("the header is longer than the message")
        return Body(coding, unpack(data, length)[skip:], elements)
    if how is Alphabet.UCS2 and (length - len(header)) % 2:
        raise PduError("half a character")
    return Body(coding, data[len(header) :], elements)


def _elements(header: bytes, length: int) -> tuple[Element, ...]:
    octets = Octets(header)
    if len(octets) < length:
        raise PduError("the header is cut short")
    elements = []
    while len(octets):
        kind = octets.octet()
        elements.append((kind, octets.take(octets.octet())))
    return tuple(elements)


def write_body(body: Body) -> bytes:
    """User data with its length in front."""
    header = b"".join(bytes((kind, len(data))) + data for kind, data in body.elements)
    if header:
        header = bytes((len(header),)) + header
    if body.alphabet is not Alphabet.GSM7:
        return bytes((len(header) + len(body.data),)) + header + body.data
    skip = septets_for(header)
    # Fill bits bring the text to a septet's border: unpacking the header gives them as well.
    front = unpack((header + b"\0")[: octets_for(skip)], skip)
    return bytes((skip + len(body.data),)) + pack(front + body.data)


def septets_for(header: bytes) -> int:
    """How many septets a header and its fill bits take."""
    return (len(header) * 8 + 6) // 7
