"""A serial line with a clock and a history: bits leave in their time, and all of it is kept."""

from dataclasses import dataclass, field

from usr7s3d.core.direction import Line, Sender


@dataclass
class ClockedLine(Line):
    """``latency`` s until the transmitter starts, ``error`` the part by which its rate is off."""

    character_time: float
    latency: float = 0.0
    error: float = 0.0
    tells: bool = True  # whether the driver can be asked
    room: int = 4095  # bytes in the driver
    stuck: bool = False  # takes nothing
    now: float = 0.0
    driven: list[tuple[float, bool]] = field(default_factory=list)
    characters: list[tuple[float, float, int]] = field(default_factory=list)  # from, to, byte
    asked: int = 0

    def drive(self, active: bool) -> None:
        self.driven.append((self.now, active))

    def write(self, data: bytes | bytearray) -> int:
        waiting = sum(end > self.now for _, end, _ in self.characters)
        taken = b"" if self.stuck else bytes(data[: max(0, self.room - waiting)])
        begin = max(self.now + self.latency, self.characters[-1][1] if self.characters else 0.0)
        each = self.character_time * (1 + self.error)
        for number, byte in enumerate(taken):
            self.characters.append((begin + number * each, begin + (number + 1) * each, byte))
        return len(taken)

    def empty(self) -> bool | None:
        self.asked += 1
        return (not self.characters or self.characters[-1][1] <= self.now) if self.tells else None

    @property
    def periods(self) -> list[tuple[float, float]]:
        """From when to when the transceiver sent."""
        levels = [level for _, level in self.driven]
        assert levels == [True, False] * (len(levels) // 2), levels
        times = [at for at, _ in self.driven]
        return list(zip(times[::2], times[1::2], strict=True))

    @property
    def sent(self) -> bytes:
        return bytes(byte for _, _, byte in self.characters)


def run(line: ClockedLine, sender: Sender, until: float, lag: float = 0.0) -> list[float]:
    """Let time pass; the sender is called ``lag`` s late each time.  How late it let go."""
    released = []
    while (due := sender.deadline()) is not None and due + lag <= until:
        line.now = max(line.now, due + lag)
        late = sender.expire(line.now)
        if late is not None:
            released.append(late)
    line.now = until
    return released
