"""A HAT that hears itself; the answer must come through whole whatever becomes of the echo."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usr7s3d.core.echo import GRACE, MISSES, MOST, Echo

CHARACTER = 10 / 9600
REQUEST = bytes.fromhex("010300000001840a")
ANSWER = bytes.fromhex("0103020064b9af")  # begins as the request does
END = len(REQUEST) * CHARACTER
LATER = END + 0.006  # the answer keeps 3.5 characters


def heard(*pieces: tuple[bytes, float], sent: bytes = REQUEST) -> bytes:
    """What comes through, to the end of all times."""
    echo = Echo()
    echo.sent(sent, 0.0, CHARACTER)
    passed = b"".join(echo.receive(data, at) for data, at in pieces)
    return passed + echo.expire(1000.0)


def test_what_we_did_not_say_passes() -> None:
    echo = Echo()
    assert echo.receive(ANSWER, 5.0) == ANSWER
    assert (echo.dropped, echo.deadline()) == (0, None)


def test_the_echo_is_dropped_and_the_answer_passes_at_once() -> None:
    echo = Echo()
    echo.sent(REQUEST, 0.0, CHARACTER)
    assert echo.receive(REQUEST, END) == b""
    assert echo.receive(ANSWER, LATER) == ANSWER
    assert (echo.dropped, echo.deadline()) == (8, None)


def test_echo_and_answer_in_one_read() -> None:
    assert heard((REQUEST + ANSWER, LATER)) == ANSWER


def test_every_cut_of_echo_and_answer() -> None:
    stream = REQUEST + ANSWER
    for first in range(len(stream) + 1):
        for second in range(first, len(stream) + 1):
            pieces = (stream[:first], stream[first:second], stream[second:])
            assert heard(*((piece, LATER) for piece in pieces if piece)) == ANSWER


def test_byte_by_byte_in_its_time() -> None:
    echo = [(bytes([byte]), (n + 1) * CHARACTER) for n, byte in enumerate(REQUEST)]
    answer = [(bytes([byte]), LATER + n * CHARACTER) for n, byte in enumerate(ANSWER)]
    assert heard(*echo, *answer) == ANSWER


@pytest.mark.parametrize("at", range(len(REQUEST)))
@pytest.mark.parametrize("whole", [True, False])
def test_a_damaged_byte_is_dropped_and_the_answer_is_whole(at: int, whole: bool) -> None:
    damaged = REQUEST[:at] + bytes([REQUEST[at] ^ 0x55]) + REQUEST[at + 1 :]
    if whole:
        pieces = [(damaged, END)]
    else:
        pieces = [(bytes([byte]), (n + 1) * CHARACTER) for n, byte in enumerate(damaged)]
    assert heard(*pieces, (ANSWER, LATER)) == ANSWER


@pytest.mark.parametrize("at", range(len(REQUEST) - 1))
def test_a_damaged_byte_in_one_read_with_the_answer(at: int) -> None:
    damaged = REQUEST[:at] + bytes([REQUEST[at] ^ 0x55]) + REQUEST[at + 1 :]
    assert heard((damaged + ANSWER, LATER)) == ANSWER


@pytest.mark.parametrize("lost", range(1, len(REQUEST)))
def test_the_first_bytes_lost_while_the_receiver_wakes_up(lost: int) -> None:
    assert heard((REQUEST[lost:], END), (ANSWER, LATER)) == ANSWER


@pytest.mark.parametrize("left", range(1, len(REQUEST)))
def test_the_last_bytes_lost(left: int) -> None:
    """Held for 20 ms at most, then it passes."""
    answer = b"\x02" + ANSWER
    assert heard((REQUEST[:left], END), (answer, LATER)) == answer


@pytest.mark.parametrize("at", range(1, len(REQUEST) - 1))
def test_one_byte_lost_inside(at: int) -> None:
    assert heard((REQUEST[:at] + REQUEST[at + 1 :], END), (ANSWER, LATER)) == ANSWER


def test_a_byte_too_many_inside() -> None:
    assert heard((REQUEST[:3] + b"\xff" + REQUEST[3:] + ANSWER, LATER)) == ANSWER


def test_behind_line_time_and_20_ms_the_same_bytes_are_somebodys() -> None:
    echo = Echo()
    echo.sent(REQUEST, 0.0, CHARACTER)
    assert echo.receive(REQUEST, END + GRACE + 0.001) == REQUEST


def test_bytes_held_come_out_20_ms_behind_the_line_time() -> None:
    echo = Echo()
    echo.sent(REQUEST, 0.0, CHARACTER)
    assert echo.receive(b"\x02" + ANSWER, LATER) == b""
    assert echo.deadline() == pytest.approx(END + GRACE)
    assert echo.expire(LATER) == b""
    assert echo.expire(END + GRACE) == b"\x02" + ANSWER


def test_what_is_sent_in_pieces_is_one_echo() -> None:
    echo = Echo()
    echo.sent(REQUEST[:4], 0.0, CHARACTER)
    assert echo.receive(REQUEST[:2], 2 * CHARACTER) == b""
    echo.sent(REQUEST[4:], 0.003, CHARACTER)
    assert echo.receive(REQUEST[2:], END) == b""
    assert echo.receive(ANSWER, LATER) == ANSWER


def test_the_line_time_of_what_waits_counts_from_the_end_of_what_is_under_way() -> None:
    echo = Echo()
    echo.sent(bytes(960), 0.0, CHARACTER)
    echo.sent(REQUEST, 0.1, CHARACTER)
    assert echo.receive(bytes(960), 1.0) == b""
    assert echo.receive(REQUEST, 1.02) == b""


def test_on_a_hat_without_an_echo_nothing_is_kept_for_long() -> None:
    echo = Echo()
    for turn in range(1000):
        echo.sent(REQUEST, turn * 1.0, CHARACTER)
    assert len(echo._wanted) == len(REQUEST)


def test_what_is_held_is_bounded() -> None:
    echo = Echo()
    echo.sent(bytes(10_000), 0.0, CHARACTER)
    passed = b"".join(echo.receive(b"\xff" * 1000, 0.01) for _ in range(20))
    assert len(echo._held) <= MOST
    assert len(passed) + echo.dropped + len(echo._held) == 20_000


def test_at_the_end_what_is_held_is_given_up() -> None:
    echo = Echo()
    echo.sent(REQUEST, 0.0, CHARACTER)
    echo.receive(b"\x02" + ANSWER, LATER)
    assert echo.expire(math.inf) == b"\x02" + ANSWER
    assert echo.expire(math.inf) == b""


# -- a HAT that has none, though [rs485] echo says so


def polls(echo: Echo, turns: int, *pieces: tuple[bytes, float], start: float = 0.0) -> list[bytes]:
    """What comes through of each of the same polls, one a second."""
    got = []
    for turn in range(turns):
        began = start + turn
        echo.sent(REQUEST, began, CHARACTER)
        passed = b"".join(echo.receive(data, began + at) for data, at in pieces)
        got.append(passed + echo.expire(began + 0.9))
    return got


def in_bytes(data: bytes, begin: float) -> list[tuple[bytes, float]]:
    return [(bytes([byte]), begin + n * CHARACTER) for n, byte in enumerate(data)]


def test_without_an_echo_answers_are_whole_after_three() -> None:
    """They begin as the request does, and come within 20 ms."""
    echo = Echo()
    got = polls(echo, 20, (ANSWER, LATER))
    assert got[MISSES:] == [ANSWER] * (20 - MISSES)
    assert echo.doubted


def test_without_an_echo_answers_byte_by_byte_are_whole_and_not_late() -> None:
    echo = Echo()
    polls(echo, MISSES, (ANSWER, LATER))
    echo.sent(REQUEST, 10.0, CHARACTER)
    passed = [echo.receive(data, at) for data, at in in_bytes(ANSWER, 10 + LATER)]
    assert passed == [b"", b"", ANSWER[:3], *(bytes([byte]) for byte in ANSWER[3:])]


def test_where_nothing_comes_at_all_the_next_answer_is_whole() -> None:
    echo = Echo()
    polls(echo, MISSES)
    assert polls(echo, 1, (ANSWER, LATER), start=100.0) == [ANSWER]


def test_bytes_that_might_be_an_echo_are_not_kept_for_long() -> None:
    echo = Echo()
    polls(echo, MISSES)
    assert polls(echo, 1, (REQUEST[:4], LATER), start=100.0) == [REQUEST[:4]]


@pytest.mark.parametrize("at", [END, LATER])
def test_an_echo_that_comes_back_after_all_is_dropped_again(at: float) -> None:
    echo = Echo()
    polls(echo, MISSES)
    assert polls(echo, 2, (REQUEST, at), (ANSWER, at + 0.005), start=100.0) == [ANSWER] * 2
    assert not echo.doubted


def test_a_damaged_echo_after_none_is_known_by_the_time_it_comes() -> None:
    echo = Echo()
    polls(echo, MISSES)
    damaged = REQUEST[:5] + b"?" + REQUEST[6:]
    pieces = [*in_bytes(damaged, CHARACTER), (ANSWER, LATER)]
    assert polls(echo, 1, *pieces, start=100.0) == [ANSWER]


@pytest.mark.parametrize("lost", [1, 2, 3])
def test_a_receiver_that_always_wakes_up_late_is_not_doubted(lost: int) -> None:
    echo = Echo()
    pieces = ((REQUEST[lost:], END + 3.2 * CHARACTER), (ANSWER, LATER + 0.001))
    assert polls(echo, 20, *pieces) == [ANSWER] * 20
    assert not echo.doubted


# -- when it comes late for a reason


def test_the_transceivers_delay_is_waited_for() -> None:
    echo = Echo(lead=0.1)
    echo.sent(REQUEST, 0.0, CHARACTER)
    assert echo.receive(REQUEST, 0.1 + END) == b""
    assert echo.receive(ANSWER, 0.1 + LATER) == ANSWER


def test_an_echo_that_nobody_could_read_is_dropped_when_it_is_read() -> None:
    """The UART was not read for a second."""
    echo = Echo()
    echo.sent(REQUEST, 0.0, CHARACTER)
    echo.wait(1.0)
    assert echo.receive(REQUEST + ANSWER, 1.0) == ANSWER
    echo.wait(2.0)
    assert echo.receive(REQUEST, 2.0) == REQUEST


@given(st.binary(min_size=1, max_size=60), st.binary(max_size=60), st.data())
def test_doubted_or_not_the_whole_echo_is_dropped_however_it_is_cut(
    sent: bytes, answer: bytes, data: st.DataObject
) -> None:
    echo = Echo()
    polls(echo, MISSES)
    stream = sent + answer
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    echo.sent(sent, 100.0, CHARACTER)
    at = 100 + len(sent) * CHARACTER + 0.005
    passed = b""
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        passed += echo.receive(stream[begin:end], at) if begin < end else b""
    assert passed + echo.expire(1000.0) == answer


@given(st.binary(min_size=1, max_size=60), st.binary(max_size=60), st.data())
def test_however_it_is_cut(sent: bytes, answer: bytes, data: st.DataObject) -> None:
    stream = sent + answer
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    at = len(sent) * CHARACTER + 0.005
    edges = zip([0, *cuts], [*cuts, len(stream)], strict=True)
    pieces = [(stream[begin:end], at) for begin, end in edges if begin < end]
    assert heard(*pieces, sent=sent) == answer


@given(st.binary(min_size=1, max_size=60), st.binary(max_size=60), st.floats(0, 1))
def test_no_byte_is_made_up_and_none_beyond_what_was_sent_is_lost(
    sent: bytes, received: bytes, at: float
) -> None:
    passed = heard((received, at), sent=sent)
    assert received.endswith(passed)
    # A fault may make up bytes: NEAR for each two that agree.
    assert len(received) - len(passed) <= len(sent) + 17 * len(sent)
