"""Every key of /etc/usr7s3d/usr7s3d.toml, once: name, default, values, meaning.

The reader, ``--check``, the example file in ``etc/`` and ``docs/configuration.md``
are all read off these classes.  To add a key, add a line; then
``python -m usr7s3d.hostconfig.reference`` renews the two files.

A class is a table, its docstring the words above the table.
"""
# ruff: noqa: RUF009 - _key is dataclasses.field

from dataclasses import Field, dataclass, field, fields
from typing import Any, TypeVar

from usr7s3d.at.fields import Choice, Number
from usr7s3d.hostconfig.kinds import (
    SWITCH,
    GpioLine,
    Input,
    KernelLed,
    Kind,
    LineOffset,
    Output,
    Pattern,
    Template,
    Texts,
)
from usr7s3d.settings.model import FACTORY, Settings

T = TypeVar("T")
NO_MODEM = "none"
PORT_RANGE = "an absolute path, empty to find it, or `none` when there is no modem"


@dataclass(frozen=True, slots=True)
class About:
    """What stands beside a key: who may write what there, and why."""

    kind: Kind
    words: str
    example: str = ""  # TOML, where the default has none


def _key(default: T, kind: Kind, words: str, *, secret: bool = False, example: str = "") -> T:
    return field(default=default, repr=not secret, metadata={"about": About(kind, words, example)})


def about(key: "Field[Any]") -> About:
    """What stands beside ``key``, a field of one of the tables."""
    found = key.metadata["about"]
    assert isinstance(found, About)  # noqa: S101 - every key is made by _key
    return found


_PHONE = Pattern(r"\+?[0-9]{3,20}", "3 to 20 digits with an optional +")
_MODEM_PORT = Pattern(r"|none|/[^\x00-\x1f\x7f]+", PORT_RANGE)
_CHIP = Pattern(r"[A-Za-z0-9_.-]*", 'a chip name or label, as in `"gpiochip0"`')


@dataclass(frozen=True, slots=True, kw_only=True)
class Uart:
    """The serial port that the DTU's users are wired to."""

    device: str = _key(
        "",
        Pattern(
            r"|(pty:)?/[^\x00-\x1f\x7f]+", "an absolute path, `pty:` and such a path, or empty"
        ),
        "The tty. Empty: the UART of the 40-pin header (/dev/serial0, on a Pi 5 /dev/ttyAMA0). "
        "pty:/path: no hardware, make a pseudo terminal and link that path to it.",
    )
    escape_quiet_ms: int = _key(
        200,
        Number(1, 10000, unit="ms"),
        "T1: silence the UART must keep before +++ counts as the way into command mode.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rs485:
    """Who switches the RS485 transceiver to sending; acts while AT+UART has flow RS485."""

    direction: str = _key(
        "auto",
        Choice(("auto", "kernel", "rts", "gpio", "hardware")),
        "kernel: the tty driver; rts: we, by the RTS pin; gpio: we, by a GPIO line; hardware: "
        "the HAT by itself; auto: pick one and say which. With kernel, rts or gpio the factory "
        "flow of AT+UART is RS485.",
    )
    gpio_chip: str = _key(
        "",
        _CHIP,
        "Chip of the DE line for direction gpio. Empty: the chip of the 40-pin header.",
    )
    gpio_line: str = _key(
        "",
        LineOffset(),
        "DE line for direction gpio, numbered as on the chip (BCM number on the header).",
    )
    active_low: bool = _key(
        False, SWITCH, "The transceiver sends while the line is low (rts, gpio, kernel)."
    )
    delay_before_ms: int = _key(
        0, Number(0, 100, unit="ms"), "From switching to sending until the first bit."
    )
    delay_after_ms: int = _key(
        0, Number(0, 100, unit="ms"), "From the last bit until switching back to receiving."
    )
    echo: bool = _key(False, SWITCH, "The HAT hears its own bytes (RE tied low): drop that echo.")

    @property
    def takes_rts(self) -> bool:
        """Whether RTS switches the transceiver, so that there is none for flow control."""
        return self.direction in ("kernel", "rts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """The way to the network."""

    kind: str = _key(
        "ppp",
        Choice(("ppp", "host")),
        "ppp: dial through the modem; host: whatever network the Pi already has. "
        "Not set, and [modem] says that there is none: host.",
    )
    interface: str = _key(
        "",
        Pattern(r"[!-.0-9;-~]{0,15}", "a network interface, up to 15 characters"),
        "Bind the sockets to this interface (host). Empty: wherever the kernel's routes lead.",
    )
    pdp_type: str = _key(
        "IP", Choice(("IP", "IPV6", "IPV4V6")), "What to ask of the mobile network (ppp)."
    )
    auth: str = _key(
        "chap",
        Choice(("pap", "chap", "none")),
        "How to show the user and password of AT+APN (ppp).",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What sockets A and B do beyond the AT commands."""

    keepalive_s: int | None = _key(
        None,
        Number(0, 32767, unit="s"),
        "TCP keep-alive: a silent peer is asked after so many seconds. Each costs some 100 bytes "
        "of a metered SIM; 0: none. Not set: 60 on host, 240 on ppp.",
        example="240",
    )
    resend: bool = _key(
        True,
        SWITCH,
        "Send again what a broken TCP connection had not acknowledged. The server may see some "
        "of it twice; false: it may miss some.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Modem:
    """The USB modem: which one, its SIM, its SMS."""

    usb: str = _key(
        "",
        Pattern(
            r"|[0-9]+-[0-9]+(\.[0-9]+)*|[0-9A-Fa-f]{4}:[0-9A-Fa-f]{4}",
            'a USB path as in `"1-1.2"`, vid:pid as in `"1e0e:9001"`, or empty',
        ),
        "Which stick is ours, when there are several. Empty: the first that we know.",
    )
    at_port: str = _key("", _MODEM_PORT, "Its port for commands.")
    data_port: str = _key("", _MODEM_PORT, "Its port for PPP; may be the same.")
    pin: str = _key(
        "",
        Pattern(r"([0-9]{4,8})?", "4 to 8 digits, or empty"),
        "PIN of the SIM. Entered once, when asked for; a wrong one is never tried twice.",
        secret=True,
    )
    roaming: bool = _key(True, SWITCH, "Go online in networks other than the SIM's own.")
    operator: str = _key(
        "",
        Pattern(r"([0-9]{5,6})?", 'MCC and MNC, 5 or 6 digits as in `"26201"`, or empty'),
        "Stay in this network. Empty: the SIM and the modem choose.",
    )
    rat: str = _key(
        "auto",
        Choice(("auto", "2g", "3g", "4g", "nb-iot")),
        "Stay in this kind of network. auto: as the modem is set.",
    )
    power: GpioLine | None = _key(
        None,
        Output(led=False),
        'Line to the modem\'s power key, as "gpio:gpiochip0/4"; pressed when nothing else brought '
        "the modem back. Empty: none.",
    )
    uhubctl: str = _key(
        "",
        Pattern(r"([0-9][0-9.-]*/[0-9]{1,2})?", 'a hub and its port as in `"1-1/2"`, or empty'),
        "USB port whose power uhubctl can switch, as HUB/PORT; used like `power` and in its place. "
        "Empty: none.",
    )
    reboot: bool = _key(
        False,
        SWITCH,
        "Reboot the Pi when nothing else brought the modem back; usr7s3d-reboot.path has to be "
        "enabled, too.",
    )
    sms_gap_s: int = _key(
        0,
        Number(0, 86400, unit="s"),
        "Modem with one port: hang up that often to read SMS, which waits while PPP has the "
        "port. 0: never.",
    )
    sms_commands: bool = _key(
        True, SWITCH, "Take password commands by SMS (manual 4.1.4). See [safety], too."
    )
    sms_allow: tuple[str, ...] = _key(
        (),
        Texts(_PHONE),
        "Take them from these numbers only. Empty: from whoever knows the password.",
    )
    sms_per_hour: int = _key(
        60,
        Number(0, 10000),
        "Most SMS that leave in an hour, whoever asks for them; beyond, they are refused.",
    )
    sms_per_day: int = _key(200, Number(0, 100000), "The same for 24 hours.")

    @property
    def present(self) -> bool:
        """False when a port is ``none``."""
        return NO_MODEM not in (self.at_port, self.data_port)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who we say we are when there is no modem to ask; the register packet needs it."""

    imei: str = _key("", Pattern(r"([0-9]{15})?", "15 digits, or empty"), "For AT+IMEI.")
    iccid: str = _key("", Pattern(r"([0-9]{19,20})?", "19 or 20 digits, or empty"), "For AT+ICCID.")
    cnum: str = _key(
        "",
        Pattern(r"(\+?[0-9]{3,20})?", "3 to 20 digits with an optional +, or empty"),
        "For AT+CNUM.",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Safety:
    """Doors for commands from outside."""

    allow_default_password: bool = _key(
        False,
        SWITCH,
        "Open the network and SMS doors even while CMDPW is usr.cn, which is printed in the "
        "manual, or empty. Whoever reaches the DTU then commands it.",
    )


Light = GpioLine | KernelLed | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leds:
    """The module's lights (manual 3.7): "led:PWR", "gpio:gpiochip0/17", or empty for none."""

    power: Light = _key(None, Output(), "The daemon runs.")
    gprs: Light = _key(None, Output(), "Attached to the mobile network.")
    linka: Light = _key(None, Output(), "Socket A is connected.")
    linkb: Light = _key(None, Output(), "Socket B is connected.")
    data: Light = _key(None, Output(), "50 ms for each run of bytes.")
    work: Light = _key(None, Output(), "Toggles each second.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pins:
    """The module's keys, which close a GPIO line to ground: "gpio:gpiochip0/5", or empty."""

    reset: GpioLine | None = _key(None, Input(), "Restart, as AT+Z does.")
    reload: GpioLine | None = _key(None, Input(), "Held for 3 s: factory settings, as AT+CLEAR.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloud:
    """USR Cloud; its wire format is not public, so it can be corrected here."""

    login: str = _key(
        "{CLOUDID}{CLOUDPA}",
        Template(("CLOUDID", "CLOUDPA")),
        "First bytes on socket A while CLOUDEN is on. [hh] is one byte in hex.",
        secret=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sms:
    """SMS mode."""

    uart_charset: str = _key(
        "utf-8", Choice(("utf-8", "gbk")), "How text on the UART is encoded, both ways."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HostConfig:
    """The whole file, every key with a value."""

    uart: Uart = Uart()
    rs485: Rs485 = Rs485()
    bearer: Bearer = Bearer()
    link: Link = Link()
    modem: Modem = Modem()
    identity: Identity = Identity()
    safety: Safety = Safety()
    leds: Leds = Leds()
    pins: Pins = Pins()
    cloud: Cloud = Cloud()
    sms: Sms = Sms()
    factory: Settings = FACTORY

    @property
    def modem_wanted(self) -> bool:
        """Whether there is to be a modem.

        On the system's own network only one that ``[modem]`` names: any other may be the one that
        ModemManager has that network from.
        """
        named = self.modem.usb or self.modem.at_port or self.modem.data_port
        return self.modem.present and (self.bearer.kind == "ppp" or bool(named))

    @property
    def keepalive_s(self) -> int:
        """Seconds of TCP keep-alive on this bearer, 0 = none."""
        if self.link.keepalive_s is not None:
            return self.link.keepalive_s
        return 60 if self.bearer.kind == "host" else 240


DEFAULT = HostConfig()
TABLES: dict[str, Any] = {
    f.name: getattr(DEFAULT, f.name) for f in fields(DEFAULT) if f.name != "factory"
}
