"""When the SIM's PIN may be entered: a wrong one is never tried twice.

The third wrong one locks the SIM, and nobody is there to type the PUK.  So before each attempt it
is noted, as a digest, on the disk:

    (nothing) --about to try--> trying --OK--> (nothing)
                                   |
                                   +--refused--> refused, for good

A note that says ``trying`` at a start tells that nobody saw what came of it (a power cut): then
only a SIM that has all its attempts left is asked again.  The digests that stay are those of wrong
PINs.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping

from usr7s3d.modem.command import Command, order
from usr7s3d.modem.fields import each, number
from usr7s3d.modem.results import Final, Verdict

TRYING, REFUSED = "trying", "refused"
MOST_NOTES = 16
# 3GPP TS 27.007 8.65.  Not every modem knows it.
ATTEMPTS = order('AT+CPINR="SIM PIN"')

_WRONG = {12, 16}  # CME: the PUK is wanted now; incorrect password
_BUSY = 14  # CME: the SIM has not looked at it

Notes = Mapping[str, str]


def digest(pin: str, sim: str) -> str:
    """What is noted of ``pin`` for ``sim``, its ICCID."""
    return hashlib.sha256(f"usr7s3d {sim} {pin}".encode()).hexdigest()[:32]


def names(pin: str, iccid: str, imei: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Under which digests ``pin`` is noted now, and under which it may have been before.

    One SIM tells its ICCID at one start and not at the next: then it is any of this modem's.
    """
    unknown, known = digest(pin, imei), digest(pin, f"{imei} known")
    if not iccid:
        return (unknown,), (unknown, known)
    return (digest(pin, iccid), known), (digest(pin, iccid), unknown)


def enter(pin: str) -> Command:
    """The PIN for the SIM (+CPIN, 27.007 8.3)."""
    return order(f'AT+CPIN="{pin}"', timeout=20.0)


def untouched(lines: Iterable[str]) -> bool:
    """Whether the SIM has all its attempts left (+CPINR: SIM PIN,3,3)."""
    for fields in each(lines, "+CPINR"):
        left, most = (*map(number, fields[1:3]), None, None)[:2]
        if left is not None and left == most:
            return True
    return False


def forbidden(note: str | None, untouched: bool) -> str:
    """Why it must not be entered, with what to do; empty when it may be."""
    if note == REFUSED:
        return (
            "the SIM refused this PIN before: it is not tried again; put the right one in its place"
        )
    if note == TRYING and not untouched:
        return (
            "nobody saw whether the SIM took this PIN the last time: it is not tried again; "
            "when it is right, delete modem.toml in the state folder"
        )
    return ""


def wrong(final: Final) -> bool:
    """Whether that was a no to the PIN itself; a SIM that is busy says another."""
    return final.verdict is Verdict.ERROR or final.code in _WRONG


def untried(final: Final) -> bool:
    """Whether that cost no attempt for certain."""
    return final.verdict is Verdict.CME and final.code == _BUSY


def noted(notes: Notes, keys: Collection[str], note: str) -> Notes:
    """``notes`` with ``keys``, without the oldest when there are too many; "" takes them out."""
    rest = {name: value for name, value in notes.items() if name not in keys}
    kept = dict(list(rest.items())[-(MOST_NOTES - len(keys)) :])
    return kept | dict.fromkeys(keys, note) if note else kept
