"""The settings as an AT script: lines of ``AT+X=...``, the form in which modules are documented.

Pure: text in, text out.  A line that begins with ``#`` is a comment, an empty one is nothing.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from usr7s3d.at.table import BY_NAME, GROUPS, Command

HEAD = """\
# Settings of a module, as AT commands; usr7s3ctl config import reads them.
# They hold passwords: CMDPW, APN and CLOUDPA; HTPURL and HTPHD may hold a token.
"""
EXTENSIONS = "Beyond the manual: a USR-GPRS232-7S3 may not know these"

_SET = re.compile(r"AT\+[ \t]*([A-Z0-9]+)[ \t]*=(?![ \t]*\?\Z)", re.IGNORECASE)
# Not all that Python takes for one: 85 is a byte of a text in UTF-8.
_LINE_END = re.compile(r"\r\n|\r|\n")
_BLANKS = " \t"
BOM = "\xef\xbb\xbf"  # some editors put it in front of UTF-8


class BadScript(Exception):
    """Which line is none of a script, and why."""


@dataclass(frozen=True, slots=True)
class Line:
    """A set, and where it stands."""

    number: int  # from 1
    text: str

    @property
    def name(self) -> str:
        """The command without its values, which may be secret."""
        return self.text.partition("=")[0].strip()


def export(values: Callable[[Command], str]) -> str:
    """The script that sets every command to its ``values``, written as ``AT+X?`` shows them."""
    parts = [HEAD]
    for title, commands in _sections():
        parts += [f"\n# {title}\n", *(f"AT+{each.name}={values(each)}\n" for each in commands)]
    return "".join(parts)


def _sections() -> Iterator[tuple[str, list[Command]]]:
    """The commands that have a value to keep, by the headings of the manual."""
    extensions = []
    for group in GROUPS:
        settable = [command for command in group.commands if command.params]
        extensions += [command for command in settable if not command.manual]
        if manual := [command for command in settable if command.manual]:
            yield group.title, manual
    yield EXTENSIONS, extensions


def parse(text: str) -> list[Line]:
    """The sets in ``text``.  Raises BadScript when there is anything else."""
    lines = []
    for number, line in enumerate(_LINE_END.split(text.removeprefix(BOM)), 1):
        stripped = line.strip(_BLANKS)
        if not stripped or stripped.startswith("#"):
            continue
        found = _SET.match(stripped)
        if not found:
            hint = "; --save saves" if stripped.upper() == "AT+S" else ""
            raise BadScript(f"line {number} is not of the form AT+X=...{hint}")
        command = BY_NAME.get(found[1].upper())
        if command and command.action:
            raise BadScript(f"line {number}: AT+{found[1]} is no setting")
        lines.append(Line(number, stripped))
    return lines
