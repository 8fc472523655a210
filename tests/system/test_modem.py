"""The daemon with a modem: what it tells of it, what it survives, what it costs."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.modem_rig import Simulator, figure
from tests.system.rig import Daemon, Host, Server, pause, receive, until

pytestmark = pytest.mark.real

MESSAGES = int(os.environ.get("MESSAGES", "100"))  # docs/testing.md
PATIENCE = 30.0  # s; it looks for a port that is gone every 10 s


@pytest.fixture
def stick(tmp_path: Path) -> Iterator[Simulator]:
    stick = Simulator(tmp_path)
    yield stick
    stick.close()


def modem(daemon: Daemon) -> dict[str, Any]:
    shown = daemon.status()["modem"]
    assert isinstance(shown, dict)
    return shown


def registered(daemon: Daemon) -> dict[str, Any]:
    until(lambda: modem(daemon)["state"] == "registered", PATIENCE)
    return modem(daemon)


def start(daemon: Daemon, host: Host, stick: Simulator, text: str = "", **factory: str) -> None:
    daemon.configure(stick.config + text, device=host.path, **factory)
    daemon.start()


def test_what_is_told_of_it(daemon: Daemon, host: Host, server: Server, stick: Simulator) -> None:
    """By AT commands, by status, and to the server in the register packet."""
    register = {"REGEN": '"on"', "REGTP": '"ICCID"'}
    start(daemon, host, stick, SOCKA=server.setting, **register)
    shown = registered(daemon)
    assert shown["ports"] == {"at": str(stick.at), "data": str(stick.data)}
    assert daemon.at("AT+IMEI") == f"+IMEI:{shown['imei']}  OK"
    assert daemon.at("AT+ICCID") == f"+ICCID:{shown['iccid']}  OK"
    assert re.fullmatch(r"\+CSQ: \d+,99  OK", daemon.at("AT+CSQ"))
    assert daemon.at("AT+CREG?") == "+CREG: 0,1  OK"
    assert daemon.at("AT+CPIN?") == "+CPIN: READY  OK"
    assert shown["operator"] in daemon.at("AT+COPS?")
    iccid = shown["iccid"].encode()
    assert receive(server.accept(), len(iccid)) == iccid
    person = daemon.ctl("status").stdout
    assert "modem registered" in person
    assert "imsi" not in daemon.ctl("status", "--json").stdout


def test_unplugged_and_plugged_in_again(daemon: Daemon, host: Host, stick: Simulator) -> None:
    start(daemon, host, stick)
    registered(daemon)
    stick.obey("unplug")
    until(lambda: modem(daemon)["state"] == "absent")
    assert daemon.at("AT+IMEI") == "+CME ERROR:50"
    stick.obey("plug")
    assert registered(daemon)["counters"]["losses"] == 1
    assert "Traceback" not in daemon.log


@pytest.mark.parametrize("fault", ["silent", "twice", "noise", "slow 2s", "late", "half"])
def test_a_modem_that_misbehaves_for_a_while(
    daemon: Daemon, host: Host, stick: Simulator, fault: str
) -> None:
    start(daemon, host, stick)
    registered(daemon)
    stick.obey(f"{fault} AT", "searching")
    pause(2)
    stick.obey("mend", "home")
    stick.obey("call")  # news that no look of before can have brought
    daemon.logs("a call comes in", PATIENCE)
    registered(daemon)
    assert "Traceback" not in daemon.log


def test_registration_denied_sim_removed_and_all_well_again(
    daemon: Daemon, host: Host, stick: Simulator
) -> None:
    start(daemon, host, stick)
    registered(daemon)
    stick.obey("denied")
    until(lambda: modem(daemon)["state"] == "denied", PATIENCE)
    stick.obey("home")
    registered(daemon)
    stick.obey("sim out")
    until(lambda: modem(daemon)["state"] == "sim", PATIENCE)
    assert daemon.at("AT+CPIN?") == "+CME ERROR:50"
    assert modem(daemon)["problem"]
    stick.obey("sim in")
    registered(daemon)


def test_a_restart_and_a_reload_leave_it_alone(
    daemon: Daemon, host: Host, stick: Simulator
) -> None:
    start(daemon, host, stick)
    registered(daemon)
    assert daemon.at("AT+Z") == "OK"
    daemon.logs("module: start", PATIENCE)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.told("READY=1")
    assert modem(daemon)["state"] == "registered"
    assert modem(daemon)["counters"]["opens"] == 1
    stick.obey("call")
    daemon.logs("a call comes in: rejected (CALEN off)")
    assert daemon.at("AT+CALEN=on") == "OK"


def test_a_reload_with_another_modem_takes_that_one(
    daemon: Daemon, host: Host, stick: Simulator
) -> None:
    start(daemon, host, stick)
    registered(daemon)
    daemon.configure(stick.config + "roaming = false\n", device=host.path)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.told("READY=1")
    until(lambda: modem(daemon)["state"] == "registered", PATIENCE)
    stick.obey("roaming")
    until(lambda: "roaming" in modem(daemon)["problem"], PATIENCE)
    daemon.configure('[modem]\nat_port = "none"\n', device=host.path)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.told("READY=1")
    assert modem(daemon) == {"state": "none"}


def test_stop(daemon: Daemon, host: Host, stick: Simulator) -> None:
    """Within 2 s, in the middle of the first commands, too."""
    start(daemon, host, stick)
    assert daemon.stop() < 2
    assert daemon.ended() == 0
    daemon.close()
    daemon.start()
    registered(daemon)
    assert daemon.stop() < 2


def test_a_pin_is_in_no_output(daemon: Daemon, host: Host, stick: Simulator) -> None:
    stick.obey("sim pin")
    daemon.configure(stick.config + 'pin = "8264"\n', device=host.path)
    daemon.start("--verbose")
    daemon.logs("the SIM", PATIENCE)
    shown = daemon.ctl("status", "--json").stdout + daemon.ctl("status").stdout
    kept = "".join(path.read_text() for path in daemon.state.iterdir())
    assert "8264" not in daemon.log + shown + kept


def test_a_locked_sim_is_unlocked(daemon: Daemon, host: Host, stick: Simulator) -> None:
    stick.obey("sim pin")
    daemon.configure(stick.config + 'pin = "1234"\n', device=host.path)
    daemon.start()
    assert registered(daemon)["sim"] == "READY"
    assert "[pin]" in (daemon.state / "modem.toml").read_text()


@pytest.mark.limit(60 + MESSAGES / 5)
def test_messages_leave_no_thread_and_no_memory_behind(
    daemon: Daemon, host: Host, stick: Simulator
) -> None:
    """All arrive, in order, and with a modem and its alphabets the daemon stays below 26 MB."""
    start(daemon, host, stick, WKMOD='"SMS"', DSTNUM='"+4915123456789"')
    host.expect(b"\r\nUSR-7S3\r\n")
    registered(daemon)

    def bring(first: int, last: int) -> None:
        numbers = range(first, last)
        for n in numbers:
            stick.obey(f"sms +4915123456789 message {n:04}")
        wanted = b"".join(b"message %04d" % n for n in numbers)
        came = b""
        while len(came) < len(wanted):
            more = host.read()
            assert more, f"{len(came)} of {len(wanted)} bytes came"
            came += more
        assert came == wanted

    host.write("Grüße 你好".encode())
    stick.tells("SMS to")
    bring(0, 50)
    before, threads = figure(daemon, "VmRSS"), figure(daemon, "Threads")
    for first in range(50, 50 + MESSAGES, 50):
        bring(first, first + 50)
    after = figure(daemon, "VmRSS")
    print(f"RSS {before} kB, {after} kB after {MESSAGES} messages, {threads} threads")
    assert after < 26 * 1024
    assert after - before < 512 + MESSAGES // 2
    assert figure(daemon, "Threads") == threads == 1


@pytest.mark.alone
def test_one_that_is_named_and_not_there_costs_no_wake_up(
    daemon: Daemon, host: Host, server: Server
) -> None:
    daemon.configure('[modem]\nusb = "9-9.9"\n', device=host.path, SOCKA=server.setting)
    daemon.start()
    server.accept()
    assert modem(daemon)["state"] == "absent"
    pause(1)
    before = figure(daemon, "voluntary_ctxt_switches")
    pause(3)
    assert figure(daemon, "voluntary_ctxt_switches") - before == 0


@pytest.mark.alone
def test_one_that_is_registered_costs_no_wake_up(
    daemon: Daemon, host: Host, server: Server, stick: Simulator
) -> None:
    """But for a look each minute."""
    start(daemon, host, stick, SOCKA=server.setting)
    server.accept()
    registered(daemon)
    until(lambda: daemon.status()["sms"]["store"]["total"])  # it reads the store at its start
    pause(2)
    before = figure(daemon, "voluntary_ctxt_switches")
    pause(3)
    assert figure(daemon, "voluntary_ctxt_switches") - before == 0
