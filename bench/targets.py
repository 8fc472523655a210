"""What we hold ourselves to, as ratios to the others in the same run."""

from dataclasses import dataclass

from bench.bridges import SER2NET, SOCAT, USR7S3D
from bench.report import median, ratio
from bench.rounds import Results


@dataclass(frozen=True, slots=True)
class Target:
    """A row of ours, or its ratio to another bridge's, and where it has to stay."""

    row: str
    limit: float
    to: str | None = None
    at_least: bool = False

    def verdict(self, results: Results) -> tuple[bool, str]:
        """Whether it is met, and in words."""
        value = (
            ratio(results, USR7S3D, self.row, self.to)
            if self.to
            else median(results, USR7S3D, self.row)
        )
        what = f"{self.row} of {self.to}'s" if self.to else self.row
        wanted = f"{'at least' if self.at_least else 'at most'} {self.limit:g}"
        if value is None:
            return False, f"{what}: not measured, {wanted} wanted"
        good = value >= self.limit if self.at_least else value <= self.limit
        return good, f"{what}: {value:.3g}, {wanted} wanted"


TARGETS = (
    Target("latency.frame_p50_us", 0.1, SER2NET),
    Target("latency.at_115200_p50_us", 0.1, SER2NET),
    Target("latency.frame_p50_us", 1.5, SOCAT),
    Target("latency.at_115200_p50_us", 1.5, SOCAT),
    Target("paced.921600_cpu_us_per_KB", 1.6, SER2NET),
    Target("fanout.stalled_delivered_percent", 100, at_least=True),
    Target("flood.growth_MiB", 0.5),
    Target("memory.rss_MiB", 5, SER2NET),
)
INTACT = ("lost", "wrong")  # rows that end so are 0, or nothing else counts


def check(results: Results) -> tuple[bool, list[str]]:
    """Whether all is as it should be, and a line for each target."""
    verdicts = [target.verdict(results) for target in TARGETS]
    for row, values in results.values.get(USR7S3D, {}).items():
        if row.endswith(INTACT) and any(values):
            verdicts.append((False, f"{row}: {values}, none wanted"))
    lines = [f"{'met   ' if good else 'MISSED'}  {words}" for good, words in verdicts]
    return all(good for good, _ in verdicts), lines
