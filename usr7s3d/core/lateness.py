"""How late something was, over any number of times, in a few hundred bytes."""

import math

FINEST = 1e-6  # s; anything below counts as that
STEPS = 8  # buckets for each doubling: 9 % wide
BUCKETS = STEPS * 24  # up to 16 s


class Lateness:
    """Counts in buckets that widen with the value, so a percentile is right to 9 %."""

    def __init__(self) -> None:
        self._counts = [0] * BUCKETS
        self.count = 0
        self.worst = 0.0  # s

    def add(self, late: float) -> None:
        """One more, in s; early is not late."""
        bucket = int(STEPS * math.log2(late / FINEST)) + 1 if late > FINEST else 0
        self._counts[min(bucket, BUCKETS - 1)] += 1
        self.count += 1
        self.worst = max(self.worst, late)

    def percentile(self, percent: float) -> float:
        """What ``percent`` of them were not later than, in s; 0 when there are none."""
        wanted, seen = self.count * percent / 100, 0
        for bucket, count in enumerate(self._counts):
            seen += count
            if count and seen >= wanted:
                return min(FINEST * 2 ** (bucket / STEPS), self.worst)
        return 0.0
