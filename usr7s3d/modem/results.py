"""Final results: the lines that end an answer (ITU-T V.250 5.7.1, TS 27.007 9, TS 27.005 3.2.5)."""

import re
from dataclasses import dataclass
from enum import Enum

from usr7s3d.modem.errors import CME, CMS, cme_code, cms_code


class Verdict(Enum):
    """How an answer ended."""

    OK = "OK"
    CONNECT = "CONNECT"  # what follows is data
    ERROR = "ERROR"
    CME = "+CME ERROR"
    CMS = "+CMS ERROR"
    NO_CARRIER = "NO CARRIER"
    BUSY = "BUSY"
    NO_ANSWER = "NO ANSWER"
    NO_DIALTONE = "NO DIALTONE"
    SILENT = "no answer in time"  # ours: the modem said nothing of this kind


DIALLING = frozenset(
    {
        Verdict.CONNECT,
        Verdict.NO_CARRIER,
        Verdict.BUSY,
        Verdict.NO_ANSWER,
        Verdict.NO_DIALTONE,
    }
)  # end the answer to a dial command only; else they tell of a call


@dataclass(frozen=True, slots=True)
class Final:
    """The end of an answer.  ``code`` also when the modem used words that we know."""

    verdict: Verdict
    code: int | None = None  # of a +CME or +CMS ERROR
    words: str = ""  # for people

    @property
    def ok(self) -> bool:
        """Whether the modem did it."""
        return self.verdict in (Verdict.OK, Verdict.CONNECT)

    def __str__(self) -> str:
        code = "" if self.code is None else f" {self.code}"
        return self.verdict.value + code + (f" ({self.words})" if self.words else "")


_PLAIN = {verdict.value: Final(verdict) for verdict in (Verdict.OK, Verdict.ERROR, *DIALLING)} | {
    "NO DIAL TONE": Final(Verdict.NO_DIALTONE),
    "COMMAND NOT SUPPORT": Final(Verdict.ERROR),  # Huawei
}
_ERROR = re.compile(r"\+CM(?P<family>[ES]) ERROR *:? *(?P<what>.*)")
_CONNECT = re.compile(r"CONNECT +\S.*")  # a rate, a protocol
_MODEM_ERROR = re.compile(r"MODEM ERROR: *\d+")  # Samsung, Sony Ericsson


def final(line: str) -> Final | None:
    """What ``line`` ends an answer with, None when it ends none."""
    if plain := _PLAIN.get(line):
        return plain
    if match := _ERROR.fullmatch(line):
        return _error(match["family"], match["what"].strip())
    if _CONNECT.fullmatch(line):
        return Final(Verdict.CONNECT)
    if _MODEM_ERROR.fullmatch(line):
        return Final(Verdict.ERROR, words=line)
    return None


def _error(family: str, what: str) -> Final:
    sms = family == "S"
    verdict = Verdict.CMS if sms else Verdict.CME
    if what.isdecimal() and len(what) <= 5:
        return Final(verdict, int(what), (CMS if sms else CME).get(int(what), ""))
    return Final(verdict, (cms_code if sms else cme_code)(what), what)
