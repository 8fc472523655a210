"""The waits between two attempts to connect, over a long TCP connection."""

from hypothesis import given
from hypothesis import strategies as st

from usr7s3d.core.backoff import Backoff


def no_jitter() -> float:
    return 0.0


def test_1_2_4_and_so_on_up_to_60_s() -> None:
    backoff = Backoff(1, 60, no_jitter)
    assert [backoff.next() for _ in range(9)] == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_it_starts_over() -> None:
    backoff = Backoff(1, 60, no_jitter)
    for _ in range(5):
        backoff.next()
    backoff.reset()
    assert [backoff.next(), backoff.next()] == [1, 2]


@given(st.floats(0, 1))
def test_jitter_cuts_a_quarter_at_most(jitter: float) -> None:
    backoff = Backoff(1, 60, lambda: jitter)
    for full in (1, 2, 4, 8, 16, 32, 60):
        assert 0.75 * full <= backoff.next() <= full


def test_with_sockrstim_every_wait_is_the_same() -> None:
    backoff = Backoff(7, 7, no_jitter)
    assert [backoff.next() for _ in range(3)] == [7, 7, 7]


def test_on_ppp_up_to_300_s_after_an_hour_of_failure() -> None:
    backoff = Backoff(1, 60, no_jitter, late_limit=300)
    for _ in range(10):
        backoff.next(now=100)
    assert backoff.next(now=3699) == 60
    assert [backoff.next(now=3700 + n) for n in range(5)] == [60, 120, 240, 300, 300]


def test_the_hour_starts_over_with_the_rest() -> None:
    backoff = Backoff(60, 60, no_jitter, late_limit=300)
    backoff.next(now=0)
    backoff.reset()
    assert [backoff.next(now=4000), backoff.next(now=4001)] == [60, 60]
