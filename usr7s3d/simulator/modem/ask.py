"""A command line taken apart (ITU-T V.250 5.2), and how a command is refused."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# 3GPP TS 27.007 9.2 and 27.005 3.2.5, those that this modem gives.
_WORDS = {
    "CME": {
        3: "operation not allowed", 4: "operation not supported", 10: "SIM not inserted",
        11: "SIM PIN required", 12: "SIM PUK required", 16: "incorrect password",
        30: "no network service", 50: "incorrect parameters", 100: "unknown",
    },
    "CMS": {
        304: "Invalid PDU mode parameter", 305: "Invalid text mode parameter",
        310: "SIM not inserted", 311: "SIM PIN required", 316: "SIM PUK required",
        321: "Invalid memory index", 322: "Memory full", 331: "No network service",
        500: "unknown error",
    },
}  # fmt: skip

NOT_ALLOWED, BAD_VALUE, NO_SIM, NEED_PIN, NEED_PUK, WRONG_PIN, NO_NETWORK = (
    3,
    50,
    10,
    11,
    12,
    16,
    30,
)


class Refused(Exception):
    """A command that is not carried out; without a kind it is a bare ERROR."""

    def __init__(self, kind: str = "", code: int = 0) -> None:
        super().__init__(kind, code)
        self._kind, self._code = kind, code

    def result(self, cmee: int) -> str:
        """In numbers, in words, or plain, as AT+CMEE has it; message errors keep their number."""
        if not self._kind or (self._kind == "CME" and cmee == 0):
            return "ERROR"
        words = _WORDS[self._kind].get(self._code, "unknown error") if cmee == 2 else self._code
        return f"+{self._kind} ERROR: {words}"


@dataclass(frozen=True, slots=True)
class Ask:
    """One command of a line."""

    name: str  # "+CMGS", "E", "&F", "D"; "" of a bare AT
    form: str = ""  # "", "?", "=?", "="
    text: str = ""  # behind =, or behind the letter

    @property
    def whole(self) -> str:
        """As it would stand alone."""
        return f"AT{self.name}{self.form}{self.text}"

    @property
    def values(self) -> list[str]:
        """Separated by commas, without quotes."""
        found = re.findall(r'(?:^|,)\s*(?:"([^"]*)"|([^,]*))', self.text)
        return [quoted or bare.strip() for quoted, bare in found]

    def number(self, at: int, default: int | None = None) -> int:
        """The value at a place.  Raises Refused."""
        value = self.values[at] if at < len(self.values) else ""
        if not value and default is not None:
            return default
        if not re.fullmatch(r"[0-9]{1,9}", value):
            raise Refused("CME", BAD_VALUE)
        return int(value)


_EXTENDED = re.compile(
    r"(?P<name>[+^%$*#!][A-Z][A-Z0-9]*)\s*(?P<form>=\?|\?|=|)(?P<text>(?:\"[^\"]*\"|[^;\"])*)", re.I
)
_DIAL = re.compile(r"(?P<name>D)(?P<form>)(?P<text>.*)", re.I)
_BASIC = re.compile(r"(?P<name>S[0-9]+|[&\\]?[A-Z])(?P<form>=\?|\?|=|)(?P<text>[0-9]*)", re.I)


def split(line: str) -> Iterator[Ask]:
    """The commands of a line that begins with AT.  Raises Refused at what is none."""
    rest = line[2:].strip()
    if not rest:
        yield Ask("")
    while rest:
        match = next(filter(None, (form.match(rest) for form in (_EXTENDED, _DIAL, _BASIC))), None)
        if match is None:
            raise Refused
        yield Ask(match["name"].upper(), match["form"], match["text"].strip())
        rest = rest[match.end() :].lstrip("; ")
