"""The settings as an AT script: out, and read again."""

from collections.abc import Callable

import pytest
from hypothesis import given

from tests.any_settings import any_settings
from usr7s3d.at.engine import Door, State, answer
from usr7s3d.at.facts import Facts
from usr7s3d.at.table import COMMANDS, Command
from usr7s3d.ctl.script import EXTENSIONS, BadScript, export, parse
from usr7s3d.settings.model import FACTORY, Settings

FACTS = Facts(version="1.0", serial_number="0" * 20)


def values_of(settings: Settings) -> Callable[[Command], str]:
    """As the export asks for them: the value of ``AT+X?``."""

    def value(command: Command) -> str:
        state = State(settings=settings, facts=FACTS, door=Door.CONTROL)
        reply = answer(f"AT+{command.name}?", state).reply.decode("latin-1")
        return reply.partition(":")[2].partition("\r\n")[0]

    return value


def carried_out(text: str, settings: Settings) -> Settings:
    for line in parse(text):
        answered = answer(line.text, State(settings=settings, facts=FACTS, door=Door.CONTROL))
        assert answered.ok, line
        settings = answered.settings
    return settings


def test_every_setting_is_in_it_once() -> None:
    names = [line.name for line in parse(export(values_of(FACTORY)))]
    assert sorted(names) == sorted(f"AT+{each.name}" for each in COMMANDS if each.params)


def test_carried_out_elsewhere_it_makes_the_same_settings() -> None:
    there = (
        FACTORY.put("socket_a.host", "10.0.0.5")
        .put("module.welcome", 'caf\xe9 #1, "quoted"'.replace('"', "'"))
        .put("commands.password", "p, w = x")
        .put("apn.password", "secret")
        .put("sms.destination", "")
        .put("httpd.url", "/" + "".join(map(chr, range(0x80, 0x100))))
        .put("httpd.headers", "A: 1[0D][0A]B: 2")
        .put("uart.packet_time", 0)
    )
    assert carried_out(export(values_of(there)), FACTORY) == there


@given(any_settings)
def test_whatever_they_are(there: Settings) -> None:
    assert carried_out(export(values_of(there)), FACTORY) == there


def test_what_the_manual_does_not_know_stands_at_the_end() -> None:
    head, tail = export(values_of(FACTORY)).split(f"# {EXTENSIONS}\n")
    assert "AT+UARTFT" not in head
    assert "AT+HEARTTM=30\n" in head
    assert {line.name for line in parse(tail)} >= {"AT+UARTFT", "AT+CMDTO", "AT+HTPTO"}


def test_it_says_that_it_holds_passwords() -> None:
    assert "hold passwords: CMDPW, APN and CLOUDPA" in export(values_of(FACTORY))


def test_comments_empty_lines_and_loose_spelling() -> None:
    lines = parse("# a comment\r\n\r\n  at+hearttm = 60\r\n\tAT+E=off\n#AT+Z\n")
    assert [(line.number, line.text) for line in lines] == [
        (3, "at+hearttm = 60"),
        (4, "AT+E=off"),
    ]


@pytest.mark.parametrize(
    "line", ["AT+Z", "AT+SOCKA?", "AT+SOCKA=?", "AT+SOCKA= ?", "HEARTTM=60", "OK", "ATE0"]
)
def test_anything_else_is_refused_with_its_number(line: str) -> None:
    with pytest.raises(BadScript, match=r"^line 2 is not of the form"):
        parse(f"AT+E=on\n{line}\n")


@pytest.mark.parametrize("name", ["SMSSEND", "smsend", "Z"])
def test_a_script_only_sets_and_sends_no_sms(name: str) -> None:
    with pytest.raises(BadScript, match=rf"^line 2: AT\+{name} is no setting$"):
        parse(f'AT+E=on\nAT+{name}="112",1,"x"\n')


def test_what_modules_of_the_family_have_in_their_scripts_is_no_harm() -> None:
    assert parse("AT+SLEEPTIM=0\n")


def test_a_bom_is_none_of_the_first_line() -> None:
    assert [line.text for line in parse("\xef\xbb\xbfAT+E=on\n")] == ["AT+E=on"]


def test_save_is_what_save_is_for() -> None:
    with pytest.raises(BadScript, match=r"^line 1 is not of .* --save saves"):
        parse("AT+S\n")
