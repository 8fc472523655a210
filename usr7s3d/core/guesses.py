"""Slows down who guesses the command password.

A packet that looks like a command and has the wrong password is a guess.  Each takes
a token from a small bucket; while it is empty the door takes no command, so that a
guesser learns nothing more until it fills again.
"""

import math
import re

from usr7s3d.core.password import PACKET_GAP

LOOKS_LIKE_COMMAND = re.compile(rb"[^#\r\n]{0,32}#AT", re.IGNORECASE)
LONGEST_HEAD = 32 + len(b"#AT")  # bytes; what comes later in a packet is no guess


class Bucket:
    """``size`` tokens; one comes back every ``refill`` s."""

    def __init__(self, size: int, refill: float, now: float) -> None:
        self._size = size
        self._refill = refill
        self._tokens = float(size)
        self._at = now

    def _update(self, now: float) -> None:
        self._tokens = min(self._size, self._tokens + (now - self._at) / self._refill)
        self._at = now

    def empty(self, now: float) -> bool:
        """Whether no whole token is left."""
        self._update(now)
        return self._tokens < 1

    def take(self, now: float) -> None:
        """Take one; nothing happens when there is none."""
        if not self.empty(now):
            self._tokens -= 1


class GuessFinder:
    """Looks at the head of each packet that is passed on as data.

    A packet directly behind a command needs no word: the silence before the command, which is
    not shown here, separates it from the packet before.
    """

    def __init__(self) -> None:
        self._head = b""
        self._open = False  # the head is neither complete nor a guess yet
        self._last_byte_at = -math.inf

    def look(self, data: bytes, at: float) -> bool:
        """Whether ``data``, which came at ``at``, makes its packet a guess; true once a packet."""
        if at - self._last_byte_at >= PACKET_GAP:
            self._head, self._open = b"", True
        self._last_byte_at = at
        if not self._open:
            return False
        self._head += data[:LONGEST_HEAD]
        guess = LOOKS_LIKE_COMMAND.match(self._head) is not None
        self._open = not guess and len(self._head) < LONGEST_HEAD
        return guess
