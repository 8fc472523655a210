"""When the UART is looked at: at once on a quiet line, every 3 ms on a busy one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usr7s3d.core.pace import PERIOD, ROOM, Pace

CHUNK = 16  # bytes that a UART's FIFO hands over at once


def feed(pace: Pace, rate: float, seconds: float, begin: float = 10.0) -> float | None:
    """Bytes at ``rate`` for so long, each chunk read as it comes; the last answer."""
    due = None
    for number in range(int(rate * seconds / CHUNK)):
        due = pace.next_look(CHUNK, begin + number * CHUNK / rate)
        if due is not None:
            break
    return due


def busy(silence: float = 0.0) -> tuple[Pace, float]:
    """A pace on a line that is busy at 921600 Bd, and when it wants to look."""
    pace = Pace(silence)
    due = feed(pace, 92_160, 1.0)
    assert due is not None
    return pace, due


@pytest.mark.parametrize("baud", [600, 9600, 57_600])
def test_a_slow_line_is_read_at_once_for_ever(baud: int) -> None:
    assert feed(Pace(0), baud / 10, 60.0) is None


@pytest.mark.parametrize("baud", [115_200, 230_400, 460_800, 921_600])
def test_a_fast_line_is_looked_at_every_3_ms_after_50_ms(baud: int) -> None:
    assert feed(Pace(0), baud / 10, 0.045) is None
    due = feed(Pace(0), baud / 10, 0.200)
    assert due is not None
    assert 10.050 < due < 10.060


def test_a_request_is_no_busy_line() -> None:
    """256 bytes at 115200, the longest of Modbus, over and over: each is read at once."""
    pace = Pace(0)
    for number in range(100):
        assert feed(pace, 11_520, 0.0223, begin=10 + number * 0.100) is None


def test_it_goes_on_for_as_long_as_the_line_is_busy() -> None:
    pace, due = busy()
    for _ in range(1000):
        now, found = due, int(92_160 * PERIOD)
        due = pace.next_look(found, now) or 0.0
        assert due == now + PERIOD


@pytest.mark.parametrize("found", [0, 5])
def test_the_first_look_that_finds_little_ends_it(found: int) -> None:
    pace, due = busy()
    assert pace.next_look(found, due) is None
    assert pace.next_look(1, due + 0.001) is None


def test_a_late_look_finds_more_and_that_is_no_higher_rate() -> None:
    pace, due = busy()
    assert pace.next_look(100, due + 0.030) is None, "3 kB/s"


def test_what_would_fill_the_tty_is_read_at_once() -> None:
    """A PTY or a USB gadget is faster than any UART."""
    pace, due = busy()
    assert pace.next_look(ROOM + 1, due) is None
    assert feed(Pace(0), 10_000_000, 0.2) is None


@pytest.mark.parametrize(("silence", "period"), [(0.5, 0.003), (0.050, 0.003), (0.016, 0.002)])
def test_a_silence_that_ends_a_packet_is_not_blurred(silence: float, period: float) -> None:
    pace, due = busy(silence)
    now = due
    assert pace.next_look(300, now) == pytest.approx(now + period)


def test_a_silence_of_a_few_ms_is_watched_for() -> None:
    assert feed(Pace(0.005), 92_160, 1.0) is None


@given(st.lists(st.tuples(st.integers(0, 4096), st.floats(0.0, 0.2)), max_size=200))
def test_no_look_is_more_than_a_period_ahead(
    looks: list[tuple[int, float]],
) -> None:
    pace, now = Pace(0), 10.0
    for found, passed in looks:
        now += passed
        due = pace.next_look(found, now)
        assert due is None or now < due <= now + PERIOD
