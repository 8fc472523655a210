"""Packets that wait for a connection (manual 2.2: 4 KB for each socket)."""

from collections import deque
from collections.abc import Iterable

Address = tuple[str, str, str, int]  # whom a cache is for: link, protocol, host, port

LIMIT = 4096  # bytes
EXTRA = 16 * 1024  # bytes; what a broken connection gives back (its send buffer) comes on top


class Cache:
    """A bounded queue of packets, oldest out first.

    Packets stay whole, because a UDP peer sees their edges.  When a new one does
    not fit, the oldest make room: after a long outage, recent measurements are
    worth more than stale ones.  A packet above the limit is kept alone: no part of
    it would be of use.
    """

    def __init__(self, packets: Iterable[bytes] = ()) -> None:
        self._packets: deque[bytes] = deque()
        self._size = 0
        self._room = LIMIT
        self.put_back(packets)

    def __len__(self) -> int:
        """Bytes held."""
        return self._size

    def put(self, packet: bytes) -> int:
        """Keep ``packet``; return how many bytes were dropped to make room."""
        dropped = 0
        while self._packets and self._size + len(packet) > self._room:
            dropped += len(self._pop())
        self.add(packet)
        return dropped

    def add(self, packet: bytes) -> None:
        """Keep ``packet`` whatever the limit: its sender waits until there is room again."""
        self._packets.append(packet)
        self._size += len(packet)

    def put_back(self, packets: Iterable[bytes]) -> None:
        """Keep ``packets``, in their order, in front of all others.

        There is room for them besides what may wait anyway, until they are taken again.
        """
        returned = list(packets)
        size = sum(map(len, returned))
        self._packets.extendleft(reversed(returned))
        self._size += size
        self._room = min(self._room + size, LIMIT + EXTRA)

    def take(self) -> bytes:
        """The oldest packet, or ``b""`` when there is none."""
        if not self._packets:
            return b""
        packet = self._pop()
        self._room = max(LIMIT, self._room - len(packet))
        return packet

    def _pop(self) -> bytes:
        packet = self._packets.popleft()
        self._size -= len(packet)
        return packet

    def clear(self) -> int:
        """Drop everything; return how many bytes that were."""
        dropped, self._size, self._room = self._size, 0, LIMIT
        self._packets.clear()
        return dropped

    def packets(self) -> tuple[bytes, ...]:
        """All that is held, oldest first."""
        return tuple(self._packets)
