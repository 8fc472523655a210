"""When SMS were sent, from one process to the next."""

import logging
from pathlib import Path

import pytest

from usr7s3d.devices.smstimes import NAME, SmsTimes


def test_they_come_back(tmp_path: Path) -> None:
    SmsTimes(tmp_path).keep([1.4, 2.0, 1000.6])
    SmsTimes(tmp_path).keep([1.4, 2.0, 1000.6])
    assert SmsTimes(tmp_path).load(2000.0) == [1.0, 2.0, 1000.0]
    assert (tmp_path / NAME).stat().st_mode & 0o077 == 0


def test_those_of_another_start_of_the_system_do_not_count(tmp_path: Path) -> None:
    SmsTimes(tmp_path).keep([5.0, 5000.0])
    assert SmsTimes(tmp_path).load(60.0) == [5.0]


def test_the_first_time_there_are_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert SmsTimes(tmp_path).load(60.0) == []
    assert not caplog.records


@pytest.mark.parametrize("content", [b"", b"[1, 2", b"7", b'["x"]', b"[null]", b"\xff"])
def test_a_damaged_file_is_none(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / NAME).write_bytes(content)
    assert SmsTimes(tmp_path).load(60.0) == []
    assert "counted from 0" in caplog.text


def test_a_folder_that_cannot_be_written_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    times = SmsTimes(tmp_path / "missing")
    with caplog.at_level(logging.WARNING):
        times.keep([1.0])
        times.keep([1.0])
    assert len(caplog.records) == 1


def test_one_of_this_very_second_counts(tmp_path: Path) -> None:
    SmsTimes(tmp_path).keep([1000.6])
    assert len(SmsTimes(tmp_path).load(1000.7)) == 1
