"""The daemon before the firmware of the field: each host with its own habits and limits."""

import pytest

from tests.system.rig import Daemon, Host, Server, pause, receive

pytestmark = pytest.mark.real


@pytest.mark.manual("3.2.1.1", "the whole daemon: serial device and TCP server")
@pytest.mark.manual("4.1.1", "works in network mode, and back to it")
@pytest.mark.manual("1.2", "the whole daemon: what the host sends comes to the server")
@pytest.mark.manual("2.2", "network transmission mode")
@pytest.mark.manual("2.3", "network protocol TCP")
@pytest.mark.manual("3.2.1.1", "TCP client")
@pytest.mark.manual("4.2.1.5", "NET mode")
def test_main_job(module: Daemon, host: Host, server: Server) -> None:
    """Bytes of a serial device reach a TCP server through socket A, and come back."""
    peer = server.accept()
    host.write(b"21.5 C\r\n")
    assert receive(peer, 8) == b"21.5 C\r\n"
    peer.sendall(b"thanks")
    host.expect(b"thanks")


def test_pluses_in_three_writes_and_a_blindly(module: Daemon, host: Host) -> None:
    """It does not read at all until it believes that it is in command mode."""
    pause(0.21)
    for gap in (0.015, 0.020, 0.100):
        host.write(b"+")
        pause(gap)
    host.write(b"a")
    host.expect(b"a+ok")
    assert host.ask("AT+WKMOD?") == '+WKMOD:"NET"  OK'


def test_a_that_comes_late(module: Daemon, host: Host) -> None:
    pause(0.21)
    host.write(b"+++")
    host.expect(b"a")
    pause(2.9)
    host.write(b"a")
    host.expect(b"+ok")


def test_a_that_comes_too_late_is_data(module: Daemon, host: Host, server: Server) -> None:
    peer = server.accept()
    pause(0.21)
    host.write(b"+++")
    host.expect(b"a")
    pause(3.1)
    host.write(b"a")
    assert receive(peer, 4) == b"+++a"


def test_pluses_among_data(module: Daemon, host: Host, server: Server) -> None:
    peer = server.accept()
    host.write(b"C+++")
    assert receive(peer, 4) == b"C+++"
    pause(0.21)
    host.write(b"++++")
    assert receive(peer, 4) == b"++++"


@pytest.mark.parametrize("end", [b"\r", b"\r\n"])
@pytest.mark.manual("4.2.1.3", "echo")
@pytest.mark.manual("4.2", "replies with echo")
def test_one_that_reads_the_echo_back(module: Daemon, host: Host, end: bytes) -> None:
    """It compares what it sent, terminator included, with the head of what it reads."""
    host.command_mode()
    host.write(b"AT+E?" + end)
    assert host.read() == b"AT+E?" + end + b'\r\n+E:"on"\r\n\r\nOK\r\n'


def test_line_ends_mixed(module: Daemon, host: Host) -> None:
    host.command_mode()
    for end in (b"\r", b"\r\n", b"\r\r", b"\r\n", b"\r\r\n"):
        host.write(b"AT+HEARTTM?" + end)
        reply = b"\r\n+HEARTTM:30\r\n\r\nOK\r\n"
        assert host.read() in (b"AT+HEARTTM?" + end[:n] + reply for n in (1, 2))


def test_lf_in_a_write_of_its_own(module: Daemon, host: Host) -> None:
    """The LF comes when the line is answered already, and belongs to nothing."""
    host.command_mode()
    host.write(b"AT+E=off\r")
    host.expect(b"\r\nOK\r\n")
    host.write(b"\n")
    host.write(b"AT+VER\r\n")
    assert host.read().startswith(b"\r\n+VER:")


@pytest.mark.parametrize("end", [b"\r", b"\r\n", b""])
def test_password_and_lower_case(module: Daemon, host: Host, server: Server, end: bytes) -> None:
    peer = server.accept()
    pause(0.06)
    host.write(b"usr.cn#at+socka?" + end)
    value = f'"TCP","127.0.0.1",{server.port}'.encode()
    assert host.read() == b"usr.cn#\r\n+SOCKA:" + value + b"\r\n\r\nOK\r\n"
    pause(0.06)
    host.write(b"data")
    assert receive(peer, 4) == b"data", "nothing of the command went to the server"


def test_save_then_wait_for_the_welcome(module: Daemon, host: Host) -> None:
    host.command_mode()
    assert host.ask("AT+STMSG=Here I am") == "OK"
    assert host.ask("AT+S") == "OK"
    host.expect(b"\r\nHere I am\r\n", within=5)
    assert 'welcome = "Here I am"' in module.saved.read_text()


@pytest.mark.manual("4.2.1.4", "quits command mode")
def test_entm_right_behind_save(module: Daemon, host: Host, server: Server) -> None:
    """It sends the next line as soon as it has read OK, and wants an OK to that, too.

    The restart is still to come then, and the data path works up to it.
    """
    peer = server.accept()
    host.command_mode()
    assert host.ask("AT+S") == "OK"
    assert host.ask("AT+ENTM") == "OK"
    host.write(b"before")
    assert receive(peer, 6) == b"before"
    host.expect(b"\r\nUSR-7S3\r\n")
    peer = server.accept()
    host.write(b"after")
    assert receive(peer, 5) == b"after"


def test_both_in_one_write(module: Daemon, host: Host) -> None:
    host.command_mode()
    host.write(b"ATE0\rAT+S\rAT+ENTM\r")
    host.expect(b"\r\nOK\r\n\r\nOK\r\n\r\nOK\r\n\r\nUSR-7S3\r\n")


def test_basic_commands(module: Daemon, host: Host) -> None:
    """Firmware gates on these: a number before the comma, a 1 or 5 behind it."""
    host.command_mode()
    assert host.ask("ATE1") == "OK"
    host.write(b"AT+CSQ\r\n")
    assert host.read() in {b"AT+CSQ\r\n\r\n+CSQ: %d,99\r\n\r\nOK\r\n" % n for n in (31, 99)}
    assert host.ask("AT+CREG?") in {"+CREG: 0,1  OK", "+CREG: 0,0  OK"}
    assert host.ask("AT") == "OK"


def test_loose_spelling(module: Daemon, host: Host) -> None:
    host.command_mode()
    for line in ('AT+HEARTEN="ON"', "at+wkmod=net", "AT+SOCKB=TCP,1.2.3.4,80", 'At+HTPTP="get"'):
        assert host.ask(line) == "OK"
    assert host.ask("AT+SOCKB?") == '+SOCKB:"TCP","1.2.3.4",80  OK'
    assert host.ask("AT+ HTPTP =?") == '+HTPTP:<"GET","POST">  OK'


def test_one_that_believes_to_be_outside(module: Daemon, host: Host) -> None:
    """``+++`` in command mode, then ``a`` blindly: told so, and answered."""
    host.command_mode()
    pause(0.1)
    host.write(b"+++")
    host.expect(b"\r\n+CME ERROR:58\r\n")
    host.write(b"a")
    host.expect(b"+ok")
    assert host.ask("AT") == "OK"


@pytest.mark.manual("4.2", "replies without gaps")
def test_reply_has_no_gap(module: Daemon, host: Host) -> None:
    """One judges a reply at its first 3 ms of silence; the longest has 5 kB."""
    host.command_mode()
    for _ in range(50):
        assert host.ask("AT+REGDT?").endswith("OK")
    host.write(b"AT+H\r")
    assert host.read(silence=0.05).endswith(b"\r\nOK\r\n")


def test_data_waits_while_in_command_mode(module: Daemon, host: Host, server: Server) -> None:
    peer = server.accept()
    host.command_mode()
    peer.sendall(b"from the server")
    assert host.ask("AT+SOCKALK") == "+SOCKALK:connected  OK"
    host.write(b"AT+ENTM\r")
    host.expect(b"AT+ENTM\r\r\nOK\r\nfrom the server")
    host.write(b"back")
    assert receive(peer, 4) == b"back"


@pytest.mark.manual("4.2.1.5", "CMD: command mode")
def test_command_mode_for_good(daemon: Daemon, host: Host) -> None:
    daemon.configure(device=host.path, WKMOD='"CMD"')
    daemon.start()
    host.expect(b"\r\nUSR-7S3\r\n")
    assert host.ask("AT+WKMOD?") == '+WKMOD:"CMD"  OK'
    assert host.ask("AT+ENTM") == "OK"
    assert host.ask("AT+E=off") == "OK"
