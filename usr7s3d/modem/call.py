"""The data call: its context, and what the modem says when there is none."""

from usr7s3d.modem.command import Command, order
from usr7s3d.modem.network import Context
from usr7s3d.modem.results import Final, Verdict

CONTEXT = 1  # the one that *99# dials
CAUSE = Command(text="AT+CEER", prefix="+CEER", optional=True, timeout=5.0)

_WORDS = {
    Verdict.NO_CARRIER: "the network refuses the call (NO CARRIER): APN, or no data on this SIM",
    Verdict.BUSY: "the network is busy (BUSY)",
    Verdict.NO_ANSWER: "the network does not answer the call (NO ANSWER)",
    Verdict.NO_DIALTONE: "the modem has no network (NO DIALTONE)",
    Verdict.ERROR: "the modem refuses to dial (ERROR)",
    Verdict.SILENT: "the modem does not answer on its port for data",
}


def context(kind: str, apn: str) -> Command:
    """``AT+CGDCONT`` (3GPP TS 27.007 10.1.1)."""
    return order(f'AT+CGDCONT={CONTEXT},"{kind}","{apn}"')


def is_set(contexts: tuple[Context, ...], kind: str, apn: str) -> bool:
    """Whether the modem has it so already; each set may wear its memory."""
    return any(
        each.number == CONTEXT and each.kind == kind and each.apn.lower() == apn.lower()
        for each in contexts
    )


def refusal(final: Final) -> str:
    """Why there is no call, for people."""
    if final.verdict in _WORDS:
        return _WORDS[final.verdict]
    return f"the modem refuses to dial ({final})"


def cause(lines: tuple[str, ...]) -> str:
    """What ``AT+CEER`` adds; empty when it says nothing of use."""
    words = lines[-1].partition(":")[2].strip(' "') if lines else ""
    return "" if words.lower() in ("", "0", "no cause information available") else words
