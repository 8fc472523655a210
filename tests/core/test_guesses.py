"""Who guesses the command password is slowed down."""

import pytest

from usr7s3d.core.guesses import Bucket, GuessFinder


def test_5_guesses_at_once() -> None:
    bucket = Bucket(5, 60.0, now=0.0)
    for _ in range(5):
        assert not bucket.empty(0.0)
        bucket.take(0.0)
    assert bucket.empty(0.0)


def test_1_comes_back_each_minute_and_never_more_than_5() -> None:
    bucket = Bucket(5, 60.0, now=0.0)
    for _ in range(5):
        bucket.take(0.0)
    assert bucket.empty(59.9)
    assert not bucket.empty(60.0)
    for _ in range(5):
        assert not bucket.empty(10_000.0)
        bucket.take(10_000.0)
    assert bucket.empty(10_000.0)


def test_guessing_on_while_it_is_empty_does_not_keep_it_empty() -> None:
    bucket = Bucket(1, 60.0, now=0.0)
    for second in range(60):
        bucket.take(float(second))
    assert not bucket.empty(60.0)


@pytest.fixture
def finder() -> GuessFinder:
    return GuessFinder()


@pytest.mark.parametrize(
    "data", [b"admin#AT+Z\r", b"#AT", b"usr.cn#at+ver", b"x" * 32 + b"#AT", b"a b#AT"]
)
def test_what_looks_like_a_command_is_a_guess(finder: GuessFinder, data: bytes) -> None:
    assert finder.look(data, 10.0)


@pytest.mark.parametrize(
    "data",
    [b"hello", b"a\r#AT", b"a\n#AT", b"a#b#AT", b"x" * 33 + b"#AT", b"#A", b"AT+Z\r", b"#" * 40],
)
def test_other_data_is_none(finder: GuessFinder, data: bytes) -> None:
    assert not finder.look(data, 10.0)


@pytest.mark.parametrize("cut", range(1, 9))
def test_a_guess_that_is_cut_anywhere_is_one_guess(finder: GuessFinder, cut: int) -> None:
    data = b"admin#AT+Z\r"
    looks = [finder.look(data[:cut], 10.0), finder.look(data[cut:], 10.04)]
    assert sum(looks) == 1


def test_50_ms_of_silence_begin_a_new_packet(finder: GuessFinder) -> None:
    assert not finder.look(b"admin", 10.0)
    assert not finder.look(b"x#A", 10.05)
    assert finder.look(b"T", 10.06)


def test_in_the_middle_of_a_packet_nothing_is_a_guess(finder: GuessFinder) -> None:
    assert not finder.look(b"x" * 100, 10.0)
    assert not finder.look(b"admin#AT", 10.01)


def test_a_guess_counts_once_however_long_its_packet_is(finder: GuessFinder) -> None:
    assert finder.look(b"admin#AT+", 10.0)
    assert not finder.look(b"admin#AT", 10.01)
