"""SIM, signal, registration, operator, contexts (3GPP TS 27.007)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from usr7s3d.modem.fields import decoded, each, number, text
from usr7s3d.modem.results import Final, Verdict

# 27.007 9.2: errors that tell the SIM's state, in the words of +CPIN or, where it has none, ours.
_SIM_BY_CME = {
    5: "PH-SIM PIN", 6: "PH-FSIM PIN", 7: "PH-FSIM PUK", 10: "NOT INSERTED", 11: "SIM PIN",
    12: "SIM PUK", 13: "FAILURE", 14: "BUSY", 15: "WRONG", 17: "SIM PIN2", 18: "SIM PUK2",
    40: "PH-NET PIN", 41: "PH-NET PUK", 42: "PH-NETSUB PIN", 43: "PH-NETSUB PUK",
    44: "PH-SP PIN", 45: "PH-SP PUK", 46: "PH-CORP PIN", 47: "PH-CORP PUK",
}  # fmt: skip
_SIM_BY_CMS = {
    310: "NOT INSERTED", 311: "SIM PIN", 312: "PH-SIM PIN", 313: "FAILURE", 314: "BUSY",
    315: "WRONG", 316: "SIM PUK", 317: "SIM PIN2", 318: "SIM PUK2",
}  # fmt: skip


def sim(lines: Iterable[str], final: Final) -> str | None:
    """The SIM's state: ``READY``, ``SIM PIN``, ``NOT INSERTED``; None when that tells nothing."""
    if final.verdict is Verdict.CME:
        return _SIM_BY_CME.get(final.code or 0)
    if final.verdict is Verdict.CMS:
        return _SIM_BY_CMS.get(final.code or 0)
    found = [text(fields[0]) for fields in each(lines, "+CPIN")]
    return found[-1] if found and re.fullmatch(r"[A-Z][A-Z0-9 -]+", found[-1]) else None


@dataclass(frozen=True, slots=True)
class Signal:
    """Signal strength and error rate (+CSQ, 27.007 8.5)."""

    rssi: int  # 0 to 31; 99 = unknown; 100 to 191 and 199 the same of TD-SCDMA, in single dB
    ber: int = 99

    @property
    def dbm(self) -> int | None:
        """In dBm, None when unknown."""
        if self.rssi <= 31:
            return -113 + 2 * self.rssi
        return -116 + self.rssi - 100 if 100 <= self.rssi <= 191 else None

    @property
    def csq(self) -> int:
        """On the scale of 0 to 31 that everybody knows, 99 when unknown."""
        return 99 if self.dbm is None else max(0, min(31, (self.dbm + 113) // 2))


def signal(lines: Iterable[str]) -> Signal | None:
    """Read +CSQ; None when it is none."""
    for fields in each(lines, "+CSQ"):
        rssi, ber = number(fields[0]), number(fields[1]) if len(fields) > 1 else 99
        if rssi is not None and (rssi <= 31 or rssi == 99 or 100 <= rssi <= 199):
            return Signal(rssi, 99 if ber is None else ber)
    return None


def signal_extended(lines: Iterable[str]) -> int | None:
    """The dBm of +CESQ (27.007 8.69): LTE's RSRP, UMTS's RSCP or GSM's level."""
    for fields in each(lines, "+CESQ"):
        levels = [number(field) for field in fields]
        for at, most, lowest in ((5, 97, -141), (2, 96, -121), (0, 63, -111)):
            level = levels[at] if at < len(levels) else None
            if level is not None and level <= most:
                return lowest + level
    return None


HOME, DENIED, ROAMING = 1, 3, 5  # 27.007 7.2


@dataclass(frozen=True, slots=True)
class Registration:
    """Where the modem is registered (+CREG 27.007 7.2, +CGREG and +CEREG 10.1)."""

    stat: int
    area: int | None = None
    cell: int | None = None
    technology: int | None = None  # 0 GSM, 2 UTRAN, 7 LTE ... (AcT)

    @property
    def registered(self) -> bool:
        """For calls or data; 9 and 10 are "CSFB not preferred"."""
        return self.stat in (HOME, ROAMING, 9, 10)

    @property
    def roaming(self) -> bool:
        """In somebody else's network; 7 is "SMS only, roaming"."""
        return self.stat in (ROAMING, 7, 10)

    @property
    def denied(self) -> bool:
        """The network does not want us."""
        return self.stat == DENIED


def registration(lines: Iterable[str], name: str) -> Registration | None:
    """The last line of ``name`` (``+CREG``) that can be read: the answer stands before the OK."""
    found = [_registration(fields) for fields in each(lines, name)]
    return next((readable for readable in reversed(found) if readable), None)


def _registration(fields: list[str]) -> Registration | None:
    """``n,stat[,area,cell[,AcT]]`` in answers, ``stat[,area,cell[,AcT]]`` unasked.

    Modems send the one for the other, so the form decides: behind ``n`` there is a ``stat`` of one
    or two digits; an area is longer, in quotes, or left out.
    """
    if len(fields) > 1 and re.fullmatch(r"[0-9]{1,2}", fields[1]):
        fields = fields[1:]
    stat = number(fields[0])
    if stat is None or stat > 11:
        return None
    if len(fields) > 4 and len(text(fields[2])) <= 2:
        del fields[2]  # a routing area before the cell: some LTE modems
    area, cell, technology = (*fields[1:4], "", "", "")[:3]
    return Registration(stat, number(area, 16), number(cell, 16), number(technology))


@dataclass(frozen=True, slots=True)
class Operator:
    """The network (+COPS?, 27.007 7.3)."""

    mode: int  # 0 automatic, 1 manual, 2 none, 4 manual, then automatic
    format: int | None = None  # 0 long name, 1 short name, 2 country and network in digits
    name: str = ""
    technology: int | None = None


def operator(lines: Iterable[str]) -> Operator | None:
    """Read +COPS; without a network, the name is empty."""
    for fields in each(lines, "+COPS"):
        mode, *rest = fields
        form, name, technology = (*rest, "", "", "")[:3]
        if (chosen := number(mode)) is not None:
            return Operator(chosen, number(form), decoded(text(name)), number(technology))
    return None


@dataclass(frozen=True, slots=True)
class Found:
    """A network in reach (+COPS=?, 27.007 7.3)."""

    status: int  # 0 unknown, 1 available, 2 current, 3 forbidden
    long_name: str
    short_name: str
    number: str  # country and network
    technology: int | None = None


# Some close the bracket before the technology, and once more behind it.
_FOUND = re.compile(r'\( *([0-3]) *,"([^"]*)" *,"([^"]*)" *,"([0-9]{5,6})" *\)?(?:,([0-9]+))?')


def networks(lines: Iterable[str]) -> tuple[Found, ...]:
    """All that a scan found."""
    return tuple(
        Found(int(status), decoded(long), decoded(short), digits, number(technology))
        for line in lines
        if line.startswith("+COPS:")
        for status, long, short, digits, technology in _FOUND.findall(line)
    )


def attached(lines: Iterable[str]) -> bool | None:
    """Whether there is packet service (+CGATT?, 27.007 10.1.9)."""
    for fields in each(lines, "+CGATT"):
        if fields[0] in ("0", "1"):
            return fields[0] == "1"
    return None


@dataclass(frozen=True, slots=True)
class Context:
    """One way to a packet network (+CGDCONT?, 27.007 10.1.1)."""

    number: int
    kind: str  # IP, IPV6, IPV4V6
    apn: str


def contexts(lines: Iterable[str]) -> tuple[Context, ...]:
    """All that are defined."""
    rows = [(*fields, "", "")[:3] for fields in each(lines, "+CGDCONT")]
    return tuple(
        Context(at, text(kind), text(apn))
        for first, kind, apn in rows
        if (at := number(first)) is not None
    )
