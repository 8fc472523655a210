"""How bytes become packets: UARTFT, 50 ms, and UARTFL, 1024 bytes, from the factory."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usr7s3d.core.framer import Framer


@pytest.fixture
def framer() -> Framer:
    return Framer(silence=0.050, length=1024)


def test_a_silence_of_50_ms_ends_a_packet(framer: Framer) -> None:
    assert framer.receive(b"http://", 10.0) == []
    assert framer.receive(b"www.usr.cn", 10.04) == []
    assert framer.deadline() == 10.09
    assert framer.expire(10.089) == []
    assert framer.expire(10.09) == [b"http://www.usr.cn"]
    assert framer.deadline() is None


def test_the_timer_counts_from_the_last_byte(framer: Framer) -> None:
    for n in range(100):
        assert framer.receive(b"x", 10 + n * 0.049) == []
    assert framer.expire(20.0) == [b"x" * 100]


def test_a_late_call_splits_where_the_silence_was(framer: Framer) -> None:
    framer.receive(b"one", 10.0)
    assert framer.receive(b"two", 10.05) == [b"one"]


def test_a_busy_machine_makes_no_silence_of_bytes_that_waited_in_the_kernel() -> None:
    framer = Framer(silence=0.010, length=1024, character_time=10 / 9600)
    framer.receive(b"one", 10.0)
    framer.catch_up(12, 10.0125)  # 12 bytes take 12.5 ms
    assert framer.receive(b" and the two", 10.0125) == []
    assert framer.expire(10.0225) == [b"one and the two"]


def test_a_silence_before_them_is_one_even_on_a_busy_machine() -> None:
    framer = Framer(silence=0.010, length=1024, character_time=10 / 9600)
    framer.receive(b"one", 10.0)
    framer.catch_up(12, 10.023)
    assert framer.receive(b"and then two", 10.023) == [b"one"]


def test_a_punctual_timer_is_believed() -> None:
    framer = Framer(silence=0.010, length=1024, character_time=10 / 9600)
    framer.receive(b"one", 10.0)
    framer.catch_up(3, 10.011)
    assert framer.receive(b"two", 10.011) == [b"one"]


def test_1024_bytes_end_a_packet(framer: Framer) -> None:
    assert framer.receive(b"x" * 1023, 10.0) == []
    assert framer.receive(b"y", 10.01) == [b"x" * 1023 + b"y"]
    assert framer.deadline() is None


def test_a_long_read_is_several_packets() -> None:
    framer = Framer(silence=0.050, length=5)
    assert framer.receive(b"123456789012", 10.0) == [b"12345", b"67890"]
    assert framer.expire(10.05) == [b"12"]


def test_without_a_silence_bytes_leave_as_they_are_read() -> None:
    framer = Framer(silence=0, length=1024)
    assert framer.receive(b"x", 10.0) == [b"x"]
    assert framer.receive(b"yz", 10.0) == [b"yz"]
    assert framer.deadline() is None


def test_without_a_silence_a_packet_is_still_no_longer_than_uartfl() -> None:
    framer = Framer(silence=0, length=5)
    assert framer.receive(b"1234567", 10.0) == [b"12345", b"67"]


def test_rest_gives_away_what_is_no_packet_yet(framer: Framer) -> None:
    assert framer.rest() == []
    framer.receive(b"abc", 10.0)
    framer.receive(b"d", 10.01)
    assert framer.rest() == [(b"abcd", 10.01)]
    assert framer.rest() == []


@given(
    st.lists(st.tuples(st.binary(min_size=1, max_size=40), st.floats(0, 0.2))),
    st.sampled_from([0.0, 0.02, 0.05]),
    st.integers(5, 40),
)
def test_every_byte_leaves_once_in_order_and_in_time(
    stream: list[tuple[bytes, float]], silence: float, length: int
) -> None:
    framer, now, packets = Framer(silence, length), 100.0, list[bytes]()
    for piece, pause in stream:
        now += pause
        packets += framer.receive(piece, now)
        deadline = framer.deadline()
        assert deadline is None or now <= deadline <= now + silence
    packets += framer.expire(now + 1)
    assert b"".join(packets) == b"".join(piece for piece, _ in stream)
    assert all(1 <= len(packet) <= length for packet in packets)
