"""Restarts of the module: S, Z, RELD, CLEAR, CFGTF, the control socket, SIGHUP."""

import os
import resource
import signal
import socket
import subprocess
from pathlib import Path
from time import monotonic

import pytest

from tests.system.rig import Daemon, Host, Server, receive, until

pytestmark = pytest.mark.real

WELCOME = b"\r\nUSR-7S3\r\n"


@pytest.mark.parametrize("line", ["AT+Z", "AT+S", "AT+RELD", "AT+CLEAR"])
def test_half_a_second_behind_the_reply(module: Daemon, host: Host, line: str) -> None:
    """And nothing cancels or prolongs it, while the door works normally."""
    host.command_mode()
    began = monotonic()
    assert host.ask(line) == "OK"
    assert host.ask("AT+Z") == "OK"
    while monotonic() - began < 0.35:
        assert host.ask("AT+HEARTTM?") == "+HEARTTM:30  OK"
    host.expect(WELCOME)
    assert 0.45 < monotonic() - began < 1.5


@pytest.mark.manual("4.2.1.2", "restarts")
def test_what_was_not_saved_is_gone(module: Daemon, host: Host) -> None:
    host.command_mode()
    assert host.ask("AT+HEARTTM=60") == "OK"
    assert host.ask("AT+HEARTTM?") == "+HEARTTM:60  OK"
    assert host.ask("AT+Z") == "OK"
    host.expect(WELCOME)
    assert module.at("AT+HEARTTM?") == "+HEARTTM:30  OK"
    host.command_mode()  # a restart leaves command mode


@pytest.mark.manual("4.2.1.16", "the user default")
@pytest.mark.manual("4.2.1.14", "restores it")
@pytest.mark.manual("4.2.1.15", "restores the factory settings")
def test_levels(module: Daemon, host: Host) -> None:
    """CFGTF keeps, RELD brings back, CLEAR is factory and leaves what CFGTF kept."""
    host.command_mode()
    for line in ("AT+HEARTTM=60", "AT+CFGTF", "AT+HEARTTM=70", "AT+S"):
        assert host.ask(line) == "OK"
    host.expect(WELCOME)
    assert module.at("AT+HEARTTM?") == "+HEARTTM:70  OK"
    for line, period in (("AT+CLEAR", 30), ("AT+RELD", 60)):
        assert module.at(line) == "OK"
        host.expect(WELCOME)
        assert module.at("AT+HEARTTM?") == f"+HEARTTM:{period}  OK"


@pytest.mark.manual("4.2.1.13", "saves the settings")
def test_saved_settings_outlive_the_process(module: Daemon, host: Host) -> None:
    host.command_mode()
    assert host.ask("AT+STMSG=hello") == "OK"
    assert host.ask("AT+S") == "OK"
    module.stop()
    host.read(within=0)
    module.close()
    module.start()
    host.expect(b"\r\nhello\r\n")


@pytest.mark.manual("3.1", "set up and restart, and it works by the new parameters")
@pytest.mark.manual("3.2.1.2", "restart, and data goes both ways")
def test_new_address_from_the_restart(module: Daemon, host: Host, server: Server) -> None:
    server.accept()
    other = Server()
    try:
        host.command_mode()
        assert host.ask(f"AT+SOCKA={other.setting}") == "OK"
        assert host.ask("AT+SOCKALK") == "+SOCKALK:connected  OK"
        assert host.ask("AT+S") == "OK"
        peer = other.accept()
        host.expect(WELCOME)
        host.write(b"to the other")
        assert receive(peer, 12) == b"to the other"
    finally:
        other.close()


def test_full_disk(daemon: Daemon, host: Host, tmp_path: Path) -> None:
    """Error 50, the old file stays, no restart.  The limit on file sizes stands for the disk."""
    daemon.configure(device=host.path)
    daemon.start()
    host.expect(WELCOME)
    host.command_mode()
    assert host.ask("AT+HEARTTM=60") == "OK"
    assert host.ask("AT+S") == "OK"
    host.expect(WELCOME)
    before = daemon.saved.read_bytes()
    resource.prlimit(daemon.pid, resource.RLIMIT_FSIZE, (len(before) - 100,) * 2)
    host.command_mode()
    assert host.ask("AT+HEARTTM=70") == "OK"
    for line in ("AT+S", "AT+CFGTF", "AT+RELD", "AT+CLEAR"):
        assert host.ask(line) == "+CME ERROR:50"
    assert host.ask("AT+HEARTTM?") == "+HEARTTM:70  OK"
    assert daemon.saved.read_bytes() == before
    assert sorted(os.listdir(daemon.state)) == ["device.toml", "settings.toml"]
    assert "settings: not saved, the old ones stay: [Errno 27] File too large" in daemon.log
    assert host.read(within=0.8) == b"", "no welcome: it has not restarted"


def test_a_disk_that_is_really_full(daemon: Daemon, host: Host) -> None:
    daemon.state.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", str(daemon.state)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("may not mount a file system of its own")
    try:
        daemon.configure(device=host.path)
        daemon.start()
        host.expect(WELCOME)
        (daemon.state / "junk").write_bytes(bytes(4096))
        host.command_mode()
        assert host.ask("AT+S") == "+CME ERROR:50"
        (daemon.state / "junk").unlink()
    finally:
        daemon.stop()
        subprocess.run(["umount", str(daemon.state)], check=True)


def test_restart_by_usr7s3ctl(module: Daemon, host: Host) -> None:
    assert module.ctl("restart").returncode == 0
    host.expect(WELCOME)


def test_sighup_with_a_good_configuration(module: Daemon, host: Host, server: Server) -> None:
    """The tty stays open: what a host sends meanwhile is kept."""
    server.accept()
    module.configure(device=host.path, SOCKA=server.setting, STMSG='"again"')
    module.process.send_signal(signal.SIGHUP)
    host.write(b"meanwhile")
    module.told("RELOADING=1")
    module.told("READY=1")
    host.expect(b"\r\nagain\r\n")
    assert module.log.count("UART") == 1, "it was opened once"
    host.write(b"!")
    assert receive(server.accept(), 1)


def test_sighup_with_another_device(module: Daemon, host: Host) -> None:
    other = Host()
    try:
        module.configure(device=other.path)
        module.process.send_signal(signal.SIGHUP)
        other.expect(WELCOME)
        until(lambda: module.status()["uart"]["device"] == other.path)
        module.configure(device=host.path)
        module.process.send_signal(signal.SIGHUP)
        host.expect(WELCOME)
    finally:
        other.unplug()


def test_sighup_with_a_bad_configuration(module: Daemon, host: Host, server: Server) -> None:
    """The old one stays, and whoever edits it learns the line and the right key."""
    peer = server.accept()
    module.config.write_text(module.config.read_text().replace("device", "devise"))
    module.process.send_signal(signal.SIGHUP)
    module.told("RELOADING=1")
    module.told("READY=1")
    log = module.logs("has problems, the old one stays")
    assert "usr7s3d.toml:3: " in log
    assert "device" in log
    host.write(b"still there")
    assert receive(peer, 11) == b"still there"
    module.configure(device=host.path, STMSG='"good again"')
    module.process.send_signal(signal.SIGHUP)
    host.expect(b"\r\ngood again\r\n")


def test_what_waits_for_the_server_outlives_the_process(daemon: Daemon, host: Host) -> None:
    """SIGTERM leaves the caches in the runtime folder; the next start takes them from there."""
    server = Server()
    daemon.configure(device=host.path, SOCKA=server.setting, UARTFT="0")
    server.close()  # nobody listens now
    daemon.start()
    host.expect(WELCOME)
    host.write(b"measurement")
    until(lambda: daemon.status()["links"]["a"]["cached_bytes"] == 11)
    daemon.stop()
    daemon.close()
    listener = socket.create_server(("127.0.0.1", server.port))
    listener.settimeout(15)
    with listener:
        daemon.start()
        peer, _ = listener.accept()
        with peer:
            assert receive(peer, 11) == b"measurement"
    assert not (daemon.runtime / "caches").exists()
