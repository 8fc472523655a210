"""The modem's own commands that firmware gates on (manual 2.2)."""

from dataclasses import replace

import pytest

from usr7s3d.at.engine import OK, Answer, Door, State, answer
from usr7s3d.at.facts import Facts
from usr7s3d.at.table import Action
from usr7s3d.settings.model import FACTORY

HOST_ONLINE = Facts(version="1.0.0", serial_number="1", signal=31, registration=1, attached=True)
HOST_OFFLINE = Facts(version="1.0.0", serial_number="1")
MODEM = replace(
    HOST_ONLINE, modem=True, signal=23, imei="863977030123456", imsi="460001234567890", sim="READY"
)
OTHER_DOORS = [d for d in Door if d is not Door.UART]


def ask(
    line: str,
    facts: Facts = MODEM,
    door: Door = Door.UART,
    session: dict[str, str] | None = None,
) -> Answer:
    return answer(line, State(settings=FACTORY, facts=facts, door=door, session=session or {}))


def shown(line: str, facts: Facts = MODEM) -> str:
    text = ask(line, facts).reply.decode()
    assert text.startswith("\r\n")
    return text.removeprefix("\r\n").removesuffix("\r\n\r\nOK\r\n")


def error(line: str, facts: Facts = MODEM, door: Door = Door.UART) -> int:
    answered = ask(line, facts, door)
    assert (answered.ok, answered.settings, answered.session) == (False, FACTORY, {})
    return int(answered.reply.removeprefix(b"\r\n+CME ERROR:").removesuffix(b"\r\n"))


def test_csq_has_one_blank_as_modems_print_it() -> None:
    assert ask("AT+CSQ").reply == b"\r\n+CSQ: 23,99\r\n\r\nOK\r\n"


@pytest.mark.parametrize("form", ["", "?"])
def test_replies_with_a_modem(form: str) -> None:
    assert shown(f"AT+CREG{form}") == "+CREG: 0,1"
    assert shown(f"at+cgreg{form}") == "+CGREG: 0,1"
    assert shown(f"AT+CGATT{form}") == "+CGATT: 1"
    assert shown(f"AT+CPIN{form}") == "+CPIN: READY"
    assert shown(f"AT+CIMI{form}") == "460001234567890"
    assert shown(f"AT+CGSN{form}") == "863977030123456"
    assert shown(f"AT+COPS{form}") == "+COPS: 0"
    assert shown(f"AT+COPS{form}", replace(MODEM, operator="CMCC")) == '+COPS: 0,0,"CMCC"'


def test_ati_names_the_version() -> None:
    assert shown("ATI") == shown("ati") == "usr7s3d 1.0.0"


def test_host_bearer_without_a_modem() -> None:
    assert shown("AT+CSQ", HOST_ONLINE) == "+CSQ: 31,99"
    assert shown("AT+CREG?", HOST_ONLINE) == "+CREG: 0,1"
    assert shown("AT+CSQ", HOST_OFFLINE) == "+CSQ: 99,99"
    assert shown("AT+CREG?", HOST_OFFLINE) == "+CREG: 0,0"
    for name in ("CPIN", "CIMI", "CGSN"):
        assert error(f"AT+{name}", HOST_ONLINE) == 50


@pytest.mark.parametrize("name", ["CSQ", "CREG", "CGREG", "CGATT", "CPIN", "COPS", "CIMI", "CGSN"])
@pytest.mark.manual("2.2", "basic AT commands")
def test_they_are_queries_at_every_door(name: str) -> None:
    for door in Door:
        assert ask(f"AT+{name}", door=door).ok
    assert error(f"AT+{name}=1") == 58
    assert error(f"AT+{name}=?") == 58


@pytest.mark.parametrize(
    "line", ["AT+CMEE=1", 'AT+CSCS="GSM"', "AT+CMGF=1", 'AT+CPMS="SM","SM"', "AT+CNMI=2,1"]
)
def test_sms_set_up_answers_ok_and_lasts_for_the_session(line: str) -> None:
    name, values = line.removeprefix("AT+").split("=")
    answered = ask(line)
    assert (answered.reply, answered.settings) == (OK, FACTORY)
    assert answered.session == {name: values}
    queried = ask(f"AT+{name}?", session=dict(answered.session))
    assert queried.reply.decode() == f"\r\n+{name}: {values}\r\n\r\nOK\r\n"
    later = ask("AT+CMEE=0", session=dict(answered.session))
    assert later.session == {**answered.session, "CMEE": "0"}


@pytest.mark.parametrize("values", ["", '"', '"a', 'a"', "\x01", '"a\rb"'])
def test_sms_set_up_with_bad_values(values: str) -> None:
    assert error(f"AT+CSCS={values}") == 58


def test_cmee_does_not_change_our_error_text() -> None:
    answered = ask("AT+NONSENSE", session={"CMEE": "2"})
    assert answered.reply == b"\r\n+CME ERROR:58\r\n"


@pytest.mark.parametrize("line", ["AT+CMGL", "AT+CMGL=4", "AT+CMGR=1", "AT+CMGD=1", 'AT+CMGS="1"'])
def test_sms_commands_are_understood_in_command_mode(line: str) -> None:
    assert error(line, HOST_ONLINE) == 50
    for door in OTHER_DOORS:
        assert error(line, HOST_ONLINE, door) == 58


@pytest.mark.parametrize("door", OTHER_DOORS)
def test_the_session_is_that_of_command_mode(door: Door) -> None:
    assert error("AT+CMGF=1", door=door) == 58


def test_sms_commands_with_a_modem() -> None:
    with_modem = replace(MODEM, modem=True)
    asked = ask('AT+CMGS="+491234"', with_modem)
    assert (asked.reply, asked.action, asked.arguments) == (
        b"\r\n> ",
        Action.WRITE_SMS,
        ("+491234",),
    )
    assert ask("AT+CMGR=1", with_modem).action is Action.READ_SMS
    assert shown("AT+CMGD=?", with_modem) == "+CMGD: (1-50),(0-4)"
    assert ask("AT+CMGS=?", with_modem).reply == OK
    for line in ("AT+CMGL?", "AT+CMGS", "AT+CMGR", "AT+CMGS=", 'AT+CMGS="x"'):
        assert error(line, with_modem) == 58
