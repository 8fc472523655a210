"""The kinds of values that AT parameters take (manual 4.2).

A field reads a value from AT text, checks one that came from a file, and writes
it the way replies show it: text quoted, numbers bare.
"""

import re
from dataclasses import dataclass
from typing import Protocol


class ParameterError(ValueError):
    """The text or value is not one that this parameter accepts."""


class Field(Protocol):
    """What the engine, the settings files and the docs ask of a kind of value."""

    def parse(self, text: str) -> object:
        """The value that unquoted AT ``text`` stands for; raises ParameterError."""
        ...

    def check(self, value: object) -> object:
        """``value`` as we keep it; raises ParameterError when it is not one of ours."""
        ...

    def format(self, value: object) -> str:
        """``value`` as replies show it."""
        ...

    @property
    def hint(self) -> str:
        """What ``AT+X=?`` shows between the angle brackets."""
        ...

    @property
    def range(self) -> str:
        """The accepted values in words, for the reference pages."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a fixed set, in any case (manual 4.2, note)."""

    options: tuple[str | int, ...]

    def parse(self, text: str) -> str | int:
        """Find the option that ``text`` spells."""
        for option in self.options:
            if str(option).casefold() == text.casefold():
                return option
        raise ParameterError(f"not one of {self.hint}")

    def check(self, value: object) -> str | int:
        """Find the option that ``value`` is; a number must be a number."""
        option = self.parse(str(value))
        if type(option) is not type(value):
            raise ParameterError(f"not one of {self.hint}")
        return option

    def format(self, value: object) -> str:
        """Text quoted, numbers bare."""
        return f'"{value}"' if isinstance(value, str) else str(value)

    @property
    def hint(self) -> str:
        """All options, as the manual lists them."""
        return ",".join(self.format(option) for option in self.options)

    @property
    def range(self) -> str:
        """All options."""
        return self.hint.replace(",", ", ")


@dataclass(frozen=True, slots=True)
class OnOff:
    """A switch: ``on`` or ``off`` in AT, a boolean in files."""

    hint: str = '"on","off"'
    range: str = '"on", "off"'

    def parse(self, text: str) -> bool:
        """``on`` or ``off`` in any case."""
        try:
            return {"on": True, "off": False}[text.casefold()]
        except KeyError:
            raise ParameterError(f"not one of {self.hint}") from None

    def check(self, value: object) -> bool:
        """A boolean and nothing that merely looks like one."""
        if isinstance(value, bool):
            return value
        raise ParameterError("not true or false")

    def format(self, value: object) -> str:
        """Lower case, quoted."""
        return '"on"' if value else '"off"'


@dataclass(frozen=True, slots=True)
class Number:
    """A whole number from ``low`` to ``high``."""

    low: int
    high: int
    label: str = ""
    unit: str = ""

    def parse(self, text: str) -> int:
        """Decimal digits, at most as many as any of our numbers has."""
        if not re.fullmatch(r"[0-9]{1,10}", text):
            raise ParameterError("not a number")
        return self.check(int(text))

    def check(self, value: object) -> int:
        """An int within the range; a boolean is none."""
        if type(value) is not int or not self.low <= value <= self.high:
            raise ParameterError(f"not from {self.low} to {self.high}")
        return value

    def format(self, value: object) -> str:
        """Bare digits."""
        return str(value)

    @property
    def hint(self) -> str:
        """The manual's label where it prints one, else the range."""
        return self.label or f"{self.low}~{self.high}"

    @property
    def range(self) -> str:
        """Both ends, and the unit."""
        return f"{self.low} to {self.high} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Text:
    """A string of ``shortest`` to ``longest`` characters of an allowed kind.

    Quotes and control characters are never part of a value: the AT grammar has
    no way to write them (``[hh]`` stands for such bytes where it is decoded).
    """

    label: str
    longest: int
    shortest: int = 0
    pattern: str = r'[^"\x00-\x1f\x7f]*'
    words: str = "any text"

    def parse(self, text: str) -> str:
        """The text itself, when it is allowed."""
        return self.check(text)

    def check(self, value: object) -> str:
        """Length, alphabet, and one byte for each character."""
        if not isinstance(value, str) or not self.shortest <= len(value) <= self.longest:
            raise ParameterError(f"not a text of {self.shortest} to {self.longest} characters")
        if not re.fullmatch(self.pattern, value) or not all(c <= "\xff" for c in value):
            raise ParameterError(f"not {self.words}")
        return value

    def format(self, value: object) -> str:
        """Quoted."""
        return f'"{value}"'

    @property
    def hint(self) -> str:
        """The manual's label."""
        return self.label

    @property
    def range(self) -> str:
        """Length and alphabet."""
        same = self.shortest == self.longest
        size = f"{self.longest}" if same else f"{self.shortest} to {self.longest}"
        return f"{self.words}, {size} characters"


HEX_ESCAPE = re.compile(r"\[([0-9A-Fa-f]{2})\]")


def unescape(text: str) -> bytes:
    """The bytes of ``text``, each ``[hh]`` being one byte in hex (manual 3.2.2.2)."""
    return HEX_ESCAPE.sub(lambda m: chr(int(m[1], 16)), text).encode("latin-1")
