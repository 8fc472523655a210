"""Messages in the modem's store, in PDU mode (3GPP TS 27.005)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from usr7s3d.modem.fields import each, number, split, text, values
from usr7s3d.modem.unsolicited import is_pdu


@dataclass(frozen=True, slots=True)
class Stored:
    """A message as +CMGL or +CMGR shows it.  ``pdu`` is not decoded, and may be broken."""

    index: int | None  # None in a +CMGR: who asked knows it
    status: int | None  # 0 unread, 1 read, 2 unsent, 3 sent
    pdu: str


def stored(lines: Iterable[str]) -> tuple[Stored, ...]:
    """Every message of a list, in its order; a header without a PDU is none."""
    found: list[Stored] = []
    header: tuple[int | None, int | None] | None = None
    for line in _one_by_one(lines):
        if header and is_pdu(line):
            found.append(Stored(*header, line))
        header = _header(line)
    return tuple(found)


def _one_by_one(lines: Iterable[str]) -> Iterable[str]:
    """Some modems put the PDU on its header's line."""
    for line in lines:
        match = re.fullmatch(r"(\+CMG[LR]:.*?[0-9])\s+([0-9A-Fa-f]{20,})", line, re.I)
        yield from match.groups() if match else (line,)


def _header(line: str) -> tuple[int | None, int | None] | None:
    if (fields := values(line, "+CMGL")) and len(fields) > 2:
        index = number(fields[0])
        return None if index is None else (index, number(fields[1]))
    if (fields := values(line, "+CMGR")) and len(fields) > 1:
        return None, number(fields[0])
    return None


def new_message(line: str) -> tuple[str, int] | None:
    """Store and index of a +CMTI or +CDSI."""
    for name in ("+CMTI", "+CDSI"):
        fields = values(line, name)
        if fields and len(fields) > 1 and (index := number(fields[1])) is not None:
            return text(fields[0]), index
    return None


def sent_reference(lines: Iterable[str]) -> int | None:
    """The reference that the network gave (+CMGS); a status report will name it."""
    return next((found for f in each(lines, "+CMGS") if (found := number(f[0])) is not None), None)


@dataclass(frozen=True, slots=True)
class Store:
    """How full a store is."""

    name: str  # SM the SIM, ME the modem, MT both, SR reports; empty in the answer to a set
    used: int
    total: int


def stores(lines: Iterable[str]) -> tuple[Store, ...]:
    """The stores to read, to write and to receive into (+CPMS, 27.005 3.2.2)."""
    for fields in each(lines, "+CPMS"):
        named = fields[0].startswith('"')
        width = 3 if named else 2
        rows = [fields[at : at + width] for at in range(0, len(fields), width)]
        found = [
            Store(text(row[0]) if named else "", used, total)
            for row in rows
            if len(row) == width
            and (used := number(row[-2])) is not None
            and (total := number(row[-1])) is not None
        ]
        if found:
            return tuple(found)
    return ()


def store_names(lines: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Which stores each of the three can be (+CPMS=?)."""
    for line in lines:
        if not line.startswith("+CPMS:"):
            continue
        groups = re.findall(r"\(([^()]*)\)|(\"[^\"]*\")", line)
        if groups and not any(inner for inner, _ in groups) and "(" not in line:
            names = [text(single) for _, single in groups]  # one list, three times
            size = len(names) // 3 or 1
            return tuple(tuple(names[at : at + size]) for at in range(0, len(names), size))
        return tuple(
            tuple(name for field in split(inner or single) or [] if (name := text(field)))
            for inner, single in groups
        )
    return ()
