"""Answers one AT line.  Pure: line and state in, reply, settings and action out.

One engine serves all five doors (UART command mode, UART, network and SMS with
password, the control socket).  It carries nothing out: ``AT+Z`` gives OK and
``Action.RESTART``, and the door sends the reply before it acts.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from usr7s3d.at import basic
from usr7s3d.at.facts import Facts
from usr7s3d.at.fields import ParameterError, Text
from usr7s3d.at.table import BY_NAME, GROUPS, Action, Command
from usr7s3d.settings.model import Settings

_LINE = re.compile(
    r"AT(?:\+[ \t]*(?P<name>[A-Z0-9]+)[ \t]*(?P<op>=[ \t]*\?\Z|\?\Z|=|\Z)(?P<values>.*))?",
    re.IGNORECASE | re.DOTALL,
)
_VALUE = re.compile(r'[ \t]*(?:"([^"]*)"|([^",]*))[ \t]*(,|\Z)')
_PRINTABLE = Text("text", 1024)

OK = b"\r\nOK\r\n"
PROMPT = b"\r\n> "  # the text of an SMS is to follow


class Door(Enum):
    """The ways in for commands (manual 4.1)."""

    UART = "uart"
    UART_PASSWORD = "uart-password"  # noqa: S105 - a door's name
    NETWORK = "network"
    SMS = "sms"
    CONTROL = "control"


class Refusal(Exception):
    """The command is not carried out; ``code`` is what the reply says."""

    code = 58  # unknown command, bad syntax or value


class Unavailable(Refusal):
    """Understood, but what it needs is not there: modem, SIM, room on the disk."""

    code = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """What a line is answered from."""

    settings: Settings
    facts: Facts
    door: Door
    session: Mapping[str, str] = field(default_factory=dict)  # of this door, see basic.SESSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``settings`` and ``session`` as they are afterwards; ``action`` is still to be done."""

    reply: bytes
    settings: Settings
    session: Mapping[str, str]
    ok: bool = True
    action: Action | None = None
    arguments: tuple[object, ...] = ()


def error(code: int) -> bytes:
    """The reply to a line that is not carried out."""
    return b"\r\n+CME ERROR:%d\r\n" % code


@dataclass(frozen=True, slots=True)
class _Request:
    """A line taken apart."""

    name: str  # as asked, in upper case: replies carry it
    op: str  # "", "?", "=?" or "="
    values: str


def answer(line: str, state: State) -> Answer:
    """Carry out ``line``, latin-1 text without its terminator.

    Nothing here can fail: a line that is not understood gets an error reply and
    leaves settings and session as they were.
    """
    unchanged = Answer(reply=OK, settings=state.settings, session=state.session)
    try:
        return _dispatch(line.strip(" \t\n"), state, unchanged)
    except ParameterError:
        return replace(unchanged, reply=error(Refusal.code), ok=False)
    except Refusal as refusal:
        return replace(unchanged, reply=error(refusal.code), ok=False)


def _dispatch(line: str, state: State, unchanged: Answer) -> Answer:
    match line.upper():
        case "AT":
            return unchanged
        case "ATE0" | "ATE1":
            return replace(unchanged, settings=state.settings.put("module.echo", line[3] == "1"))
        case "ATI":
            return replace(unchanged, reply=_lines(f"usr7s3d {state.facts.version}"))
    found = _LINE.fullmatch(line)
    if not found or not found["name"]:
        raise Refusal
    op = re.sub(r"[ \t]", "", found["op"])
    request = _Request(found["name"].upper(), op, found["values"])
    if command := BY_NAME.get(request.name):
        return _run(command, request, state, unchanged)
    return _run_basic(request, state, unchanged)


def _run(command: Command, request: _Request, state: State, unchanged: Answer) -> Answer:
    if request.op == "=":
        return _set(command, request.values, state, unchanged)
    if request.op == "=?":
        if not command.hint:
            raise Refusal
        return replace(unchanged, reply=_value(request.name, command.hint))
    if command.action is Action.HELP:
        return replace(unchanged, reply=_lines(help_text(state.facts.version)))
    if command.action:
        if command.arguments:
            raise Refusal
        return replace(unchanged, action=command.action)
    return replace(unchanged, reply=_value(request.name, _current(command, state)))


def _current(command: Command, state: State) -> str:
    if not command.fact:
        params = command.params
        return ",".join(p.field.format(state.settings.get(p.setting)) for p in params)
    fact = getattr(state.facts, command.fact)
    if fact is None:
        raise Unavailable
    return str(fact)


def _set(command: Command, values: str, state: State, unchanged: Answer) -> Answer:
    if command.params:
        settings = assign(command, values, state.settings)
        if command.name == "UART" and settings.uart.flow == "CRTS" and state.facts.rts_taken:
            raise Unavailable
        return replace(unchanged, settings=settings)
    texts = split(values)
    if len(texts) != len(command.arguments) or not command.arguments:
        raise Refusal
    arguments = tuple(f.parse(t) for f, t in zip(command.arguments, texts, strict=True))
    if command.action is Action.SEND_SMS and not state.facts.modem:
        raise Unavailable
    return replace(unchanged, action=command.action, arguments=arguments)


def assign(command: Command, values: str, settings: Settings) -> Settings:
    """``settings`` after ``AT+<command>=<values>``; raises ParameterError and changes nothing."""
    texts = split(values)
    params = command.params
    if not (command.required or len(params)) <= len(texts) <= len(params):
        raise ParameterError(f"{command.name} takes {len(params)} value{'s' * (len(params) > 1)}")
    texts += [""] * (len(params) - len(texts))
    for param, text in zip(params, texts, strict=True):
        settings = settings.put(param.setting, param.field.parse(text))
    return settings


def split(values: str) -> list[str]:
    """The values of a set: apart at commas outside quotes, quotes and outer blanks removed.

    Raises ParameterError for a stray quote, and for nothing at all (``AT+X=``).
    """
    if not values.strip(" \t"):
        raise ParameterError("no value")
    texts, at = [], 0
    while True:
        found = _VALUE.match(values, at)
        if not found:
            raise ParameterError("a quote is not closed")
        quoted, bare, end = found.groups()
        texts.append(quoted if quoted is not None else bare.strip(" \t"))
        if not end:
            return texts
        at = found.end()


def _run_basic(request: _Request, state: State, unchanged: Answer) -> Answer:
    if request.name in basic.BY_NAME and request.op in ("", "?"):
        text = basic.BY_NAME[request.name].answer(state.facts)
        if text is None:
            raise Unavailable
        return replace(unchanged, reply=_lines(text))
    if state.door is Door.UART and request.name in basic.SESSION:
        return _session(request, state, unchanged)
    if state.door is Door.UART and request.name in basic.SMS:
        return _sms(request, state, unchanged)
    raise Refusal


def _sms(request: _Request, state: State, unchanged: Answer) -> Answer:
    if not state.facts.modem:
        raise Unavailable
    from usr7s3d.at import textmode  # noqa: PLC0415 - it costs memory, without a modem for nothing

    if request.op == "=?":
        shown = textmode.ranges(request.name)
        return replace(unchanged, reply=_lines(f"+{request.name}: {shown}") if shown else OK)
    if request.op == "?":
        raise Refusal
    texts = split(request.values) if request.op else []
    action, arguments = textmode.request(request.name, texts, state.session)
    reply = PROMPT if action is Action.WRITE_SMS else OK
    return replace(unchanged, reply=reply, action=action, arguments=arguments)


def _session(request: _Request, state: State, unchanged: Answer) -> Answer:
    name, session = request.name, state.session
    if request.op == "=":
        for text in split(request.values):
            _PRINTABLE.parse(text)
        return replace(unchanged, session={**session, name: request.values.strip(" \t")})
    if request.op == "?" and name in session:
        return replace(unchanged, reply=_lines(f"+{name}: {session[name]}"))
    raise Refusal


def help_text(version: str) -> str:
    """What ``AT+H`` prints: a heading, then a line for each command."""
    lines = [f"usr7s3d {version}: AT commands"]
    lines += [f"AT+{c.name}: {c.summary}" for group in GROUPS for c in group.commands]
    lines += [f"AT+{b.name}: {b.summary}" for b in basic.BASIC]
    lines += [f"AT+{name}: {words}" for name, words in (basic.SESSION | basic.SMS).items()]
    return "\r\n".join(lines)


def _value(name: str, text: str) -> bytes:
    return _lines(f"+{name}:{text}")


def _lines(text: str) -> bytes:
    return f"\r\n{text}\r\n".encode("latin-1", "replace") + OK
