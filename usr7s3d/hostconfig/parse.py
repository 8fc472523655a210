"""From the text of the host configuration to values, and all that is wrong with it.

Nothing here fails.  A key that is wrong is a Problem and has its default: so a
boot can go on without it, ``--check`` and a reload can refuse.  A fault
that may hide a wish to shut a door keeps the network and SMS doors shut.

No problem repeats a value, because it may be a PIN or a password.
"""

import re
import tomllib
from dataclasses import dataclass, fields, replace
from typing import Any

from usr7s3d.at.engine import assign
from usr7s3d.at.fields import ParameterError
from usr7s3d.at.table import BY_NAME
from usr7s3d.at.toml import shown
from usr7s3d.hostconfig import names
from usr7s3d.hostconfig.kinds import Kind
from usr7s3d.hostconfig.lines import Path, line_of, places
from usr7s3d.hostconfig.model import DEFAULT, TABLES, HostConfig, Rs485, about
from usr7s3d.settings.model import FACTORY, Settings

LONGEST = 65536  # characters; several times the commented example with every key in use

_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column \d+|end of document)\)$")
_TWICE = re.compile(r"Cannot declare \((?P<names>.*?),?\) twice")
_STEPS_BACK = 50  # lines; a list of telephone numbers that was cut is shorter


@dataclass(frozen=True, slots=True)
class Problem:
    """Something a person has to put right; ``line`` is None where none can be named."""

    line: int | None
    key: str
    message: str
    shuts: bool = False  # keeps the network and SMS doors shut


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """What the daemon works with, and what its owner has to read."""

    name: str  # of the file
    config: HostConfig = DEFAULT
    problems: tuple[Problem, ...] = ()
    note: str = ""  # worth saying, nothing wrong

    @property
    def doors_shut(self) -> bool:
        """Whether the network and SMS doors stay shut, whatever the settings say."""
        return any(problem.shuts for problem in self.problems)

    @property
    def lines(self) -> list[str]:
        """``FILE:LINE: key: message`` for each problem."""
        return [_line(self.name, problem) for problem in self.problems]


@dataclass(frozen=True, slots=True)
class _Fault:
    """A problem whose line has yet to be found."""

    path: Path
    message: str
    shuts: bool = False


def parse(text: str, name: str) -> Parsed:
    """Read ``text``; ``name`` is what its lines are reported under."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    document, read, problems = _document(text)
    faults: list[_Fault] = []
    config = _config(document, faults)
    if faults:
        found = places(read)
        problems += [_problem(fault, found) for fault in faults]
    problems.sort(key=lambda problem: problem.line or 0)
    return Parsed(name=name, config=config, problems=tuple(problems))


def _document(text: str) -> tuple[dict[str, Any], str, list[Problem]]:
    """The tables of ``text`` and the part of it that they come from."""
    if len(text) > LONGEST:
        message = f"longer than {LONGEST} characters: not a configuration; a boot uses nothing"
        return {}, "", [Problem(None, "", message, shuts=True)]
    try:
        return tomllib.loads(text), text, []
    except (ValueError, RecursionError) as error:
        words = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    if words.startswith("Invalid value"):
        words = words.replace("value", "value, a text needs quotes", 1)
    words = _TWICE.sub(_twice, words)
    place = _PLACE.search(words)
    line = int(place["line"] or text.count("\n") + 1) if place else None
    document, read = _above(text, line or 1)
    kept = "what stands above" if document else "nothing"
    message = f"not TOML: {_PLACE.sub('', words)}; a boot uses {kept}"
    return document, read, [Problem(line, "", message, shuts=True)]


def _twice(found: re.Match[str]) -> str:
    table = found["names"].replace("', '", ".").strip("'")
    return f"[{table}] stands here a second time"


def _above(text: str, line: int) -> tuple[dict[str, Any], str]:
    """The whole statements above ``line``: a file that was cut keeps its top."""
    above = text.split("\n")[: line - 1]
    for end in range(len(above), max(len(above) - _STEPS_BACK, 0), -1):
        top = "\n".join(above[:end]) + "\n"
        try:
            return tomllib.loads(top), top
        except (ValueError, RecursionError):
            continue
    return {}, ""


def _config(document: dict[str, Any], faults: list[_Fault]) -> HostConfig:
    tables = {}
    for name, values in document.items():
        if name not in TABLES and name != "factory":
            faults.append(_unknown(name, values))
        elif not isinstance(values, dict):
            message = f"not a table: write [{name}] on a line of its own, its keys below"
            faults.append(_Fault((name,), message, names.table_shuts(name, values)))
        else:
            tables[name] = values
    changed = {name: _table(name, v, faults) for name, v in tables.items() if name != "factory"}
    config = _agree(replace(DEFAULT, **changed), tables, faults)
    return replace(config, factory=_factory(config.rs485, tables.get("factory", {}), faults))


def _unknown(name: str, value: object) -> _Fault:
    """A name at the top that is no table of ours: misspelt, or a key before the first table."""
    shuts = names.table_shuts(name, value)
    if isinstance(value, dict):
        return _Fault((name,), f"unknown table{names.meant_table(name)}", shuts)
    return _Fault((name,), f"outside the tables{names.meant_anywhere(name)}", shuts)


def _table(table: str, values: dict[str, Any], faults: list[_Fault]) -> Any:
    default = TABLES[table]
    kinds = {f.name: about(f).kind for f in fields(default)}
    changed = {}
    for key, value in values.items():
        if key not in kinds:
            message = f"unknown key{names.meant_key(table, key)}"
            faults.append(_Fault((table, key), message, names.key_shuts(table, key)))
            continue
        try:
            changed[key] = kinds[key].check(value)
        except ParameterError as error:
            hint = _quoted(kinds[key], value) or names.meant_option(kinds[key], value)
            message = f"{error}{hint}"
            faults.append(_Fault((table, key), message, names.value_shuts(table, key)))
    return replace(default, **changed)


def _quoted(kind: Kind, value: object) -> str:
    """Whether ``value`` is right but for its quotes."""
    if not isinstance(value, str):
        return ""
    try:
        kind.check(tomllib.loads(f"bare = {value}")["bare"])
    except (ValueError, RecursionError):  # ParameterError is one
        return ""
    return "; write it without quotes"


def _agree(config: HostConfig, tables: dict[str, Any], faults: list[_Fault]) -> HostConfig:
    """What single keys cannot know of each other."""
    if config.rs485.direction == "gpio" and not config.rs485.gpio_line:
        faults.append(_Fault(("rs485", "direction"), "gpio needs a gpio_line"))
        config = replace(config, rs485=replace(config.rs485, direction=Rs485().direction))
    if not config.modem.present:
        if str(tables.get("bearer", {}).get("kind")).casefold() == "ppp":
            faults.append(_Fault(("bearer", "kind"), "ppp needs a modem, and [modem] says none"))
        config = replace(config, bearer=replace(config.bearer, kind="host"))
    return config


def _factory(rs485: Rs485, values: dict[str, Any], faults: list[_Fault]) -> Settings:
    settings = FACTORY
    if rs485.direction in ("kernel", "rts", "gpio"):
        settings = settings.put("uart.flow", "RS485")  # else the HAT would be mute
    given: dict[str, str] = {}
    for key, value in values.items():
        try:
            settings = _override(key, value, settings, given)
        except ParameterError as error:
            shuts = names.key_shuts("factory", key)
            faults.append(_Fault(("factory", key), str(error), shuts))
    if settings.uart.flow == "CRTS" and rs485.takes_rts:
        message = f"CRTS needs RTS, and [rs485] direction {rs485.direction} has it"
        faults.append(_Fault(("factory", "UART"), message))
        settings = settings.put("uart.flow", "RS485")
    return settings


def _override(key: str, value: object, settings: Settings, given: dict[str, str]) -> Settings:
    """``settings`` after ``AT+<key>=<value>``; ``given`` keeps who set which command."""
    command = BY_NAME.get(key.upper())
    if command is None or not command.params:
        raise ParameterError(f"no setting of the module{names.meant(key, names.FACTORY_NAMES)}")
    if not isinstance(value, str):
        raise ParameterError('not AT text in quotes, as in UARTFT = "0"')
    if given.setdefault(command.name, key) != key:
        raise ParameterError(f"given twice; the other is {given[command.name]}")
    return assign(command, value, settings)


def _problem(fault: _Fault, found: dict[Path, int]) -> Problem:
    key = ".".join(map(shown, fault.path))
    return Problem(line_of(fault.path, found), key, fault.message, fault.shuts)


def _line(name: str, problem: Problem) -> str:
    place = f"{name}:{problem.line}" if problem.line else name
    return ": ".join(filter(None, (place, problem.key, problem.message)))
