"""How much may happen in an hour and in a day."""

from usr7s3d.core.bound import DAY, HOUR, Bound


def test_an_hours_worth_and_no_more() -> None:
    bound = Bound(60, 200)
    assert all(bound.take(1, 0.0) for _ in range(60))
    assert not bound.take(1, HOUR - 1)
    assert bound.take(60, HOUR)


def test_a_days_worth_and_no_more() -> None:
    bound = Bound(60, 200)
    for hour in range(4):
        bound.take(50, hour * HOUR)
    assert bound.left(23 * HOUR) == 0
    assert bound.left(DAY) == 50


def test_all_or_nothing() -> None:
    bound = Bound(60, 200)
    assert not bound.take(61, 0.0)
    assert bound.left(0.0) == 60


def test_what_happened_before_counts() -> None:
    assert Bound(60, 200, [0.0] * 59).left(10.0) == 1


def test_none_at_all() -> None:
    assert Bound(0, 200).left(0.0) == 0
    assert Bound(60, 0).left(0.0) == 0


def test_what_is_kept_is_bounded() -> None:
    bound = Bound(60, 200)
    for second in range(0, 10 * 86400, 100):
        bound.take(1, float(second))
    assert len(bound.times) <= 200
