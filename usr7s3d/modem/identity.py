"""Who the modem and its SIM are."""

import re
from collections.abc import Iterable

from usr7s3d.modem.fields import decoded, each, split, text


def _bare(line: str) -> str:
    """The value of ``+CGSN: "..."``, ``"..."`` or ``...``."""
    value = re.sub(r"^[+^%$#*!][A-Z]+\s*:", "", line, flags=re.I)
    return (split(value) or [""])[0].strip('" ')


def _first(lines: Iterable[str], pattern: str) -> str | None:
    return next((bare for line in lines if re.fullmatch(pattern, bare := _bare(line))), None)


def imei(lines: Iterable[str]) -> str | None:
    """15 digits (3GPP TS 23.003 6.2.1); an ESN or MEID is none."""
    return _first(lines, r"[0-9]{15}")


def imsi(lines: Iterable[str]) -> str | None:
    """Country, network, subscriber: up to 15 digits (3GPP TS 23.003 2.2)."""
    return _first(lines, r"[0-9]{14,15}")


def iccid(lines: Iterable[str]) -> str | None:
    """The SIM's number: 89 and up to 18 more digits (ITU-T E.118).

    Some modems show it as the SIM keeps it, with each two digits swapped and F as filler
    (3GPP TS 51.011 10.1.1).  A letter inside is a digit in Chinese SIMs.
    """
    for line in lines:
        digits = _bare(line).upper()
        if not re.fullmatch(r"[0-9A-F]{18,20}", digits):
            continue
        if not digits.startswith("89") and len(digits) % 2 == 0:
            digits = "".join(digits[at + 1] + digits[at] for at in range(0, len(digits), 2))
        if re.fullmatch(r"89[0-9A-E]{16,18}", digits := digits.rstrip("F")):
            return digits
    return None


def numbers(lines: Iterable[str]) -> tuple[str, ...]:
    """The SIM's own numbers as far as it knows them (+CNUM, 3GPP TS 27.007 7.1)."""
    found = (text(fields[1]) for fields in each(lines, "+CNUM") if len(fields) > 1)
    return tuple(number for number in map(decoded, found) if re.fullmatch(r"\+?[0-9*#]+", number))


def words(lines: Iterable[str]) -> str:
    """The maker, the model or the revision: the first line, without the command's name."""
    for line in lines:
        if value := re.sub(r"^\+[A-Z]+\s*:", "", line).strip('" '):
            return value
    return ""


def service_centre(lines: Iterable[str]) -> str | None:
    """Where messages are sent to (+CSCA, 3GPP TS 27.005 3.3.1)."""
    found = [decoded(text(fields[0])) for fields in each(lines, "+CSCA")]
    return next((number for number in found if re.fullmatch(r"\+?[0-9]+", number)), None)
