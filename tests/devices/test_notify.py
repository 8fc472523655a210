"""What systemd hears (sd_notify(3))."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from usr7s3d.devices.notify import Notifier

pytestmark = pytest.mark.real


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield listener


@pytest.fixture
def notifier(systemd: socket.socket) -> Iterator[Notifier]:
    notifier = Notifier()
    yield notifier
    notifier.close()


def test_life_of_a_service(systemd: socket.socket, notifier: Notifier) -> None:
    notifier.ready()
    assert systemd.recv(100) == b"READY=1"
    notifier.alive()
    assert systemd.recv(100) == b"WATCHDOG=1"
    notifier.reloading()
    assert systemd.recv(100).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
    notifier.stopping()
    assert systemd.recv(100) == b"STOPPING=1"


def test_status_is_sent_when_it_is_new(systemd: socket.socket, notifier: Notifier) -> None:
    notifier.status("UART open")
    notifier.status("UART open")
    assert systemd.recv(100) == b"STATUS=UART open"
    with pytest.raises(BlockingIOError):
        systemd.recv(100)


def test_status_is_ascii(systemd: socket.socket, notifier: Notifier) -> None:
    notifier.status("/dev/ttyÜ€")
    assert systemd.recv(100) == b"STATUS=/dev/tty??"


def test_systemd_that_does_not_read_blocks_nothing(notifier: Notifier) -> None:
    for _ in range(10_000):
        notifier.alive()


def test_elsewhere_it_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notifier = Notifier()
    notifier.ready()
    notifier.close()


@pytest.mark.parametrize(
    ("microseconds", "pid", "seconds"),
    [
        ("30000000", None, 30.0),
        ("30000000", "our own", 30.0),
        ("30000000", "1", None),
        ("0", None, 0),
        ("", None, None),
        ("soon", None, None),
    ],
)
def test_watchdog(
    monkeypatch: pytest.MonkeyPatch, microseconds: str, pid: str | None, seconds: float | None
) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    monkeypatch.setenv("WATCHDOG_USEC", microseconds)
    if pid:
        monkeypatch.setenv("WATCHDOG_PID", pid.replace("our own", str(os.getpid())))
    notifier = Notifier()
    assert notifier.watchdog == seconds
    notifier.close()
