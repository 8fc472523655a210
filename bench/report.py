"""The results as a table: medians, and in brackets how many times the base's."""

import json
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from bench.bridges import SER2NET
from bench.rounds import Results


def median(results: Results, bridge: str, row: str) -> float | None:
    """The median over the rounds."""
    values = results.values.get(bridge, {}).get(row, [])
    present = [value for value in values if value is not None]
    return statistics.median(present) if present else None


def ratio(results: Results, bridge: str, row: str, base: str) -> float | None:
    """``bridge`` over ``base``: the median of the rounds' ratios, so that both had the same day."""
    pairs = zip(
        results.values.get(bridge, {}).get(row, []),
        results.values.get(base, {}).get(row, []),
        strict=False,
    )
    ratios = [ours / theirs for ours, theirs in pairs if ours is not None and theirs]
    return statistics.median(ratios) if ratios else None


def markdown(results: Results) -> str:
    """One row for each value, one column for each bridge."""
    bridges = list(results.values)
    rows = dict.fromkeys(row for bridge in bridges for row in results.values[bridge])
    lines = [["", *bridges]]
    lines += [[row, *(_cell(results, bridge, row) for bridge in bridges)] for row in rows]
    return "\n".join(_aligned(lines))


def _cell(results: Results, bridge: str, row: str) -> str:
    value = median(results, bridge, row)
    if value is None:
        return "-"
    times = ratio(results, bridge, row, SER2NET) if bridge != SER2NET else None
    return _number(value) + (f" ({_number(times)})" if times is not None else "")


def _number(value: float) -> str:
    """Three digits that count, and no exponent."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _aligned(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for number, line in enumerate(lines):
        first, *rest = (text.rjust(width) for text, width in zip(line, widths, strict=True))
        yield f"| {first.strip().ljust(widths[0])} | {' | '.join(rest)} |"
        if number == 0:
            rule = " | ".join("-" * (width - 1) + ":" for width in widths[1:])
            yield f"| {'-' * widths[0]} | {rule} |"


def save(results: Results, machine: str, path: Path) -> None:
    """Every number, as JSON."""
    path.write_text(json.dumps({"machine": machine, **asdict(results)}, indent=1) + "\n")
