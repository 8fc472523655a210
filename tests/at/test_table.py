"""The table of commands against the manual (4.2.1) and docs/decisions.md."""

import dataclasses

import pytest

from usr7s3d.at.engine import assign
from usr7s3d.at.fields import ParameterError
from usr7s3d.at.table import BY_NAME, COMMANDS, GROUPS, PARAMS, Command, Param, in_force
from usr7s3d.settings.model import FACTORY

# The list of manual 4.2.1.  Number n has section 4.2.1.n up to 46; the list has HTPPK as
# number 47, for which there is no section, so that those behind it are one off.
MANUAL = {
    "Management commands": "H Z E ENTM WKMOD CALEN NATEN UATEN CMDPW CACHEN STMSG RSTIM",
    "Configuration commands": "S RELD CLEAR CFGTF",
    "Query information commands": "VER SN ICCID IMEI CNUM",
    "UART parameters commands": "UART RFCEN",
    "Socket parameters commands":
        "APN SOCKA SOCKB SOCKAEN SOCKBEN SOCKASL SOCKBSL SOCKALK SOCKBLK SOCKIDEN",
    "Register package parameters commands": "REGEN REGTP REGID REGDT REGSND",
    "Heartbeat package parameters commands": "HEARTEN HEARTDT HEARTTP HEARTTM",
    "HTTPD parameters commands": "HTPTP HTPURL HTPSV HTPHD HTPPK",
    "SMS message parameters commands": "DSTNUM SMSSEND",
    "USR Cloud function": "CLOUDEN CLOUDID CLOUDPA",
}  # fmt: skip
NAMES = " ".join(MANUAL.values()).split()
EXTENSIONS = {
    "SLEEPTIM", "UARTFT", "UARTFL", "CMDTO", "SHORATO", "SHORBTO", "SOCKRSTIM", "HTPTO",
}  # fmt: skip

# What AT+X=? prints, section by section; HTPPK and RSTIM, where the manual prints nothing,
# and the extensions have ranges of our own (docs/decisions.md).
ON_OFF = '<"on","off">'
RANGES = {
    "E": ON_OFF,
    "WKMOD": '<"CMD","SMS","NET","HTTPD">',
    "CALEN": ON_OFF,
    "NATEN": ON_OFF,
    "UATEN": ON_OFF,
    "CMDPW": '<"password">',
    "CACHEN": ON_OFF,
    "STMSG": '<"welcome message">',
    "RSTIM": "<0~65535>",
    "UART":
        "<2400,4800,9600,14400,19200,28800,33600,38400,57600,115200,230400,460800,921600>,"
        '<"NONE","ODD","EVEN">,<7,8>,<1,2>,<"NONE","CRTS","RS485">',
    "RFCEN": ON_OFF,
    "APN": '<"code">',
    "SOCKA": '<"TCP","UDP">,<"address">,<port>',
    "SOCKB": '<"TCP","UDP">,<"address">,<port>',
    "SOCKAEN": ON_OFF,
    "SOCKBEN": ON_OFF,
    "SOCKASL": '<"short","long">',
    "SOCKBSL": '<"short","long">',
    "SOCKIDEN": ON_OFF,
    "REGEN": ON_OFF,
    "REGTP": '<"ICCID","IMEI","REGID","REGDT">',
    "REGID": "<id>",
    "REGDT": "<data>",
    "REGSND": '<"link","data","link&data">',
    "HEARTEN": ON_OFF,
    "HEARTDT": '<"data">',
    "HEARTTP": '<"COM","NET">',
    "HEARTTM": '<"time">',
    "HTPTP": '<"GET","POST">',
    "HTPURL": '<"URL">',
    "HTPSV": '<"address">,<port>',
    "HTPHD": '<"head">',
    "HTPPK": ON_OFF,
    "DSTNUM": '<"number">',
    "SMSSEND": '<"number">,<1,2,3>,<"data">',
    "CLOUDEN": ON_OFF,
    "CLOUDID": '<"id">',
    "CLOUDPA": '<"pass">',
    "SLEEPTIM": "<0>",
    "UARTFT": "<0~500>",
    "UARTFL": "<5~4096>",
    "CMDTO": "<0~65535>",
    "SHORATO": "<1~65535>",
    "SHORBTO": "<1~65535>",
    "SOCKRSTIM": "<0~65535>",
    "HTPTO": "<1~600>",
}  # fmt: skip

# The factory values, as queries show them.
WWW_USR_CN = '"7777772E7573722E636E"'
FACTORY_VALUES = {
    "E": '"on"', "WKMOD": '"NET"', "CALEN": '"off"', "NATEN": '"on"',
    "UATEN": '"on"', "CMDPW": '"usr.cn"', "CACHEN": '"on"', "STMSG": '"USR-7S3"',
    "RSTIM": "1800", "UART": '115200,"NONE",8,1,"NONE"', "RFCEN": '"off"',
    "APN": '"CMNET","",""', "SOCKA": '"TCP","test.usr.cn",2317',
    "SOCKB": '"TCP","test.usr.cn",2317', "SOCKAEN": '"on"', "SOCKBEN": '"off"',
    "SOCKASL": '"long"', "SOCKBSL": '"long"', "SOCKIDEN": '"off"', "REGEN": '"off"',
    "REGTP": '"REGDT"', "REGID": "0", "REGDT": WWW_USR_CN, "REGSND": '"link"',
    "HEARTEN": '"on"', "HEARTDT": WWW_USR_CN, "HEARTTP": '"NET"', "HEARTTM": "30",
    "HTPTP": '"GET"', "HTPURL": '"/1.php?"', "HTPSV": '"www.usr.cn",80',
    "HTPHD": '"Connection: close[0D][0A]"', "HTPPK": '"on"', "DSTNUM": '""',
    "CLOUDEN": '"off"', "CLOUDID": '"00000000000000000000"', "CLOUDPA": '"00000000"',
    "UARTFT": "50", "UARTFL": "1024", "SHORATO": "10", "SHORBTO": "10", "SOCKRSTIM": "0",
    "CMDTO": "600", "HTPTO": "10",
}  # fmt: skip

every_command = pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.name)
every_param = pytest.mark.parametrize("param", [param for _, param in PARAMS.values()], ids=str)


@pytest.mark.manual("4.2.1", "52 commands, in ten groups")
def test_the_52_commands_of_the_manual_in_its_order() -> None:
    ours = {g.title: " ".join(c.name for c in g.commands if c.manual) for g in GROUPS}
    assert ours == MANUAL
    assert len(NAMES) == 52


def test_each_with_its_section() -> None:
    for number, name in enumerate(NAMES, 1):
        section = {47: ""}.get(number, f".{number - (number > 47)}")
        assert BY_NAME[name].manual == f"4.2.1{section}"


def test_what_is_not_the_manuals_is_a_known_extension() -> None:
    assert {c.name for c in COMMANDS if not c.manual} == EXTENSIONS


def test_two_names_for_one_command() -> None:
    assert BY_NAME["SMSEND"] is BY_NAME["SMSSEND"]
    assert BY_NAME["CLOUDEDN"] is BY_NAME["CLOUDEN"]
    assert BY_NAME["HTPTIM"] is BY_NAME["HTPTO"]
    assert len(BY_NAME) == len(COMMANDS) + 3


def test_every_setting_has_one_row() -> None:
    settings = {
        f"{section.name}.{field.name}"
        for section in dataclasses.fields(FACTORY)
        for field in dataclasses.fields(getattr(FACTORY, section.name))
    }
    assert set(PARAMS) == settings
    assert len(PARAMS) == sum(len(c.params) for c in COMMANDS)


@every_command
def test_a_row_is_one_kind_of_command(command: Command) -> None:
    assert [bool(command.params), bool(command.action), bool(command.fact)].count(True) == 1
    assert command.summary
    assert command.name == command.name.upper()


@every_command
@pytest.mark.manual("4.2", "type 1, `AT+X=?`: the range")
def test_ranges_are_what_the_manual_prints(command: Command) -> None:
    assert command.hint == RANGES.get(command.name, "")


@every_param
def test_factory_value_survives_its_own_grammar(param: Param) -> None:
    value = FACTORY.get(param.setting)
    assert param.field.parse(param.field.format(value).strip('"')) == value
    assert param.field.check(value) == value


@every_command
@pytest.mark.manual("1.2", "default settings: mode, server, UART, heartbeat")
def test_factory_values_are_the_manuals(command: Command) -> None:
    shown = ",".join(p.field.format(FACTORY.get(p.setting)) for p in command.params)
    assert shown == FACTORY_VALUES.get(command.name, "")
    if command.params:
        assert assign(command, shown, FACTORY) == FACTORY


def test_only_these_commands_act_at_once() -> None:
    at_once = {c.name for c in COMMANDS if c.at_once}
    assert at_once == {"E", "NATEN", "UATEN", "CMDPW", "CALEN", "DSTNUM"}


@pytest.mark.manual("3.2", "after setting, the module has to restart")
def test_everything_else_acts_from_the_next_restart() -> None:
    running = FACTORY
    for name, values in {"E": "off", "CMDPW": "pw", "HEARTTM": "5", "SOCKA": "UDP,a,1"}.items():
        running = assign(BY_NAME[name], values, running)
    now = in_force(FACTORY, running)
    assert (now.module.echo, now.commands.password) == (False, "pw")
    assert (now.heartbeat, now.socket_a) == (FACTORY.heartbeat, FACTORY.socket_a)


# Every edge of every range: what is just inside, and what is just outside.
HEX_160, HEX_158 = '"' + "0f" * 80 + '"', '"' + "0F" * 79 + '"'
EDGES = {
    "WKMOD": (["CMD", "SMS", "NET", "HTTPD", '"httpd"'], ["GPRS", '""', "NET,NET"]),
    "CMDPW": (
        ['""', "x" * 32, '" pass word "', "!$%&'()*+-./:;<=>?@[]^_`{|}~", '"a,b"'],
        ["x" * 33, "a#b", "a,b", '"a\x1fb"', "\xe9", '"a"b'],
    ),
    "STMSG": (['""', "x" * 64, '"[0D][0A]hello, you"', "\xe9"], ["x" * 65, "\x01", "a,b"]),
    "RSTIM": (["0", "1", "59", "65535"], ["65536", "-1", "", "x"]),
    "UART": (
        [
            "2400,NONE,8,1,NONE",
            "921600,EVEN,7,2,CRTS",
            "115200,odd,8,1,rs485",
            '"115200","NONE","8","1","NONE"',
        ],
        [
            "1200,NONE,8,1,NONE",
            "921601,NONE,8,1,NONE",
            "115200,MARK,8,1,NONE",
            "115200,NONE,6,1,NONE",
            "115200,NONE,9,1,NONE",
            "115200,NONE,8,0,NONE",
            "115200,NONE,8,3,NONE",
            "115200,NONE,8,1.5,NONE",
            "115200,NONE,8,1,XONXOFF",
            "115200,NONE,8,1",
            "115200,NONE,8,1,NONE,NONE",
            "115200",
        ],
    ),
    "UARTFT": (["0", "500"], ["501", "-1"]),
    "UARTFL": (["5", "4096"], ["4", "4097", "0"]),
    "CMDTO": (["0", "65535"], ["65536"]),
    "APN": (
        ["x" * 50, "a,b", "a,b,c", '"","",""', ",,", f"a,{'u' * 20},{'p' * 20}", '"a,b"'],
        ["x" * 51, f"a,{'u' * 21}", f"a,b,{'p' * 21}", "a,b,c,d"],
    ),
    "SOCKA": (
        [
            "TCP,a,1",
            "udp,1.2.3.4,65535",
            f"TCP,{'x' * 100},80",
            "TCP,2001:db8::1,80",
            "TCP,fe80::1%eth0,80",
            "TCP,my_host-1.example.,80",
        ],
        [
            "TCP,a,0",
            "TCP,a,65536",
            "TCP,a",
            "TCP,a,",
            "TCP,,80",
            'TCP,"",80',
            f"TCP,{'x' * 101},80",
            "SCTP,a,80",
            "TCP,a b,80",
            "TCP,[2001:db8::1],80",
            "TCP,http://a/,80",
            "TCP,\xe9,80",
            "TCP,a,80,1",
        ],
    ),
    "SOCKASL": (["long", "SHORT"], ["none", '""']),
    "SHORATO": (["1", "65535"], ["0", "65536"]),
    "SHORBTO": (["1", "65535"], ["0", "65536"]),
    "SOCKRSTIM": (["0", "65535"], ["65536"]),
    "REGTP": (["iccid", "IMEI", "REGID", "REGDT"], ["CLOUD"]),
    "REGID": (["0", "65535"], ["65536", "-1"]),
    "REGDT": ([HEX_160, HEX_158, '""', "aA"], [HEX_160[:-1] + '00"', '"0"', '"0G"', '"0 0 "']),
    "REGSND": (["link", "data", "LINK&DATA"], ["link,data"]),
    "HEARTDT": ([HEX_160, '""'], [HEX_160[:-1] + '00"', '"777"', '"www."']),
    "HEARTTP": (["com", "NET"], ["SMS"]),
    "HEARTTM": (["1", "65535", '"30"'], ["0", "65536"]),
    "HTPTP": (["get", "POST"], ["PUT"]),
    "HTPURL": (["x" * 200, '"/a,b?c=[20]"', '""'], ["x" * 201, "/a,b"]),
    "HTPSV": (["a,1", "a,65535"], ["a", "a,0", "a,65536", ",80", "a b,80"]),
    "HTPHD": (["x" * 500, '"A: b, c[0D][0A]"', '""'], ["x" * 501]),
    "HTPTO": (["1", "600"], ["0", "601"]),
    "DSTNUM": (
        ['""', "1", "+8613800138000", "1" * 20, "+" + "1" * 19],
        ["1" * 21, "+" + "1" * 20, "+", "1 2", "13-8", "*100#", "1+1"],
    ),
    "CLOUDID": (["1" * 20], ["1" * 19, "1" * 21, '""']),
    "CLOUDPA": (["0000test"], ["0000tes", "0000testx", '""']),
}


def test_every_kind_of_value_has_its_edges_here() -> None:
    alike = {"SOCKB", "SOCKBSL"}
    switches = {c.name for c in COMMANDS if c.hint == ON_OFF}
    assert {c.name for c in COMMANDS if c.params} == set(EDGES) | alike | switches


@pytest.mark.parametrize(("name", "values"), [(n, v) for n, e in EDGES.items() for v in e[0]])
def test_inside(name: str, values: str) -> None:
    command = BY_NAME[name]
    settings = assign(command, values, FACTORY)
    shown = ",".join(p.field.format(settings.get(p.setting)) for p in command.params)
    assert assign(command, shown, FACTORY) == settings


@pytest.mark.parametrize(("name", "values"), [(n, v) for n, e in EDGES.items() for v in e[1]])
def test_outside(name: str, values: str) -> None:
    with pytest.raises(ParameterError):
        assign(BY_NAME[name], values, FACTORY)


def test_too_many_values_are_counted_in_words() -> None:
    with pytest.raises(ParameterError, match=r"^CMDPW takes 1 value$"):
        assign(BY_NAME["CMDPW"], "a,b", FACTORY)
    with pytest.raises(ParameterError, match=r"^SOCKA takes 3 values$"):
        assign(BY_NAME["SOCKA"], "a,b", FACTORY)


@pytest.mark.parametrize("command", [c for c in COMMANDS if c.hint == ON_OFF], ids=lambda c: c.name)
def test_switches(command: Command) -> None:
    (param,) = command.params
    assert assign(command, "ON", FACTORY).get(param.setting) is True
    assert assign(command, '"off"', FACTORY).get(param.setting) is False
    for values in ("1", "true", '""', "on,off", '" on"'):
        with pytest.raises(ParameterError):
            assign(command, values, FACTORY)
