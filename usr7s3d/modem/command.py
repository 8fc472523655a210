"""What we ask a modem, and how its answer looks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command line.

    ``prefix`` tells its answer from what comes unasked: lines that begin with it and a colon.
    Without one, any line that is not known to come unasked is part of the answer.
    """

    text: str  # without its CR
    prefix: str | None = None
    optional: bool = False  # OK alone is an answer: an empty list
    pdus: bool = False  # each line of the answer brings a PDU on the next one
    message: str | None = None  # what is typed behind the prompt, before 1A
    dials: bool = False  # ends in CONNECT, NO CARRIER ...
    timeout: float = 10.0  # s
    prompt_timeout: float = 5.0  # s, for ``> ``

    @property
    def name(self) -> str:
        """For logs: without values, which may be a PIN or a number."""
        return "ATD" if self.dials else self.text.partition("=")[0]

    @property
    def asked(self) -> str:
        """What it asks for: ``^ICCID`` of ``AT^ICCID?``; nothing when it sets something."""
        return "" if "=" in self.text else self.text.removeprefix("AT").rstrip("?")


def query(name: str, *, timeout: float = 10.0, optional: bool = False) -> Command:
    """``AT+CSQ``, ``AT+CREG?``: answered by lines with the command's own name."""
    return Command(text="AT" + name, prefix=name.rstrip("?"), timeout=timeout, optional=optional)


def order(text: str, *, timeout: float = 10.0) -> Command:
    """``ATE0``, ``AT+CMGF=0``: answered by OK."""
    return Command(text=text, timeout=timeout)


ATTENTION = order("AT")
ECHO_OFF = order("ATE0")
ERROR_NUMBERS = order("AT+CMEE=1")
RESTART = order("AT+CFUN=1,1")  # 3GPP TS 27.007 8.2
PDU_MODE = order("AT+CMGF=0")

MAKER = order("AT+CGMI")  # these four without a prefix: some modems put one, most do not
MODEL = order("AT+CGMM")
REVISION = order("AT+CGMR")
IMEI = order("AT+CGSN")
IMSI = order("AT+CIMI")
# The standard knows no command for it; the first that is answered serves.
ICCID = tuple(
    order(f"AT{name}")
    for name in ("+CCID", "+ICCID", "+CICCID", "^ICCID?", "+QCCID", "%CCID", "#CCID")
)
NUMBER = query("+CNUM", optional=True)

SIM = query("+CPIN?")
SIGNAL = query("+CSQ")
SIGNAL_EXTENDED = query("+CESQ")
REGISTRATIONS = (query("+CREG?"), query("+CGREG?"), query("+CEREG?"))
OPERATOR = query("+COPS?", timeout=30.0)
ATTACHED = query("+CGATT?")
CONTEXTS = query("+CGDCONT?", optional=True)
STORAGE = query("+CPMS?")

# 3GPP TS 27.005 3.4.2: all messages, whatever their state.  A full store takes a while to list.
LIST_MESSAGES = Command(text="AT+CMGL=4", prefix="+CMGL", optional=True, pdus=True, timeout=60.0)


def read_message(index: int) -> Command:
    """``AT+CMGR`` (27.005 3.4.3)."""
    return Command(text=f"AT+CMGR={index}", prefix="+CMGR", optional=True, pdus=True)


def delete_message(index: int) -> Command:
    """``AT+CMGD`` (27.005 3.5.4); slow on SIMs."""
    return order(f"AT+CMGD={index}", timeout=25.0)


def send_message(pdu: str, length: int) -> Command:
    """``AT+CMGS`` (27.005 3.5.1); the network may take a minute."""
    return Command(text=f"AT+CMGS={length}", prefix="+CMGS", message=pdu, timeout=90.0)


def dial(number: str = "*99#", *, timeout: float = 75.0) -> Command:
    """A data call; ends in CONNECT when it is there."""
    return Command(text=f"ATD{number}", dials=True, timeout=timeout)
