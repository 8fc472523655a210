"""The status as a person reads it."""

from typing import Any

import pytest

from usr7s3d.ctl import view

LINK = {
    "state": "connected",
    "peer": "10.0.0.5:9000",
    "rx_bytes": 12,
    "tx_bytes": 3400,
    "cached_bytes": 0,
    "dropped_bytes": 0,
    "resent_packets": 0,
    "last_error": "",
}
OFF = {**LINK, "state": "off"}


def answer(link: dict[str, Any], door: str = "open") -> dict[str, Any]:
    return {
        "version": "1.0",
        "mode": "NET",
        "uptime_s": 93784.2,
        "uart": {
            "device": "/dev/ttyAMA0",
            "state": "open",
            "settings": '115200,"NONE",8,1,"NONE"',
            "rx_bytes": 3400,
            "tx_bytes": 12,
            "rs485": None,
        },
        "links": {"a": link, "b": OFF},
        "doors": {"a": door},
        "http": {"state": "off"},
        "sms": {"state": "off"},
        "bearer": {"kind": "host", "state": "up", "interface": "wlan0", "address": "10.0.0.7"},
        "modem": {"state": "none"},
        "warnings": [],
    }


MODEM = {
    "state": "registered",
    "model": "SIMCOM_SIM7600E",
    "operator": "Vodafone.de",
    "technology": "LTE",
    "roaming": True,
    "rssi_dbm": -67,
    "ports": {"at": "/dev/ttyUSB2", "data": "/dev/ttyUSB3"},
    "problem": "",
}


def test_modem() -> None:
    shown = view.status({**answer(LINK), "modem": MODEM})
    assert shown.splitlines()[-1] == (
        "modem registered  Vodafone.de LTE  roaming  -67 dBm  SIMCOM_SIM7600E  /dev/ttyUSB2"
    )


PPP = {"kind": "ppp", "state": "up", "interface": "ppp0", "address": "10.64.64.65"}


def test_the_way_through_the_modem() -> None:
    def net(**changes: str) -> str:
        shown = view.status({**answer(LINK), "bearer": {**PPP, **changes}})
        return next(line for line in shown.splitlines() if line.startswith("net"))

    assert net() == "net   up          ppp0  10.64.64.65"
    nowhere = {"interface": "", "address": ""}
    assert net(state="down", last_error="the modem hung up", **nowhere) == (
        "net   down        the modem hung up"
    )
    waits = "another network than the SIM's own, and [modem] roaming = false"
    assert net(state="waiting", waits_for=waits, last_error="x", **nowhere).endswith(waits)


def test_a_modem_that_no_step_brings_back() -> None:
    recovery = {"climbs": 2, "taken": {"cfun": 2}, "last": "cfun: the modem does not answer (x)"}
    shown = view.status({**answer(LINK), "modem": {**MODEM, "recovery": recovery}})
    assert shown.splitlines()[-1].endswith("the last: cfun: the modem does not answer (x)")


def test_modem_in_trouble() -> None:
    nothing = {"operator": "", "technology": "", "roaming": False, "rssi_dbm": None, "model": ""}
    ports = {"at": "", "data": ""}
    absent = {**MODEM, **nothing, "ports": ports, "state": "absent", "problem": "shows its CD-ROM"}
    assert view.status({**answer(LINK), "modem": absent}).splitlines()[-2:] == [
        "modem absent",
        "! modem: shows its CD-ROM",
    ]


def test_status() -> None:
    assert view.status(answer(LINK)).splitlines() == [
        "usr7s3d 1.0, mode NET, up 1 d 2 h",
        'UART  open        /dev/ttyAMA0  115200,"NONE",8,1,"NONE"  rx 3.4 kB, tx 12 B',
        "A     connected   10.0.0.5:9000  rx 12 B, tx 3.4 kB",
        "B     off",
        "net   up          wlan0  10.0.0.7",
    ]


def test_what_needs_attention_stands_at_the_end() -> None:
    warned = {**answer(LINK), "warnings": ["/var/lib is on tmpfs"]}
    assert view.status(warned).splitlines()[-1] == "! /var/lib is on tmpfs"


def test_link_in_trouble() -> None:
    down = {
        **LINK,
        "state": "waiting",
        "cached_bytes": 4000,
        "dropped_bytes": 123456,
        "resent_packets": 2,
        "last_error": "Connection refused",
    }
    assert view.status(answer(down)).splitlines()[2] == (
        "A     waiting     10.0.0.5:9000  rx 12 B, tx 3.4 kB"
        "  4.0 kB wait  2 packets sent again  123.5 kB dropped  Connection refused"
    )


HTTP = {
    "state": "idle",
    "server": "www.usr.cn",
    "requests": 7,
    "answers": 7,
    "failures": 0,
    "dropped_packets": 0,
    "rx_bytes": 19,
    "tx_bytes": 1200,
    "waiting_packets": 0,
    "last_error": "",
}


def test_httpd_mode() -> None:
    shown = view.status({**answer(OFF), "http": HTTP}).splitlines()[4]
    assert shown == "HTTP  idle        www.usr.cn  rx 19 B, tx 1.2 kB  7 of 7 requests answered"
    trouble = {"answers": 5, "dropped_packets": 2, "last_error": "Connection refused"}
    shown = view.status({**answer(OFF), "http": {**HTTP, **trouble}}).splitlines()[4]
    assert shown.endswith("5 of 7 requests answered  2 packets dropped  Connection refused")


SMS = {
    "state": "on",
    "store": {"name": "SM", "used": 2, "total": 20},
    "received": 12,
    "sent": 3,
    **dict.fromkeys(("failed", "dropped", "waiting", "unreadable", "guesses"), 0),
    "refused": 1,
    "inbox": 4,
}


def test_sms() -> None:
    shown = view.status({**answer(OFF), "sms": SMS})
    assert "SMS   on          store SM 2/20  12 received, 3 sent, 1 refused, 4 kept" in shown


def test_door_that_is_locked() -> None:
    assert view.status(answer(LINK, "locked")).endswith("\nA: too many wrong passwords")
    assert view.status(answer(LINK, "shut")) == view.status(answer(LINK)), "as it usually is"


def test_differences() -> None:
    values = [["60", ["running"]], ["30000", ["saved", "factory"]]]
    assert view.differences({"differences": [["HEARTTM", values]]}).splitlines() == [
        "AT+HEARTTM",
        "    60     running",
        "    30000  saved, factory",
    ]
    assert view.differences({"differences": []}) == "no set differs from another"


def test_differences_command_no_terminal() -> None:
    values = [['"\x9b2Jcaf\xe9\x85"', ["running"]], ['""', ["factory"]]]
    shown = view.differences({"differences": [["STMSG", values]]})
    assert shown.splitlines()[1] == '    "[9B]2Jcaf\xe9[85]"  running'


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (12_345_678, "12.3 MB"), (5e15, "5000.0 TB")],
)
def test_size(count: float, text: str) -> None:
    assert view.size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0 s"), (59.9, "59 s"), (61, "1 min 1 s"), (3660, "1 h 1 min"), (90000, "1 d 1 h")],
)
def test_duration(seconds: float, text: str) -> None:
    assert view.duration(seconds) == text


def test_who_switches_the_rs485_line_and_how_late() -> None:
    told = answer(LINK)
    late = {"p50": 70, "p99": 110, "p99.9": 400}
    told["uart"]["rs485"] = {"way": "gpio", "why": "line 4 of the header", "release_us": late}
    line = view.status(told).splitlines()[2]
    words = "listens again 70 us late, 110 us in 1 of 100"
    assert line == f"RS485 gpio        line 4 of the header  {words}"
    told["uart"]["rs485"] = {"way": "hardware", "why": "as configured"}
    assert view.status(told).splitlines()[2] == "RS485 hardware    as configured"
