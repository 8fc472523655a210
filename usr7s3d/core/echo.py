"""Drops what we hear of ourselves: on some HATs the receiver stays on while we send.

Our own bytes come back in order, while they are sent or a little later.  As long as they are
equal to what was sent they are dropped as they come.  At the first that differs (a byte was
damaged or lost) the rest is held until all of the echo must have come; then it is compared once,
so that a damaged echo takes no byte of the answer with it.

When no echo came back for a while the HAT may have none, and an answer may begin like the request:
then only the whole of it is dropped, and what comes while we send, for that can be nobody else.
"""

import math

GRACE = 0.020  # s behind the last stop bit; a USB adapter hands over every 16 ms
NEAR = 8  # bytes that one fault may swallow or make up
SPEECH = 2  # characters: what comes so soon behind us is not the answer, which keeps 3.5
MOST = 4096  # bytes held; more is no echo
MISSES = 3  # in a row, and the HAT may have no echo


class Echo:
    """Stands in front of everything else that reads the line."""

    def __init__(self, lead: float = 0.0) -> None:
        """``lead`` is how long a frame waits for its transceiver, in s."""
        self._lead = lead
        self._misses = 0
        self._wanted = bytearray()  # what has yet to come back
        self._ends = -math.inf  # when the last of it leaves
        self._character_time = 0.0
        self._held = bytearray()
        self._surely = 0  # of those held: came while we were sending
        self._size = self._back = 0  # bytes of this echo: all, and come back as they were sent
        self._agreed = False  # some have come back
        self._agreed_early = False  # while we were sending, when nobody else speaks
        self.dropped = 0  # bytes, since the start

    def sent(self, data: bytes, now: float, character_time: float) -> None:
        """``data`` goes out from ``now`` on, or behind what is going out."""
        if not self._held:
            self._forget(now)
        if not self._wanted:
            self._agreed = self._agreed_early = False
            self._size = self._back = 0
        self._size += len(data)
        self._character_time = character_time
        self._ends = max(self._ends, now + self._lead) + len(data) * character_time
        self._wanted += data

    @property
    def doubted(self) -> bool:
        """Whether nothing came back lately."""
        return self._misses >= MISSES

    def wait(self, now: float) -> None:
        """Nothing was read until ``now``: what has come back may be read from now on."""
        if self._wanted:
            self._ends = max(self._ends, now)

    def _forget(self, now: float) -> None:
        """What has not come back by now will not come."""
        if self._wanted and now > self._ends + GRACE:
            self._wanted.clear()
            self._judge(0)

    def _judge(self, ours: int) -> None:
        """Whether that was an echo, with ``ours`` more bytes of it."""
        there = self._agreed_early or 2 * (self._back + ours) >= self._size
        self._misses = 0 if there else self._misses + 1

    def receive(self, data: bytes, now: float) -> bytes:
        """What of ``data``, read at ``now``, others said."""
        before = self.expire(now)
        self._forget(now)
        early = now <= self._ends + SPEECH * self._character_time
        if self.doubted:
            data = bytes(self._held) + data
            self._held.clear()
            same = _same(self._wanted, data)
            if not (same and (early or same == len(self._wanted))):
                return before + self._doubt(data, same)
            self._misses = 0
        return before + self._drop(data, early=early)

    def _doubt(self, data: bytes, same: int) -> bytes:
        """Keep what may become the whole echo."""
        if same == len(data):
            self._held += data
            return b""
        self._wanted.clear()
        return data

    def _drop(self, data: bytes, *, early: bool) -> bytes:
        if not self._held:
            same = _same(self._wanted, data)
            del self._wanted[:same]
            self.dropped += same
            self._back += same
            self._agreed = self._agreed or same > 0
            self._agreed_early = self._agreed_early or (early and same > 0)
            if same and not self._wanted:
                self._judge(0)
            data = data[same:]
        if not (data and self._wanted):
            return data
        self._held += data
        if early:
            self._surely = len(self._held)
        return self._decide() if len(self._held) > MOST else b""

    def deadline(self) -> float | None:
        """When to call :meth:`expire` next; None while nothing is held."""
        return self._ends + GRACE if self._held else None

    def expire(self, now: float) -> bytes:
        """What was held and is no echo."""
        return self._decide() if self._held and now >= self._ends + GRACE else b""

    def _decide(self) -> bytes:
        ours = 0 if self.doubted else self._ours()
        self._judge(ours)
        others = bytes(self._held[ours:])
        self.dropped += ours
        self._wanted.clear()
        self._held.clear()
        self._surely = 0
        return others

    def _ours(self) -> int:
        ours = _aligned(self._wanted, self._held, self._surely, self._agreed)
        if ours or self._agreed:  # there is an echo, so what came while we sent belongs to it
            ours = max(ours, min(self._surely, len(self._wanted)))
        return ours


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
