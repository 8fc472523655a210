"""Bytes that tell when one of them is lost, doubled or wrong."""

import random

LENGTH = 1 << 20  # bytes until it repeats


class Tape:
    """Endless random bytes, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        # The first byte begins neither a password nor an escape.
        once = b"\x01" + random.Random(seed).randbytes(LENGTH - 1)
        self._twice = memoryview(once + once)

    def piece(self, at: int, size: int) -> memoryview:
        """``size`` bytes, at most LENGTH, from position ``at``."""
        start = at % LENGTH
        return self._twice[start : start + size]


UP, DOWN = Tape(7), Tape(8)  # from the UART, to the UART


class Listener:
    """Compares what comes with a tape."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self.heard = 0  # bytes
        self.pieces = 0
        self.wrong = 0  # pieces that differ

    def hear(self, data: bytes) -> bool:
        """Take ``data``; whether there was any."""
        if not data:
            return False
        self.wrong += data != self._tape.piece(self.heard, len(data))
        self.heard += len(data)
        self.pieces += 1
        return True
