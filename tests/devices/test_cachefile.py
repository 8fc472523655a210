"""The links' caches in the runtime folder, between SIGTERM and the next start."""

import logging
import os
from pathlib import Path

import pytest

from usr7s3d.core.cache import Address, Cache
from usr7s3d.devices import cachefile
from usr7s3d.devices.cachefile import NAME, leave, take

A: Address = ("A", "TCP", "10.0.0.5", 9000)
B: Address = ("B", "UDP", "fe80::1", 2317)


def test_what_is_left_is_taken_by_the_next_start(tmp_path: Path) -> None:
    leave(tmp_path, {A: Cache([b"one", bytes(range(256))]), B: Cache([b"two"])})
    caches = take(tmp_path)
    assert {address: cache.packets() for address, cache in caches.items()} == {
        A: (b"one", bytes(range(256))),
        B: (b"two",),
    }


def test_it_is_taken_once(tmp_path: Path) -> None:
    leave(tmp_path, {A: Cache([b"one"])})
    take(tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert take(tmp_path) == {}


def test_where_nothing_waits_no_file_is_left(tmp_path: Path) -> None:
    leave(tmp_path, {A: Cache()})
    assert list(tmp_path.iterdir()) == []


def test_it_is_for_nobody_else_to_read(tmp_path: Path) -> None:
    leave(tmp_path, {A: Cache([b"one"])})
    assert (tmp_path / NAME).stat().st_mode & 0o777 == 0o600


def test_all_that_two_links_can_hold_fits(tmp_path: Path) -> None:
    full = [b"x"] * (4096 + 16 * 1024)
    leave(tmp_path, {A: Cache(full), B: Cache(full)})
    assert (tmp_path / NAME).stat().st_size <= cachefile.LARGEST
    assert [len(cache) for cache in take(tmp_path).values()] == [20480, 20480]


def test_a_file_cut_anywhere_is_ignored_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    leave(tmp_path, {A: Cache([b"one", b"two"])})
    whole = (tmp_path / NAME).read_bytes()
    for size in range(len(whole)):
        (tmp_path / NAME).write_bytes(whole[:size])
        assert take(tmp_path) == {}, size
    assert list(tmp_path.iterdir()) == []


def test_a_file_with_one_wrong_byte_is_ignored_whole(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    leave(tmp_path, {A: Cache([b"one", b"two"])})
    whole = (tmp_path / NAME).read_bytes()
    for place in range(len(whole)):
        broken = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        (tmp_path / NAME).write_bytes(broken)
        assert take(tmp_path) == {}, place


def test_a_damaged_file_is_named_without_its_content(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / NAME).write_bytes(b"measurement")
    assert take(tmp_path) == {}
    assert NAME in caplog.text
    assert "measurement" not in caplog.text


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"0\n" + bytes(cachefile.LARGEST))
    assert take(tmp_path) == {}


def test_a_full_disk_loses_it_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    leave(tmp_path, {A: Cache([b"old"])})
    monkeypatch.setattr(Path, "rename", full)
    leave(tmp_path, {A: Cache([b"new"])})
    assert "No space left" in caplog.text
    assert list(tmp_path.iterdir()) == []  # neither half of the new one nor the old one again


def test_a_folder_that_is_gone_does_not_keep_the_daemon_from_ending(tmp_path: Path) -> None:
    leave(tmp_path / "gone", {A: Cache([b"one"])})
    assert take(tmp_path / "gone") == {}


def test_a_fifo_in_its_place_does_not_keep_the_daemon_from_starting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NAME)
    assert take(tmp_path) == {}
    leave(tmp_path, {A: Cache([b"one"])})
    assert take(tmp_path)[A].packets() == (b"one",)
