"""Who waits, and who hangs."""

import math

from usr7s3d.core.liveness import GRACE, Liveness


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_one_that_waits_for_an_event_is_never_late() -> None:
    clock = Clock()
    liveness = Liveness(clock)
    with liveness.pulse("A") as pulse, pulse.waiting():
        clock.now = math.inf
        assert liveness.late() == {}


def test_one_that_named_a_time_is_late_10_s_after_it() -> None:
    clock = Clock()
    liveness = Liveness(clock)
    with liveness.pulse("A") as pulse, pulse.waiting(20.0):
        clock.now = 130.0
        assert liveness.late() == {}
        clock.now = 131.0
        assert liveness.late() == {"A": 1.0}


def test_work_between_two_waits_takes_a_moment() -> None:
    clock = Clock()
    liveness = Liveness(clock)
    with liveness.pulse("A") as pulse:
        with pulse.waiting():
            pass
        clock.now += GRACE + 1
        assert liveness.late() == {"A": 1.0}


def test_who_has_ended_is_not_late() -> None:
    clock = Clock()
    liveness = Liveness(clock)
    with liveness.pulse("A"):
        pass
    clock.now = 1e9
    assert liveness.late() == {}
