"""The tty of the daemon: missing, pulled, full, set anew."""

import os
import termios
from pathlib import Path

import pytest

from tests.system.rig import Daemon, Host, Server, flood, pause, receive, until

pytestmark = pytest.mark.real


def test_missing_at_start(daemon: Daemon, server: Server, tmp_path: Path) -> None:
    device = tmp_path / "ttyUSB0"
    daemon.configure(device=device, SOCKA=server.setting)
    daemon.start()
    peer = server.accept()
    peer.sendall(b"early")
    assert daemon.status()["uart"]["state"] == "waiting"
    assert "UART waiting for" in daemon.told("STATUS=")
    host = Host(device)
    try:
        host.expect(b"\r\nUSR-7S3\r\nearly")
        host.write(b"here")
        assert receive(peer, 4) == b"here"
        assert daemon.log.count("waiting for it") == 1
        until(lambda: daemon.status()["uart"]["state"] == "open")
    finally:
        host.unplug()


def test_pulled_during_traffic_and_back(daemon: Daemon, server: Server, tmp_path: Path) -> None:
    """What the network sends meanwhile is bounded, and arrives: no byte lost, none doubled."""
    device = tmp_path / "ttyUSB0"
    host = Host(device)
    daemon.configure(device=device, SOCKA=server.setting)
    daemon.start()
    peer = server.accept(receive_buffer=8192)
    host.expect(b"\r\nUSR-7S3\r\n")
    host.write(b"x" * 1000)
    assert receive(peer, 1000) == b"x" * 1000
    host.unplug()
    device.unlink()
    daemon.logs("has gone")
    daemon.logs("waiting for it")
    sent = os.urandom(10_000_000)
    taken = flood(peer, sent)
    assert taken < len(sent), "the daemon holds a little and leaves the rest to the kernel"
    host = Host(device)
    try:
        assert host.take(taken) == sent[:taken]
        host.write(b"after")
        assert receive(peer, 5) == b"after"
        assert daemon.log.count("waiting") == 2
    finally:
        host.unplug()


def test_path_leads_to_another_tty(daemon: Daemon, tmp_path: Path) -> None:
    """Replugged, ttyUSB0 became ttyUSB1; the link of udev tells."""
    device = tmp_path / "dtu"
    first, second = Host(device), Host()
    try:
        daemon.configure(device=device)
        daemon.start()
        first.expect(b"\r\nUSR-7S3\r\n")
        first.command_mode()
        second.plug_into(device)
        first.unplug()
        daemon.logs("open, 115200", within=5)
        until(lambda: daemon.log.count(": open") + daemon.log.count(" open,") >= 2)
        assert second.ask("AT") == "OK", "still in command mode: the module has not restarted"
    finally:
        first.unplug()
        second.unplug()


def test_full_pty_holds_up_no_stop(module: Daemon, host: Host, server: Server) -> None:
    peer = server.accept()
    flood(peer, bytes(3_000_000))
    until(lambda: module.status()["uart"]["tx_bytes"] >= 4096)
    assert module.stop() < 2
    assert module.ended() == 0


@pytest.mark.manual("3.1", "opens the serial port by its parameters")
def test_line_settings_act_at_the_restart(module: Daemon, host: Host) -> None:
    host.command_mode()
    assert host.ask("AT+UART=9600,NONE,8,2,CRTS") == "OK"
    assert host.line()[4] == termios.B115200, "until the restart the old ones hold"
    assert host.ask("AT+S") == "OK"
    assert host.line()[4] == termios.B115200
    host.expect(b"\r\nUSR-7S3\r\n")
    _, _, flags, _, _, speed, _ = host.line()
    assert speed == termios.B9600
    assert flags & termios.CSTOPB
    assert flags & termios.CRTSCTS
    assert module.status()["uart"]["settings"] == '9600,"NONE",8,2,"CRTS"'


def test_pty_with_parity(daemon: Daemon, host: Host) -> None:
    """It holds none: one INFO line, and on it goes; at each start."""
    daemon.configure(device=host.path, UART='9600,"EVEN",7,1,"NONE"')
    for _ in range(2):
        daemon.start()
        host.expect(b"\r\nUSR-7S3\r\n")
        assert daemon.status()["uart"]["settings"] == '9600,"NONE",8,1,"NONE"'
        assert daemon.log.count('holds 9600,"NONE",8,1,"NONE" where 9600,"EVEN",7,1') == 1
        daemon.stop()
        daemon.close()


def test_bytes_that_come_during_a_restart(module: Daemon, host: Host, server: Server) -> None:
    """A device that measures on through it: no byte is lost, doubled or out of order."""
    peers = [server.accept()]
    host.command_mode()
    host.write(b"AT+S\rAT+ENTM\r")
    host.expect(b"AT+ENTM\r\r\nOK\r\n")
    sent = b""
    for number in range(300):
        line = b"%05d\n" % number
        host.write(line)
        sent += line
        pause(0.003)
    assert b"\r\nUSR-7S3\r\n" in host.read()
    peers.append(server.accept())
    came = b""
    while more := peers[0].recv(65536):
        came += more
    assert came + receive(peers[1], len(sent) - len(came)) == sent


def test_pty_of_our_own(daemon: Daemon, tmp_path: Path, server: Server) -> None:
    tty = tmp_path / "tty"
    daemon.configure(device=f"pty:{tty}", SOCKA=server.setting)
    daemon.start()
    peer = server.accept()
    until(tty.exists)
    program = os.open(tty, os.O_RDWR | os.O_NOCTTY)
    os.write(program, b"hello")
    assert receive(peer, 5) == b"hello"
    os.close(program)
    daemon.stop()
    assert not tty.is_symlink()


@pytest.mark.parametrize("device", ["", "pty:"])
def test_second_daemon_on_the_same_uart(
    daemon: Daemon, host: Host, tmp_path: Path, device: str
) -> None:
    device = f"{device}{tmp_path / 'tty'}" if device else host.path
    daemon.configure(device=device)
    daemon.start()
    daemon.logs("open, 115200")
    (tmp_path / "second").mkdir()
    second = Daemon(tmp_path / "second")
    try:
        second.configure(device=device)
        second.start()
        second.logs("another program has it: waiting for it")
        assert second.status()["uart"]["state"] == "waiting"
        assert daemon.status()["uart"]["state"] == "open"
        daemon.stop()
        second.logs("open, 115200")
    finally:
        second.close()
