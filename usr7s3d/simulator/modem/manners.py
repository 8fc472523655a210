"""How one make of modem differs from another: a text file.

    # a comment
    model     SIM7600E-H            a word, and what it stands for; see WORDS
    AT+CGMM                         a command; its reply follows, indented, as it is
        {model}
        OK
    starting:                       what it says unasked when it has been plugged in,
        0.5 RDY                     after so many seconds
    every 20:                       ... again and again
        ^RSSI:{rssi}
    faults:                         rules that are in force from the start
        noise x3

What stands in braces is filled in.  A command that ends in ``*`` begins so.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from usr7s3d.simulator.modem import faults

KNOWN = Path(__file__).parent / "known"

# Every word a file may use, and its value where the file does not say.
WORDS = {
    "maker": "Simulated",
    "model": "Modem",
    "revision": "1.0",
    "imei": "490154203237518",
    "pin": "1234",
    "imsi": "001010123456789",
    "iccid": "8949001000000000014",
    "number": "+49151000000",  # the SIM's own; "none" when it does not know it
    "centre": "+491710760000",
    "operator": "Test Network",
    "network": "00101",  # country and network in digits
    "technology": "7",  # as +COPS tells it; 7 is LTE
    "place": '"1A2B","01C3D4E5",7',  # what +CREG adds to the state
    "registration": "+CREG +CGREG +CEREG",  # the queries that it knows
    "rssi": "21",
    "registers": "0.3",  # s from power to network
    "restarts": "1",  # s from AT+CFUN=1,1 until it is back
    "stores": "SM 20",  # name, slots, name, slots; the first is the one it begins with
    "first": "0",  # the first slot's index
    "cnmi": "2,1,0,0,0",
    "cmee": "1",
    "echo": "on",
    "unasked": "at",  # the ports on which it speaks unasked: at, or: at data
    "sending": "0",  # s that the network takes for a message
    "gap": "0.05",  # s between two messages that come in
    "connect": "CONNECT 150000000",  # nothing: PPP begins without a word
    "apns": "",  # those that the network takes; none given: all
    "refusal": "NO CARRIER",  # to any other
}


@dataclass(frozen=True, slots=True)
class Unasked:
    """A line said without being asked."""

    when: str  # "starting", "registered", "lost", "every"
    after: float  # s, or the period
    line: str


@dataclass(frozen=True, slots=True)
class Manners:
    """All that a file says."""

    words: dict[str, str] = field(default_factory=lambda: dict(WORDS))
    replies: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unasked: tuple[Unasked, ...] = ()
    rules: tuple[faults.Rule, ...] = ()

    def reply(self, command: str) -> tuple[str, ...] | None:
        """What the file answers, the result last; None when it leaves that to us."""
        asked = command.upper()
        if found := self.replies.get(asked):
            return found
        begun = (key for key in self.replies if key.endswith("*") and asked.startswith(key[:-1]))
        return next((self.replies[key] for key in begun), None)


def load(name: str) -> Manners:
    """One of those we have, or a file.  Raises OSError, and ValueError with the line's number."""
    known = KNOWN / f"{name}.txt"
    return parse((known if known.is_file() else Path(name)).read_text(encoding="utf-8"))


def names() -> list[str]:
    """Those we have."""
    return sorted(path.stem for path in KNOWN.glob("*.txt"))


def parse(text: str) -> Manners:
    """Read a file's text.  Raises ValueError."""
    words: dict[str, str] = dict(WORDS)
    replies: dict[str, tuple[str, ...]] = {}
    unasked: list[Unasked] = []
    rules: list[faults.Rule] = []
    for number, heading, lines in _blocks(text):
        try:
            if heading == "faults:":
                rules += [faults.parse(line) for line in lines]
            elif heading.endswith(":"):
                unasked += [_unasked(heading, line) for line in lines]
            elif heading.upper().startswith("AT"):
                replies[heading.upper()] = _reply(lines)
            else:
                words |= _word(heading, lines)
        except ValueError as trouble:
            raise ValueError(f"line {number}: {trouble}") from None
    return Manners(words, replies, tuple(unasked), tuple(rules))


def _blocks(text: str) -> Iterator[tuple[int, str, list[str]]]:
    """Each line that is not indented, its number, and the indented ones below it."""
    block: tuple[int, str, list[str]] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line[0] in " \t":
            if block is None:
                raise ValueError(f"line {number}: indented under nothing")
            block[2].append(line.strip())
            continue
        if block:
            yield block
        block = (number, line.strip(), [])
    if block:
        yield block


def _reply(lines: list[str]) -> tuple[str, ...]:
    if not lines:
        raise ValueError("a command without a reply")
    return tuple(lines)


def _unasked(heading: str, line: str) -> Unasked:
    when, _, period = heading.removesuffix(":").partition(" ")
    if when not in ("starting", "registered", "lost", "every") or (when == "every") != bool(period):
        raise ValueError(f"what is `{heading}`?")
    if when == "every":
        return Unasked(when, float(period), line)
    after, _, rest = line.partition(" ")
    try:
        return Unasked(when, float(after), rest)
    except ValueError:
        return Unasked(when, 0.0, line)


def _word(heading: str, lines: list[str]) -> dict[str, str]:
    word, _, value = heading.partition(" ")
    if word not in WORDS or lines:
        raise ValueError(f"what is `{word}`?  The words are: {' '.join(WORDS)}")
    return {word: value.strip()}
