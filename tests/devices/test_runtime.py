"""The runtime folder."""

import socket
from pathlib import Path

import pytest

from usr7s3d.devices.runtime import Occupied, control_socket, only_one

pytestmark = pytest.mark.real


def test_second_daemon_is_told_where_the_first_lives(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "anew"
    with (
        only_one(folder),
        pytest.raises(Occupied, match=f"another usr7s3d runs in {folder}"),
        only_one(folder),
    ):
        pytest.fail("two of them")
    with only_one(folder):
        pass  # the first has ended


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match="file"), only_one(tmp_path / "file" / "run"):
        pass


def test_control_socket(tmp_path: Path) -> None:
    path = tmp_path / "control.sock"
    with control_socket(tmp_path) as listener, socket.socket(socket.AF_UNIX) as client:
        assert path.stat().st_mode & 0o777 == 0o660
        client.connect(str(path))
        listener.accept()[0].close()
    assert not path.exists()


def test_stale_socket_is_replaced(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / "control.sock"))
    with control_socket(tmp_path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(tmp_path / "control.sock"))


def test_path_that_no_socket_can_have(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 40)
    folder.mkdir()
    with (
        pytest.raises(OSError, match=r"control\.sock: AF_UNIX path too long"),
        control_socket(folder),
    ):
        pass
