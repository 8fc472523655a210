"""SMS through the whole daemon, and a simulated modem and network behind it."""

import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.modem_rig import Simulator
from tests.system.rig import Daemon, Host, pause, until

pytestmark = [pytest.mark.real, pytest.mark.limit(90)]

PHONE = "+4915123456789"
SECRET = {"CMDPW": '"secret"'}
SMS_MODE = {**SECRET, "WKMOD": '"SMS"', "DSTNUM": f'"{PHONE}"'}
PATIENCE = 30.0  # s


@pytest.fixture
def stick(tmp_path: Path) -> Iterator[Simulator]:
    stick = Simulator(tmp_path)
    yield stick
    stick.close()


def sms(daemon: Daemon) -> dict[str, Any]:
    shown = daemon.status()["sms"]
    assert isinstance(shown, dict)
    return shown


def start(daemon: Daemon, host: Host, stick: Simulator, **factory: str) -> None:
    """Until the modem's store has been read."""
    daemon.configure(stick.config, device=host.path, **factory)
    daemon.start()
    host.expect(b"\r\nUSR-7S3\r\n")
    until(lambda: sms(daemon)["store"]["total"], PATIENCE)


def test_sms_mode_of_manual_3_2_3(daemon: Daemon, host: Host, stick: Simulator) -> None:
    start(daemon, host, stick, **SMS_MODE)
    host.write(b"hello from the device")
    stick.tells(f"SMS to {PHONE}: hello from the device")
    stick.obey(f"sms {PHONE} hello from the phone")
    assert host.take(20) == b"hello from the phone"
    assert (sms(daemon)["sent"], sms(daemon)["to_uart"]) == (1, 1)


def test_usr_cn_at_ver_of_manual_4_1_4_with_our_password(
    daemon: Daemon, host: Host, stick: Simulator
) -> None:
    start(daemon, host, stick, **SECRET)
    assert daemon.status()["doors"]["sms"] == "open"
    stick.obey(f"sms {PHONE} secret#AT+HEARTTM?")
    assert stick.tells(PHONE).strip() == f"SMS to {PHONE}: +HEARTTM:30"
    assert stick.tells("").strip() == "OK"
    assert "secret" not in daemon.log


@pytest.mark.parametrize("make", ["ec25", "huawei", "sim800"])
def test_both_ways_with_modems_of_other_manners(
    daemon: Daemon, host: Host, tmp_path: Path, make: str
) -> None:
    stick = Simulator(tmp_path, make, ports=1 if make == "sim800" else 2)
    try:
        config = stick.config.replace(str(stick.data), str(stick.at)) if make == "sim800" else ""
        daemon.configure(config or stick.config, device=host.path, **SMS_MODE)
        stick.obey(f"sms {PHONE} before")
        daemon.start()
        host.expect(b"\r\nUSR-7S3\r\nbefore", PATIENCE)
        stick.obey(f"sms {PHONE} flash", f"sms {PHONE} 2")
        host.expect(b"flash2", PATIENCE)
        host.write("Grüße 你好".encode())
        stick.tells(f"SMS to {PHONE}: Grüße 你好")
        stick.obey(f"flash {PHONE} secret#AT+VER")
        stick.tells(f"SMS to {PHONE}: +VER:")
        until(lambda: sms(daemon)["store"]["used"] == 0, PATIENCE)
    finally:
        stick.close()


def test_at_z_by_sms_restarts_once(daemon: Daemon, host: Host, stick: Simulator) -> None:
    start(daemon, host, stick, **SECRET)
    stick.obey("fault AT+CMGD +CMS ERROR: 500")
    stick.obey(f"sms {PHONE} secret#AT+Z")
    host.expect(b"\r\nUSR-7S3\r\n", PATIENCE)
    for _ in range(2):
        daemon.process.send_signal(signal.SIGHUP)
        host.expect(b"\r\nUSR-7S3\r\n", PATIENCE)
    daemon.stop()
    daemon.close()
    daemon.start()
    host.expect(b"\r\nUSR-7S3\r\n")
    until(lambda: sms(daemon)["store"]["used"] == 1, PATIENCE)
    pause(1)
    assert host.read(within=0.1) == b""
    stick.obey("sent", "status")
    assert stick.tells("").strip() == f"SMS to {PHONE}: OK"
    assert stick.tells("").strip() == f"{PHONE}: OK"
    assert "plugged" in stick.tells("")
    assert sms(daemon)["commands"] == 0, "this process carried out none"


def test_killed_while_the_reply_is_under_way_it_is_not_carried_out_again(
    daemon: Daemon, host: Host, stick: Simulator
) -> None:
    start(daemon, host, stick, **SECRET)
    stick.obey("slow 30s AT+CMGS", f"sms {PHONE} secret#AT+S")
    daemon.logs("asks to save", PATIENCE)
    os.kill(daemon.pid, signal.SIGKILL)
    daemon.ended()
    daemon.close()
    stick.obey("mend")
    daemon.start()
    host.expect(b"\r\nUSR-7S3\r\n")
    daemon.logs("was carried out before", 60)
    until(lambda: sms(daemon)["store"]["used"] == 0, PATIENCE)
    assert "asks to save" not in daemon.log


def test_a_burst_of_45_comes_whole_and_in_order(daemon: Daemon, host: Host, tmp_path: Path) -> None:
    manners = tmp_path / "small.txt"
    text = (Path(__file__).parents[2] / "usr7s3d/simulator/modem/known/sim7600.txt").read_text()
    manners.write_text(re.sub(r"(?m)^stores .*$", "stores SM 20", text))
    stick = Simulator(tmp_path, str(manners))
    try:
        start(daemon, host, stick, **SMS_MODE)
        stick.obey(*(f"sms {PHONE} <{n:02}>" for n in range(45)))
        assert host.take(45 * 4).decode() == "".join(f"<{n:02}>" for n in range(45))
        until(lambda: sms(daemon)["store"]["used"] == 0, PATIENCE)
    finally:
        stick.close()


@pytest.mark.parametrize("rule", ["fault AT+CMGS +CMS ERROR: 38 x1", "unplug AT+CMGS x1"])
def test_trouble_in_the_middle_of_an_sms(
    daemon: Daemon, host: Host, stick: Simulator, rule: str
) -> None:
    start(daemon, host, stick, **SECRET)
    stick.obey(rule)
    host.command_mode()
    assert host.ask(f'AT+SMSSEND="{PHONE}",1,"hello"') == "OK"
    if rule.startswith("unplug"):
        pause(1)
        stick.obey("plug")
    assert host.read(within=60) == b"\r\nSMSEND OK\r\n"
    stick.tells("hello")


@pytest.mark.parametrize(
    "rule",
    [
        "noise",
        "twice",
        "slow 2s AT+CMGL x1",
        "silent AT+CMGS x1",
    ],
)
def test_a_modem_that_misbehaves(daemon: Daemon, host: Host, stick: Simulator, rule: str) -> None:
    start(daemon, host, stick, **SMS_MODE)
    stick.obey(rule, *(f"sms {PHONE} <{n}>" for n in range(5)))
    host.write(b"hello")
    host.expect(b"<0><1><2><3><4>", 60)
    stick.tells("hello", 60)
    until(lambda: sms(daemon)["store"]["used"] == 0, PATIENCE)
    assert "Traceback" not in daemon.log


def test_a_stop_in_the_middle_of_an_sms(daemon: Daemon, host: Host, stick: Simulator) -> None:
    start(daemon, host, stick, **SMS_MODE)
    stick.obey("slow 3s AT+CMGS")
    host.write(b"hello")
    pause(0.5)
    assert daemon.stop() < 2
    stick.obey("mend")
    daemon.close()
    daemon.start()
    stick.obey(f"sms {PHONE} and on it goes")
    host.expect(b"and on it goes", PATIENCE)


def test_the_result_is_told_in_data_mode_too(daemon: Daemon, host: Host, stick: Simulator) -> None:
    start(daemon, host, stick, **SECRET)
    stick.obey("no prompt +CMS ERROR: 500 x1")
    pause(0.1)
    host.write(f'secret#AT+SMSSEND="{PHONE}",1,"hello"\r'.encode())
    assert host.read() == b"secret#\r\nOK\r\n"
    assert host.read(within=60) == b"\r\nSMSEND OK\r\n"


def test_a_clients_own_sms_commands(daemon: Daemon, host: Host, stick: Simulator) -> None:
    start(daemon, host, stick, E='"off"', **SECRET)
    host.command_mode()
    for line in ("AT+CMGF=1", 'AT+CSCS="GSM"', "AT+CNMI=2,1", 'AT+CPMS="SM","SM","SM"'):
        assert host.ask(line) == "OK"
    host.write(f'AT+CMGS="{PHONE}"\r'.encode())
    assert host.read() == b"\r\n> "
    host.write(b"hello\x1a")
    assert re.fullmatch(rb"\r\n\+CMGS: \d+\r\n\r\nOK\r\n", host.read())
    stick.tells(f"{PHONE}: hello")
    stick.obey(f"sms {PHONE} to you, too")
    until(lambda: sms(daemon)["inbox"] == 1, PATIENCE)
    assert "to you, too" in host.ask('AT+CMGL="ALL"')
    assert host.ask("AT+CMGD=1,4") == "OK"
    assert host.ask('AT+CMGL="ALL"') == "OK"


def test_what_was_sent_is_known_after_a_restart_of_the_process(
    daemon: Daemon, host: Host, stick: Simulator
) -> None:
    daemon.configure(stick.config + "sms_per_hour = 2\n", device=host.path)
    daemon.start()
    until(lambda: sms(daemon)["store"]["total"], PATIENCE)
    assert daemon.at(f'AT+SMSSEND="{PHONE}",1,"hello"') == "OK"
    until(lambda: sms(daemon)["sent"] == 1, PATIENCE)
    os.kill(daemon.pid, signal.SIGKILL)
    daemon.ended()
    daemon.close()
    daemon.start()
    until(lambda: sms(daemon)["store"]["total"], PATIENCE)
    assert sms(daemon)["may_send"] == 1


def test_a_full_store_of_drafts_and_rubbish_does_not_stop_reception(
    daemon: Daemon, host: Host, tmp_path: Path
) -> None:
    manners = tmp_path / "small.txt"
    text = (Path(__file__).parents[2] / "usr7s3d/simulator/modem/known/sim7600.txt").read_text()
    manners.write_text(re.sub(r"(?m)^stores .*$", "stores SM 5", text))
    stick = Simulator(tmp_path, str(manners))
    try:
        stick.obey(*["pdu 07919471227210F40412"] * 5)
        pause(0.5)
        start(daemon, host, stick, **SMS_MODE)
        stick.obey(f"sms {PHONE} hello")
        assert host.take(5) == b"hello"
        assert sms(daemon)["unreadable"] == 5
    finally:
        stick.close()
