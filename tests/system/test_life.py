"""Start and stop, systemd, and what the process costs."""

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest

from tests.system.rig import Daemon, Host, Server, pause, receive, until

pytestmark = pytest.mark.real

WELCOME = b"\r\nUSR-7S3\r\n"


def figure(daemon: Daemon, key: str) -> int:
    """A line of /proc/PID/status: kB, or a count."""
    text = Path(f"/proc/{daemon.pid}/status").read_text()
    found = re.search(rf"^{key}:\s+(\d+)", text, re.MULTILINE)
    assert found
    return int(found[1])


# -- stop


def in_the_middle_of_a_command(daemon: Daemon, host: Host) -> None:
    host.command_mode()
    host.write(b"AT+HEART")


def with_a_watcher(daemon: Daemon, host: Host) -> None:
    daemon.watcher = daemon.connect()  # type: ignore[attr-defined]
    daemon.watcher.sendall(b'{"verb": "watch"}\n')  # type: ignore[attr-defined]


def just_behind_a_restart(daemon: Daemon, host: Host) -> None:
    host.command_mode()
    assert host.ask("AT+S") == "OK"


@pytest.mark.parametrize(
    ("where", "number"),
    [
        (lambda *_: None, signal.SIGTERM),
        (lambda *_: None, signal.SIGINT),
        (in_the_middle_of_a_command, signal.SIGTERM),
        (with_a_watcher, signal.SIGTERM),
        (just_behind_a_restart, signal.SIGTERM),
    ],
    ids=["idle", "ctrl-c", "command", "watcher", "restart"],
)
def test_stop(
    module: Daemon,
    host: Host,
    server: Server,
    where: Callable[[Daemon, Host], None],
    number: int,
) -> None:
    """Within 2 s, in order, everything closed."""
    peer = server.accept()
    where(module, host)
    assert module.stop(number) < 2
    assert module.ended() == 0
    module.told("STOPPING=1")
    assert "daemon: stopped" in module.log
    assert "Traceback" not in module.log
    assert peer.recv(1) == b""
    assert not (module.runtime / "control.sock").exists()
    if watcher := getattr(module, "watcher", None):
        watcher.close()


@pytest.mark.parametrize("delay", [0.0, 0.05, 0.1, 0.2])
def test_stop_at_any_time_of_the_start(daemon: Daemon, host: Host, delay: float) -> None:
    """Before its handlers are in place the signal itself ends it; nothing is open then."""
    daemon.configure(device=host.path)
    daemon.launch()
    pause(delay)
    assert daemon.stop() < 2
    assert daemon.ended() in {0, -signal.SIGTERM}
    assert "Traceback" not in daemon.log


def test_stop_as_soon_as_ready(daemon: Daemon, host: Host) -> None:
    daemon.configure(device=host.path)
    daemon.start()
    assert daemon.stop() < 2
    assert daemon.ended() == 0


def test_reply_that_was_written_leaves_before_the_end(module: Daemon, host: Host) -> None:
    host.command_mode()
    host.write(b"AT+H\r")
    until(lambda: module.status()["uart"]["tx_bytes"] > 1000)
    module.stop()
    assert host.read().endswith(b"OK\r\n")


# -- a bug


def broken(module: str, name: str) -> tuple[str, ...]:
    """The daemon with one method, ``Class.method`` in ``module``, replaced by what raises."""
    return (
        "-c",
        "import usr7s3d.__main__ as main\n"
        f"import {module} as module\n"
        "def bug(*_, **__): raise ZeroDivisionError('a bug')\n"
        f"module.{name} = bug\n"
        "main.main()\n",
    )


@pytest.mark.parametrize(
    ("where", "trigger"),
    [
        (("usr7s3d.services.console", "Console._execute"), "command"),
        (("usr7s3d.services.commander", "Commander.execute"), "control"),
        (("usr7s3d.services.port", "Port._begin"), "start"),
        (("usr7s3d.services.module", "Module._until_restart"), "start"),
    ],
)
def test_bug_in_one_service_stops_the_others_and_is_seen(
    daemon: Daemon, host: Host, server: Server, where: tuple[str, str], trigger: str
) -> None:
    daemon.program = broken(*where)
    daemon.configure(device=host.path, SOCKA=server.setting, WKMOD='"NET"')
    if trigger == "start":
        daemon.launch()
    else:
        daemon.start()
        host.expect(WELCOME)
        peer = server.accept()
        if trigger == "command":
            host.command_mode()
            host.write(b"AT\r")
        else:
            assert daemon.ctl("at", "AT").returncode == 1
    assert daemon.ended() == 1
    assert "daemon: a part has failed; all others are closed" in daemon.log
    assert "ZeroDivisionError: a bug" in daemon.log
    assert not (daemon.runtime / "control.sock").exists()
    if trigger != "start":
        assert peer.recv(1) == b""


# -- systemd


def test_status_without_a_watchdog(module: Daemon, host: Host, server: Server) -> None:
    """A line for ``systemctl status`` at each change, and no tick."""
    peer = server.accept()
    module.told("STATUS=mode NET, UART open, A connected")
    peer.close()
    module.told("A waiting")
    host.unplug()
    module.told("UART waiting for")


def test_watchdog_is_fed(daemon: Daemon, host: Host) -> None:
    daemon.environment = {"WATCHDOG_USEC": "300000"}
    daemon.configure(device=host.path)
    daemon.start()
    for _ in range(3):
        daemon.told("WATCHDOG=1", within=2)


def test_missing_tty_is_no_reason_to_starve_the_watchdog(daemon: Daemon) -> None:
    daemon.environment = {"WATCHDOG_USEC": "300000"}
    daemon.configure(device="/dev/no-such-tty")
    daemon.start()
    for _ in range(10):
        daemon.told("WATCHDOG=1", within=2)


def test_held_up_loop_starves_the_watchdog(daemon: Daemon, host: Host) -> None:
    """The crudest of hangs: SIGSTOP, as a page fault on a dead card."""
    daemon.environment = {"WATCHDOG_USEC": "300000"}
    daemon.configure(device=host.path)
    daemon.start()
    daemon.told("WATCHDOG=1")
    daemon.process.send_signal(signal.SIGSTOP)
    pause(0.2)
    daemon.overheard()
    pause(0.3)
    assert daemon.overheard() == []
    daemon.process.send_signal(signal.SIGCONT)
    daemon.told("WATCHDOG=1")


def test_journal_gets_priorities(daemon: Daemon) -> None:
    """When stderr is the journal, which JOURNAL_STREAM tells by device and inode."""
    daemon.configure(device="/dev/no-such-tty")
    daemon.program = (
        "-c",
        "import os\n"
        "about = os.fstat(2)\n"
        "os.environ['JOURNAL_STREAM'] = f'{about.st_dev}:{about.st_ino}'\n"
        "import usr7s3d.__main__ as main\n"
        "main.main()\n",
    )
    daemon.start()
    lines = daemon.logs("waiting for it").splitlines()
    assert lines[0].startswith("<6>daemon: usr7s3d ")
    assert any(line.startswith("<4>UART: /dev/no-such-tty") for line in lines)


def test_stderr_that_is_not_the_journal(daemon: Daemon) -> None:
    """A desktop's session hands its own JOURNAL_STREAM down to every terminal."""
    daemon.environment = {"JOURNAL_STREAM": "8:12345"}
    daemon.configure(device="/dev/no-such-tty")
    daemon.start()
    assert " WARNING UART: /dev/no-such-tty" in daemon.logs("waiting for it")


# -- what it costs


@pytest.mark.alone
def test_ready_in_half_a_second(daemon: Daemon, host: Host) -> None:
    """The best of a few, since the machine is shared."""
    daemon.configure(device=host.path)
    times = [1.0]
    while min(times) >= 0.5 and len(times) < 6:
        began = monotonic()
        daemon.start()
        times.append(monotonic() - began)
        daemon.stop()
        daemon.close()
    print(f"ready after {min(times):.3f} s")
    assert min(times) < 0.5


@pytest.mark.alone
def test_idle_means_idle(module: Daemon, host: Host, server: Server) -> None:
    """Connected, and nothing to do: not one wake-up."""
    peer = server.accept()
    host.write(b"x")
    assert receive(peer, 1) == b"x"
    pause(0.5)
    before = figure(module, "voluntary_ctxt_switches")
    pause(3)
    wakeups = figure(module, "voluntary_ctxt_switches") - before
    print(f"{wakeups} wake-ups in 3 s, RSS {figure(module, 'VmRSS')} kB")
    assert wakeups == 0


def test_memory(module: Daemon, host: Host, server: Server) -> None:
    """After everything has been used once: traffic, commands, a save, status."""
    peer = server.accept()
    host.write(os.urandom(20_000))
    receive(peer, 20_000)
    host.command_mode()
    host.write(b"AT+H\r")
    host.expect(b"\r\nOK\r\n")
    for line in ("AT+APN=x", "AT+CFGTF", "AT+SOCKA?"):
        assert host.ask(line).endswith("OK")
    module.status()
    kilobytes = figure(module, "VmRSS")
    print(f"RSS {kilobytes} kB")
    assert kilobytes < 24 * 1024


@pytest.mark.parametrize("direction", ["up", "down"])
def test_flood(module: Daemon, host: Host, server: Server, direction: str) -> None:
    """5 MB through, at the speed of a slow reader: every byte, and no memory."""
    peer = server.accept(receive_buffer=8192)
    sent = os.urandom(5_000_000)
    before = figure(module, "VmRSS")
    pid = os.fork()
    if pid == 0:  # the sender, so that neither end waits for the other
        try:
            host.write(sent) if direction == "up" else peer.sendall(sent)
        finally:
            os._exit(0)
    try:
        came = receive(peer, len(sent)) if direction == "up" else host.take(len(sent))
    finally:
        os.waitpid(pid, 0)
    assert came == sent
    grown = figure(module, "VmRSS") - before
    print(f"RSS grew by {grown} kB")
    assert grown < 2048
    assert module.status()["links"]["a"]["dropped_bytes"] == 0


# -- secrets


def test_no_secret_in_any_output(daemon: Daemon, host: Host, server: Server) -> None:
    """Set by every door, with errors made to happen; then read all that was said."""
    secrets = {
        "CMDPW": "hush-cmdpw",
        "APN": "hush-apnpw",
        "CLOUDPA": "hush-cld",
        "pin": "8264",
        "user": "hush-user",
    }
    daemon.configure(
        f'[modem]\nat_port = "none"\npin = "{secrets["pin"]}"\n',
        device=host.path,
        SOCKA=server.setting,
        CMDPW=f'"{secrets["CMDPW"]}"',
    )
    daemon.start("--verbose")
    host.expect(WELCOME)
    watcher = daemon.connect()
    watcher.sendall(b'{"verb": "watch"}\n')
    settings = [
        f'AT+CMDPW="{secrets["CMDPW"]}"',
        f'AT+APN="net","{secrets["user"]}","{secrets["APN"]}"',
        f'AT+CLOUDPA="{secrets["CLOUDPA"]}"',
    ]
    bad = [
        f'AT+CMDPW="{secrets["CMDPW"]}#"',
        f'AT+APN="net","u","{secrets["APN"]}","x"',
        f"AT+CLOUDPA={secrets['CLOUDPA']}-too-long",
        f'AT+CMDPW "{secrets["CMDPW"]}"',
        f"AT+{secrets['CMDPW']}",
    ]
    host.command_mode()
    for line in settings:
        assert host.ask(line) == "OK"
        assert daemon.at(line) == "OK"
    for line in bad:
        assert host.ask(line) == "+CME ERROR:58"
        assert daemon.at(line) == "+CME ERROR:58"
    assert host.ask("AT+ENTM") == "OK"
    pause(0.06)
    host.write(f"{secrets['CMDPW']}#AT+CFGTF\r".encode())
    host.expect(b"#\r\nOK\r\n")
    pause(0.06)
    host.write(f"{secrets['CMDPW']}x#AT+Z\r".encode())
    daemon.at("AT+S")
    host.expect(WELCOME)
    # A settings file with faults in just these keys, and one that is cut.
    daemon.stop()
    text = daemon.saved.read_text()
    daemon.saved.write_text(text.replace(secrets["CLOUDPA"], secrets["CLOUDPA"] + "x"))
    said = daemon.log
    daemon.close()
    daemon.start("--verbose")
    status = daemon.ctl("status", "--json").stdout + daemon.ctl("status").stdout
    watched = b""
    while more := watcher.recv(65536):
        watched += more
    watcher.close()
    assert b"AT+APN was set" in watched
    everything = said + daemon.log + status + watched.decode() + str(daemon.notices)
    for name, secret in secrets.items():
        assert secret not in everything, name


def test_watch_shows_what_moves_as_it_moves(module: Daemon, host: Host, server: Server) -> None:
    with module.connect() as watcher, watcher.makefile("rb") as lines:
        watcher.sendall(b'{"verb": "watch"}\n')
        assert lines.readline() == b"{}\n"
        peer = server.accept()
        host.write(b"hello")
        assert receive(peer, 5) == b"hello"
        peer.sendall(b"you")
        host.expect(b"you")
        seen: list[str] = []
        while not seen or "A -> UART" not in seen[-1]:
            seen.append(lines.readline().decode())
    assert '{"line": "UART -> A: 5 bytes"}\n' in seen
    assert seen[-1] == '{"line": "A -> UART: 3 bytes"}\n'
