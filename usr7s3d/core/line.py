"""How a serial line is set (manual 4.2.1.22)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LineSettings:
    """Rate in bit/s, parity NONE ODD EVEN MARK SPACE, bits, and flow NONE CRTS RS485."""

    baud: int
    parity: str = "NONE"
    data_bits: int = 8
    stop_bits: int = 1
    flow: str = "NONE"

    def __str__(self) -> str:
        """As ``AT+UART?`` writes it."""
        return f'{self.baud},"{self.parity}",{self.data_bits},{self.stop_bits},"{self.flow}"'

    @property
    def bit_time(self) -> float:
        """Seconds."""
        return 1 / self.baud

    @property
    def character_time(self) -> float:
        """Seconds from start bit to the end of the last stop bit."""
        bits = 1 + self.data_bits + (self.parity != "NONE") + self.stop_bits
        return bits / self.baud
