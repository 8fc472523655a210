"""When a beat is due, and when three that did not arrive end a connection (manual 3.4)."""

import pytest

from usr7s3d.core.heartbeat import Beat, Heartbeat


def test_a_beat_is_due_hearttm_after_the_last_send() -> None:
    heartbeat = Heartbeat(30, now=100.0)
    assert heartbeat.deadline() == 130.0
    assert heartbeat.expire(129.9, confirmed=True) is None
    assert heartbeat.expire(130.0, confirmed=True) is Beat.SEND
    heartbeat.sent(150.0)
    assert heartbeat.deadline() == 180.0


def test_three_unconfirmed_in_a_row_reconnect() -> None:
    heartbeat = Heartbeat(30, now=0.0)
    beats = [heartbeat.expire(now, confirmed=False) for now in (30.0, 60.0, 90.0, 120.0)]
    assert beats == [Beat.SEND, Beat.SEND, Beat.SEND, Beat.RECONNECT]


def test_one_that_is_confirmed_begins_the_count_anew() -> None:
    heartbeat = Heartbeat(30, now=0.0)
    for now in (30.0, 60.0, 90.0):
        heartbeat.expire(now, confirmed=False)
    assert heartbeat.expire(120.0, confirmed=True) is Beat.SEND
    beats = [heartbeat.expire(now, confirmed=False) for now in (150.0, 180.0, 210.0)]
    assert beats == [Beat.SEND, Beat.SEND, Beat.RECONNECT]


@pytest.mark.parametrize("period", [1, 3, 5])
def test_a_failure_takes_10_s_however_short_hearttm_is(period: int) -> None:
    heartbeat, now = Heartbeat(period, now=0.0), 0.0
    while True:
        now += period
        if heartbeat.expire(now, confirmed=False) is Beat.RECONNECT:
            break
    first_beat = period
    assert 30 <= now - first_beat <= 30 + 3 * period


def test_a_slow_acknowledgement_is_no_failure() -> None:
    heartbeat = Heartbeat(1, now=0.0)
    for second in range(1, 100):
        # Each beat arrives, and is known to have 5 s later.
        assert heartbeat.expire(float(second), confirmed=second % 6 == 0) is Beat.SEND
