"""Telephone numbers."""

import pytest

from usr7s3d.modem.numbers import masked, same_number


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("+4915123456789", "015123456789", True),
        ("+4915123456789", "004915123456789", True),
        ("+4915123456789", "23456789", True),
        ("+4915123456789", "3456789", False),
        ("+4915123456789", "+4915123456780", False),
        ("12345", "12345", True),
        ("12345", "+12345", True),
        ("12345", "012345", False),
        ("", "", False),
        ("My Bank", "", False),
    ],
)
def test_the_last_8_digits_and_shorter_ones_whole(one: str, other: str, same: bool) -> None:
    assert same_number(one, other) is same
    assert same_number(other, one) is same


def test_a_log_shows_the_last_digits() -> None:
    assert masked("+4915123456789") == "..6789"
    assert masked("My Bank\n") == "a name"
    assert masked("") == "nobody"
    assert masked("1234") == "1234"
