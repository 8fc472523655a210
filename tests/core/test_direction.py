"""The driver enable stands round every frame, at every rate."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.clocked_line import ClockedLine, run
from usr7s3d.at.table import BAUD_RATES
from usr7s3d.core.direction import ASK_LONGEST, STUCK, Sender

REQUEST = bytes.fromhex("010300000001840a")
every_rate = pytest.mark.parametrize("baud", BAUD_RATES)
PAUSE = 1e-9  # s; sums of times differ in their last bit


def sender_on(line: ClockedLine, before: float = 0.0, after: float = 0.0) -> Sender:
    return Sender(line, line.character_time, before, after)


@every_rate
@pytest.mark.parametrize("delays", [(0.0, 0.0), (0.001, 0.0), (0.0, 0.002), (0.1, 0.1)])
@pytest.mark.manual("3.6.1", "the direction has to be controlled")
def test_on_before_the_first_start_bit_off_behind_the_last_stop_bit(
    baud: int, delays: tuple[float, float]
) -> None:
    before, after = delays
    line = ClockedLine(10 / baud)
    sender = sender_on(line, before, after)
    sender.send(REQUEST, line.now)
    (late,) = run(line, sender, 10.0)
    ((on, off),) = line.periods
    assert line.sent == REQUEST
    assert line.characters[0][0] == pytest.approx(on + before)
    assert off == pytest.approx(line.characters[-1][1] + after)
    assert late == pytest.approx(0.0, abs=PAUSE)


@every_rate
@pytest.mark.parametrize("latency", [0.0, 0.5, 3.0], ids=lambda n: f"{n} characters late")
@pytest.mark.parametrize("error", [-0.025, 0.0, 0.025], ids=lambda n: f"{n:+.1%}")
def test_never_off_before_the_last_stop_bit_and_soon_behind_it(
    baud: int, latency: float, error: float
) -> None:
    """A transmitter starts when it likes, and its rate is never exact: it is asked."""
    character = 10 / baud
    line = ClockedLine(character, latency=latency * character, error=error)
    sender = sender_on(line)
    sender.send(REQUEST, line.now)
    run(line, sender, 10.0)
    ((_, off),) = line.periods
    end = line.characters[-1][1]
    computed = len(REQUEST) * character
    assert end - PAUSE <= off <= max(end, computed) + max(character / 8, 50e-6) + PAUSE
    assert off - end < max(3.5 * character, 0.00175)  # or the answer has begun


def test_at_921600_it_is_not_asked_more_often_than_the_kernel_can_answer() -> None:
    line = ClockedLine(10 / 921600, latency=0.005)
    sender = sender_on(line)
    sender.send(REQUEST, line.now)
    run(line, sender, 1.0)
    assert line.asked <= 102


@every_rate
def test_a_driver_that_cannot_tell_gets_one_character_more(baud: int) -> None:
    line = ClockedLine(10 / baud, tells=False)
    sender = sender_on(line)
    sender.send(REQUEST, line.now)
    run(line, sender, 10.0)
    ((_, off),) = line.periods
    assert off == pytest.approx(line.characters[-1][1] + 10 / baud)


@every_rate
def test_each_frame_has_a_period_of_its_own(baud: int) -> None:
    line = ClockedLine(10 / baud)
    sender = sender_on(line)
    for turn in range(5):
        sender.send(REQUEST, line.now)
        run(line, sender, turn + 1.0)
    assert len(line.periods) == 5
    assert line.sent == REQUEST * 5


def test_what_comes_while_it_sends_goes_on_behind_it() -> None:
    line = ClockedLine(10 / 9600)
    sender = sender_on(line, after=0.002)
    sender.send(REQUEST, line.now)
    run(line, sender, 0.004)
    sender.send(b"more", line.now)
    run(line, sender, 1.0)
    assert line.sent == REQUEST + b"more"
    assert len(line.periods) == 1
    gaps = [after[0] - before[1] for before, after in pairwise(line.characters)]
    assert max(gaps) < PAUSE


def test_what_comes_in_the_delay_behind_is_sent_without_a_new_delay() -> None:
    line = ClockedLine(10 / 9600)
    sender = sender_on(line, before=0.1, after=0.1)
    sender.send(REQUEST, line.now)
    run(line, sender, 0.15)
    sender.send(REQUEST, line.now)
    run(line, sender, 1.0)
    assert len(line.periods) == 1
    assert line.characters[8][0] == pytest.approx(0.15)


def test_what_comes_in_the_delay_before_waits_for_its_end() -> None:
    line = ClockedLine(10 / 9600)
    sender = sender_on(line, before=0.1)
    sender.send(REQUEST, line.now)
    run(line, sender, 0.05)
    sender.send(b"more", line.now)
    run(line, sender, 1.0)
    assert line.characters[0][0] == pytest.approx(0.1)
    assert line.sent == REQUEST + b"more"


@every_rate
def test_more_than_the_driver_holds_leaves_without_a_gap(baud: int) -> None:
    data = bytes(range(256)) * 40
    line = ClockedLine(10 / baud)
    sender = sender_on(line)
    sender.send(data, line.now)
    assert sender.waiting == len(data) - 4095
    run(line, sender, 100.0)
    assert line.sent == data
    assert len(line.periods) == 1
    assert line.characters[-1][1] == pytest.approx(len(data) * 10 / baud)


def test_called_late_it_says_how_late() -> None:
    line = ClockedLine(10 / 9600)
    sender = sender_on(line)
    sender.send(REQUEST, line.now)
    (late,) = run(line, sender, 10.0, lag=0.003)
    assert late == pytest.approx(0.003)


def test_a_transmitter_that_never_ends_does_not_hold_the_bus() -> None:
    line = ClockedLine(10 / 9600, latency=1000.0)
    sender = sender_on(line)
    sender.send(REQUEST, line.now)
    run(line, sender, 10.0)
    ((_, off),) = line.periods
    assert off <= 80 / 9600 + STUCK + ASK_LONGEST


def test_a_driver_that_takes_no_more_does_not_hold_the_bus_and_nothing_is_lost() -> None:
    line = ClockedLine(10 / 9600, stuck=True)
    sender = sender_on(line, before=0.001)
    sender.send(REQUEST, line.now)
    run(line, sender, 10.0)
    first, *tries = line.periods
    assert first[1] - first[0] <= STUCK + 0.2
    assert tries, "it is tried again"
    assert all(off - on <= 0.001 + PAUSE for on, off in tries)
    assert (sender.waiting, sender.active) == (8, False)
    sender.send(b"more", line.now)
    assert not sender.active, "not for each piece"
    line.stuck = False
    run(line, sender, 20.0)
    assert line.sent == REQUEST + b"more"
    on, off = line.periods[-1]
    assert on + 0.001 - PAUSE <= line.characters[0][0]
    assert off >= line.characters[-1][1] - PAUSE
    assert sender.deadline() is None


@pytest.mark.parametrize("tells", [True, False])
@pytest.mark.parametrize(("old", "new"), [(115200, 1200), (1200, 115200)])
def test_the_rate_changes_in_the_middle_of_a_frame(old: int, new: int, tells: bool) -> None:
    """The end of what is under way moves with it."""
    line = ClockedLine(10 / old, tells=tells)
    sender = sender_on(line)
    sender.send(REQUEST, 0.0)
    line.now = 40 / old  # four characters have left
    ends = line.now + 40 / new
    line.characters[-1] = (ends - 10 / new, ends, 0)
    sender.set_character_time(10 / new, line.now)
    run(line, sender, 10.0)
    ((_, off),) = line.periods
    assert ends - PAUSE <= off <= ends + 10 / new + PAUSE


def test_what_was_flushed_is_not_waited_for() -> None:
    line = ClockedLine(10 / 1200)
    sender = sender_on(line, after=0.002)
    sender.send(bytes(1000), line.now)
    line.now = 0.1
    sender.look(line.now)
    assert sender.deadline() == pytest.approx(1000 * 10 / 1200), "it has not left"
    line.characters.clear()
    sender.look(line.now)
    run(line, sender, 1.0)
    ((_, off),) = line.periods
    assert off == pytest.approx(0.102)


def test_the_rate_may_change_between_frames() -> None:
    line = ClockedLine(10 / 9600)
    sender = sender_on(line)
    sender.send(REQUEST, line.now)
    run(line, sender, 1.0)
    line.character_time = 10 / 115200
    sender.set_character_time(10 / 115200, line.now)
    sender.send(REQUEST, line.now)
    run(line, sender, 2.0)
    assert line.periods[1][1] - line.periods[1][0] == pytest.approx(80 / 115200)


@given(
    st.lists(st.tuples(st.floats(0, 0.02), st.binary(min_size=1, max_size=50)), max_size=10),
    st.sampled_from(BAUD_RATES),
    st.sampled_from([0.0, 0.003]),
)
def test_whenever_data_comes_no_bit_leaves_outside(
    frames: list[tuple[float, bytes]], baud: int, delay: float
) -> None:
    line = ClockedLine(10 / baud)
    sender = sender_on(line, before=delay, after=delay)
    for wait, data in frames:
        run(line, sender, line.now + wait)
        sender.send(data, line.now)
    run(line, sender, line.now + 10.0)
    assert line.sent == b"".join(data for _, data in frames)
    for begin, end, _ in line.characters:
        assert any(on + delay - PAUSE <= begin and end + delay <= off + PAUSE
                   for on, off in line.periods)  # fmt: skip
