"""Every AT command, once.

The parser, the replies, ``AT+H``, the settings files, the reference pages in
``docs/`` and the conformance tests are all read off this table.  To add a
command, add a row; to understand one, read its row beside the manual section it
names.  The modem's own basic commands stand in ``at/basic.py``.
"""

from dataclasses import dataclass, field
from enum import Enum

from usr7s3d.at.fields import Choice, Field, Number, OnOff, Text
from usr7s3d.settings.model import Settings


class Action(Enum):
    """What a command asks of the rest of the daemon; the engine only says so."""

    HELP = "print the list of commands"
    RESTART = "restart from the saved settings"
    LEAVE_COMMAND_MODE = "go back to the data"
    SAVE = "save, then restart"
    SAVE_DEFAULT = "save as the user default"
    RESTORE_DEFAULT = "restore the user default, then restart"
    RESTORE_FACTORY = "restore the factory values, then restart"
    SEND_SMS = "queue an SMS"
    WRITE_SMS = "write an SMS"
    LIST_SMS = "list the SMS received"
    READ_SMS = "read an SMS received"
    DELETE_SMS = "delete SMS received"


@dataclass(frozen=True, slots=True)
class Param:
    """One value of a command and the setting it shows and sets."""

    setting: str  # "section.name" in settings/model.py
    field: Field
    note: str = ""  # for the reference pages: what the bare range does not say


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A row.  It has either params, or an action, or a fact to show."""

    name: str
    manual: str  # the section; "" = an extension of ours
    summary: str  # the manual's words
    params: tuple[Param, ...] = ()
    required: int = 0  # how many values a set must give; 0 = all
    at_once: bool = False  # a set acts at once, not from the next restart (manual 4.2.1)
    action: Action | None = None
    arguments: tuple[Field, ...] = ()  # values that a set gives and no setting keeps
    fact: str = ""  # of a query: the attribute of at.facts.Facts
    ranges: str = ""  # the text of AT+X=? where the manual's differs from the fields' hints
    aliases: tuple[str, ...] = field(default=())

    @property
    def hint(self) -> str:
        """The text of ``AT+X=?``, without the command's name."""
        fields = self.arguments or tuple(param.field for param in self.params)
        return self.ranges or ",".join(f"<{f.hint}>" for f in fields)


@dataclass(frozen=True, slots=True)
class Group:
    """A heading of the manual's list (4.2.1) and its commands."""

    title: str
    commands: tuple[Command, ...]


BAUD_RATES = (
    2400, 4800, 9600, 14400, 19200, 28800, 33600, 38400,
    57600, 115200, 230400, 460800, 921600,
)  # fmt: skip


def _switch(name: str, manual: str, summary: str, setting: str, at_once: bool = False) -> Command:
    params = (Param(setting, OnOff()),)
    return Command(name=name, manual=manual, summary=summary, params=params, at_once=at_once)


def _address(name: str, manual: str, socket: str) -> Command:
    return Command(
        name=f"SOCK{name}",
        manual=manual,
        summary=f"query/set socket {name} parameters",
        params=(
            Param(f"{socket}.protocol", Choice(("TCP", "UDP"))),
            Param(f"{socket}.host", _HOST, "a name, IPv4, or IPv6 without brackets"),
            Param(f"{socket}.port", _PORT),
        ),
    )


def _duration(name: str, manual: str, socket: str) -> Command:
    return Command(
        name=f"SOCK{name}SL",
        manual=manual,
        summary=f"query/set socket {name} long or short connection",
        params=(Param(f"{socket}.connection", Choice(("short", "long"))),),
    )


_HOST = Text('"address"', 100, 1, r"[0-9A-Za-z._:%-]*", "a host name or address")
_PORT = Number(1, 65535, "port")
_NUMBER = Text('"number"', 20, 0, r"(\+?[0-9]+)?", "digits with an optional +")


def _hex(label: str) -> Text:
    # The manual's "80 bytes" may mean digits or bytes; 160 digits serve both readings.
    return Text(label, 160, 0, r"([0-9A-Fa-f]{2})*", "pairs of hex digits")


MANAGEMENT = Group("Management commands", (
    Command(name="H", manual="4.2.1.1", summary="help message", action=Action.HELP),
    Command(name="Z", manual="4.2.1.2", summary="restart", action=Action.RESTART),
    _switch("E", "4.2.1.3", "query/set enable/disable echo", "module.echo", at_once=True),
    Command(name="ENTM", manual="4.2.1.4", summary="quit command mode",
            action=Action.LEAVE_COMMAND_MODE),
    Command(name="WKMOD", manual="4.2.1.5", summary="query/set work mode",
            params=(Param("module.mode", Choice(("CMD", "SMS", "NET", "HTTPD"))),)),
    _switch("CALEN", "4.2.1.6", "query/set if allow to call", "module.answer_calls", at_once=True),
    _switch("NATEN", "4.2.1.7", "query/set enable/disable network command",
            "commands.network", at_once=True),
    _switch("UATEN", "4.2.1.8", "query/set enable/disable serial port command",
            "commands.uart", at_once=True),
    Command(name="CMDPW", manual="4.2.1.9", summary="query/set command password", at_once=True,
            params=(Param("commands.password",
                          Text('"password"', 32, 0, r'[ !$-~]*', 'printable, without # and "'),
                          "network and SMS doors stay shut while it is usr.cn or empty"),)),
    _switch("CACHEN", "4.2.1.10", "query/set enable/disable data cache", "links.cache"),
    Command(name="STMSG", manual="4.2.1.11", summary="query/set welcome message",
            params=(Param("module.welcome", Text('"welcome message"', 64),
                          "[hh] is one byte in hex; empty = none is sent"),)),
    Command(name="RSTIM", manual="4.2.1.12", summary="query/set restart time",
            params=(Param("module.restart_after", Number(0, 65535, unit="s"),
                          "0 = never; 1 to 59 act as 60"),)),
))  # fmt: skip

CONFIGURATION = Group("Configuration commands", (
    Command(name="S", manual="4.2.1.13", summary="save current settings", action=Action.SAVE),
    Command(name="RELD", manual="4.2.1.14", summary="restore to user default settings",
            action=Action.RESTORE_DEFAULT),
    Command(name="CLEAR", manual="4.2.1.15", summary="restore to factory settings",
            action=Action.RESTORE_FACTORY),
    Command(name="CFGTF", manual="4.2.1.16", summary="save current setting as default setting",
            action=Action.SAVE_DEFAULT),
))  # fmt: skip

INFORMATION = Group("Query information commands", (
    Command(name="VER", manual="4.2.1.17", summary="query firmware version", fact="version"),
    Command(name="SN", manual="4.2.1.18", summary="query SN code", fact="serial_number"),
    Command(name="ICCID", manual="4.2.1.19", summary="query ICCID code", fact="iccid"),
    Command(name="IMEI", manual="4.2.1.20", summary="query IMEI code", fact="imei"),
    Command(name="CNUM", manual="4.2.1.21", summary="query the current phone number",
            fact="number"),
    Command(name="SLEEPTIM", manual="", summary="query/set sleep time (this module never sleeps)",
            fact="sleep_time", arguments=(Choice((0,)),)),
))  # fmt: skip

UART = Group("UART parameters commands", (
    Command(name="UART", manual="4.2.1.22", summary="query/set serial port parameters", params=(
        Param("uart.baud", Choice(BAUD_RATES), "bit/s"),
        Param("uart.parity", Choice(("NONE", "ODD", "EVEN"))),
        Param("uart.data_bits", Choice((7, 8))),
        Param("uart.stop_bits", Choice((1, 2))),
        Param("uart.flow", Choice(("NONE", "CRTS", "RS485"))),
    )),
    _switch("RFCEN", "4.2.1.23", "query/set enable/disable similar RFC2217",
            "uart.similar_rfc2217"),
    Command(name="UARTFT", manual="", summary="query/set silence that ends a packet",
            params=(Param("uart.packet_time", Number(0, 500, unit="ms"),
                          "0 = bytes leave as they are read"),)),
    Command(name="UARTFL", manual="", summary="query/set length that ends a packet",
            params=(Param("uart.packet_length", Number(5, 4096, unit="bytes")),)),
    Command(name="CMDTO", manual="", summary="query/set time-out of command mode",
            params=(Param("commands.timeout", Number(0, 65535, unit="s"),
                          "without a line that was answered OK; 0 = never"),)),
))  # fmt: skip

SOCKETS = Group("Socket parameters commands", (
    Command(name="APN", manual="4.2.1.24", summary="query/set APN code", required=1,
            ranges='<"code">', params=(
                Param("apn.name", Text('"code"', 50)),
                Param("apn.user", Text('"user"', 20), "may be left out: empty"),
                Param("apn.password", Text('"password"', 20), "may be left out: empty"),
            )),
    _address("A", "4.2.1.25", "socket_a"),
    _address("B", "4.2.1.26", "socket_b"),
    _switch("SOCKAEN", "4.2.1.27", "query/set enable/disable socket A", "socket_a.enabled"),
    _switch("SOCKBEN", "4.2.1.28", "query/set enable/disable socket B", "socket_b.enabled"),
    _duration("A", "4.2.1.29", "socket_a"),
    _duration("B", "4.2.1.30", "socket_b"),
    Command(name="SOCKALK", manual="4.2.1.31", summary="query socket A connection status",
            fact="link_a"),
    Command(name="SOCKBLK", manual="4.2.1.32", summary="query socket B connection status",
            fact="link_b"),
    _switch("SOCKIDEN", "4.2.1.33", "query/set whether show socket ID function",
            "links.show_id"),
    Command(name="SHORATO", manual="", summary="query/set time-out of short connection A",
            params=(Param("socket_a.short_timeout", Number(1, 65535, unit="s")),)),
    Command(name="SHORBTO", manual="", summary="query/set time-out of short connection B",
            params=(Param("socket_b.short_timeout", Number(1, 65535, unit="s")),)),
    Command(name="SOCKRSTIM", manual="", summary="query/set time between connection attempts",
            params=(Param("links.reconnect_after", Number(0, 65535, unit="s"),
                          "0 = 1, 2, 4 ... 60 s"),)),
))  # fmt: skip

REGISTER = Group("Register package parameters commands", (
    _switch("REGEN", "4.2.1.34", "query/set enable/disable register package", "register.enabled"),
    Command(name="REGTP", manual="4.2.1.35", summary="query/set register package data type",
            params=(Param("register.type", Choice(("ICCID", "IMEI", "REGID", "REGDT"))),)),
    Command(name="REGID", manual="4.2.1.36", summary="query/set register ID",
            params=(Param("register.id", Number(0, 65535, "id")),)),
    Command(name="REGDT", manual="4.2.1.37", summary="query/set register user-defined data",
            params=(Param("register.data", _hex("data"), "empty = nothing is sent"),)),
    Command(name="REGSND", manual="4.2.1.38", summary="query/set register package sending type",
            params=(Param("register.send", Choice(("link", "data", "link&data"))),)),
))  # fmt: skip

HEARTBEAT = Group("Heartbeat package parameters commands", (
    _switch("HEARTEN", "4.2.1.39", "query/set enable/disable heartbeat", "heartbeat.enabled"),
    Command(name="HEARTDT", manual="4.2.1.40", summary="query/set heartbeat data",
            params=(Param("heartbeat.data", _hex('"data"'), "empty = nothing is sent"),)),
    Command(name="HEARTTP", manual="4.2.1.41",
            summary="query/set heartbeat package sending type",
            params=(Param("heartbeat.target", Choice(("COM", "NET"))),)),
    Command(name="HEARTTM", manual="4.2.1.42", summary="query/set heartbeat time",
            params=(Param("heartbeat.period", Number(1, 65535, '"time"', "s")),)),
))  # fmt: skip

HTTPD = Group("HTTPD parameters commands", (
    Command(name="HTPTP", manual="4.2.1.43", summary="query/set HTTP request type",
            params=(Param("httpd.method", Choice(("GET", "POST"))),)),
    Command(name="HTPURL", manual="4.2.1.44", summary="query/set HTTP URL",
            params=(Param("httpd.url", Text('"URL"', 200), "[hh] is one byte in hex"),)),
    Command(name="HTPSV", manual="4.2.1.45", summary="query/set HTTP server address and port",
            params=(Param("httpd.host", _HOST, "a name, IPv4, or IPv6 without brackets"),
                    Param("httpd.port", _PORT))),
    Command(name="HTPHD", manual="4.2.1.46", summary="query/set HTTP request head",
            params=(Param("httpd.headers", Text('"head"', 500), "[hh] is one byte in hex"),)),
    _switch("HTPPK", "4.2.1", "query/set whether open HEAD filtering function",
            "httpd.body_only"),
    Command(name="HTPTO", manual="", summary="query/set time-out of a request",
            aliases=("HTPTIM",), params=(Param("httpd.timeout", Number(1, 600, unit="s")),)),
))  # fmt: skip

SMS = Group("SMS message parameters commands", (
    Command(name="DSTNUM", manual="4.2.1.47", summary="query/set destination phone number",
            at_once=True, params=(Param("sms.destination", _NUMBER, "empty = nobody"),)),
    Command(name="SMSSEND", manual="4.2.1.48", summary="send SMS message", aliases=("SMSEND",),
            action=Action.SEND_SMS, ranges='<"number">,<1,2,3>,<"data">',
            arguments=(Text('"number"', 20, 1, r"\+?[0-9]+", "digits with an optional +"),
                       Choice((1, 2, 3)), Text('"data"', 1024, 1))),
))  # fmt: skip

CLOUD = Group("USR Cloud function", (
    Command(name="CLOUDEN", manual="4.2.1.49", summary="query/set cloud enable",
            aliases=("CLOUDEDN",), params=(Param("cloud.enabled", OnOff()),)),
    Command(name="CLOUDID", manual="4.2.1.50", summary="query/set 20 bits device ID in cloud",
            params=(Param("cloud.device_id", Text('"id"', 20, 20)),)),
    Command(name="CLOUDPA", manual="4.2.1.51",
            summary="query/set 8 bit communication password in cloud",
            params=(Param("cloud.password", Text('"pass"', 8, 8)),)),
))  # fmt: skip

GROUPS = (
    MANAGEMENT, CONFIGURATION, INFORMATION, UART, SOCKETS,
    REGISTER, HEARTBEAT, HTTPD, SMS, CLOUD,
)  # fmt: skip

COMMANDS = tuple(command for group in GROUPS for command in group.commands)
BY_NAME = {name: command for command in COMMANDS for name in (command.name, *command.aliases)}
PARAMS = {param.setting: (command, param) for command in COMMANDS for param in command.params}


def in_force(start: Settings, running: Settings) -> Settings:
    """What the module acts on: as it started, but for the commands that act at once."""
    for command in COMMANDS:
        if command.at_once:
            for param in command.params:
                start = start.put(param.setting, running.get(param.setting))
    return start
