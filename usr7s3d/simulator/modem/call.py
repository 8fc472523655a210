"""A data call: which context it dials, and the way back to commands (+++)."""

import re

from usr7s3d.simulator.modem.port import Port

GUARD = 1.0  # s of silence before and after +++
_DATA = re.compile(r"[TP]?\*9[89](?:\*+(?P<context>[0-9]+))?#?", re.I)


class Refusal(Exception):
    """A result instead of OK, in words."""


class Call:
    """One that is up, or about to be."""

    def __init__(self, port: Port, number: str, contexts: dict[int, tuple[str, str]]) -> None:
        match = _DATA.fullmatch(number.strip())
        if match is None:
            raise Refusal("NO CARRIER")
        context = contexts.get(int(match["context"] or 1))
        if context is None:
            raise Refusal("ERROR")
        self.port = port
        self.number = number
        self.apn = context[1]
        self.online = True
        self._last = 0.0
        self._pluses = 0

    def check(self, words: dict[str, str]) -> None:
        """Raises Refusal when the network does not take the APN."""
        taken = words["apns"].lower().split()
        if taken and self.apn.lower() not in taken:
            raise Refusal(words["refusal"])

    def escapes(self, data: bytes, now: float) -> float | None:
        """When +++ will count, if nothing follows."""
        quiet, self._last = now - self._last >= GUARD, now
        only = not data.strip(b"+")
        self._pluses = (
            (self._pluses if not quiet else 0) + len(data)
            if only and (quiet or self._pluses)
            else 0
        )
        return now + GUARD if self._pluses == 3 else None

    def escaped(self, now: float) -> bool:
        """Whether nothing has followed."""
        return self._pluses == 3 and now - self._last >= GUARD
