"""Settings as TOML text, both ways.  Pure: text in, text out.

The table says which keys there are, what they accept and what stands above
them.  A person may edit the file: what else they wrote in it survives.

tomllib reads.  tomlkit, which keeps comments and costs ten times as much, is
loaded when something is written.
"""

import json
import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from typing import Any

from usr7s3d.at.fields import OnOff, ParameterError
from usr7s3d.at.table import PARAMS
from usr7s3d.settings.model import FACTORY, Settings

# The last line.  Five of six files that were cut somewhere still parse, so only this line
# tells that the rest is all there.
END = "# end of settings"

HEAD = """\
# What the module remembers.
#
# AT+S, AT+CFGTF, AT+RELD and AT+CLEAR write the values; comments, order and keys that
# usr7s3d does not know stay.  Edit it, then reload usr7s3d.  The last line tells that the
# file is whole: keep it last.  In texts one character is one byte: "\\u00e9" is E9.
"""

SECTIONS = {
    section.name: tuple(f.name for f in fields(getattr(FACTORY, section.name)))
    for section in fields(FACTORY)
}
SECRETS = {
    f"{section}.{f.name}"
    for section in SECTIONS
    for f in fields(getattr(FACTORY, section))
    if not f.repr
}
# Characters that an editor does not show, or that TOML forbids.
_UNSEEN = re.compile("[\x7f-\xa0\xad]")


class SettingsError(ValueError):
    """The text is not a whole settings file."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a file says, and what a person should hear about it."""

    settings: Settings
    notes: tuple[str, ...] = ()


def parse(text: str) -> dict[str, Any]:
    """The tables of a whole file; raises SettingsError when it is cut or no TOML."""
    if text.rstrip().rpartition("\n")[2].strip() != END:
        raise SettingsError(f"the last line is not {END!r}")
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # ValueError: an int of 5000 digits, too
        raise SettingsError(str(error)) from None


def read(text: str, base: Settings) -> Loaded:
    """Lay the values of ``text`` over ``base``.

    A key that is missing or has a value that is none of ours costs that key
    only, so that neither an upgrade nor a downgrade loses the others.
    """
    tables = parse(text)
    unknown = [name for name in tables if name not in SECTIONS]
    settings, notes = base, [f"{shown(name)}: unknown; kept" for name in unknown]
    for section in SECTIONS:
        table = tables.get(section)
        if isinstance(table, dict):
            values, more = _section(section, table, base)
            settings = replace(settings, **{section: replace(getattr(base, section), **values)})
            notes += more
        else:
            notes.append(f"{section}: no such table; the next set's values are used")
    return Loaded(settings, tuple(notes))


def _section(
    section: str, table: Mapping[str, object], base: Settings
) -> tuple[dict[str, Any], list[str]]:
    """The good values of ``table``, and a note about each other key."""
    values, notes = {}, []
    for key in SECTIONS[section]:
        path = f"{section}.{key}"
        try:
            values[key] = _value(path, table)
        except ParameterError as error:
            notes.append(f"{path}: {error}; {_shown(path, base)} is used")
    unknown = [key for key in table if key not in SECTIONS[section]]
    return values, notes + [f"{section}.{shown(key)}: unknown; kept" for key in unknown]


def shown(name: str) -> str:
    """A key as TOML writes it: one that a terminal would obey comes out harmless."""
    return name if re.fullmatch(r"[A-Za-z0-9_-]{1,60}", name) else json.dumps(name[:60])


def _value(path: str, table: Mapping[str, object]) -> object:
    key = path.partition(".")[2]
    if key not in table:
        raise ParameterError("missing")
    return PARAMS[path][1].field.check(table[key])


def _shown(path: str, settings: Settings) -> str:
    """The value as a log may show it."""
    return "the next set's" if path in SECRETS else _literal(settings.get(path))


def write(settings: Settings, old: str | None) -> str:
    """The file that says ``settings``: ``old`` with other values, or the template.

    The template is for an ``old`` that is no whole file, or that is valid TOML
    and yet stranger than tomlkit can edit.
    """
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415

    with suppress(ValueError, RecursionError, TOMLKitError):
        text = _edited(old or "", settings)
        if _says(text, settings):
            return text
    return template(settings)


def _says(text: str, settings: Settings) -> bool:
    """Whether ``text`` alone gives every setting the value it has in ``settings``."""
    tables = parse(text)
    return all(
        isinstance(tables.get(section), dict) and _is(settings, section, key, tables[section])
        for section, keys in SECTIONS.items()
        for key in keys
    )


def _is(settings: Settings, section: str, key: str, table: Mapping[str, object]) -> bool:
    value, kept = settings.get(f"{section}.{key}"), table.get(key)
    return type(kept) is type(value) and kept == value  # to Python 1 == 1.0 == True


def _edited(old: str, settings: Settings) -> str:
    """``old`` with ``settings``; a value that is right stays as the person wrote it."""
    import tomlkit  # noqa: PLC0415

    tables = parse(old)
    lines = old.replace("\r\n", "\n").split("\n")
    text = "\n".join(line for line in lines if line.strip() != END)
    document: Any = tomlkit.parse(text)
    for section, keys in SECTIONS.items():
        table = tables.get(section)
        if not isinstance(table, dict):
            document.pop(section, None)
            continue
        for key in keys:
            # What is missing goes below the header line, if there is one.
            here = key in table or not _header(section).search(text)
            if here and not _is(settings, section, key, table):
                document[section][key] = tomlkit.value(_literal(settings.get(f"{section}.{key}")))
    return _ended(_completed(document.as_string(), settings))


def _completed(text: str, settings: Settings) -> str:
    """``text`` with the tables and keys it lacks.

    A key is put right below its table's header: tomlkit would put it behind
    the comment that stands above the next one.
    """
    tables = tomllib.loads(text)
    for section, keys in SECTIONS.items():
        missing = [key for key in keys if key not in tables.get(section, ())]
        header = _header(section).search(text)
        if section not in tables:
            text = f"{text.rstrip()}\n\n{_table(section, settings)}"
        elif header:
            entries = "".join(_entry(settings, section, key) for key in missing)
            text = text[: header.end()] + entries + text[header.end() :]
    return text


def _header(section: str) -> re.Pattern[str]:
    return re.compile(rf"^[ \t]*\[[ \t]*{section}[ \t]*\][^\n]*\n", re.M)


def template(settings: Settings) -> str:
    """A file as nobody has touched it."""
    return _ended("\n".join([HEAD, *(_table(section, settings) for section in SECTIONS)]))


def _ended(text: str) -> str:
    return f"{text.rstrip()}\n\n{END}\n"


def _table(section: str, settings: Settings) -> str:
    entries = "".join(_entry(settings, section, key) for key in SECTIONS[section])
    return f"# {getattr(settings, section).__doc__}\n[{section}]\n{entries}"


def _entry(settings: Settings, section: str, key: str) -> str:
    path = f"{section}.{key}"
    return f"# {comment(path)}\n{key} = {_literal(settings.get(path))}\n"


def comment(path: str) -> str:
    """What stands above the key: AT name, meaning, range and unit, source."""
    command, param = PARAMS[path]
    range_ = "true or false" if isinstance(param.field, OnOff) else param.field.range
    words = (command.summary.removeprefix("query/set "), range_, param.note)
    source = f"manual {command.manual}" if command.manual else "not in the manual"
    return f"AT+{command.name}: {'; '.join(filter(None, words))} ({source})"


def _literal(value: object) -> str:
    """``value`` in TOML, which writes our three types as JSON does."""
    text = json.dumps(value, ensure_ascii=False)
    return _UNSEEN.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
