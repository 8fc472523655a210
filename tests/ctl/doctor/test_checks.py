"""What the doctor finds, on machines made of values."""

from dataclasses import replace
from typing import Any

import pytest

from usr7s3d.ctl.doctor import checks
from usr7s3d.ctl.doctor.checks import Level
from usr7s3d.ctl.doctor.host import Host, Tty
from usr7s3d.hostconfig import HostConfig, Rs485, parse

AMA0, SERIAL0 = "/dev/ttyAMA0", "/dev/serial0"
CONFIG = parse('[bearer]\nkind = "host"\n', "F").config
GROUPS = {"dialout": ("usr7s3d",), "usr7s3d": ()}
PI4 = Host(
    model="Raspberry Pi 4 Model B Rev 1.4",
    serial0="ttyAMA0",
    ttys={path: Tty(path, "dialout", True) for path in (AMA0, SERIAL0)},
    groups=GROUPS,
    cmdline="console=tty1 root=/dev/mmcblk0p2",
    config_txt=("enable_uart=1", "dtoverlay=disable-bt"),
    year=2026,
    clock_synchronized=True,
    free_bytes=10**9,
)
PI5 = replace(PI4, model="Raspberry Pi 5 Model B Rev 1.0", serial0="ttyAMA10")
MINI = replace(PI4, serial0="ttyS0")


def status(flow: str = "NONE", parity: str = "NONE", **uart: Any) -> dict[str, Any]:
    settings = f'9600,"{parity}",8,1,"{flow}"'
    told = {"device": AMA0, "state": "open", "settings": settings, "rs485": None, **uart}
    bearer = {"kind": "host", "state": "up", "interface": "eth0", "address": "192.0.2.17"}
    modem = {"state": "registered"}
    return {"uart": told, "modem": modem, "bearer": bearer, "warnings": []}


def bad(
    check: checks.Check,
    host: Host,
    told: checks.Status = None,
    config: HostConfig = CONFIG,
    device: str = AMA0,
) -> str:
    """What is wrong, and the remedy; empty when nothing is."""
    findings = check(host, config, device, told)
    return "; ".join(f"{f.words} -> {f.remedy}" for f in findings if f.level is Level.BAD)


@pytest.mark.parametrize("check", checks.CHECKS)
def test_nothing_is_wrong_with_a_good_pi(check: checks.Check) -> None:
    assert bad(check, PI4, status()) == bad(check, PI4) == ""


# -- tty


def test_no_such_tty() -> None:
    nothing = replace(PI4, ttys={})
    assert "enable_uart=1" in bad(checks.tty, nothing)
    assert "dtparam=uart0=on" in bad(checks.tty, replace(PI5, ttys={}))
    assert "overlay" in bad(checks.tty, nothing, device="/dev/ttySC0")
    assert "plugged in" in bad(checks.tty, nothing, device="/dev/ttyUSB0")


def test_a_tty_in_use() -> None:
    used = replace(PI4, ttys={AMA0: Tty(AMA0, "dialout", True, ("picocom (77)",))})
    assert "is open in picocom (77)" in bad(checks.tty, used)


def test_permission() -> None:
    assert "sudo adduser usr7s3d dialout" in bad(checks.tty, replace(PI4, groups={"usr7s3d": ()}))
    closed = replace(PI4, ttys={AMA0: Tty(AMA0, "root", False)})
    assert "group root may not" in bad(checks.tty, closed)
    assert bad(checks.tty, replace(PI4, groups={})) == ""  # not installed: whoever runs it


def test_a_daemon_that_waits() -> None:
    assert "journalctl" in bad(checks.tty, PI4, status(state="waiting"))


def test_a_pty_is_made_by_the_daemon() -> None:
    assert bad(checks.tty, Host(), device="pty:/tmp/x") == ""


# -- console


@pytest.mark.parametrize("word", ["serial0", "ttyAMA0"])
def test_a_console_on_the_port(word: str) -> None:
    told = bad(checks.console, replace(PI4, cmdline=f"console={word},115200 console=tty1"))
    assert f"take console={word},... out of cmdline.txt" in told


def test_a_login_on_the_port() -> None:
    told = bad(checks.console, replace(PI4, getty_on=("ttyAMA0",)))
    assert "serial-getty@ttyAMA0.service" in told
    assert bad(checks.console, replace(PI4, getty_on=("ttyAMA1",))) == ""


# -- which UART


def test_serial0_of_a_pi_5_is_its_debug_connector() -> None:
    assert "debug connector" in bad(checks.header, PI5, device=SERIAL0)
    assert bad(checks.header, PI5) == ""


def test_the_mini_uart_is_worth_a_note_and_with_parity_a_fault() -> None:
    (note,) = checks.header(MINI, CONFIG, SERIAL0, status())
    assert note.level is Level.NOTE
    assert "disable-bt" in note.remedy
    assert "asks for parity" in bad(checks.header, MINI, status(parity="EVEN"), device=SERIAL0)


# -- RTS


RTS = replace(CONFIG, rs485=Rs485(direction="rts"))


@pytest.mark.parametrize(("told", "config"), [(status("CRTS"), CONFIG), (status(), RTS)])
def test_rts_has_to_come_out_on_the_header(told: dict[str, Any], config: HostConfig) -> None:
    assert "gpio=16-17=a3" in bad(checks.rts, PI4, told, config)
    assert "uart0-pi5,ctsrts" in bad(checks.rts, PI5, told, config)
    for line in ("gpio=16-17=a3", "gpio=17=a3", "dtoverlay=uart0-pi5,ctsrts"):
        good = replace(PI4, config_txt=(line,))
        assert bad(checks.rts, good, told, config) == ""
    assert bad(checks.rts, PI4, told, config, "/dev/ttyUSB0") == ""


# -- RS485


def test_a_way_that_does_not_act() -> None:
    assert "acts with flow RS485 only" in bad(checks.rs485, PI4, status(), RTS)


def test_a_way_that_was_not_to_be_had() -> None:
    told = {"way": "hardware", "why": "kernel: this driver has none", "trouble": True}
    assert "this driver has none" in bad(checks.rs485, PI4, status("RS485", rs485=told))


def test_a_machine_that_is_too_busy() -> None:
    told = {"way": "rts", "why": "x", "trouble": False, "release_us": {"p99": 4000}}
    (note,) = checks.rs485(PI4, RTS, AMA0, status("RS485", rs485=told))
    assert note.level is Level.NOTE
    assert "4000 us late" in note.words


# -- the rest


@pytest.mark.parametrize(
    ("state", "words"), [("absent", "none that we know"), ("denied", "refuses"), ("sim", "SIM")]
)
def test_the_modem(state: str, words: str) -> None:
    ppp = parse("", "F").config
    told = {**status(), "modem": {"state": state}}
    assert words in bad(checks.modem, PI4, told, ppp)


@pytest.mark.parametrize("state", ["absent", "denied", "sim"])
def test_what_the_daemon_knows_of_the_modem_is_said(state: str) -> None:
    told = {**status(), "modem": {"state": state, "problem": "it shows its CD-ROM only"}}
    assert "it shows its CD-ROM only -> " in bad(checks.modem, PI4, told, parse("", "F").config)


@pytest.mark.parametrize(
    ("bearer", "words"),
    [
        ({"kind": "host", "interface": ""}, "this machine has no way out -> ip route"),
        ({"kind": "host", "interface": "wlan0"}, "this machine has no way over wlan0"),
        (
            {"kind": "ppp", "last_error": "refused"},
            "no call through the modem: down, refused -> AT+APN",
        ),
        ({"kind": "ppp", "waits_for": "no SIM", "last_error": "old"}, ": down, no SIM -> "),
        ({"kind": "ppp"}, ": down -> "),
    ],
)
def test_no_way_to_the_network(bearer: dict[str, str], words: str) -> None:
    told = {**status(), "bearer": {"state": "down", **bearer}}
    assert words in bad(checks.network, PI4, told)


def test_a_call_that_is_being_made_is_nothing_bad() -> None:
    told = {**status(), "bearer": {"kind": "ppp", "state": "dialling", "last_error": ""}}
    assert bad(checks.network, PI4, told) == ""


def test_no_console_on_a_pseudo_terminal_or_where_nothing_is() -> None:
    assert checks.console(PI4, CONFIG, "pty:/tmp/module", None) == []
    assert checks.console(replace(PI4, serial0=""), CONFIG, SERIAL0, None) == []


def test_the_clock() -> None:
    assert "it is 1970 here" in bad(checks.clock, replace(PI4, year=1970))
    (note,) = checks.clock(replace(PI4, clock_synchronized=False), CONFIG, AMA0, None)
    assert note.level is Level.NOTE


def test_the_disk() -> None:
    assert "make room" in bad(checks.disk, replace(PI4, free_bytes=1_000_000))
    assert checks.disk(replace(PI4, free_bytes=None), CONFIG, AMA0, None) == []


def test_what_the_daemon_warns_of() -> None:
    (finding,) = checks.warnings({**status(), "warnings": ["on tmpfs"]})
    assert (finding.level, finding.words) == (Level.BAD, "on tmpfs")


@pytest.mark.parametrize(
    ("heard", "configured", "level"),
    [(True, False, Level.BAD), (False, True, Level.NOTE), (True, True, Level.GOOD),
     (False, False, Level.GOOD)],
)  # fmt: skip
def test_the_echo(heard: bool, configured: bool, level: Level) -> None:
    assert checks.echo({"heard": heard, "configured": configured}).level is level
