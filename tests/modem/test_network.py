"""SIM, signal, registration, operator as modems write them (3GPP TS 27.007)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.modem.corpus import cases
from tests.modem.test_lines import lines
from usr7s3d.modem import network
from usr7s3d.modem.network import Context, Operator, Registration, Signal
from usr7s3d.modem.results import Final, Verdict, final

OK = Final(Verdict.OK)


@pytest.mark.parametrize(
    ("heard", "state"),
    [
        ("+CPIN: READY\r\n\r\nOK", "READY"),
        ("+CPIN: SIM PIN\r\n\r\nOK", "SIM PIN"),
        ('+CPIN:"SIM PUK2"\r\n\r\nOK', "SIM PUK2"),
        ("+CPIN: PH-NET PIN\r\nOK", "PH-NET PIN"),
        ("+CME ERROR: 10", "NOT INSERTED"),
        ("+CME ERROR: SIM not inserted", "NOT INSERTED"),
        ("+CME ERROR: SIM busy", "BUSY"),
        ("+CME ERROR: 15", "WRONG"),
        ("+CME ERROR: 16", None),  # a wrong PIN says nothing of what is asked for now
        ("+CMS ERROR: 310", "NOT INSERTED"),
        ("+CME ERROR: 100", None),
        ("ERROR", None),
        ("OK", None),
        ("+CPIN: \r\nOK", None),
    ],
)
def test_sim(heard: str, state: str | None) -> None:
    *answer, last = lines(heard.encode() + b"\r\n")
    assert network.sim(answer, final(last) or OK) == state


@pytest.mark.parametrize(
    ("line", "rssi", "ber", "dbm", "csq"),
    [
        ("+CSQ: 23,99", 23, 99, -67, 23),
        ("+CSQ:0,0", 0, 0, -113, 0),
        ("+CSQ: 31,7", 31, 7, -51, 31),
        ("+CSQ: 99,99", 99, 99, None, 99),
        ("+CSQ: 21", 21, 99, -71, 21),
        ("+CSQ: 11,91", 11, 91, -91, 11),  # a modem's own idea of an error rate
        ("+CSQ: 145,99", 145, 99, -71, 21),
        ("+CSQ: 100,99", 100, 99, -116, 0),
        ("+CSQ: 191,99", 191, 99, -25, 31),
        ("+CSQ: 199,99", 199, 99, None, 99),
    ],
)
def test_signal(line: str, rssi: int, ber: int, dbm: int | None, csq: int) -> None:
    found = network.signal([line])
    assert found == Signal(rssi, ber)
    assert (found.dbm, found.csq) == (dbm, csq)


@pytest.mark.parametrize(
    "line", ["+CSQ: (0-31,99),(0-7,99)", "+CSQ: 32,0", "+CSQ:", "+CSQ: -1,0", ""]
)
def test_no_signal(line: str) -> None:
    assert network.signal([line]) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("+CREG: 0,1", Registration(1)),
        ("+CREG: 1", Registration(1)),
        ("+CREG: 11", Registration(11)),
        ('+CREG: 2,5,"0502","0404736D"', Registration(5, 0x502, 0x404736D)),
        ('+CREG: 5,"0502","0404736D"', Registration(5, 0x502, 0x404736D)),
        ('+CREG: 5,"0502","0404736D",7', Registration(5, 0x502, 0x404736D, 7)),
        ("+CREG: 2,1,00A5,00D3,2", Registration(1, 0xA5, 0xD3, 2)),
        ("+CREG: 2,,", Registration(2)),
        ('+CREG: 2,1,"","605F"', Registration(1, None, 0x605F)),
        ("+CREG: 1, 1F00, 20 ,79D903 ,7", Registration(1, 0x1F00, 0x79D903, 7)),
        ('+CREG: 2,1,"5E25', None),  # cut: what the rest was, nobody knows
        ("+CREG: 12", None),
        ("+CREG: ", None),
        ("+CREG: x,1,y", Registration(1)),
        ("+CREG: ROAM", None),
    ],
)
def test_registration(line: str, expected: Registration | None) -> None:
    assert network.registration([line], "+CREG") == expected


def test_registration_is_the_line_before_the_ok() -> None:
    answer = ["+CREG: 2", "+CGREG: 0,3", "+CREG: 0,1"]
    assert network.registration(answer, "+CREG") == Registration(1)


def test_what_a_stat_means() -> None:
    meanings = [Registration(stat) for stat in range(12)]
    assert [m.stat for m in meanings if m.registered] == [1, 5, 9, 10]
    assert [m.stat for m in meanings if m.roaming] == [5, 7, 10]
    assert [m.stat for m in meanings if m.denied] == [3]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ('+COPS: 0,0,"Mint",7', Operator(0, 0, "Mint", 7)),
        ('+COPS: 0,0,"I OMNITEL"', Operator(0, 0, "I OMNITEL")),
        ('+COPS: 1,2,"46000",7', Operator(1, 2, "46000", 7)),
        ("+COPS: 0,2,26201", Operator(0, 2, "26201")),
        ("+COPS: 0", Operator(0)),
        ('+COPS: 0,0,"a, b"', Operator(0, 0, "a, b")),
        ('+COPS: 0,0,"003300310031003400380030",2', Operator(0, 0, "311480", 2)),
        ('+COPS: 0,0,"cut', None),
    ],
)
def test_operator(line: str, expected: Operator | None) -> None:
    assert network.operator([line]) == expected


def test_attached() -> None:
    assert network.attached(["+CGATT:1"]) is True
    assert network.attached(["+CGATT: 0"]) is False
    assert network.attached(["+CGATT: (0,1)"]) is None


@given(st.lists(st.text() | st.from_regex(r"\+C(REG|SQ|OPS|PIN|ESQ|GATT|GDCONT): ?[0-9\",A ]*")))
def test_any_lines(anything: list[str]) -> None:
    network.sim(anything, OK)
    network.signal(anything)
    network.signal_extended(anything)
    network.registration(anything, "+CREG")
    network.operator(anything)
    network.attached(anything)
    network.contexts(anything)


STATS = ["idle", "home", "searching", "denied", "unknown", "roaming"]
STATS += ["home_sms_only", "roaming_sms_only", "emergency_only"]
STATS += ["home_csfb_not_preferred", "roaming_csfb_not_preferred", "attached_rlos"]
TECHNOLOGIES = {"gsm": 0, "umts": 2, "edge": 3, "lte": 7, "5gnr": 11, "unknown": None}


def test_every_registration_of_the_corpus() -> None:
    for case in cases("creg"):
        expected = case["expected"]
        found = network.registration(lines(case["input"].encode() + b"\r"), expected["command"])
        assert found, case["input"]
        assert found.stat == STATS.index(expected["stat"]), case["input"]
        assert (found.area or 0, found.cell or 0) == (expected["lac"], expected["ci"]), case[
            "input"
        ]
        assert found.technology == TECHNOLOGIES[expected["act"]], case["input"]


def test_every_answer_about_registration_of_the_corpus() -> None:
    for case in cases("creg_reply", "creg_corner"):
        found = network.registration(lines(case["input"].encode()), "+CREG")
        expected = case["expected"]
        if "stat" in expected:
            assert found
            assert found.stat == expected["stat"]
            assert (found.area, found.cell) == (expected.get("lac"), expected.get("ci"))
        elif "error_or_unknown" in expected:
            assert found is None


def test_every_signal_of_the_corpus() -> None:
    for case in cases("csq", "seen_csq"):
        found = network.signal([case["input"]])
        assert found
        assert found.rssi == case["expected"].get("rssi", found.rssi)
        assert found.dbm == case["expected"].get("dbm", found.dbm)


def test_every_extended_signal_of_the_corpus() -> None:
    for case in cases("cesq"):
        expected = case["expected"]
        level = expected["rsrp"] if expected["lte_info"] else expected["rssi"]
        assert network.signal_extended([case["input"]]) == level


def test_every_operator_of_the_corpus() -> None:
    for case in cases("cops_read"):
        found = network.operator([case["input"]])
        expected = case["expected"]
        assert found
        assert (found.mode, found.format) == (expected["mode"], expected["format"])
        assert found.name == expected["operator"]
        assert found.technology == TECHNOLOGIES[expected["act"]]
    for case in cases("operator_name"):
        found = network.operator([f'+COPS: 0,0,"{case["input"]}"'])
        assert found
        assert found.name == case["expected"]["name"]


def test_every_scan_of_the_corpus() -> None:
    """But for names in the GSM alphabet: we leave the modem its own (AT+CSCS)."""
    statuses = ["unknown", "available", "current", "forbidden"]
    for case in cases("cops_test"):
        found = network.networks([case["input"]])
        expected = case["expected"]["networks"]
        for ours, theirs in zip(found, expected, strict=True):
            assert ours.status == statuses.index(theirs["status"])
            assert ours.number == theirs["operator_code"]
            technology = 11 if ours.technology == 12 else ours.technology  # both are 5G
            assert technology in (TECHNOLOGIES[theirs["access_tech"]], None)
            if "@" not in case["input"] and case["charset"] != "UCS2":
                assert ours.long_name == (theirs["operator_long"] or "")
                assert ours.short_name == (theirs["operator_short"] or "")


def test_every_sim_state_of_the_corpus() -> None:
    for case in cases("cpin"):
        if case["input"].startswith("+CPIN"):
            state = network.sim([case["input"]], OK)
            assert state
            assert state.lower().replace(" ", "_").replace("-", "_") == case["expected"]["lock"]
        elif result := final(case["input"]):
            assert network.sim([], result) is None


def test_every_context_of_the_corpus() -> None:
    kinds = {"ipv4": "IP", "ipv6": "IPV6", "ipv4v6": "IPV4V6"}
    for case in cases("cgdcont_read"):
        found = network.contexts(lines(case["input"].encode() + b"\r"))
        assert list(found) == [
            Context(each["cid"], kinds[each["pdp_type"]], each["apn"] or "")
            for each in case["expected"]["contexts"]
        ]
