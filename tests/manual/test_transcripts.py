"""The manual's own dialogues, in the text files beside this one, with the module of today.

    == section title     a transcript of its own: settings from the factory, a fresh start
    > bytes              the host sends
    < bytes              the module answers, exactly that ("..." stands for any text)
    | bytes              a packet for the network; in HTTPD mode, the request that it makes
    [ bytes              the HTTP server answers
    * words              what a command asks of the daemon (at.table.Action)
    ~ seconds            time passes
    door: data           for all that follow: not in command mode from the start
    echo: on             for all that follow

``{CR}`` and ``{LF}`` are written as the manual writes them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from usr7s3d.at.engine import Door, State, answer
from usr7s3d.at.facts import Facts
from usr7s3d.at.table import COMMANDS, Action
from usr7s3d.core.escape import Timing
from usr7s3d.core.httpanswer import Answer
from usr7s3d.core.httprequest import request
from usr7s3d.core.lines import LF_WAIT
from usr7s3d.core.uartinput import Command, Event, Packet, Rules, UartInput, Write
from usr7s3d.services.links.httpd import rules_of
from usr7s3d.settings.model import FACTORY, Settings

FACTS = Facts(
    version="1.0.0",
    serial_number="00100000012345678901",
    link_a="connected",
    modem=True,
    imei="863977030123456",
    iccid="89860012345678901234",
    number="13800138000",
)


@dataclass(frozen=True, slots=True)
class Transcript:
    title: str
    steps: tuple[tuple[str, str], ...]  # the sign and what follows it
    command_mode: bool
    echo: bool


def transcripts(path: Path) -> Iterator[Transcript]:
    head, *parts = re.split(r"^== ", path.read_text(), flags=re.MULTILINE)
    for part in parts:
        title, *lines = part.splitlines()
        steps = tuple((line[0], line[2:]) for line in lines if line and line[0] != "#")
        yield Transcript(title, steps, "door: data" not in head, "echo: on" in head)


ALL = [t for path in sorted(Path(__file__).parent.glob("*.txt")) for t in transcripts(path)]


@dataclass
class Module:
    """The pure parts in a row, and a clock."""

    settings: Settings
    command_mode: bool
    now: float = 100.0
    said: list[tuple[str, str]] = field(default_factory=list)  # and not yet read

    def __post_init__(self) -> None:
        uart = self.settings.uart
        rules = Rules(
            timing=Timing(),
            packet_time=uart.packet_time / 1000,
            packet_length=uart.packet_length,
            bit_time=1 / uart.baud,
            command_timeout=self.settings.commands.timeout,
        )
        self.uart = UartInput(rules)
        self._set_password()
        if self.command_mode:
            for data, seconds in ((b"+++", 0.05), (b"a", 0.02)):
                self.receive(data)
                self.wait(seconds)
            self.said.clear()

    def receive(self, data: bytes) -> None:
        self._act(self.uart.receive(data, self.now))

    def wait(self, seconds: float) -> None:
        until = self.now + seconds + 1e-9
        while (due := self.uart.deadline()) is not None and due <= until:
            self.now = due
            self._act(self.uart.expire(due))
        self.now = until

    def _act(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Packet(data):
                    self.said.append(("|", spell(self._for_the_network(data))))
                case Write(data):
                    self.said.append(("<", spell(data)))
                case Command():
                    self._act(self._carry_out(event))

    def _for_the_network(self, packet: bytes) -> bytes:
        rules = rules_of(self.settings)
        return request(rules.form, packet) if self.settings.module.mode == "HTTPD" else packet

    def hear(self, data: bytes) -> None:
        """What the HTTP server answers."""
        rules = rules_of(self.settings)
        form = rules.form
        reader = Answer(form.method, body_only=rules.body_only, keep_alive=form.keeps_alive)
        assert reader.receive(data)
        self.said.append(("<", spell(bytes(reader.content))))

    def _carry_out(self, command: Command) -> list[Event]:
        door = Door.UART if command.prefix is None else Door.UART_PASSWORD
        head = command.prefix or (command.raw if self.settings.module.echo else b"")
        state = State(settings=self.settings, facts=FACTS, door=door)
        answered = answer(command.text or "", state)
        self.settings = answered.settings
        self._set_password()
        self.said.append(("<", spell(head + answered.reply)))
        if answered.action:
            self.said.append(("*", answered.action.value))
        leave = answered.action is Action.LEAVE_COMMAND_MODE
        return self.uart.done(self.now, ok=answered.ok, leave=leave)

    def _set_password(self) -> None:
        commands = self.settings.commands
        self.uart.set_password(commands.password if commands.uart else None)


def spell(data: bytes) -> str:
    return data.decode("latin-1").replace("\r", "{CR}").replace("\n", "{LF}")


def unspell(text: str) -> bytes:
    return text.replace("{CR}", "\r").replace("{LF}", "\n").encode("latin-1")


@pytest.mark.parametrize("transcript", ALL, ids=lambda t: t.title)
def test_transcript(transcript: Transcript) -> None:
    settings = FACTORY.put("module.echo", transcript.echo)
    module = Module(settings, transcript.command_mode)
    for sign, text in transcript.steps:
        if sign == ">":
            module.receive(unspell(text))
        elif sign == "~":
            module.wait(float(text))
        elif sign == "[":
            module.hear(unspell(text))
        else:
            if not module.said:
                module.wait(LF_WAIT)
            assert module.said, f"silence instead of {sign} {text}"
            was, said = module.said.pop(0)
            pattern = re.escape(text).replace(re.escape("..."), ".*")
            assert was == sign
            assert re.fullmatch(pattern, said), said
    module.wait(60.0)
    assert not module.said


def test_every_section_of_4_2_1_has_a_transcript() -> None:
    sections = {t.title for t in ALL}
    assert {f"{c.manual} AT+{c.name}" for c in COMMANDS if c.manual} <= sections
