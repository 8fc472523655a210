"""pppd's exit statuses."""

import pytest

from usr7s3d.core.pppend import WORDS, words


def test_every_status_of_the_manual_page_has_words() -> None:
    assert sorted(WORDS) == list(range(20))


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (15, "LCP echo"),
        (16, "hung up"),
        (19, "refuses user or password"),
        (-9, "signal 9"),
        (99, "status 99"),
    ],
)
def test_words(status: int, said: str) -> None:
    assert said in words(status)
