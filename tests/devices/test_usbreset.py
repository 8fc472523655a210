"""The reset of a USB device, in folders that look like the kernel's."""

import fcntl
import os
from pathlib import Path

import pytest

from usr7s3d.devices.usbreset import USBDEVFS_RESET, reset


@pytest.fixture
def plug(tmp_path: Path) -> Path:
    device = tmp_path / "sys/1-1.2"
    device.mkdir(parents=True)
    for name, text in {"busnum": "1\n", "devnum": "14\n", "authorized": "1\n"}.items():
        (device / name).write_text(text)
    (tmp_path / "dev/001").mkdir(parents=True)
    (tmp_path / "dev/001/014").touch()
    return tmp_path


def test_that_device_and_no_other(plug: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def ioctl(fd: int, request: int, argument: int) -> None:
        calls.append((os.readlink(f"/proc/self/fd/{fd}"), request))

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    reset("1-1.2", plug / "sys", plug / "dev")
    assert calls == [(str(plug / "dev/001/014"), USBDEVFS_RESET)]
    assert (plug / "sys/1-1.2/authorized").read_text() == "1\n"


def test_one_that_cannot_be_reset_is_let_in_anew(plug: Path) -> None:
    reset("1-1.2", plug / "sys", plug / "dev")  # a plain file knows no reset
    assert (plug / "sys/1-1.2/authorized").read_text().startswith("1")


def test_one_that_is_not_there(plug: Path) -> None:
    with pytest.raises(FileNotFoundError):
        reset("1-1.3", plug / "sys", plug / "dev")


def test_one_that_was_left_locked_out(plug: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody was stopped in the middle of the last one."""
    monkeypatch.setattr(fcntl, "ioctl", lambda *_: None)
    (plug / "sys/1-1.2/authorized").write_text("0\n")
    reset("1-1.2", plug / "sys", plug / "dev")
    assert (plug / "sys/1-1.2/authorized").read_text().startswith("1")


def test_one_that_comes_back_as_another(plug: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ioctl(*_: object) -> None:
        (plug / "sys/1-1.2/authorized").unlink()

    monkeypatch.setattr(fcntl, "ioctl", ioctl)
    reset("1-1.2", plug / "sys", plug / "dev")


def test_nobody_may(plug: Path) -> None:
    (plug / "sys/1-1.2/authorized").unlink()
    (plug / "dev/001/014").unlink()
    with pytest.raises(OSError, match="authorized"):
        reset("1-1.2", plug / "sys", plug / "dev")
