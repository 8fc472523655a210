"""Turns UART bytes into packets: a silence or a length ends one (UARTFT, UARTFL)."""


class Framer:
    """Collects bytes until ``silence`` seconds without one, or until ``length`` are there.

    With a silence of 0 bytes leave as they came, never more than ``length`` at once.
    """

    def __init__(self, silence: float, length: int) -> None:
        self._silence = silence
        self._length = length
        self._held = bytearray()
        self._last_byte_at = 0.0

    def receive(self, data: bytes, at: float) -> list[bytes]:
        """Take ``data``, whose last byte came at ``at``; return the packets it completes."""
        if not (self._silence or self._held) and len(data) <= self._length:
            self._last_byte_at = at
            return [data]
        packets = self.expire(at)
        self._last_byte_at = at
        held = self._held
        held += data
        while len(held) >= self._length:
            packets.append(bytes(held[: self._length]))
            del held[: self._length]
        return packets if self._silence else packets + self.expire(at)

    def deadline(self) -> float | None:
        """When the silence will have lasted long enough, or None while nothing is held."""
        return self._last_byte_at + self._silence if self._held else None

    def expire(self, now: float) -> list[bytes]:
        """The packet that a silence until ``now`` has ended."""
        if not self._held or now < self._last_byte_at + self._silence:
            return []
        packet = bytes(self._held)
        self._held.clear()
        return [packet]

    def rest(self) -> list[tuple[bytes, float]]:
        """Give away what is no packet yet, with the time of its last byte."""
        rest = [(bytes(self._held), self._last_byte_at)] if self._held else []
        self._held.clear()
        return rest
