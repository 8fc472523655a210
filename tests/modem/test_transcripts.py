"""Sessions with real modems, played through the dialogue: each command ends, with its answer."""

import re
from dataclasses import dataclass

import pytest

from tests.modem.corpus import Case, cases
from tests.modem.talk import Talk
from usr7s3d.modem import unsolicited
from usr7s3d.modem.command import Command
from usr7s3d.modem.dialogue import PROBE_WAIT, PROBES
from usr7s3d.modem.lines import Line, LineReader
from usr7s3d.modem.results import Final, final

# Late, without being asked, or not at all: every command ends, that is all that can be said.
OUT_OF_STEP = {"sara_g450_late", "hl7800_cereg_noise", "bg96_reset"}


@dataclass
class Turn:
    """What was sent, and what came before the next was sent."""

    sent: str
    heard: bytes


def turns(case: Case) -> list[Turn]:
    """Events of one direction belong together; text typed behind a prompt to its command."""
    found = [Turn("", b"")]
    for event in case["events"]:
        data = event["data"]
        if event["dir"] == "<":
            found[-1].heard += data.encode("latin-1")
        elif found[-1].sent and (data.endswith("\x1a") or not found[-1].sent.endswith("\r")):
            found[-1].sent += data
        else:
            found.append(Turn(data, b""))
    return found


def command(sent: str) -> Command:
    """As we would have asked."""
    text, _, message = sent.partition("\r")
    query = re.fullmatch(r"at([+^%$*!#](?!ZPAS)[a-z]+)\?", text, re.I)  # answers as +BEARTYPE
    return Command(
        text=text,
        prefix=query[1].upper() if query else None,
        message=message.rstrip("\x1a") or None,
        dials=text.upper().startswith("ATD"),
    )


def ask_on_a_clean_line(talk: Talk, asked: Command) -> None:
    """The modem of a transcript knows nothing of our AT: answer it, until the command is out."""
    out = f"{asked.text}\r".encode()
    talk.ask(asked)
    while not talk.written.endswith(out) and (deadline := talk.dialogue.deadline()):
        talk.hear(b"\r\nOK\r\n")
        talk.wait(deadline - talk.now)


def play(case: Case, size: int) -> None:
    """Each turn, its bytes in chunks of ``size``; a prompt is waited for."""
    talk = Talk()
    for turn in turns(case):
        talk.take_written()
        if turn.sent:
            ask_on_a_clean_line(talk, command(turn.sent))
        before, prompt, behind = turn.heard.partition(b"> ")
        for part in (before + prompt, behind):
            for at in range(0, len(part), size):
                talk.hear(part[at : at + size])
        if turn.sent:
            check(case, turn, talk)


def check(case: Case, turn: Turn, talk: Talk) -> None:
    asked = command(turn.sent)
    lines, end = read(turn.heard)
    regular = end and case["name"] not in OUT_OF_STEP
    if not talk.answers:
        assert not regular, (case["name"], turn)
        talk.wait(asked.timeout + PROBES * PROBE_WAIT)
    answer = talk.take()  # in any case
    if regular:
        assert answer.final == end
        assert list(answer.lines) == [line for line in lines if belongs(line, asked)]


def read(heard: bytes) -> tuple[list[str], Final | None]:
    """The lines up to the first final result, and that."""
    reader = LineReader()
    reader.feed(heard)
    found: list[str] = []
    while item := reader.next():
        if isinstance(item, Line):
            if end := final(item.text):
                return found, end
            found.append(item.text)
    return found, None


def belongs(line: str, asked: Command) -> bool:
    if line == asked.text:
        return False
    if asked.prefix:
        return unsolicited.name(line) == asked.prefix
    return not unsolicited.known(line)


@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_every_transcript_of_the_corpus(size: int) -> None:
    for case in cases(files="transcripts.json"):
        play(case, size)


def test_every_command_and_response_of_the_corpus() -> None:
    talk = Talk()
    for case in cases("command_response"):
        talk.ask(command(case["input"] + "\r"))
        talk.hear(case["expected"]["response"].encode())
        answer = talk.take()
        lines, end = read(case["expected"]["response"].encode())
        assert (list(answer.lines), answer.final) == (lines, end)
