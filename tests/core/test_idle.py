"""RSTIM (manual 4.2.1.12)."""

import pytest

from usr7s3d.core.idle import idle_until


def test_1800_s_after_the_last_byte() -> None:
    assert idle_until(1800, 100.0) == 1900.0


def test_0_is_never() -> None:
    assert idle_until(0, 100.0) is None


@pytest.mark.parametrize("period", [1, 59, 60])
def test_1_to_59_act_as_60(period: int) -> None:
    assert idle_until(period, 100.0) == 160.0
