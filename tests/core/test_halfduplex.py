"""One pair of wires: we speak when nobody else does."""

import math

import pytest

from usr7s3d.at.table import BAUD_RATES
from usr7s3d.core.halfduplex import MOST_PATIENT, PATIENCE, HalfDuplex, Unseen

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
    assert bus.take(1.0067) == b"two"


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


def test_what_nobody_asked_for_is_a_frame_of_its_own() -> None:
    """Glued to a request, or a request to it, it would spoil both."""
    bus = HalfDuplex(AT_9600)
    bus.put(bytes(8), 1.0)
    assert bus.take(1.0) == bytes(8)
    bus.put(b"beat", 1.001, patient=True)
    begins = 1 + 8 * AT_9600 + SILENCE
    assert bus.deadline() == pytest.approx(begins)
    assert bus.take(begins - 0.0001) == b""
    assert bus.take(begins + 1e-9) == b"beat"
    bus.put(b"request", begins + 0.001)
    again = begins + 4 * AT_9600 + SILENCE
    assert bus.deadline() == pytest.approx(again)
    assert bus.take(again - 0.0001) == b""
    assert bus.take(again + 1e-6) == b"request"


def test_requests_do_not_wait_for_what_nobody_asked_for() -> None:
    bus = HalfDuplex(AT_9600)
    bus.put(bytes(100), 1.0)
    assert bus.take(1.0) == bytes(100)
    bus.put(b"beat", 1.01, patient=True)
    bus.put(b"more", 1.02)
    assert bus.take(1.02) == b"more"
    assert bus.take(1.02) == b""


def test_what_nobody_asked_for_is_bounded_and_the_newest_is_kept() -> None:
    """On a bus that is never quiet it would pile up, and no link would be read any more."""
    bus = HalfDuplex(AT_9600)
    bus.heard(1.0)
    bus.put(b"request", 1.0)
    for turn in range(1000):
        bus.put(b"%80d" % turn, 1.0, patient=True)
    assert bus.unasked <= MOST_PATIENT
    assert bus.waiting == bus.unasked + 7
    left = bus.take_back()
    assert left.startswith(b"request")
    assert left.endswith(b" 999")
    assert (bus.waiting, bus.unasked) == (0, 0)


def test_one_long_welcome_is_kept_whole() -> None:
    bus = HalfDuplex(AT_9600)
    bus.put(bytes(5000), 1.0, patient=True)
    assert bus.take(1.0) == bytes(5000)


def test_nothing_is_nothing() -> None:
    bus = HalfDuplex(AT_9600)
    bus.put(b"", 1.0, patient=True)
    bus.put(b"", 1.0)
    assert bus.deadline() is None


def test_many_small_pieces_cost_little() -> None:
    """A flood of one-byte datagrams onto a slow bus; each is counted many times."""
    bus = HalfDuplex(AT_9600)
    for turn in range(20_000):
        bus.heard(1.0)
        bus.put(b"x", 1.0)
        assert bus.waiting == turn + 1
        assert bus.deadline() == pytest.approx(1 + SILENCE)
    assert len(bus.take(1.01)) == 20_000


@pytest.mark.parametrize("baud", BAUD_RATES)
@pytest.mark.parametrize("lot", [8, 16])
def test_between_two_lots_of_a_frame_nothing_is_sent(baud: int, lot: int) -> None:
    """A PL011 hands over at half its FIFO; 3.5 characters behind that the frame goes on."""
    character = 10 / baud
    bus = HalfDuplex(character, Unseen(characters=16))
    for number in range(1, 5):
        now = 1 + number * lot * character
        bus.heard(now)
        bus.put(b"x", now)
        assert bus.take(now + lot * character + 0.001) == b""
    assert bus.take(now + 16 * character + 0.0021) == b"xxxx"


def test_a_usb_adapter_hands_over_by_time() -> None:
    bus = HalfDuplex(10 / 115200, Unseen(seconds=0.016))
    bus.heard(1.0)
    bus.put(b"x", 1.0)
    assert bus.take(1.0175) == b""
    assert bus.take(1.0181) == b"x"


def test_what_waits_can_be_taken_back() -> None:
    bus = HalfDuplex(AT_9600)
    bus.heard(1.0)
    bus.put(b"one", 1.0)
    assert bus.take_back() == b"one"
    assert bus.deadline() is None
