"""Drops what we hear of ourselves: on some HATs the receiver stays on while we send.

Our own bytes come back in order, while they are sent or a little later.  As long as they are
equal to what was sent they are dropped as they come.  At the first that differs (a byte was
damaged or lost) the rest is held until all of the echo must have come; then it is compared once,
so that a damaged echo takes no byte of the answer with it.
"""

import math

GRACE = 0.020  # s behind the last stop bit; a USB adapter hands over every 16 ms
NEAR = 8  # bytes that one fault may swallow or make up
SPEECH = 2  # characters: what comes so soon behind us is not the answer, which keeps 3.5
MOST = 4096  # bytes held; more is no echo


class Echo:
    """Stands in front of everything else that reads the line."""

    def __init__(self) -> None:
        self._wanted = bytearray()  # what has yet to come back
        self._ends = -math.inf  # when the last of it leaves
        self._character_time = 0.0
        self._held = bytearray()
        self._surely = 0  # of those held: came while we were sending
        self._agreed = False  # some of this echo has come back as it was sent
        self.dropped = 0  # bytes, since the start

    def sent(self, data: bytes, now: float, character_time: float) -> None:
        """``data`` goes out from ``now`` on, or behind what is going out."""
        if now > self._ends + GRACE and not self._held:
            self._wanted.clear()
        if not self._wanted:
            self._agreed = False
        self._character_time = character_time
        self._ends = max(self._ends, now) + len(data) * character_time
        self._wanted += data

    def receive(self, data: bytes, now: float) -> bytes:
        """What of ``data``, read at ``now``, others said."""
        before = self.expire(now)
        if now > self._ends + GRACE:
            self._wanted.clear()
        if not self._held:
            same = _same(self._wanted, data)
            del self._wanted[:same]
            self.dropped += same
            self._agreed = self._agreed or same > 0
            data = data[same:]
        if not (data and self._wanted):
            return before + data
        self._held += data
        if now <= self._ends + SPEECH * self._character_time:
            self._surely = len(self._held)
        return before + (self._decide() if len(self._held) > MOST else b"")

    def deadline(self) -> float | None:
        """When to call :meth:`expire` next; None while nothing is held."""
        return self._ends + GRACE if self._held else None

    def expire(self, now: float) -> bytes:
        """What was held and is no echo."""
        return self._decide() if self._held and now >= self._ends + GRACE else b""

    def _decide(self) -> bytes:
        ours = _aligned(self._wanted, self._held, self._surely, self._agreed)
        if ours or self._agreed:  # there is an echo, so what came while we sent belongs to it
            ours = max(ours, min(self._surely, len(self._wanted)))
        others = bytes(self._held[ours:])
        self.dropped += ours
        self._wanted.clear()
        self._held.clear()
        self._surely = 0
        return others


def _same(one: bytes | bytearray, other: bytes | bytearray) -> int:
    """How many first bytes are equal."""
    shorter = min(len(one), len(other))
    if one[:shorter] == other[:shorter]:
        return shorter
    return next(at for at in range(shorter) if one[at] != other[at])


def _aligned(wanted: bytearray, held: bytearray, surely: int, agreed: bool) -> int:
    """How many first bytes of ``held`` are ``wanted`` with faults in it.

    ``surely`` of them are ours; ``agreed`` tells whether some were equal before.
    """
    at = here = ours = 0
    if not agreed and len(held) > 1:
        at = max(wanted.find(held[:2]), 0)  # a receiver that woke up late heard the end only
    while True:
        same = _same(wanted[at:], held[here:])
        at, here = at + same, here + same
        ours = here if same else ours
        agreed = agreed or same > 0
        if at == len(wanted) or here == len(held) or (surely and here >= surely):
            return ours
        fault = _fault(wanted[at:], held[here:], spare=agreed)
        if fault is None or (surely and here + fault[1] >= surely):
            return ours
        at, here = at + fault[0], here + fault[1]


def _fault(wanted: bytearray, held: bytearray, *, spare: bool) -> tuple[int, int] | None:
    """The smallest fault behind which both agree again: bytes lost, bytes in their place.

    With ``spare`` there may be one byte more in their place; before anything agreed that
    would be the end of an echo, with an answer behind it that begins like the request.
    """
    for size in range(1, 2 * NEAR + 1):
        for lost in sorted(range(size + 1), key=lambda lost: abs(2 * lost - size)):
            instead = size - lost
            if instead > lost + spare:
                continue
            pair = wanted[lost : lost + 2]
            # One byte is no proof: the answer may have it, too.
            near = len(pair) == 2 or (pair and instead <= 1)
            if near and held[instead : instead + len(pair)] == pair:
                return lost, instead
    return None
