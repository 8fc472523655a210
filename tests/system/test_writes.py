"""An SD card wears: nothing is written but what a person asks for, and one serial number."""

import signal
from pathlib import Path

import pytest

from tests.system.rig import Daemon, Host, Server, receive, until

pytestmark = pytest.mark.real

WELCOME = b"\r\nUSR-7S3\r\n"


def files(home: Path) -> dict[str, tuple[int, int]]:
    """Every file the daemon could have written, by inode and time of its last change."""
    return {
        str(path.relative_to(home)): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in home.rglob("*")
        if path.is_file() and path.name != "stderr"
    }


def changed(before: dict[str, tuple[int, int]], home: Path) -> set[str]:
    now = files(home)
    return {name for name in before.keys() | now.keys() if before.get(name) != now.get(name)}


def test_one_file_ever_then_none(
    daemon: Daemon, host: Host, server: Server, tmp_path: Path
) -> None:
    daemon.configure(device=host.path, SOCKA=server.setting)
    before = files(tmp_path)
    daemon.start()
    host.expect(WELCOME)
    until(lambda: daemon.status()["links"]["a"]["state"] == "connected")
    assert changed(before, tmp_path) == {"state/device.toml"}, "the first start ever"

    before = files(tmp_path)
    peer = server.accept()
    host.write(b"data")
    assert receive(peer, 4) == b"data"
    peer.sendall(b"answer")
    host.expect(b"answer")
    host.command_mode()
    for line in ("AT+HEARTTM=60", "AT+CMDPW=abc", "AT+H", "AT+NONSENSE"):
        host.ask(line)
    assert host.ask("AT+Z") == "OK"
    host.expect(WELCOME)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.logs("read again")
    host.expect(WELCOME)
    assert changed(before, tmp_path) == set()


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("AT+S", "state/settings.toml"),
        ("AT+CLEAR", "state/settings.toml"),
        ("AT+RELD", "state/settings.toml"),
        ("AT+CFGTF", "state/user-default.toml"),
    ],
)
def test_what_writes_and_where(
    module: Daemon, host: Host, tmp_path: Path, line: str, file: str
) -> None:
    before = files(tmp_path)
    host.command_mode()
    assert host.ask(line) == "OK"
    assert changed(before, tmp_path) == {file}


def test_stop_and_start_leave_the_card_alone(module: Daemon, host: Host, tmp_path: Path) -> None:
    """What the links still hold goes into the runtime folder, which is memory."""
    before = files(tmp_path)
    module.stop()
    module.close()
    assert {name for name in changed(before, tmp_path) if not name.startswith("run/")} == set()
    module.start()
    host.expect(WELCOME)
    assert {name for name in changed(before, tmp_path) if not name.startswith("run/")} == set()
