"""What a name that is not ours may have meant, and whether it may have meant to shut a door."""

from collections.abc import Iterable
from dataclasses import fields

from usr7s3d.at.fields import Choice
from usr7s3d.at.table import BY_NAME
from usr7s3d.hostconfig.model import TABLES

FACTORY_NAMES = tuple(name for name, command in BY_NAME.items() if command.params)
KEYS = {table: tuple(f.name for f in fields(default)) for table, default in TABLES.items()}

GUARDED_TABLES = ("safety", "modem", "sms")
GUARDED_KEYS = (
    *KEYS["safety"],
    *(key for key in KEYS["modem"] if key.startswith("sms_")),
    "naten",
    "cmdpw",
)

_LONGEST = 40  # characters; longer ones are no slips of the finger, and slow to compare


def _nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> list[str]:
    from difflib import get_close_matches  # noqa: PLC0415 - memory, for a mistake only

    return get_close_matches(name, list(known), n=1, cutoff=cutoff)


def table_shuts(name: str, value: object) -> bool:
    """Whether table ``name``, unknown or no table at all, may have meant to shut a door."""
    keys = (name, *_keys_in(value))
    return _is_like(name, GUARDED_TABLES) or any(_is_like(key, GUARDED_KEYS) for key in keys)


def key_shuts(table: str, key: str) -> bool:
    """Whether ``key``, which ``table`` does not have, may have meant to shut a door."""
    return table in ("safety", "sms") or _is_like(key, GUARDED_KEYS)


def value_shuts(table: str, key: str) -> bool:
    """Whether a wrong value of ``key`` may have meant to shut a door."""
    return table == "safety" or key.casefold() in GUARDED_KEYS


def meant(name: str, known: Iterable[str]) -> str:
    """The question to end a message with: the nearest of ``known``, or nothing."""
    spelling = {k.casefold(): k for k in known}
    near = _nearest(name[:_LONGEST].casefold(), spelling, cutoff=0.5)
    return f"; did you mean {spelling[near[0]]}?" if near else ""


def meant_table(name: str) -> str:
    """The nearest table, or all."""
    tables = [f"[{table}]" for table in (*TABLES, "factory")]
    return meant(f"[{name}]", tables) or f"; there are {', '.join(tables)}"


def meant_key(table: str, key: str) -> str:
    """The nearest key of ``table``, or the table that has it, or all keys of ``table``."""
    here = meant(key, KEYS[table])
    return here or _elsewhere(key) or f"; [{table}] has {', '.join(KEYS[table])}"


def meant_anywhere(key: str) -> str:
    """The nearest key of any table."""
    everywhere = {k for keys in KEYS.values() for k in keys} | set(FACTORY_NAMES)
    near = _nearest(key[:_LONGEST], everywhere) or [key.upper()]
    return _elsewhere(near[0]) or "; the first line above it has to be a [table]"


def meant_option(kind: object, value: object) -> str:
    """The nearest of a fixed set, where ``kind`` is one."""
    if not isinstance(kind, Choice) or not isinstance(value, str):
        return ""
    return meant(value, map(str, kind.options))


def _elsewhere(key: str) -> str:
    tables = [table for table, keys in KEYS.items() if key in keys]
    if key.upper() in FACTORY_NAMES:
        tables.append("factory")
    return (
        f"; did you mean {' or '.join(f'[{table}] {key}' for table in tables)}?" if tables else ""
    )


def _is_like(name: str, guarded: tuple[str, ...]) -> bool:
    name = name[:_LONGEST].casefold()
    return name.startswith("sms") or bool(_nearest(name, guarded))


def _keys_in(value: object) -> Iterable[str]:
    """Every key at any depth."""
    waiting = [value]
    while waiting:
        match waiting.pop():
            case dict() as table:
                yield from table
                waiting += table.values()
            case list() as values:
                waiting += values
