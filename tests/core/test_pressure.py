"""When a link that takes no more is waited for, and when it is dead."""

from usr7s3d.core.pressure import Pressure, State


def full_at(now: float, patience: float = 0.25) -> Pressure:
    pressure = Pressure(patience, dead_after=120.0)
    pressure.refused(now)
    return pressure


def test_a_link_that_takes_everything_has_no_deadline() -> None:
    pressure = Pressure(0.25, 120.0)
    assert (pressure.state, pressure.deadline()) == (State.TAKING, None)
    assert pressure.expire(1e6) is False


def test_it_is_stalled_after_250_ms_full() -> None:
    pressure = full_at(10.0)
    assert (pressure.state, pressure.deadline()) == (State.FULL, 10.25)
    states = []
    for now in (10.249, 10.25):
        pressure.expire(now)
        states.append(pressure.state)
    assert states == [State.FULL, State.STALLED]


def test_with_crts_after_2_s() -> None:
    pressure = full_at(10.0, patience=2.0)
    assert pressure.deadline() == 12.0


def test_one_that_drains_in_time_has_its_full_patience_the_next_time() -> None:
    pressure = full_at(10.0)
    pressure.drained()
    pressure.refused(10.2)
    assert pressure.deadline() == 10.45


def test_a_slow_link_is_not_waited_for_longer_because_it_takes_a_little() -> None:
    pressure = full_at(10.0)
    for now in (10.1, 10.2):
        pressure.progress(now)
        pressure.refused(now)
    pressure.expire(10.25)
    assert pressure.state is State.STALLED


def test_a_stalled_link_is_trusted_again_when_it_has_caught_up() -> None:
    pressure = full_at(10.0)
    pressure.expire(10.25)
    pressure.progress(11.0)
    pressure.refused(11.0)
    states = [pressure.state]
    pressure.drained()
    assert [*states, pressure.state] == [State.STALLED, State.TAKING]


def test_a_window_shut_for_2_minutes_is_a_dead_peer() -> None:
    pressure = full_at(10.0)
    pressure.expire(10.25)
    assert pressure.deadline() == 130.0
    assert pressure.expire(129.999) is False
    assert pressure.expire(130.0) is True


def test_the_2_minutes_count_from_the_last_byte_taken() -> None:
    pressure = full_at(10.0)
    pressure.expire(10.25)
    pressure.progress(100.0)
    assert pressure.expire(219.0) is False
    assert pressure.expire(220.0) is True
