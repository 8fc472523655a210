"""One pair of wires: we speak when nobody else does."""

import math

import pytest

from usr7s3d.core.halfduplex import PATIENCE, HalfDuplex

AT_9600 = 10 / 9600
SILENCE = 3.5 * AT_9600


def test_a_quiet_bus_is_ours_at_once() -> None:
    bus = HalfDuplex(AT_9600)
    bus.put(b"request", 1.0)
    assert bus.deadline() == -math.inf
    assert bus.take(1.0) == b"request"
    assert (bus.deadline(), bus.waiting) == (None, 0)


@pytest.mark.parametrize(
    ("character_time", "silence"),
    [(10 / 2400, 35 / 2400), (AT_9600, SILENCE), (10 / 19200, 0.002), (10 / 921600, 0.002)],
)
def test_nothing_leaves_for_3_5_characters_but_2_ms_at_least(
    character_time: float, silence: float
) -> None:
    bus = HalfDuplex(character_time)
    bus.heard(1.0)
    bus.put(b"x", 1.0)
    assert bus.deadline() == pytest.approx(1 + silence)
    assert bus.take(1 + 0.99 * silence) == b""
    assert bus.take(1 + 1.01 * silence) == b"x"


def test_each_byte_begins_the_silence_anew() -> None:
    bus = HalfDuplex(AT_9600)
    bus.heard(1.0)
    bus.put(b"one", 1.0, patient=True)
    bus.heard(1.003)
    bus.put(b"two", 1.003)
    assert bus.take(1.005) == b""
    assert bus.waiting == 6
    assert bus.take(1.0067) == b"onetwo"


def test_a_bus_that_is_never_quiet_gets_answers_after_a_second() -> None:
    """Noise on an open bus looks like that; what nobody asked for waits on."""
    bus = HalfDuplex(AT_9600)
    bus.heard(1.0)
    bus.put(b"welcome", 1.0, patient=True)
    bus.put(b"reply", 1.0)
    for step in range(400):
        bus.heard(1 + step * 0.003)
    assert bus.deadline() == 1 + PATIENCE
    assert bus.take(1 + PATIENCE) == b"reply"
    assert bus.take(2.5) == b"welcome"


def test_what_waits_can_be_taken_back() -> None:
    bus = HalfDuplex(AT_9600)
    bus.heard(1.0)
    bus.put(b"one", 1.0)
    assert bus.take_back() == b"one"
    assert bus.deadline() is None
