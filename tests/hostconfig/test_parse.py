"""What a person may write in usr7s3d.toml, well and badly."""

from dataclasses import fields, replace
from operator import attrgetter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from usr7s3d.hostconfig import GpioLine, HostConfig, KernelLed, parse
from usr7s3d.hostconfig.model import DEFAULT, TABLES, about
from usr7s3d.hostconfig.parse import LONGEST
from usr7s3d.settings.model import FACTORY

PIN, PASSWORD = "0815", "hunter2#"


def good(text: str) -> HostConfig:
    parsed = parse(text, "F")
    assert parsed.lines == []
    return parsed.config


def bad(text: str) -> list[str]:
    return parse(text, "F").lines


def test_an_empty_file_is_all_defaults() -> None:
    assert good("") == HostConfig()


@pytest.mark.parametrize(
    ("text", "path", "value"),
    [
        ('uart.device = "/dev/ttyS0"', "uart.device", "/dev/ttyS0"),
        ('[uart]\ndevice = "pty:/tmp/tty"', "uart.device", "pty:/tmp/tty"),
        ('["rs485"]\n"direction" = "RTS"', "rs485.direction", "rts"),
        ("[rs485]\ngpio_line = 17", "rs485.gpio_line", "17"),
        ('[rs485]\ngpio_line = "GPIO17"', "rs485.gpio_line", "GPIO17"),
        ('bearer = { kind = "host", pdp_type = "IPV4V6" }', "bearer.pdp_type", "IPV4V6"),
        ("[link]\nkeepalive_s = 0", "link.keepalive_s", 0),
        ('[modem]\nusb = "1-1.2"', "modem.usb", "1-1.2"),
        ('[modem]\nusb = "1E0E:9001"', "modem.usb", "1E0E:9001"),
        ('[modem]\nsms_allow = ["+49170", "112"]', "modem.sms_allow", ("+49170", "112")),
        ('[modem]\npower = "gpio:/4"', "modem.power", GpioLine("", "4")),
        ('[leds]\nwork = "led:mmc0::"', "leds.work", KernelLed("mmc0::")),
        (
            '[leds]\ndata = "gpio:pinctrl-rp1/GPIO5,active_low"',
            "leds.data",
            GpioLine("pinctrl-rp1", "GPIO5", active_low=True),
        ),
        ('[leds]\nlinka = ""', "leds.linka", None),
        ('[pins]\nreset = "gpio:gpiochip0/5"', "pins.reset", GpioLine("gpiochip0", "5", True)),
        ("[cloud]\nlogin = '[02]{CLOUDPA}'", "cloud.login", "[02]{CLOUDPA}"),
    ],
)
def test_good_values(text: str, path: str, value: object) -> None:
    assert attrgetter(path)(good(text)) == value


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('[uart]\ndevcie = "x"', "F:2: uart.devcie: unknown key; did you mean device?"),
        ('[modme]\npin = "1"', "F:1: modme: unknown table; did you mean [modem]?"),
        ('[bearer]\nkind = "pp"', 'F:2: bearer.kind: not one of "ppp","host"; did you mean ppp?'),
        ('[uart]\npin = "1"', "F:2: uart.pin: unknown key; did you mean [modem] pin?"),
        ('[modem]\nSOCKA = "1"', "F:2: modem.SOCKA: unknown key; did you mean [factory] SOCKA?"),
        ('[link]\nx = "1"', "F:2: link.x: unknown key; [link] has keepalive_s, resend"),
        ("devcie = 1", "F:1: devcie: outside the tables; did you mean [uart] device?"),
        ("[leds]\npower = 1", "F:2: leds.power: not `led:NAME`, `gpio:CHIP/LINE` or "
         "`gpio:CHIP/LINE,active_low`"),
        ("uart = 1", "F:1: uart: not a table: write [uart] on a line of its own, its keys below"),
        ("[[uart]]", "F:1: uart: not a table: write [uart] on a line of its own, its keys below"),
        ("[factory]\nHARTTM='5'", "F:2: factory.HARTTM: no setting of the module; "
         "did you mean HEARTTM?"),
        ("[factory]\nHEARTTM='0'", "F:2: factory.HEARTTM: not from 1 to 65535"),
        ("[factory]\nHEARTTM=60", "F:2: factory.HEARTTM: not AT text in quotes, "
         'as in UARTFT = "0"'),
        ("[factory]\nZ=''", "F:2: factory.Z: no setting of the module"),
        ("[factory]\nHPTIM='1'\nHTPTO='1'\nhtptim='2'", "F:4: factory.htptim: given twice; "
         "the other is HTPTO"),
        ('[rs485]\ndirection = "gpio"', "F:2: rs485.direction: gpio needs a gpio_line"),
        ('[modem]\nat_port="none"\n[bearer]\nkind="ppp"', "F:4: bearer.kind: ppp needs a modem, "
         "and [modem] says none"),
    ],
)  # fmt: skip
def test_each_mistake_is_named_with_the_nearest_right_name(text: str, line: str) -> None:
    assert line in bad(text)


@pytest.mark.parametrize(
    "text",
    [
        "uart.device = 5",
        'uart.device = "ttyS0"',
        "uart.escape_quiet_ms = 0",
        "uart.escape_quiet_ms = true",
        'uart.escape_quiet_ms = "200"',
        "uart.escape_quiet_ms = 200.0",
        "rs485.gpio_line = -1",
        "rs485.echo = 1",
        'modem.usb = "1e0e9001"',
        "modem.pin = 1234",
        "modem.operator = 26201",
        'modem.sms_allow = "+49170"',
        'modem.sms_allow = ["+49170", 49170]',
        'modem.power = "led:PWR"',
        'identity.imei = "86123456789012"',
        'identity.iccid = "898600000000000000"',
        'identity.cnum = "+49 170"',
        'leds.work = "led:../../x"',
        'leds.work = "gpio:17"',
        'pins.reset = "led:PWR"',
        'cloud.login = "{CLOUDIP}"',
        'bearer.interface = "wlan0/../x"',
        "bearer.kind = 1979-05-27",
    ],
)
def test_a_bad_value_is_one_problem_and_has_its_default(text: str) -> None:
    parsed = parse(text, "F")
    assert [(p.line, p.key) for p in parsed.problems] == [(1, text.partition(" =")[0])]
    assert parsed.config == HostConfig()


def test_everything_wrong_is_said_at_once_in_the_order_of_the_file() -> None:
    lines = bad(
        '[uart]\ndevcie=1\n[modme]\n[bearer]\nkind="pp"\n[factory]\nUART="1"\n[link]\nresend=2'
    )
    assert [line.split(":")[1] for line in lines] == ["2", "3", "5", "7", "9"]


def test_the_rest_of_a_file_with_a_mistake_is_used() -> None:
    config = parse('[uart]\ndevcie = "x"\nescape_quiet_ms = 300\n', "F").config
    assert config.uart.escape_quiet_ms == 300


# -- what depends on something else ------------------------------------------------------------


@pytest.mark.parametrize(("bearer", "seconds"), [("ppp", 240), ("host", 60)])
def test_keepalive_goes_by_the_bearer(bearer: str, seconds: int) -> None:
    assert good(f'bearer.kind = "{bearer}"').keepalive_s == seconds
    assert good(f'bearer.kind = "{bearer}"\nlink.keepalive_s = 7').keepalive_s == 7
    assert good(f'bearer.kind = "{bearer}"\nlink.keepalive_s = 0').keepalive_s == 0


def test_without_a_modem_the_bearer_is_the_host() -> None:
    assert good('modem.at_port = "none"').bearer.kind == "host"


@pytest.mark.parametrize(
    ("direction", "flow"),
    [("auto", "NONE"), ("hardware", "NONE"), ("kernel", "RS485"), ("rts", "RS485"),
     ("gpio", "RS485")],
)  # fmt: skip
def test_factory_flow_is_rs485_where_we_switch_the_line(direction: str, flow: str) -> None:
    text = f'rs485.direction = "{direction}"\nrs485.gpio_line = 4\n'
    assert good(text).factory.uart.flow == flow
    own = "factory.UART = '9600,NONE,8,1,NONE'"
    assert good(text + own).factory.uart.flow == "NONE"


@pytest.mark.parametrize("direction", ["kernel", "rts"])
def test_no_flow_control_by_the_rts_that_switches_the_line(direction: str) -> None:
    text = f"rs485.direction = '{direction}'\nfactory.UART = '9600,NONE,8,1,CRTS'"
    parsed = parse(text, "F")
    words = f"F:2: factory.UART: CRTS needs RTS, and [rs485] direction {direction} has it"
    assert parsed.lines == [words]
    assert parsed.config.factory.uart.flow == "RS485"
    assert good(text.replace(direction, "hardware")).factory.uart.flow == "CRTS"


def test_factory_values_are_at_text() -> None:
    factory = good("""
        [factory]
        SOCKA = '"TCP","10.0.0.5",9000'
        sockb = ' udp , a.b , 1 '
        UARTFT = "0"
        APN = 'internet'
        WKMOD = '"net"'
        """).factory
    assert factory.socket_a == replace(FACTORY.socket_a, host="10.0.0.5", port=9000)
    assert factory.socket_b == replace(FACTORY.socket_b, protocol="UDP", host="a.b", port=1)
    assert (factory.uart.packet_time, factory.apn.name, factory.module.mode) == (
        0,
        "internet",
        "NET",
    )
    assert factory.heartbeat == FACTORY.heartbeat


# -- doors -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "[safety]\nallow_default_pasword = true",
        "[safety]\nallow_default_password = 'yes'",
        "[safety]\nanything = 1",
        "[modem]\nsms_alow = ['+49170']",
        "[modem]\nsms_allow = ['+49 170']",
        "[modem]\nsms_commands = 'no'",
        "[modem]\nsms-allow = ['+49170']",
        "[modem]\nSMS_ALLOW = ['+49170']",
        "[modem.sms]\nallow = ['+49170']",
        "[sms]\nallow = ['+49170']",
        "[uart]\nsms_commands = false",
        "sms_commands = false",
        "[modme]\nsms_commands = false",
        "[saftey]\n",
        "[gsm.net]\nsms_commands = false",
        "[[gsm]]\nsms_allow = []",
        "[[modem]]",
        "safety = false",
        "[factory]\nNATEN = 'offf'",
        "[factory]\nCMDPWD = 'secret'",
        "not toml",
        "[uart]\n[uart]",
    ],
)
def test_a_mistake_that_may_have_meant_to_shut_a_door_keeps_them_shut(text: str) -> None:
    assert parse(text, "F").doors_shut


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[safety]\nallow_default_password = true",
        "[modem]\nsms_commands = false",
        "[uart]\ndevcie = 'x'",
        "[modem]\nat_prot = '/dev/ttyUSB2'",
        "[bearer]\nmode = 'ppp'",
        "[mqtt]\nhost = 'x'",
        "[factory]\nSOCKA = 'x'",
        "[sms]\nuart_charset = 'utf8'",
    ],
)
def test_other_mistakes_leave_the_doors_alone(text: str) -> None:
    assert not parse(text, "F").doors_shut


# -- secrets -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        f'[modem]\npin = "{PIN}x"',
        f"[modem]\npin = {PIN}",
        f"[modem]\npin = 1{PIN}",
        f'[modem]\npni = "{PIN}"',
        f'[uart]\npin = "{PIN}"',
        f'pin = "{PIN}',
        f'[factory]\nCMDPW = "{PASSWORD}"',
        f'[factory]\nCMDPWD = "{PASSWORD}"',
        f'[factory]\nCLOUDPA = "{PASSWORD}{PASSWORD}"',
        f"[factory]\nAPN = 'a,b,{PASSWORD},{PASSWORD}'",
        f'[cloud]\nlogin = "{{{PASSWORD}}}"',
        f"[factory]\nCMDPW = {PASSWORD}",
    ],
)
def test_no_problem_repeats_a_secret(text: str) -> None:
    parsed = parse(text, "F")
    assert parsed.problems
    assert PIN not in repr(parsed)
    assert PASSWORD not in repr(parsed)


def test_no_repr_shows_a_secret() -> None:
    config = good(
        f'modem.pin = "{PIN}"\ncloud.login = "{PASSWORD}"\n'
        "factory = { CMDPW = 'sesame00', CLOUDPA = 'sesame00', APN = 'a,sesame00,sesame00' }"
    )
    assert (config.modem.pin, config.factory.cloud.password) == (PIN, "sesame00")
    assert not any(secret in repr(config) for secret in (PIN, PASSWORD, "sesame00"))


def test_a_key_cannot_speak_to_the_terminal() -> None:
    assert bad('[uart]\n"\\u001b[2J\\n" = 1')[0].startswith(r'F:2: uart."\u001b[2J\n": unknown key')


# -- texts that are hardly a configuration ------------------------------------------------------


def test_what_stands_above_a_fault_in_the_toml_is_used() -> None:
    parsed = parse('[uart]\nescape_quiet_ms = 300\n[modem]\npin = 12"\nroaming = false\n', "F")
    assert parsed.problems[0].line == 4
    assert parsed.problems[0].message.endswith("a boot uses what stands above")
    assert parsed.config.uart.escape_quiet_ms == 300
    assert parsed.config.modem == DEFAULT.modem


def test_a_text_without_quotes_is_told_about_them() -> None:
    assert bad("[bearer]\nkind = ppp") == [
        "F:2: not TOML: Invalid value, a text needs quotes; a boot uses what stands above"
    ]


def test_a_number_or_a_switch_in_quotes_is_told_to_stand_without() -> None:
    assert bad('[uart]\nescape_quiet_ms = "200"\n[modem]\nroaming = "false"') == [
        "F:2: uart.escape_quiet_ms: not from 1 to 10000; write it without quotes",
        "F:4: modem.roaming: not true or false; write it without quotes",
    ]
    assert bad('[uart]\nescape_quiet_ms = "20000"') == [
        "F:2: uart.escape_quiet_ms: not from 1 to 10000"
    ]


def test_a_table_that_stands_there_twice() -> None:
    assert bad('[uart]\nescape_quiet_ms = 300\n[modem]\n[uart]\ndevice = "/dev/a"') == [
        "F:4: not TOML: [uart] stands here a second time; a boot uses what stands above"
    ]


def test_mistakes_above_a_fault_in_the_toml_are_said_too() -> None:
    assert [p.line for p in parse("[uart]\ndevcie = 1\nx = \n", "F").problems] == [2, 3]


def test_a_file_cut_in_a_list_keeps_what_stands_above_the_list() -> None:
    parsed = parse('[uart]\nescape_quiet_ms = 300\n[modem]\nsms_allow = [\n "+49170",\n "+4', "F")
    assert parsed.config.uart.escape_quiet_ms == 300
    assert parsed.doors_shut


def test_windows_line_ends_and_byte_order_mark() -> None:
    parsed = parse('\ufeff[uart]\r\nescape_quiet_ms = 300\r\ndevcie = "x"\r\n', "F")
    assert parsed.config.uart.escape_quiet_ms == 300
    assert [p.line for p in parsed.problems] == [3]


@pytest.mark.parametrize(
    "text", ["[" * 50_000, "a = " + "[" * 50_000, "a = " + "{a=" * 9_000, "a = " + "9" * 5_000]
)
def test_no_depth_and_no_size_of_number_is_too_much(text: str) -> None:
    assert parse(text, "F").problems


def test_a_megabyte_is_no_configuration() -> None:
    assert "not a configuration" in bad("a = 1\n" * 170_000)[0]


def test_as_many_mistakes_as_fit() -> None:
    text = "[uart]\n" + "".join(f"k{n:05} = 1\n" for n in range(5_000))
    assert len(text) < LONGEST
    assert len(bad(text)) == 5_000


WORDS = st.sampled_from(
    [*TABLES, "factory", *(f.name for t in TABLES.values() for f in fields(t)), "SOCKA", "CMDPW"]
)
BITS = st.one_of(
    WORDS,
    st.sampled_from([*"[]{}=.,\"'#\n\r\\ ", "[[", "]]", '"""', "'''", "\r\n", "true", "1e400"]),
    st.integers().map(str),
    st.text(max_size=5),
)


@given(st.lists(BITS, max_size=60).map("".join))
@example("a.b.c = 1\na = 2")
@example("a = 2024-13-45T99:99:99+99:99")
@example("\ufeff\ufeff[uart]")
def test_no_text_makes_parse_raise(text: str) -> None:
    for problem in parse(text, "F").problems:
        assert problem.line is None or 1 <= problem.line <= text.count("\n") + 1


VALUES = st.recursive(
    st.one_of(
        st.booleans(), st.integers(-2, 70000), st.floats(), st.text(max_size=9).map(repr),
        st.sampled_from(['"gpio:/1"', '"led:x"', '"ppp"', '"none"', "'1,2,3'", "07:32:00"]),
    ).map(lambda v: str(v).lower() if isinstance(v, bool | float) else str(v)),
    lambda inner: st.lists(inner, max_size=3).map(lambda v: f"[{', '.join(v)}]"),
    max_leaves=4,
)  # fmt: skip


@given(st.lists(st.tuples(WORDS, WORDS, VALUES), max_size=8))
def test_no_value_makes_parse_raise(lines: list[tuple[str, str, str]]) -> None:
    parse("\n".join(f"{table}.{key} = {value}" for table, key, value in lines), "F")


@pytest.mark.parametrize(
    ("table", "key"),
    [(table, f.name) for table, default in TABLES.items() for f in fields(default)],
)
def test_every_default_is_one_of_its_own_values(table: str, key: str) -> None:
    field = next(f for f in fields(TABLES[table]) if f.name == key)
    value = list(field.default) if isinstance(field.default, tuple) else field.default
    if value is None:
        return  # no LED, no line, no keep-alive of its own: said by leaving it out
    assert about(field).kind.check(value) == field.default
