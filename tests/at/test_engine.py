"""The AT language (manual 4.2), sentence by sentence."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.any_settings import any_settings
from usr7s3d.at import basic
from usr7s3d.at.engine import OK, Answer, Door, State, answer, error
from usr7s3d.at.facts import Facts
from usr7s3d.at.table import BY_NAME, COMMANDS, Action, Command
from usr7s3d.settings.model import FACTORY, Settings

BARE = Facts(version="1.0.0", serial_number="00100000012345678901")
WITH_MODEM = Facts(
    version="1.0.0",
    serial_number="00100000012345678901",
    link_a="connected",
    modem=True,
    imei="863977030123456",
    iccid="89860012345678901234",
    imsi="460001234567890",
    number="13800138000",
    sim="READY",
    signal=23,
    registration=1,
    attached=True,
    operator="CMCC",
)
ERROR_58, ERROR_50 = b"\r\n+CME ERROR:58\r\n", b"\r\n+CME ERROR:50\r\n"

every_command = pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.name)


def ask(
    line: str, settings: Settings = FACTORY, facts: Facts = WITH_MODEM, door: Door = Door.UART
) -> Answer:
    return answer(line, State(settings=settings, facts=facts, door=door))


def reply(line: str, settings: Settings = FACTORY, facts: Facts = WITH_MODEM) -> bytes:
    return ask(line, settings, facts).reply


def shows(line: str, text: str) -> bool:
    return reply(line) == f"\r\n{text}\r\n\r\nOK\r\n".encode("latin-1")


def refused(line: str, code: int = 58, facts: Facts = WITH_MODEM) -> bool:
    answered = ask(line, facts=facts)
    return answered == Answer(reply=error(code), settings=FACTORY, session={}, ok=False)


# Case


@pytest.mark.parametrize("line", ["AT+SOCKA?", "at+socka?", "At+SockA?"])
@pytest.mark.manual("4.2", "commands in any case")
def test_names_in_any_case(line: str) -> None:
    assert shows(line, '+SOCKA:"TCP","test.usr.cn",2317')


def test_enumerated_values_in_any_case_text_keeps_its_own() -> None:
    assert ask('AT+HTPTP="get"').settings.httpd.method == "GET"  # manual 3.2.2.2
    assert ask('AT+CLOUDEDN="ON"').settings.cloud.enabled  # manual 3.5.2
    assert ask("AT+REGSND=LINK&DATA").settings.register.send == "link&data"
    assert ask("AT+SOCKA=tcp,Test.USR.cn,80").settings.socket_a.host == "Test.USR.cn"


# Quotes and blanks


@pytest.mark.parametrize(
    "line",
    ['AT+SOCKA="TCP","1.2.3.4",80', "AT+SOCKA=TCP,1.2.3.4,80", 'AT+SOCKA=TCP,"1.2.3.4","80"'],
)
def test_values_with_or_without_quotes(line: str) -> None:
    socket = ask(line).settings.socket_a
    assert (socket.protocol, socket.host, socket.port) == ("TCP", "1.2.3.4", 80)


def test_commas_inside_quotes_are_text() -> None:
    assert ask('AT+STMSG="Hello, World"').settings.module.welcome == "Hello, World"
    assert refused("AT+STMSG=Hello, World")


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("AT+ SOCKIDEN =?", '+SOCKIDEN:<"on","off">'),  # as the manual prints them
        ("AT+ SOCKIDEN ", '+SOCKIDEN:"off"'),
        ("AT+ CLOUDEN?", '+CLOUDEN:"off"'),
        ("  AT+RSTIM ? ", "+RSTIM:1800"),
        ("AT+RSTIM = ?", "+RSTIM:<0~65535>"),
        ("\tAT+\tRSTIM\t", "+RSTIM:1800"),
    ],
)
def test_blanks_round_name_and_signs_are_ignored(line: str, text: str) -> None:
    assert shows(line, text)


def test_blanks_round_unquoted_values_are_ignored_and_those_in_quotes_kept() -> None:
    assert ask("AT+ CLOUDPA = 0000test ").settings.cloud.password == "0000test"
    assert ask("AT+SOCKA= UDP , a.b , 7 ").settings.socket_a.host == "a.b"
    assert ask('AT+STMSG= " hello " ').settings.module.welcome == " hello "
    assert ask("AT+STMSG= two words ").settings.module.welcome == "two words"


@pytest.mark.parametrize("line", ["AT+STMSG=", "AT+STMSG= ", "AT+RSTIM=", "AT+SOCKA=", "AT+H="])
def test_a_set_without_a_value_is_an_error(line: str) -> None:
    assert refused(line)


def test_two_quotes_are_the_empty_string_where_that_is_allowed() -> None:
    assert ask('AT+STMSG=""').settings.module.welcome == ""
    assert ask('AT+CMDPW=""').settings.commands.password == ""
    assert refused('AT+RSTIM=""')
    assert refused('AT+SOCKA="","",""')


def test_an_unquoted_empty_field_of_a_list_is_the_empty_string() -> None:
    apn = ask("AT+APN=,,secret").settings.apn
    assert (apn.name, apn.user, apn.password) == ("", "", "secret")


@pytest.mark.parametrize(
    "values", ['"a', 'a"', 'a"b"', '"a"b', '"a""b"', '"', '"a" b', "'a,b'", '"a","b']
)
def test_a_stray_quote_is_an_error(values: str) -> None:
    assert refused(f"AT+STMSG={values}")


@pytest.mark.manual("4.2.1.24", "the APN")
def test_an_apn_takes_one_to_three_values_and_shows_three() -> None:
    settings = ask('AT+APN="cmnet","me","pw"').settings
    assert reply("AT+APN?", settings) == b'\r\n+APN:"cmnet","me","pw"\r\n\r\nOK\r\n'
    settings = ask("AT+APN=cmiot", settings).settings
    assert reply("AT+APN", settings) == b'\r\n+APN:"cmiot","",""\r\n\r\nOK\r\n'


def test_hex_in_brackets_is_kept_and_shown_as_typed() -> None:
    head = "Accept:text/html[0D][0a]User-Agent: Mozilla/5.0[0D][0A]"
    settings = ask(f'AT+HTPHD="{head}"').settings
    assert reply("AT+HTPHD?", settings) == f'\r\n+HTPHD:"{head}"\r\n\r\nOK\r\n'.encode()


# Forms (4.2)


@every_command
@pytest.mark.manual("4.2", "types 0 to 3")
def test_the_four_forms(command: Command) -> None:
    name = command.name
    bare, query, ranges = ask(f"AT+{name}"), ask(f"AT+{name}?"), ask(f"AT+{name}=?")
    assert bare == query
    if command.hint:
        assert shows(f"AT+{name}=?", f"+{name}:{command.hint}")
    else:
        assert refused(f"AT+{name}=?")
    if command.params:
        shown = ",".join(p.field.format(FACTORY.get(p.setting)) for p in command.params)
        assert shows(f"AT+{name}", f"+{name}:{shown}")
        assert ask(f"AT+{name}={shown}") == Answer(reply=OK, settings=FACTORY, session={})
    elif command.fact:
        assert shows(f"AT+{name}", f"+{name}:{getattr(WITH_MODEM, command.fact)}")
    for a in (bare, query, ranges):
        assert a.settings == FACTORY


@pytest.mark.parametrize(
    ("name", "action"),
    [
        ("Z", Action.RESTART),
        ("ENTM", Action.LEAVE_COMMAND_MODE),
        ("S", Action.SAVE),
        ("RELD", Action.RESTORE_DEFAULT),
        ("CLEAR", Action.RESTORE_FACTORY),
        ("CFGTF", Action.SAVE_DEFAULT),
    ],
)
def test_an_action_executes_bare_and_with_a_question_mark_only(name: str, action: Action) -> None:
    done = Answer(reply=OK, settings=FACTORY, session={}, action=action)
    assert ask(f"AT+{name}") == ask(f"AT+{name}?") == done
    for form in ("=?", "=1", '=""', "="):
        assert refused(f"AT+{name}{form}")


@pytest.mark.parametrize("name", ["VER", "SN", "ICCID", "IMEI", "CNUM", "SOCKALK", "SOCKBLK"])
def test_a_read_only_command_takes_no_set_and_tells_no_range(name: str) -> None:
    assert refused(f"AT+{name}=1")
    assert refused(f"AT+{name}=?")


def test_bare_at_answers_ok() -> None:
    assert reply("AT") == reply("at") == OK


def test_ate0_and_ate1_set_echo() -> None:
    assert ask("ATE0") == Answer(reply=OK, settings=FACTORY.put("module.echo", False), session={})
    assert ask("ate1", FACTORY.put("module.echo", False)).settings.module.echo
    assert refused("ATE2")
    assert refused("ATE")


NOT_COMMANDS = [
    "", "A", "T", "+++", "AT+", "AT?", "AT=1", "ATX", "AT+NONSENSE", "AT+VER!", "AT+E on", "AT E0",
    "AT+E?x", "AT+E??", "AT +E?", "XAT+E?", "AT\nAT", "AT+E?\rAT+S", "AT+\xd6", "A" * 9999,
    "AT+WKMOD=FAX", "AT+HEARTTM=0", "AT+SOCKA=TCP,a", "\x00\xff\x1a",
]  # fmt: skip


@pytest.mark.parametrize("line", NOT_COMMANDS)
def test_unknown_commands_bad_syntax_and_bad_values_are_error_58(line: str) -> None:
    assert refused(line)


# Replies


def test_strings_are_quoted_and_numbers_bare() -> None:
    assert shows("AT+WKMOD?", '+WKMOD:"NET"')
    assert shows("AT+SOCKA?", '+SOCKA:"TCP","test.usr.cn",2317')
    assert shows("AT+UART?", '+UART:115200,"NONE",8,1,"NONE"')
    assert shows("AT+HEARTTM?", "+HEARTTM:30")
    assert shows("AT+APN?", '+APN:"CMNET","",""')


@pytest.mark.manual("4.2.1.31", "connected, disconnected")
@pytest.mark.manual("4.2.1.32", "connected, disconnected")
@pytest.mark.manual("4.2.1.17", "the version, behind the colon")
def test_facts_are_bare() -> None:
    assert shows("AT+SOCKALK", "+SOCKALK:connected")
    assert shows("AT+SOCKBLK?", "+SOCKBLK:disconnected")
    assert shows("AT+IMEI", "+IMEI:863977030123456")
    assert shows("AT+ICCID", "+ICCID:89860012345678901234")
    assert shows("AT+SN", "+SN:00100000012345678901")
    assert shows("AT+VER", "+VER:1.0.0")
    assert shows("AT+CNUM", "+CNUM:13800138000")


def test_the_reply_carries_the_name_as_asked() -> None:
    assert shows("AT+CLOUDEDN?", '+CLOUDEDN:"off"')
    assert shows("AT+clouden?", '+CLOUDEN:"off"')
    assert shows("AT+HTPTIM", "+HTPTIM:10")
    assert shows("AT+SMSEND=?", '+SMSEND:<"number">,<1,2,3>,<"data">')


@pytest.mark.manual("4.1.1", "commands change the running parameters")
def test_a_query_shows_a_set_at_once() -> None:
    settings = ask("AT+HEARTTM=60").settings
    assert reply("AT+HEARTTM", settings) == b"\r\n+HEARTTM:60\r\n\r\nOK\r\n"


def test_sleeptim_takes_0_only() -> None:
    assert shows("AT+SLEEPTIM?", "+SLEEPTIM:0")
    assert shows("AT+SLEEPTIM=?", "+SLEEPTIM:<0>")
    assert ask("AT+SLEEPTIM=0").reply == OK
    assert ask("AT+SLEEPTIM=0").action is None
    assert refused("AT+SLEEPTIM=1")


@pytest.mark.manual("4.2.1.1", "introduces the commands")
def test_help_is_a_heading_and_a_line_for_each_command() -> None:
    text = reply("AT+H")
    assert text == reply("AT+H?")
    assert text.startswith(b"\r\n")
    assert text.endswith(b"\r\n" + OK)
    heading, *lines = text.decode().removesuffix("\r\n\r\nOK\r\n").strip().split("\r\n")
    assert "1.0.0" in heading
    for command in COMMANDS:
        assert f"AT+{command.name}: {command.summary}" in lines
    assert all(re.fullmatch(r"AT\+[A-Z]+: \S.*", line) for line in lines)


# Errors


@pytest.mark.parametrize("name", ["IMEI", "ICCID", "CNUM"])
def test_what_needs_a_modem_that_is_not_there_is_error_50(name: str) -> None:
    assert refused(f"AT+{name}", 50, BARE)
    assert refused(f"AT+{name}=1", 58, BARE)


def test_cnum_is_empty_when_the_sim_does_not_know_it() -> None:
    facts = Facts(version="1", serial_number="2", number="")
    assert reply("AT+CNUM", facts=facts) == b"\r\n+CNUM:\r\n\r\nOK\r\n"


def test_a_refused_set_changes_nothing_not_even_its_good_values() -> None:
    assert refused("AT+SOCKA=UDP,good.name,65536")
    assert refused("AT+UART=9600,NONE,8,3,NONE")


def test_smssend_is_queued_with_what_it_was_given() -> None:
    for line in ('AT+SMSSEND="10086",3,"Hi, there"', 'at+smsend=10086,3,"Hi, there"'):
        assert ask(line) == Answer(
            reply=OK,
            settings=FACTORY,
            session={},
            action=Action.SEND_SMS,
            arguments=("10086", 3, "Hi, there"),
        )


@pytest.mark.parametrize(
    "values",
    ['"10086",4,"x"', '"10086",0,"x"', '"",1,"x"', '"10086",1,""', '"10086",1', '"a",1,"x"', "x"],
)
def test_smssend_with_bad_values_is_error_58_modem_or_not(values: str) -> None:
    assert refused(f"AT+SMSSEND={values}")
    assert refused(f"AT+SMSSEND={values}", 58, BARE)


def test_smssend_without_a_modem_is_error_50_and_its_query_error_58() -> None:
    assert refused('AT+SMSSEND="10086",1,"x"', 50, BARE)
    assert refused("AT+SMSSEND")
    assert refused("AT+SMSSEND?")


# Doors: one engine, one answer


@pytest.mark.parametrize("door", Door, ids=lambda d: d.value)
@pytest.mark.manual("2.3", "set up by UART, network and SMS")
def test_every_door_gives_the_same_answer(door: Door) -> None:
    for command in COMMANDS:
        for form in ("", "?", "=?", "=", "=1"):
            line = f"AT+{command.name}{form}"
            assert ask(line, door=door) == ask(line)


# Whatever comes

NAMES = [*BY_NAME, *basic.BY_NAME, *basic.SESSION, *basic.SMS, "", "X", " E "]
VALUE = st.sampled_from(
    ["on", '"off"', "NET", "1", "0", "65535", "99999", '""', "", " ", '"', "a,b"]
)
COMMAND_LIKE = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["AT+", "at+", "AT", "AT+ ", " AT+"]),
    st.sampled_from(NAMES),
    st.sampled_from(["", "?", "=?", "=", " = "]),
    st.lists(VALUE | st.text(st.characters(max_codepoint=255)), max_size=6).map(",".join),
)
NOISE = st.text(st.characters(max_codepoint=255), max_size=2000)
REPLY = re.compile(rb"(\r\n[^\r\n]+)*\r\n(\r\nOK\r\n)|\r\nOK\r\n|\r\n\+CME ERROR:(58|50)\r\n")


@given(
    COMMAND_LIKE | NOISE, any_settings, st.sampled_from(Door), st.sampled_from([BARE, WITH_MODEM])
)
def test_no_line_does_harm(line: str, settings: Settings, door: Door, facts: Facts) -> None:
    answered = ask(line, settings, facts, door)
    assert REPLY.fullmatch(answered.reply)
    assert answered.ok == answered.reply.endswith(OK)
    if not answered.ok:
        assert (answered.settings, answered.session, answered.action) == (settings, {}, None)


@given(any_settings)
def test_what_a_query_shows_can_be_set(settings: Settings) -> None:
    copy = FACTORY
    for command in COMMANDS:
        if command.params:
            shown = reply(f"AT+{command.name}?", settings).decode("latin-1")
            values = shown.split(":", 1)[1].removesuffix("\r\n\r\nOK\r\n")
            copy = ask(f"AT+{command.name}={values}", copy).settings
    assert copy == settings


def test_flow_control_needs_an_rts_that_switches_no_transceiver() -> None:
    taken = replace(WITH_MODEM, rts_taken=True)
    assert refused("AT+UART=9600,NONE,8,1,CRTS", 50, taken)
    assert ask("AT+UART=9600,NONE,8,1,RS485", facts=taken).ok
    assert ask("AT+UART=9600,NONE,8,1,CRTS").ok
