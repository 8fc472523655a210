"""The modem's own commands that firmware gates on (manual 2.2, "basic AT command sets").

They are answered at once by the daemon from what it knows and never reach the
modem, so a busy or missing one cannot stall the serial device.  Real modems
print one blank behind the colon here, unlike the module's own commands.
"""

from collections.abc import Callable
from dataclasses import dataclass

from usr7s3d.at.facts import Facts


@dataclass(frozen=True, slots=True)
class Basic:
    """A query: its reply's line, or None when what it shows is not to be had."""

    name: str
    summary: str
    answer: Callable[[Facts], str | None]


def _operator(facts: Facts) -> str:
    return f'+COPS: 0,0,"{facts.operator}"' if facts.operator else "+COPS: 0"


BASIC = (
    Basic("CSQ", "query signal quality", lambda f: f"+CSQ: {f.signal},99"),
    Basic("CREG", "query network registration", lambda f: f"+CREG: 0,{f.registration}"),
    Basic("CGREG", "query packet network registration", lambda f: f"+CGREG: 0,{f.registration}"),
    Basic("CGATT", "query packet service attachment", lambda f: f"+CGATT: {f.attached:d}"),
    Basic("CPIN", "query SIM state", lambda f: f"+CPIN: {f.sim}" if f.sim else None),
    Basic("COPS", "query network operator", _operator),
    Basic("CIMI", "query SIM subscriber identity", lambda f: f.imsi),
    Basic("CGSN", "query IMEI code", lambda f: f.imei),
)

# Sets that answer OK and last for the session: they choose how the SMS commands below
# print, and firmware sends them without asking what they do.
SESSION = {
    "CMEE": "set error format (ours stays numeric)",
    "CSCS": "set character set of SMS commands",
    "CMGF": "set format of SMS commands",
    "CPMS": "set SMS store",
    "CNMI": "set SMS indications",
}

# They work on the daemon's own inbox and queue, which exist with a modem only.
SMS = {
    "CMGL": "list received SMS",
    "CMGR": "read a received SMS",
    "CMGD": "delete a received SMS",
    "CMGS": "send an SMS",
}

BY_NAME = {basic.name: basic for basic in BASIC}
