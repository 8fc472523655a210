"""Commands that come over socket A of a daemon (manual 4.1.3)."""

import select

import pytest

from tests.system.rig import Daemon, Host, Server, pause, receive

pytestmark = pytest.mark.real

WELCOME = b"\r\nUSR-7S3\r\n"
GAP = 0.06  # s of silence, behind which a packet starts


def test_the_printed_password_opens_nothing_from_the_network(
    module: Daemon, host: Host, server: Server
) -> None:
    peer = server.accept()
    peer.sendall(b"usr.cn#AT+CLEAR\r")
    log = module.logs("a command was not carried out")
    assert "allow_default_password" in log  # the line names the switch
    pause(GAP)
    peer.sendall(b"usr.cn#AT+VER\r")
    pause(GAP)
    peer.sendall(b"meter data")
    assert host.take(10) == b"meter data"  # the command itself is swallowed
    assert not select.select([peer], [], [], 0)[0]  # and not answered
    assert module.log.count("a command was not carried out") == 1  # once a connection
    status = module.status()
    assert status["links"]["a"]["refused_commands"] == 2
    assert status["doors"]["a"] == "shut"


def test_no_secret_of_the_network_door_in_any_output(
    daemon: Daemon, host: Host, server: Server
) -> None:
    secrets = ("hush-door", "hush-apn", "hush-usr", "hush-cld")
    password, apn, user, cloud = secrets
    daemon.configure(device=host.path, SOCKA=server.setting, CMDPW=f'"{password}"')
    daemon.start("--verbose")
    host.expect(WELCOME)
    peer = server.accept()
    lines = {
        f'AT+APN="net","{user}","{apn}"': b"OK",
        f'AT+CLOUDPA="{cloud}"': b"OK",
        f"AT+CLOUDPA={cloud}-too-long": b"+CME ERROR:58",
        f'AT+CMDPW="{password}#"': b"+CME ERROR:58",
        f"AT+{password}": b"+CME ERROR:58",
    }
    for line, wanted in lines.items():
        peer.sendall(f"{password}#{line}\r".encode())
        reply = f"{password}#\r\n".encode() + wanted + b"\r\n"
        assert receive(peer, len(reply)) == reply
        pause(GAP)
    peer.sendall(f"{password}x#AT+Z\r".encode())  # a wrong one is data, and counted
    assert host.take(len(password) + 7) == f"{password}x#AT+Z\r".encode()
    status = daemon.ctl("status", "--json").stdout
    assert '"guesses": 1' in status
    everything = daemon.log + status + daemon.ctl("status").stdout
    for secret in secrets:
        assert secret not in everything
