"""The settings of a serial line (manual 4.2.1.22)."""

import pytest

from usr7s3d.core.line import LineSettings


def test_it_is_written_as_at_uart_writes_it() -> None:
    assert str(LineSettings(115200)) == '115200,"NONE",8,1,"NONE"'


@pytest.mark.parametrize(
    ("line", "bits"),
    [
        (LineSettings(9600), 10),
        (LineSettings(9600, "EVEN"), 11),
        (LineSettings(9600, "NONE", 7, 1), 9),
        (LineSettings(9600, "MARK", 8, 2), 12),
    ],
)
def test_the_time_of_a_character(line: LineSettings, bits: int) -> None:
    assert line.character_time == bits / 9600
    assert line.bit_time == 1 / 9600
