"""Percentiles in little memory."""

import pytest

from usr7s3d.core.lateness import Lateness


def test_none_yet() -> None:
    assert Lateness().percentile(99) == 0.0


def test_percentiles_are_right_to_9_percent() -> None:
    late = Lateness()
    for step in range(1, 1001):
        late.add(step * 1e-6)
    for percent, true in ((50, 500e-6), (99, 990e-6), (99.9, 999e-6)):
        assert true <= late.percentile(percent) <= 1.1 * true
    assert (late.count, late.worst) == (1000, 1e-3)


@pytest.mark.parametrize("value", [-1.0, 0.0, 1e-9])
def test_early_is_not_late(value: float) -> None:
    late = Lateness()
    late.add(value)
    assert late.percentile(99) <= 1e-6


def test_hours_late_still_count() -> None:
    late = Lateness()
    late.add(10_000.0)
    assert late.percentile(50) > 10
