"""What a TCP connection was given and has not acknowledged.

The kernel tells how many bytes the peer has not acknowledged yet (SIOCOUTQ, tcp(7)).
The ledger knows which packets those bytes were, so that a broken connection gives
them back whole.  Register packets and heartbeats count as bytes and never come back.
"""

from collections import deque

SLACK = 64  # entries kept before the acknowledged ones are looked for


class Ledger:
    """One connection's sent packets, oldest first."""

    def __init__(self) -> None:
        self._entries: deque[tuple[int, int, bytes]] = deque()  # start, end in the stream, packet
        self._prune_at = SLACK
        self.written = 0  # bytes

    def wrote(self, size: int, packet: bytes = b"") -> None:
        """``size`` bytes went out, for ``packet`` or for something of our own."""
        start = self.written
        self.written += size
        if packet:
            self._entries.append((start, self.written, packet))

    @property
    def crowded(self) -> bool:
        """Whether it is time to :meth:`prune`; asking the kernel each time would cost a call."""
        return len(self._entries) >= self._prune_at

    def prune(self, unacknowledged: int) -> None:
        """Forget what the peer has; ``unacknowledged`` bytes at the end it has not."""
        acknowledged = self.written - unacknowledged
        while self._entries and self._entries[0][1] <= acknowledged:
            self._entries.popleft()
        self._prune_at = 2 * len(self._entries) + SLACK

    def unacknowledged(self, count: int) -> list[bytes]:
        """The packets of which a part is among the last ``count`` bytes written."""
        return [packet for _, end, packet in self._entries if end > self.written - count]

    def untouched(self, count: int) -> list[bytes]:
        """The packets that lie wholly among the last ``count`` bytes written."""
        return [packet for start, _, packet in self._entries if start >= self.written - count]
