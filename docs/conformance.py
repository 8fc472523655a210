"""The page ``conformance.md``: each section of the module's manual, and the tests that hold it.

Read off the tests themselves, which say it in one of three ways:

    @pytest.mark.manual("3.4.1", "three unsuccessful beats: reconnect")
    def test_handshake_of_manual_4_1_1() -> None:
    == 3.4.2 Heartbeat package          a transcript in tests/manual/*.txt

A section that no software can hold has an entry in decisions.md, ``- **2.5 Dimensions**``.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from usr7s3d.at.table import COMMANDS

ROOT = Path(__file__).parent.parent

# Those that say something; where only the parts of a section do, the parts.
SECTIONS = {
    "1.1": "Testing environment",
    "1.2": "Transmission",
    "2.1": "Short description",
    "2.2": "Features",
    "2.3": "Parameters",
    "2.4": "Hardware",
    "2.5": "Dimensions",
    "3.1": "Setup process",
    "3.2": "Work mode",
    "3.2.1.1": "Network transmission mode",
    "3.2.1.2": "Its setup steps",
    "3.2.2.1": "HTTPD mode",
    "3.2.2.2": "Its setup steps",
    "3.2.3.1": "SMS transmission mode",
    "3.2.3.2": "Its setup steps",
    "3.3.1": "Register package",
    "3.3.2": "Its setup steps",
    "3.4.1": "Heart beat package",
    "3.4.2": "Its setup steps",
    "3.5.1": "USR Cloud",
    "3.5.2": "Its setup steps",
    "3.6.1": "RS485",
    "3.6.2": "Similar RFC2217",
    "3.7": "Indicator status, firmware upgrade",
    "4.1.1": "AT command mode",
    "4.1.2": "Serial AT command",
    "4.1.3": "Network AT command",
    "4.1.4": "SMS AT command",
    "4.2": "Format of commands and replies",
    "4.2.1": "List of commands",
    **{each.manual: f"AT+{each.name}" for each in COMMANDS if each.manual.startswith("4.2.1.")},
}

# Where only the parts say something, a test may still hold the whole.
WHOLES = {
    "3.2.1": "Network transmission mode",
    "3.2.2": "HTTPD mode",
    "3.2.3": "SMS transmission mode",
    "3.3": "Register package",
    "3.4": "Heart beat package",
    "3.5": "USR Cloud",
    "3.6": "UART function",
    "4.1": "AT commands set",
}
TITLES = SECTIONS | WHOLES

HEAD = """\
# Conformance

Each section of chapters 1 to 4 of the module's manual, what it says, and the tests that hold it.
Where the manual leaves something open, [decisions.md](decisions.md) says what we chose; where
nothing but hardware could hold a sentence, it says that. The page is made from the tests by
`python docs/generate.py`, and a test fails when it is stale or when a section has neither.

Transcripts are dialogues in `tests/manual/`, replayed byte for byte.
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A sentence, in our words, and who holds it."""

    section: str
    words: str
    holder: str


@cache
def rows() -> list[Row]:
    """All of them, in the order of the manual."""
    found = [*_marked(), *_transcripts(), *_decided()]
    return sorted(found, key=lambda row: (_numbers(row.section), row.words, row.holder))


def _numbers(section: str) -> tuple[int, ...]:
    return tuple(int(number) for number in section.split("."))


def page() -> str:
    """``docs/conformance.md``."""
    parts, last = [HEAD], ""
    for row in rows():
        if row.section != last:
            parts.append(_left_open(last))
            last = row.section
            parts.append(
                f"\n## {last} {TITLES.get(last, '?')}\n\n| it says | held by |\n|---|---|\n"
            )
        parts.append(f"| {row.words} | {row.holder} |\n")
    return "".join([*parts, _left_open(last)])


def _left_open(section: str) -> str:
    """A pointer to the chapters of decisions.md that belong to ``section``."""
    headings = re.findall(r"^## (([\d.]+) .*)$", (ROOT / "docs/decisions.md").read_text(), re.M)
    links = [
        f"[{heading}](decisions.md#{_anchor(heading)})"
        for heading, number in headings
        if f"{section}.".startswith(f"{number}.") and number != "2"
    ]
    return f"\nWhat it leaves open: {', '.join(links)}\n" if links else ""


def _anchor(heading: str) -> str:
    """As web pages of git hosts name a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _marked() -> Iterator[Row]:
    for path in sorted((ROOT / "tests").rglob("*.py")):
        text = path.read_text()
        if "manual" in text:
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    holder = f"`{path.relative_to(ROOT)}::{node.name}`"
                    for section, words in _sentences(node):
                        yield Row(section, words, holder)


def _sentences(test: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[tuple[str, str]]:
    """The sections that a test names, and its words for each."""
    marks = set[str]()
    for decorator in test.decorator_list:
        if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.manual":
            section, words = (ast.literal_eval(each) for each in decorator.args)
            marks.add(section)
            yield section, words
    if named := re.search(r"test_(.*)_of_manual((?:_\d+)+)", test.name):
        section = named[2].strip("_").replace("_", ".")
        if section not in marks:
            yield section, named[1].replace("_", " ")


def _transcripts() -> Iterator[Row]:
    for path in sorted((ROOT / "tests/manual").glob("*.txt")):
        for section, words in re.findall(r"^== ([\d.]+) (.*)$", path.read_text(), re.MULTILINE):
            yield Row(section, f"transcript: {words}", f"`{path.relative_to(ROOT)}`")


def _decided() -> Iterator[Row]:
    """Entries of decisions.md that stand for a whole section."""
    text = (ROOT / "docs/decisions.md").read_text()
    for section, words in re.findall(r"^- \*\*(\d(?:\.\d+)+) ([^*]+)\*\*", text, re.MULTILINE):
        if section in SECTIONS:
            yield Row(section, f"decided: {words}", "[decisions.md](decisions.md)")
