"""The kinds of values in the host configuration, beside those of ``at/fields.py``.

Each has ``check``, from a TOML value to ours, and ``range``, the same in words.
No message repeats the value: it may be a PIN, and the line number points at it.
"""

import re
from dataclasses import dataclass
from typing import Protocol

from usr7s3d.at.fields import OnOff, ParameterError


class Kind(Protocol):
    """What the reader of the file and the reference page ask."""

    def check(self, value: object) -> object:
        """``value`` as we keep it; raises ParameterError."""
        ...

    @property
    def range(self) -> str:
        """The accepted values in words."""
        ...


SWITCH = OnOff(range="`true` or `false`")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text that matches all of ``pattern``."""

    pattern: str
    range: str

    def check(self, value: object) -> str:
        """The text itself; a number is none, however its digits look."""
        if not isinstance(value, str):
            raise ParameterError(f"not a text in quotes; expected {self.range}")
        if not re.fullmatch(self.pattern, value):
            raise ParameterError(f"not {self.range}")
        return value


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of texts of one kind."""

    each: Pattern

    def check(self, value: object) -> tuple[str, ...]:
        """All or nothing: half a list of allowed senders would be another list."""
        if not isinstance(value, list):
            raise ParameterError(f"not {self.range}")
        return tuple(self.each.check(text) for text in value)

    @property
    def range(self) -> str:
        """The kind of each."""
        return f"a list in square brackets, each {self.each.range}"


@dataclass(frozen=True, slots=True)
class Template:
    """A text with ``{NAME}`` for each of ``names``, ``[hh]`` for a byte."""

    names: tuple[str, ...]

    def check(self, value: object) -> str:
        """The text itself, not filled in."""
        if not isinstance(value, str):
            raise ParameterError(f"not a text in quotes; expected {self.range}")
        rest = value
        for name in self.names:
            rest = rest.replace(f"{{{name}}}", "")
        if not re.fullmatch(r"[^{}\x00-\x1f\x7f\u0100-\U0010ffff]*", rest):
            raise ParameterError(f"a stand-in or character it cannot have; expected {self.range}")
        return value

    @property
    def range(self) -> str:
        """The names."""
        return "a text; stand-ins are " + ", ".join(f"`{{{name}}}`" for name in self.names)


@dataclass(frozen=True, slots=True)
class GpioLine:
    """A line of a GPIO chip; both may be a number or a name, an empty chip is the header's."""

    chip: str
    line: str
    active_low: bool = False


@dataclass(frozen=True, slots=True)
class KernelLed:
    """A folder of /sys/class/leds."""

    name: str


@dataclass(frozen=True, slots=True)
class LineOffset:
    """A GPIO line by number or name, kept as text."""

    range: str = 'a line number, or a name as in `"GPIO17"`'

    def check(self, value: object) -> str:
        """Numbers and names become text; empty is none."""
        text = str(value) if type(value) is int else value
        if not isinstance(text, str) or not re.fullmatch(r"[A-Za-z0-9_.+-]{0,32}", text):
            raise ParameterError(f"not {self.range}")
        if text.startswith("-"):
            raise ParameterError(f"not {self.range}")
        return text


_GPIO = re.compile(
    r"gpio:(?P<chip>[A-Za-z0-9_.-]*)/(?P<line>[A-Za-z0-9_.]+)(?P<low>,[ ]*active_low)?"
)
_LED = re.compile(r"led:(?P<name>(?!\.)[^\s/]+)")


@dataclass(frozen=True, slots=True)
class Output:
    """A kernel LED or a GPIO line that we drive; empty = none."""

    led: bool = True

    def check(self, value: object) -> GpioLine | KernelLed | None:
        """Take ``led:NAME`` or ``gpio:CHIP/LINE`` apart."""
        text = value if isinstance(value, str) else "?"
        if not text:
            return None
        if self.led and (led := _LED.fullmatch(text)):
            return KernelLed(led["name"])
        if gpio := _GPIO.fullmatch(text):
            return GpioLine(gpio["chip"], gpio["line"], bool(gpio["low"]))
        raise ParameterError(f"not {self.range}")

    @property
    def range(self) -> str:
        """The forms."""
        gpio = "`gpio:CHIP/LINE` or `gpio:CHIP/LINE,active_low`"
        return f"`led:NAME`, {gpio}" if self.led else gpio


@dataclass(frozen=True, slots=True)
class Input:
    """A GPIO line with a key against ground (active low); empty = none."""

    range: str = "`gpio:CHIP/LINE`"

    def check(self, value: object) -> GpioLine | None:
        """Take ``gpio:CHIP/LINE`` apart."""
        if value == "":
            return None
        gpio = _GPIO.fullmatch(value) if isinstance(value, str) else None
        if not gpio or gpio["low"]:
            raise ParameterError(f"not {self.range}")
        return GpioLine(gpio["chip"], gpio["line"], active_low=True)
