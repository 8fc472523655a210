"""What goes wrong, by rule.

    fault AT+CMGS +CMS ERROR: 38 x2     this result instead of the work, twice
    silent AT+CSQ                       no answer
    slow 3s AT+COPS?                    the answer comes after 3 s
    late AT+CSQ                         the answer comes right before that of the next command
    twice                               each answer twice
    noise                               bytes of a line that is not quiet, before and inside answers
    half AT+CMGL                        half of the answer, and no more
    unplug AT+CMGS                      half of the answer, or the prompt, then it is unplugged
    no prompt [+CMS ERROR: 500]         text is taken, but the ``>`` is not seen; or: refused

Without a command a rule is for all of them; without ``xN`` it stays until ``mend``.
"""

import re
from dataclasses import dataclass, replace

_RULE = re.compile(
    r"(?P<kind>fault|silent|slow|late|twice|noise|half|unplug|no prompt)\b"
    r"(?:\s+(?P<seconds>\d+(?:\.\d+)?)\s*s\b)?"
    r"(?:\s+(?P<command>AT\S*))?"
    r"(?:\s+(?P<result>(?!x\d+$)[A-Z+].*?))?"
    r"(?:\s+x(?P<times>\d+))?",
    re.I,
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One of the above."""

    kind: str
    command: str = ""  # "" = all
    seconds: float = 0.0
    result: str = ""
    left: int | None = None  # times; None = for ever

    def concerns(self, command: str) -> bool:
        """``AT+CREG`` concerns ``AT+CREG?``, not ``AT+CREGX``; ``AT`` only itself."""
        asked, own = command.upper(), self.command
        if own in ("", "AT"):
            return own in ("", asked)
        rest = asked[len(own) :]
        return asked.startswith(own) and not (own[-1].isalpha() and rest[:1].isalpha())

    def __str__(self) -> str:
        seconds = f"{self.seconds:g}s" if self.seconds else ""
        times = f"x{self.left}" if self.left is not None else ""
        return " ".join(filter(None, (self.kind, seconds, self.command, self.result, times)))


def parse(text: str) -> Rule:
    """Read a rule.  Raises ValueError with words for a person."""
    match = _RULE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"no such rule: {text.strip()}")
    kind, result = match["kind"].lower(), match["result"] or ""
    if (kind == "fault") != bool(result) and kind != "no prompt":
        raise ValueError("`fault` needs a result, as in: fault AT+CMGS +CMS ERROR: 38 x2")
    if (kind == "slow") != bool(match["seconds"]):
        raise ValueError("`slow` needs seconds, as in: slow 3s AT+CSQ")
    times = int(match["times"]) if match["times"] else None
    command = (match["command"] or "").upper()
    return Rule(kind, command, float(match["seconds"] or 0), result, times)


class Rules:
    """All that are in force, oldest first."""

    def __init__(self, rules: tuple[Rule, ...] = ()) -> None:
        self.rules = list(rules)

    def take(self, kind: str, command: str) -> Rule | None:
        """The first of this kind that concerns the command, counted down."""
        for at, rule in enumerate(self.rules):
            if rule.kind == kind and rule.left != 0 and rule.concerns(command):
                if rule.left is not None:
                    self.rules[at] = replace(rule, left=rule.left - 1)
                self.rules = [rule for rule in self.rules if rule.left != 0]
                return rule
        return None


NOISE = b"\x00\xfe\xff\xf8"  # what a UART makes of another baud rate


def noisy(answer: bytes) -> bytes:
    """Noise before the answer and between its lines, where a reader can tell them apart."""
    return NOISE + answer.replace(b"\r\n\r\n", b"\r\n" + NOISE + b"\r\n", 1)
