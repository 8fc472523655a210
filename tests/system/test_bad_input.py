"""Bad input from every side: a clear answer or log line, and nothing lost."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.system.rig import Daemon, Host, Server, pause, receive

pytestmark = pytest.mark.real

WELCOME = b"\r\nUSR-7S3\r\n"


def test_binary_noise_in_command_mode(module: Daemon, host: Host, server: Server) -> None:
    """A host that rebooted feeds its data to the parser; one clean line later all is well."""
    peer = server.accept()
    host.command_mode()
    for _ in range(20):
        host.write(os.urandom(500))
        host.read(within=0.02)
    host.write(b"\r")
    while host.read(within=0.1):
        pass
    host.write(b"ATE0\rAT+ENTM\r")
    host.expect(b"\r\nOK\r\n\r\nOK\r\n")
    host.write(b"data")
    assert receive(peer, 4) == b"data"


def test_binary_noise_as_data(module: Daemon, host: Host, server: Server) -> None:
    """Every byte that is no handshake and no command arrives."""
    peer = server.accept()
    sent = b"".join(bytes([n]) * 7 for n in range(256)) + os.urandom(50_000)
    host.write(sent)
    assert receive(peer, len(sent)) == sent


def test_3000_characters_without_cr(module: Daemon, host: Host) -> None:
    host.command_mode()
    host.write(b"x" * 3000)
    assert host.read(within=0.1) == b""
    host.write(b"\r")
    assert host.read() == b"\r\n+CME ERROR:58\r\n"
    assert host.ask("AT") == "OK"


TYPO = """\
[modem]
at_port = "none"
[uart]
devise = "/dev/null"
device = "{device}"
[safety]
alow_default_password = true
"""


def test_configuration_with_a_typo(daemon: Daemon, host: Host) -> None:
    """``--check`` refuses with the nearest key; a boot goes on without it, loudly."""
    daemon.config.write_text(TYPO.format(device=host.path))
    check = subprocess.run(
        [sys.executable, "-m", "usr7s3d", "--check", "--config", str(daemon.config)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 2
    assert f"{daemon.config}:4: uart.devise: " in check.stdout
    assert "device" in check.stdout.split("devise", 1)[1]
    assert "network and SMS doors stay shut" in check.stdout
    daemon.start()
    host.expect(WELCOME)
    assert "ERROR" in daemon.log
    for line in check.stdout.splitlines()[:2]:
        assert line in daemon.log


def test_no_configuration_at_all(daemon: Daemon) -> None:
    daemon.start()
    assert f"{daemon.config}: there is no such file; every key has its default" in daemon.log
    assert daemon.status()["uart"]["device"].startswith("/dev/")


def test_settings_file_cut_in_half(module: Daemon, host: Host) -> None:
    """It is set aside for a person to look at; what stands below it is taken, and said."""
    host.command_mode()
    for line in ("AT+STMSG=default", "AT+CFGTF", "AT+STMSG=mine", "AT+S"):
        assert host.ask(line) == "OK"
    host.expect(b"\r\nmine\r\n")
    module.stop()
    whole = module.saved.read_bytes()
    half = whole[: len(whole) // 2]
    module.saved.write_bytes(half)
    module.close()
    module.start()
    host.expect(b"\r\ndefault\r\n")
    assert "set aside as settings.toml.bad-1" in module.log
    assert "the user default is used" in module.log
    assert (module.state / "settings.toml.bad-1").read_bytes() == half


def test_second_daemon_in_the_same_runtime_folder(module: Daemon, host: Host) -> None:
    (module.home / "second").mkdir()
    second = Daemon(module.home / "second")
    second.runtime = module.runtime
    try:
        second.launch()
        assert second.ended() == 1
        assert f"daemon: another usr7s3d runs in {module.runtime}" in second.log
        assert "Traceback" not in second.log
    finally:
        second.close()
    assert module.at("AT") == "OK", "the first goes on"
    host.command_mode()


def test_stale_control_socket_is_replaced(module: Daemon) -> None:
    module.stop(9)
    assert (module.runtime / "control.sock").exists()
    module.close()
    module.start()
    assert module.at("AT") == "OK"


def test_folders_that_cannot_be(daemon: Daemon, host: Host, tmp_path: Path) -> None:
    """No place for the socket ends it; no place for settings does not."""
    daemon.configure(device=host.path)
    (tmp_path / "file").touch()
    daemon.runtime = tmp_path / "file" / "run"
    daemon.launch()
    assert daemon.ended() == 1
    assert "Traceback" not in daemon.log
    assert str(daemon.runtime) in daemon.log
    daemon.close()
    daemon.runtime = tmp_path / "run"
    daemon.state = tmp_path / "file" / "state"
    daemon.start()
    host.expect(WELCOME)
    assert daemon.at("AT+S") == "+CME ERROR:50"


def test_garbage_on_the_control_socket(module: Daemon) -> None:
    for sent in (b"\x00\xff\n", b"[" * 4000 + b"\n", b"x" * 200_000, b'{"verb": 5}\n', b""):
        with module.connect() as client:
            try:
                client.sendall(sent)
                client.shutdown(socket.SHUT_WR)
                assert client.recv(4096).startswith(b'{"error": ')
            except (BrokenPipeError, ConnectionResetError):
                assert len(sent) > 4096, "it had heard enough"
    odd = ["AT+STMSG=\u20ac", "AT+STMSG=\ud800", "", "AT\x00", 'AT+STMSG="', "usr.cn#AT"]
    for line in odd:
        assert module.at(line) == "+CME ERROR:58", repr(line)
    assert module.request(verb="at") == {"reply": "\r\n+CME ERROR:58\r\n", "ok": False}
    assert module.at("AT") == "OK"


def test_twenty_clients(module: Daemon) -> None:
    clients = [module.connect() for _ in range(20)]
    try:
        for client in clients[16:]:
            assert b"clients are connected already" in client.recv(4096)
    finally:
        for client in clients:
            client.close()
    assert module.at("AT") == "OK"


def test_watchers_that_leave(module: Daemon, host: Host) -> None:
    """In the middle of whatever is on its way to them."""
    host.command_mode()
    for _ in range(5):
        with module.connect() as watcher:
            watcher.sendall(b'{"verb": "watch"}\n')
            assert watcher.recv(100)
        assert host.ask("AT+E=on") == "OK"
    assert module.at("AT") == "OK"


def test_watcher_that_never_reads(module: Daemon, host: Host) -> None:
    with module.connect() as watcher:
        watcher.sendall(b'{"verb": "watch"}\n')
        host.command_mode()
        host.write(b"ATE0\r")
        host.expect(b"OK\r\n")
        lines = 2000  # more than its socket and the daemon's queue for it hold
        host.write(b"".join(b"AT+HEARTTM=%d\r" % (number + 100) for number in range(lines)))
        host.take(lines * len("\r\nOK\r\n"))
        assert module.at("AT") == "OK"
        assert module.stop() < 2


def test_handshake_that_fails_is_late_and_not_lost(
    module: Daemon, host: Host, server: Server
) -> None:
    peer = server.accept()
    for piece in (b"+", b"++", b"+++x", b"+++"):
        pause(0.21)
        host.write(piece)
        if piece == b"+++":
            host.expect(b"a")
            host.write(b"b")
    assert receive(peer, 11) == b"++++++x+++b"
