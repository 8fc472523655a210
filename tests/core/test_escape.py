"""The way into command mode (manual 4.1.1), with the times of its figure."""

import itertools
import re
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usr7s3d.core.escape import (
    LONGEST_HELD,
    CommandMode,
    Data,
    EscapeDetector,
    Event,
    Reply,
    Timing,
)

A, OK = Reply(b"a"), Reply(b"+ok")


@pytest.fixture
def detector() -> EscapeDetector:
    return EscapeDetector(Timing())


def test_handshake_of_manual_4_1_1(detector: EscapeDetector) -> None:
    assert detector.receive(b"+++", 10.0) == []
    assert detector.expire(10.05) == [A]
    assert detector.receive(b"a", 12.9) == []
    assert detector.expire(12.92) == [OK, CommandMode()]
    assert detector.deadline() is None


def test_pluses_may_come_in_two_or_three_reads(detector: EscapeDetector) -> None:
    assert detector.receive(b"+", 10.000) == []
    assert detector.receive(b"+", 10.049) == []
    assert detector.receive(b"+", 10.098) == []
    assert detector.expire(10.15) == [A]
    detector = EscapeDetector(Timing())
    assert detector.receive(b"++", 10.00) == []
    assert detector.receive(b"+", 10.02) == []
    assert detector.expire(10.07) == [A]


def test_firmware_that_answers_blindly_after_100_ms(detector: EscapeDetector) -> None:
    detector.receive(b"+++", 10.0)
    assert detector.receive(b"a", 10.1) == [A]  # one late call for both
    assert detector.expire(10.12) == [OK, CommandMode()]


@pytest.mark.manual("4.1.1", "T1 > 200 ms")
def test_t1_must_be_more_than_200_ms(detector: EscapeDetector) -> None:
    detector.receive(b"x", 10.0)
    assert detector.receive(b"+++", 10.2) == [Data(b"+++", 10.2)]
    detector.receive(b"x", 20.0)
    assert detector.receive(b"+++", 20.201) == []


def test_t1_is_satisfied_at_the_start(detector: EscapeDetector) -> None:
    assert detector.receive(b"+++", 0.0) == []


def test_bytes_that_others_took_count_for_t1(detector: EscapeDetector) -> None:
    detector.note(10.0)
    assert detector.receive(b"+++", 10.1) == [Data(b"+++", 10.1)]


@pytest.mark.manual("4.1.1", "T2, T3 < 50 ms")
def test_t2_and_t3_must_be_less_than_50_ms(detector: EscapeDetector) -> None:
    detector.receive(b"+", 10.0)
    assert detector.deadline() == 10.05
    assert detector.expire(10.049) == []
    assert detector.expire(10.05) == [Data(b"+", 10.0)]
    detector.receive(b"++", 20.0)
    assert detector.receive(b"+", 20.06) == [Data(b"++", 20.0), Data(b"+", 20.06)]


def test_t4_is_50_ms_in_which_a_fourth_byte_makes_it_data(detector: EscapeDetector) -> None:
    detector.receive(b"+++", 10.0)
    assert detector.expire(10.049) == []
    assert detector.receive(b"+", 10.049) == [Data(b"+++", 10.0), Data(b"+", 10.049)]


@pytest.mark.manual("4.1.1", "T5 < 3 s")
def test_t5_is_3_s(detector: EscapeDetector) -> None:
    detector.receive(b"+++", 10.0)
    assert detector.expire(10.05) == [A]
    assert detector.deadline() == 13.05
    assert detector.expire(13.049) == []
    assert detector.expire(13.05) == [Data(b"+++", 10.0)]
    assert detector.deadline() is None


def test_the_a_must_stay_alone_for_20_ms(detector: EscapeDetector) -> None:
    detector.receive(b"+++", 10.0)
    detector.expire(10.05)
    detector.receive(b"a", 11.0)
    assert detector.receive(b"b", 11.019) == [
        Data(b"+++", 10.0),
        Data(b"a", 11.0),
        Data(b"b", 11.019),
    ]


@pytest.mark.parametrize("other", [b"aa", b"a\r", b"A", b"b", b"+", b"++++", b"\x00", b"AT\r"])
def test_anything_else_than_one_a_is_data(detector: EscapeDetector, other: bytes) -> None:
    detector.receive(b"+++", 10.0)
    detector.expire(10.05)
    assert detector.receive(other, 10.1) == [Data(b"+++", 10.0), Data(other, 10.1)]


@pytest.mark.parametrize("first", [b"++++", b"+x", b"x+++", b"+++a", b"+++\r", b"a"])
def test_no_attempt_is_data_at_once(detector: EscapeDetector, first: bytes) -> None:
    assert detector.receive(first, 10.0) == [Data(first, 10.0)]
    assert detector.deadline() is None


def test_a_repeated_attempt_replaces_the_first_and_is_answered_again(
    detector: EscapeDetector,
) -> None:
    detector.receive(b"+++", 10.0)
    assert detector.expire(10.05) == [A]
    assert detector.receive(b"+++", 12.0) == []
    assert detector.expire(12.05) == [A]
    assert detector.receive(b"a", 15.0) == []  # its own T5 counts
    assert detector.expire(15.02) == [OK, CommandMode()]


def test_a_repeated_attempt_that_fails_gives_back_every_plus(detector: EscapeDetector) -> None:
    detector.receive(b"+++", 10.0)
    detector.expire(10.05)
    detector.receive(b"+++", 12.0)
    detector.expire(12.05)
    assert detector.expire(15.05) == [Data(b"+++", 10.0), Data(b"+++", 12.0)]


def test_a_host_that_repeats_for_ever_holds_no_more_than_a_few_bytes(
    detector: EscapeDetector,
) -> None:
    out = b""
    for n in range(1000):
        detector.receive(b"+++", n * 1.0)
        out += data(detector.expire(n * 1.0 + 0.05))
    held = b"".join(run for run, _ in detector.rest())
    assert len(held) <= LONGEST_HELD
    assert out + held == b"+++" * 1000


def test_handshaking_lasts_from_the_first_plus_to_ok_or_failure(detector: EscapeDetector) -> None:
    assert not detector.handshaking
    detector.receive(b"+", 10.0)
    assert detector.handshaking
    detector.expire(10.05)
    assert not detector.handshaking
    detector.receive(b"+++", 20.0)
    detector.expire(20.05)
    detector.receive(b"a", 21.0)
    assert detector.handshaking
    detector.expire(21.02)
    assert not detector.handshaking


def test_the_quiet_time_is_configurable() -> None:
    detector = EscapeDetector(Timing(quiet=1.0))
    detector.receive(b"x", 10.0)
    assert detector.receive(b"+++", 11.0) == [Data(b"+++", 11.0)]
    assert detector.receive(b"+++", 12.1) == []


def test_rest_gives_away_what_is_held_with_its_times(detector: EscapeDetector) -> None:
    detector.receive(b"+", 10.0)
    detector.receive(b"++", 10.04)
    assert detector.rest() == [(b"+", 10.0), (b"++", 10.04)]
    assert detector.rest() == []
    assert not detector.handshaking


def test_every_byte_comes_out_once_and_in_order_whatever_the_pauses() -> None:
    for stream in (b"+++", b"++x+", b"a+++a", b"++++", b"x+++b", b"+++a+"):
        for pauses in itertools.product((0.0, 0.01, 0.06, 0.3, 4.0), repeat=len(stream)):
            assert replay(zip(pieces(stream), pauses, strict=True)) == stream, pauses


chunk = st.sampled_from([b"+", b"++", b"+++", b"a", b"x", b"++++", b"+a", b"\r"])
pause = st.sampled_from([0.0, 0.01, 0.019, 0.02, 0.049, 0.05, 0.051, 0.1, 0.2, 0.21, 1.0, 3.0, 4.0])


@given(st.lists(st.tuples(chunk, pause), max_size=30), st.booleans())
def test_every_byte_comes_out_once_and_in_order(
    stream: list[tuple[bytes, float]], punctual: bool
) -> None:
    assert replay(stream, punctual) == b"".join(data for data, _ in stream)


def replay(stream: Iterable[tuple[bytes, float]], punctual: bool = True) -> bytes:
    """Feed pieces after pauses; return what came out as data or was taken by handshakes."""
    detector, now, fed, out = EscapeDetector(Timing()), 100.0, b"", b""

    def take(events: list[Event]) -> None:
        nonlocal out
        for event in events:
            if isinstance(event, Data):
                out += event.data
            elif isinstance(event, CommandMode):
                taken = re.match(rb"(\+\+\+)+a", fed[len(out) :])
                assert taken
                out += taken[0]

    for piece, wait in [*stream, (b"", 99.0)]:
        now += wait
        while punctual and (deadline := detector.deadline()) is not None and deadline <= now:
            take(detector.expire(deadline))
            later = detector.deadline()
            assert later is None or later > deadline
        fed += piece
        take(detector.receive(piece, now) if piece else detector.expire(now))
    return out


def pieces(stream: bytes) -> list[bytes]:
    return [bytes([byte]) for byte in stream]


def data(events: list[Event]) -> bytes:
    return b"".join(event.data for event in events if isinstance(event, Data))
