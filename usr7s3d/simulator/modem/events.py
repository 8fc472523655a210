"""What the modem does, for the shell to carry out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Write:
    """Bytes out of a port."""

    port: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Plug:
    """Its ports appear."""


@dataclass(frozen=True, slots=True)
class Unplug:
    """Its ports vanish, and with them what was not read yet."""


@dataclass(frozen=True, slots=True)
class CallUp:
    """A data call begins: the carrier has the line, see :class:`Carry`."""

    port: str
    number: str
    apn: str


@dataclass(frozen=True, slots=True)
class Carry:
    """Bytes for the carrier."""

    data: bytes


@dataclass(frozen=True, slots=True)
class CallDown:
    """The data call is over."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Something for the person who watches."""

    text: str


Event = Write | Plug | Unplug | CallUp | Carry | CallDown | Tell
