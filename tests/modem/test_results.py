"""What ends an answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.modem.corpus import cases
from tests.modem.test_lines import lines
from usr7s3d.modem.errors import cme_code, cms_code
from usr7s3d.modem.results import Final, Verdict, final


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("OK", Final(Verdict.OK)),
        ("ERROR", Final(Verdict.ERROR)),
        ("NO CARRIER", Final(Verdict.NO_CARRIER)),
        ("NO DIALTONE", Final(Verdict.NO_DIALTONE)),
        ("NO DIAL TONE", Final(Verdict.NO_DIALTONE)),
        ("NO ANSWER", Final(Verdict.NO_ANSWER)),
        ("BUSY", Final(Verdict.BUSY)),
        ("CONNECT", Final(Verdict.CONNECT)),
        ("CONNECT 150000000", Final(Verdict.CONNECT)),
        ("+CME ERROR: 10", Final(Verdict.CME, 10, "SIM not inserted")),
        ("+CME ERROR:58", Final(Verdict.CME, 58, "Language or alphabet not supported")),
        ("+CME ERROR: SIM not inserted", Final(Verdict.CME, 10, "SIM not inserted")),
        ("+CME ERROR: sim NOT-inserted", Final(Verdict.CME, 10, "sim NOT-inserted")),
        ("+CME ERROR: no network service", Final(Verdict.CME, 30, "no network service")),
        ("+CME ERROR: raspberry", Final(Verdict.CME, None, "raspberry")),
        ("+CME ERROR: 4711", Final(Verdict.CME, 4711)),
        ("+CME ERROR:", Final(Verdict.CME)),
        ("+CMS ERROR: 38", Final(Verdict.CMS, 38, "Network out of order")),
        ("+CMS ERROR: 500", Final(Verdict.CMS, 500, "Unknown error")),
        ("+CMS ERROR: no network", Final(Verdict.CMS, 331, "no network")),
    ],
)
def test_final_results(line: str, expected: Final) -> None:
    assert final(line) == expected


@pytest.mark.parametrize(
    "line", ["", "OKAY", "ok", "+CSQ: 1,2", "UNKNOWN COMMAND", "CONNECTED", "MODEM ERROR:", "RING"]
)
def test_what_ends_nothing(line: str) -> None:
    assert final(line) is None


def test_how_they_read_in_a_log() -> None:
    assert str(final("+CMS ERROR: 38")) == "+CMS ERROR 38 (Network out of order)"
    assert str(final("ERROR")) == "ERROR"


@given(st.text())
def test_any_line(line: str) -> None:
    result = final(line)
    assert result is None or result.verdict is not Verdict.SILENT


def test_every_final_result_of_the_corpus() -> None:
    for case in cases("final_result"):
        found = [result for line in lines(case["input"].encode()) if (result := final(line))]
        assert bool(found) is case["expected"]["final"]
        assert any(not result.ok for result in found) is case["expected"]["error"]


def test_every_error_of_the_corpus() -> None:
    for case in cases("cme_numeric", "cme_verbose", "cms_numeric", "seen_cms", "seen_cme"):
        (line,) = lines(case["input"].encode() + b"\r")
        result = final(line)
        assert result
        assert result.verdict in (Verdict.CME, Verdict.CMS)
        assert result.code == case["expected"]["code"], line


def test_every_error_in_words_of_the_corpus() -> None:
    for case in cases("cme_squashed", "cms_squashed"):
        code = cms_code if case["expected"]["family"] == "CMS" else cme_code
        assert code(case["input"]) == case["expected"]["code"]
