"""The values behind ``+NAME:`` (ITU-T V.250 5.4.2.1): numbers, strings in quotes, nothing."""

import re
from collections.abc import Iterable

_FIELD = re.compile(r'\s*("[^"]*"|[^",]*?)\s*(?:,|$)')


def values(line: str, name: str) -> list[str] | None:
    """The fields of a line ``name: a,"b",``, quotes kept; None when it is another, or broken."""
    head, colon, rest = line.partition(":")
    if not colon or head.strip().upper() != name.upper():
        return None
    return split(rest)


def split(text: str) -> list[str] | None:
    """Cut at commas outside quotes; None when a quote is not closed."""
    fields, at, text = [], 0, text.strip()
    while match := _FIELD.match(text, at):
        fields.append(match[1])
        if match.end() == len(text):
            return [*fields, ""] if text.endswith(",") else fields
        at = match.end()
    return None


def each(lines: Iterable[str], name: str) -> Iterable[list[str]]:
    """The fields of every line of that name that is whole."""
    return [found for line in lines if (found := values(line, name)) is not None]


def text(field: str) -> str:
    """A string without its quotes."""
    return field[1:-1] if len(field) > 1 and field[0] == field[-1] == '"' else field


def number(field: str, base: int = 10) -> int | None:
    """A number, in quotes or not; None when it is none, or longer than any that we read."""
    digits = text(field).strip()
    pattern = r"[0-9]{1,10}" if base == 10 else r"[0-9A-Fa-f]{1,16}"
    return int(digits, base) if re.fullmatch(pattern, digits) else None


def decoded(words: str) -> str:
    """A string that the modem may have written in hex of UCS-2 (``AT+CSCS="UCS2"``)."""
    if len(words) < 8 or len(words) % 4 or not re.fullmatch(r"[0-9A-Fa-f]+", words):
        return words
    try:
        plain = bytes.fromhex(words).decode("utf-16-be")
    except UnicodeDecodeError:
        return words
    return plain if plain.isprintable() else words
