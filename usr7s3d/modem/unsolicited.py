"""What modems say unasked, at any moment, also inside an answer.

A line that is not in this table and not the answer to the command under way counts as unsolicited
too; the table matters where any line might be an answer (``AT+CGSN``), and for messages, whose PDU
comes on a line of its own.
"""

import re

# Name -> whether a line of hex follows (3GPP TS 27.005 3.4.1).
_WITH_PDU = {"+CMT", "+CDS", "+CBM"}

# 3GPP TS 27.007, 27.005 and V.250.
_STANDARD = {
    "+CMTI", "+CDSI", "+CBMI", "+CRING", "+CLIP", "+CCWA", "+CUSD", "+CSSI", "+CSSU", "+CGEV",
    "+CREG", "+CGREG", "+CEREG", "+C5GREG", "+CTZV", "+CTZE", "+CTZU", "+CTZDST", "+CIEV", "+CPIN",
    "+CFUN", "+CIREPI", "+CEDRXP", "+CSCON", "+CNEMIU", "RING",
    "NO CARRIER", "BUSY", "NO ANSWER", "NO DIALTONE", "NO DIAL TONE",
}  # fmt: skip

# Makers' own; those of Huawei (^) and u-blox (+UU) are known by their first letters.
_MAKERS = {
    # SIMCom
    "SMS DONE", "PB DONE", "SMS Ready", "Call Ready", "NORMAL POWER DOWN", "UNDER-VOLTAGE WARNNING",
    "OVER-VOLTAGE WARNNING", "RDY", "START", "*PSUTTZ", "*PSNWID", "DST", "+PACSP0", "+PACSP1",
    "VOICE CALL", "+RXDTMF", "MISSED_CALL", "+SIMEI", "*ATREADY", "+SIM REMOVED", "+SIM INSERTED",
    # Quectel
    "+QIND", "+QIURC", "+QUSIM", "+QSIMSTAT", "+QNWINFO", "POWERED DOWN", "APP RDY",
    # ZTE
    "+ZDONR", "+ZPASR", "+ZUSIMR", "+ZPSTM", "+ZEND", "+ZIND",
    # Wavecom, Cinterion, Telit, Samsung, Sierra
    "+WIND", "^SYSSTART", "#NITZ", "#QSS", "MODEM:STARTUP", "+SIND", "+KSUP",
}  # fmt: skip

KNOWN = _WITH_PDU | _STANDARD | _MAKERS
_FAMILIES = ("^", "+UU")
_HEX = re.compile(r"[0-9A-Fa-f]+")  # of any length: one that is cut is handed on, and refused there


def name(line: str) -> str:
    """What stands before the colon, or all of it: ``+CMTI``, ``RING``."""
    return line.partition(":")[0].strip()


def known(line: str) -> bool:
    """Whether this is one that no command is answered with (unless it asked for just that)."""
    return name(line) in KNOWN or (line.startswith(_FAMILIES) and ":" in line)


def has_pdu(line: str) -> bool:
    """Whether a PDU follows on the next line."""
    return name(line) in _WITH_PDU


def is_pdu(line: str) -> bool:
    """Whether the line can be one."""
    return _HEX.fullmatch(line) is not None
