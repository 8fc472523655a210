"""Says which socket bytes came from (SOCKIDEN, manual 4.2.1.33).

``[A]`` or ``[B]`` stands in front of each datagram, and of each run of TCP bytes that
is not broken by a silence or by the other socket.
"""

import math

SILENCE = 0.050  # s that end a run


class RunMarker:
    """Both sockets' way to the UART."""

    def __init__(self) -> None:
        self._last_name = ""
        self._last_at = -math.inf

    def mark(self, name: str, now: float, *, datagram: bool) -> bytes:
        """What to write in front of bytes that socket ``name`` received at ``now``."""
        goes_on = name == self._last_name and now - self._last_at < SILENCE and not datagram
        self._last_name, self._last_at = name, now
        return b"" if goes_on else f"[{name}]".encode("ascii")
