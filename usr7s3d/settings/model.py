"""What the module remembers: names, types and factory values.  Nothing else.

Ranges and spelling live in ``at/table.py``, file I/O in ``devices/state.py``.
A setting is added by one line here and one row there; ``tests/at/test_table.py``
complains until both exist.  Factory values are those of the manual (1.2 and the
examples of 4.2.1); where it is silent, docs/decisions.md says who chose.

Text is kept as latin-1: each character is one byte as it came over the wire.
"""

from dataclasses import dataclass, field, fields, replace
from operator import attrgetter
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """The module as a whole (manual 4.2.1.3-6, 4.2.1.11-12)."""

    echo: bool = True
    mode: str = "NET"
    answer_calls: bool = False
    welcome: str = "USR-7S3"
    restart_after: int = 1800  # s without a byte from UART or network; 0 = never


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """The doors for commands (manual 4.2.1.7-9)."""

    network: bool = True
    uart: bool = True
    password: str = field(default="usr.cn", repr=False)
    timeout: int = 600  # s in command mode without a good command; 0 = for ever


@dataclass(frozen=True, slots=True, kw_only=True)
class Uart:
    """The serial line and how its bytes become packets (manual 4.2.1.22-23)."""

    baud: int = 115_200  # bit/s
    parity: str = "NONE"
    data_bits: int = 8
    stop_bits: int = 1
    flow: str = "NONE"
    packet_time: int = 50  # ms of silence that end a packet; 0 = bytes leave as they are read
    packet_length: int = 1024  # bytes that end a packet
    similar_rfc2217: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Apn:
    """Access point of the mobile network (manual 4.2.1.24)."""

    name: str = "CMNET"
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Socket:
    """One of the two sockets (manual 4.2.1.25-30)."""

    enabled: bool = True
    protocol: str = "TCP"
    host: str = "test.usr.cn"
    port: int = 2317
    connection: str = "long"
    short_timeout: int = 10  # s without traffic that close a short connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What both sockets share (manual 4.2.1.10, 4.2.1.33)."""

    cache: bool = True
    show_id: bool = False
    reconnect_after: int = 0  # s between attempts; 0 = the growing back-off


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """The register packet (manual 3.3, 4.2.1.34-38)."""

    enabled: bool = False
    type: str = "REGDT"
    id: int = 0
    data: str = "7777772E7573722E636E"  # hex of "www.usr.cn"
    send: str = "link"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """The heartbeat packet (manual 3.4, 4.2.1.39-42)."""

    enabled: bool = True
    data: str = "7777772E7573722E636E"  # hex of "www.usr.cn"
    target: str = "NET"
    period: int = 30  # s


@dataclass(frozen=True, slots=True, kw_only=True)
class Httpd:
    """HTTPD mode (manual 3.2.2, 4.2.1.43-46)."""

    method: str = "GET"
    url: str = "/1.php?"
    host: str = "www.usr.cn"
    port: int = 80
    headers: str = "Connection: close[0D][0A]"
    body_only: bool = True
    timeout: int = 10  # s for one request


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """SMS mode (manual 3.2.3, 4.2.1.47)."""

    destination: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """USR Cloud (manual 3.5, 4.2.1.49-51)."""

    enabled: bool = False
    device_id: str = "0" * 20
    password: str = field(default="0" * 8, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One complete, immutable set of parameters."""

    module: Module = Module()
    commands: Commands = Commands()
    uart: Uart = Uart()
    apn: Apn = Apn()
    socket_a: Socket = Socket()
    socket_b: Socket = Socket(enabled=False)
    links: Links = Links()
    register: Register = Register()
    heartbeat: Heartbeat = Heartbeat()
    httpd: Httpd = Httpd()
    sms: Sms = Sms()
    cloud: Cloud = Cloud()

    def get(self, path: str) -> Any:
        """The value at ``path``, as in ``"heartbeat.period"``."""
        return attrgetter(path)(self)

    def put(self, path: str, value: object) -> "Settings":
        """A copy in which ``path`` has ``value``."""
        section, name = path.split(".")
        changed = replace(getattr(self, section), **{name: value})
        return replace(self, **{section: changed})


def is_secret(path: str) -> bool:
    """Whether the value at ``path`` is kept out of logs, status and comparisons."""
    section, name = path.split(".")
    return not next(each for each in fields(getattr(FACTORY, section)) if each.name == name).repr


FACTORY = Settings()
