"""``usr7s3ctl doctor``, whole."""

from argparse import Namespace
from pathlib import Path

import pytest

from usr7s3d.ctl.client import NoAnswer
from usr7s3d.ctl.doctor import command
from usr7s3d.ctl.doctor.checks import Finding, Level

pytestmark = pytest.mark.real


def arguments(folder: Path, *, echo: bool = False) -> Namespace:
    return Namespace(
        config=folder / "usr7s3d.toml", state_dir=folder, runtime_dir=folder, echo=echo
    )


def test_without_a_daemon_and_with_a_mistake(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "usr7s3d.toml").write_text("[uart]\ndevise = 1\n")
    assert command.run(arguments(tmp_path), tmp_path) == 1
    said = capsys.readouterr().out
    assert "BAD  file" in said
    assert "did you mean device" in said
    assert "BAD  daemon   usr7s3d is not running" in said
    assert "-> systemctl start usr7s3d" in said
    assert "BAD  UART     there is no /dev/serial0" in said


def test_a_daemon_that_is_somebody_elses_need_not_be_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> dict[str, object]:
        raise NoAnswer("no permission for it; use sudo, or join its group:\n    sudo adduser")

    monkeypatch.setattr(command, "ask", refuse)
    command.run(arguments(tmp_path), tmp_path)
    said = capsys.readouterr().out
    assert "BAD  daemon   no permission for it; use sudo" in said
    assert "systemctl start" not in said


def test_the_echo_needs_the_daemon(tmp_path: Path) -> None:
    with pytest.raises(NoAnswer, match="not running"):
        command.run(arguments(tmp_path, echo=True), tmp_path)


def test_the_remedy_stands_below() -> None:
    finding = Finding(Level.BAD, "disk", "full", "make room")
    assert command.shown(finding).splitlines() == ["BAD  disk     full", " " * 14 + "-> make room"]
