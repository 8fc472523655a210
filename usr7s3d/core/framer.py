"""Turns UART bytes into packets: a silence or a length ends one (UARTFT, UARTFL)."""

PUNCTUAL = 0.002  # s; a timer that is later means that the machine was busy


class Framer:
    """Collects bytes until ``silence`` seconds without one, or until ``length`` are there.

    With a silence of 0 bytes leave as they came, never more than ``length`` at once.

    ``character_time`` in s, of the line; 0 = bytes take no time.
    """

    def __init__(self, silence: float, length: int, character_time: float = 0.0) -> None:
        self._silence = silence
        self._character_time = character_time
        self._length = length
        self._held = bytearray()
        self._last_byte_at = 0.0

    def passes(self, data: bytes, at: float) -> bool:
        """Whether ``data`` is a packet as it is, without a silence to wait for; then it is noted.

        The short way of :meth:`receive`, which else has to be called.
        """
        if self._silence or self._held or len(data) > self._length:
            return False
        self._last_byte_at = at
        return True

    def catch_up(self, size: int, at: float) -> None:
        """Bytes were found at ``at``, ``size`` of them; we may have been too busy to look earlier.

        Then they took their time on the line, and were not the silence that they look like.
        """
        due = self.deadline()
        if due is not None and at - size * self._character_time < due < at - PUNCTUAL:
            self._last_byte_at = at

    def receive(self, data: bytes, at: float) -> list[bytes]:
        """Take ``data``, whose last byte came at ``at``; return the packets it completes."""
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
