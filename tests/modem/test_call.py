"""The data call."""

import pytest

from usr7s3d.modem import call
from usr7s3d.modem.network import Context
from usr7s3d.modem.results import Final, Verdict


def test_the_context_from_at_apn() -> None:
    assert call.context("IP", "internet").text == 'AT+CGDCONT=1,"IP","internet"'


def test_a_context_that_is_there_is_not_written_again() -> None:
    there = (Context(1, "IP", "Internet"), Context(2, "IPV6", "ims"))
    assert call.is_set(there, "IP", "internet")
    assert not call.is_set(there, "IPV4V6", "internet")
    assert not call.is_set(there, "IPV6", "ims")
    assert not call.is_set((), "IP", "")


@pytest.mark.parametrize("verdict", [each for each in Verdict if not Final(each).ok])
def test_every_refusal_has_words(verdict: Verdict) -> None:
    assert len(call.refusal(Final(verdict)).split()) > 3


def test_a_numbered_error_tells_its_number() -> None:
    assert "+CME ERROR 30" in call.refusal(Final(Verdict.CME, 30, "no network service"))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('+CEER: "PDP activation rejected"', "PDP activation rejected"),
        ("+CEER: No cause information available", ""),
        ("+CEER: 0", ""),
    ],
)
def test_the_cause(line: str, words: str) -> None:
    assert call.cause((line,)) == words
    assert call.cause(()) == ""
