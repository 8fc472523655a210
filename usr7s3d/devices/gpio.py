"""GPIO lines, through the kernel's character device (<linux/gpio.h>, version 2 of its calls).

A chip is meant by its name or its label, a line by its number or its name: numbers of chips
differ between boards and kernels (the header is gpiochip4 of an early Pi 5, gpiochip0 of a later
one), labels and names do not.  Python's own binding has one interface on bookworm and another on
trixie; the kernel's calls are the same on both.
"""

import contextlib
import errno
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path
from types import TracebackType
from typing import Self

DEV = Path("/dev")
CONSUMER = "usr7s3d"  # what gpioinfo shows beside a line of ours

# The 40-pin header: Pi 1 to 3 and Zero, Pi 4, Pi 5.
HEADER_LABELS = ("pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1")

CHIP_INFO = struct.Struct("32s 32s I")
LINE_INFO = struct.Struct("32s 32s I I Q 160x 16x")
LINE_CONFIG = struct.Struct("Q I 20x")  # flags, attributes in use; 10 of those follow
ATTRIBUTE = struct.Struct("I 4x Q Q")  # id, value, which of the lines
ATTRIBUTES = 10
LINE_REQUEST = struct.Struct("I 252x 32s 272s I I 20x i")  # first offset ... lines, events, fd
VALUES = struct.Struct("Q Q")  # bits, mask
EVENT = struct.Struct("Q I I I I 24x")

GET_CHIP_INFO = 0x8044B401
GET_LINE_INFO = 0xC100B405
GET_LINE = 0xC250B407
GET_VALUES = 0xC010B40E
SET_VALUES = 0xC010B40F

USED, ACTIVE_LOW, INPUT, OUTPUT = 1 << 0, 1 << 1, 1 << 2, 1 << 3
EDGE_RISING, EDGE_FALLING, BIAS_PULL_UP = 1 << 4, 1 << 5, 1 << 8
OUTPUT_VALUES = 2  # the attribute that holds a line's first level
RISING = 1  # the event


@dataclass(frozen=True, slots=True)
class Chip:
    """A GPIO chip of this machine."""

    path: Path
    name: str
    label: str
    lines: int

    @property
    def header(self) -> bool:
        """Whether the pins of the 40-pin header are its lines."""
        return self.label in HEADER_LABELS


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line is, and who has it (nobody: empty)."""

    chip: Chip
    offset: int
    name: str
    user: str


@dataclass(frozen=True, slots=True)
class Edge:
    """An input became active, or ceased to be."""

    active: bool
    at: float  # s, by the clock of the event loop


class Line:
    """A line that is ours until it is closed.  Active is what counts, whatever its level."""

    def __init__(self, fd: int) -> None:
        self.fd = fd  # readable when there are edges

    def set(self, active: bool) -> None:
        """Drive an output.  Raises OSError."""
        ioctl(self.fd, SET_VALUES, VALUES.pack(active, 1))

    def get(self) -> bool:
        """Read a line; of an output, what it was set to.  Raises OSError."""
        bits, _ = VALUES.unpack(ioctl(self.fd, GET_VALUES, VALUES.pack(0, 1)))
        return bool(bits & 1)

    def edges(self) -> list[Edge]:
        """What happened to an input since the last call; none when there is nothing to read."""
        try:
            data = os.read(self.fd, 16 * EVENT.size)
        except BlockingIOError:
            return []
        return [Edge(kind == RISING, at / 1e9) for at, kind, *_ in EVENT.iter_unpack(data)]

    def close(self) -> None:
        """Give it back; safe to call twice.  The kernel keeps an output's level or drops it."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


def open_output(
    chip: str, line: str, *, active_low: bool = False, active: bool = False, dev: Path = DEV
) -> Line:
    """Take a line and drive it, from the first moment to ``active``.  Raises OSError."""
    flags = OUTPUT | (ACTIVE_LOW if active_low else 0)
    return _take(find(chip, line, dev), flags, active)


def open_input(chip: str, line: str, *, active_low: bool = True, dev: Path = DEV) -> Line:
    """Take a line to read, and to be told of its edges; active low gets a pull-up.

    Raises OSError.
    """
    flags = INPUT | EDGE_RISING | EDGE_FALLING
    return _take(find(chip, line, dev), flags | (ACTIVE_LOW | BIAS_PULL_UP if active_low else 0))


def chips(dev: Path = DEV) -> list[Chip]:
    """Every chip that can be asked; one with the header's pins comes first."""
    found: dict[str, Chip] = {}
    for path in sorted(dev.glob("gpiochip*"), key=lambda path: (len(path.name), path.name)):
        with contextlib.suppress(OSError), _opened(path) as fd:
            name, label, lines = CHIP_INFO.unpack(ioctl(fd, GET_CHIP_INFO, bytes(CHIP_INFO.size)))
            # A Pi 5 has a second name for its header, for programs that know the old number.
            found.setdefault(_text(name), Chip(path, _text(name), _text(label), lines))
    return sorted(found.values(), key=lambda chip: not chip.header)


def find(chip: str, line: str, dev: Path = DEV) -> Place:
    """Where ``line`` (number or name) of ``chip`` (name, label, or empty) is.  Raises OSError.

    Without a chip a number is one of the header's, and a name may be on any chip.
    """
    known = chips(dev)
    meant = [c for c in known if chip in (c.name, c.label, c.path.name)] if chip else known
    if not meant:
        what = f"no GPIO chip {chip}" if chip else "no GPIO chip that we may open"
        raise OSError(errno.ENODEV, what)
    if not line.isdecimal():
        return _by_name(meant, line)
    if not chip:
        meant = [c for c in known if c.header]
    if not meant:
        raise OSError(errno.ENODEV, "no GPIO chip of a 40-pin header: name the chip")
    if int(line) >= meant[0].lines:
        raise OSError(errno.EINVAL, f"{meant[0].name} has lines 0 to {meant[0].lines - 1}")
    return place(meant[0], int(line))


def place(chip: Chip, offset: int) -> Place:
    """A line by its number.  Raises OSError."""
    with _opened(chip.path) as fd:
        return _place(fd, chip, offset)


def _by_name(among: list[Chip], wanted: str) -> Place:
    for chip in among:
        with _opened(chip.path) as fd:
            for offset in range(chip.lines):
                if (found := _place(fd, chip, offset)).name == wanted:
                    return found
    raise OSError(errno.ENODEV, f"no GPIO line {wanted} on {', '.join(c.name for c in among)}")


def _place(fd: int, chip: Chip, offset: int) -> Place:
    answer = ioctl(fd, GET_LINE_INFO, LINE_INFO.pack(b"", b"", offset, 0, 0))
    name, consumer, _, _, flags = LINE_INFO.unpack(answer)
    user = _text(consumer) or "the kernel" if flags & USED else ""
    return Place(chip, offset, _text(name), user)


def _take(place: Place, flags: int, active: bool = False) -> Line:
    attributes = ATTRIBUTE.pack(OUTPUT_VALUES, active, 1) if flags & OUTPUT else b""
    config = LINE_CONFIG.pack(flags, 1 if attributes else 0) + attributes
    request = LINE_REQUEST.pack(place.offset, CONSUMER.encode(), config, 1, 0, 0)
    with _opened(place.chip.path) as fd:
        try:
            *_, line = LINE_REQUEST.unpack(ioctl(fd, GET_LINE, request))
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            user = place.user or "another program"
            words = f"line {place.offset} of {place.chip.name} belongs to {user}"
            raise OSError(errno.EBUSY, words) from error
    os.set_blocking(line, False)
    return Line(line)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode("utf-8", "replace")
