"""Who the modem and its SIM are, in the forms that modems write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.modem.corpus import cases
from tests.modem.test_lines import lines
from usr7s3d.modem import identity
from usr7s3d.modem.results import final


@pytest.mark.parametrize(
    "line",
    [
        "356936001568843",
        "+CGSN: 356936001568843",
        '"356936001568843"',
        "356936001568843,NL2A62Z0N5",
    ],
)
def test_imei(line: str) -> None:
    assert identity.imei([line]) == "356936001568843"


@pytest.mark.parametrize("line", ["", "0x6744775", "35693600156884", "3569360015688431", "ERROR"])
def test_no_imei(line: str) -> None:
    assert identity.imei([line]) is None


def test_imsi() -> None:
    assert identity.imsi(["262011234567890"]) == "262011234567890"
    assert identity.imsi(["+CIMI: 262011234567890"]) == "262011234567890"
    assert identity.imsi(["26201"]) is None


@pytest.mark.parametrize(
    "line",
    [
        "+CCID: 8944200053671052499",
        '+ICCID: "8944200053671052499F"',
        "^ICCID: 8944200053671052499F",
        "%CCID: 8944200053671052499",
        "+QCCID:8944200053671052499",
        "8944200053671052499f",
        "984402003576012594F9",
    ],
)
def test_iccid(line: str) -> None:
    assert identity.iccid(["+CCID: x", line]) == "8944200053671052499"


@pytest.mark.parametrize(
    "line", ["", "0044200053671052499", "98231420326pl9614067", "89442", "FF" * 10]
)
def test_no_iccid(line: str) -> None:
    assert identity.iccid([line]) is None


def test_numbers() -> None:
    assert identity.numbers(['+CNUM: "a, b","+49151",145', '+CNUM: ,"123",129,,4']) == (
        "+49151",
        "123",
    )
    assert identity.numbers(['+CNUM: "",""', "+CNUM: 1", '+CNUM: "x","002B00340039",145']) == (
        "+49",
    )


def test_words() -> None:
    assert identity.words([" WAVECOM MODEM"]) == "WAVECOM MODEM"
    assert identity.words(['+CGMM: "SIM7600"']) == "SIM7600"
    assert identity.words([]) == ""


@given(st.lists(st.text()))
def test_any_lines(anything: list[str]) -> None:
    for read in (identity.imei, identity.imsi, identity.iccid, identity.service_centre):
        assert (read(anything) or "0").strip("+").isalnum()
    identity.numbers(anything)
    identity.words(anything)


def test_every_imei_of_the_corpus() -> None:
    for case in cases("cgsn"):
        assert identity.imei(lines(case["input"].encode() + b"\r")) == case["expected"]["imei"]


def test_every_iccid_of_the_corpus() -> None:
    for case in cases("iccid"):
        assert identity.iccid([case["input"]]) == case["expected"].get("iccid")


def test_every_number_of_the_corpus() -> None:
    for case in cases("cnum"):
        found = identity.numbers(lines(case["input"].encode() + b"\r"))
        assert list(found) == case["expected"]["numbers"]


def test_every_model_and_service_centre_of_the_corpus() -> None:
    for case in cases("cgmm", "csca"):
        answer = [
            line
            for line in lines(case["input"].encode())
            if not final(line) and not line.startswith("AT")
        ]
        if "model" in case["expected"]:
            assert identity.words(answer) == case["expected"]["model"]
        if "smsc" in case["expected"]:
            assert identity.service_centre(answer) == case["expected"]["smsc"]
