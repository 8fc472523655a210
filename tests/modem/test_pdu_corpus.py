"""Real messages, and what others read in them."""

import pytest

from tests.modem.corpus import Case, cases
from usr7s3d.modem.octets import Octets, read_address, read_centre, read_time
from usr7s3d.modem.pdu import Deliver, PduError, StatusReport, Submit, decode
from usr7s3d.modem.userdata import join

# Inputs that contradict themselves: we refuse them, whoever wrote down a text for them.
CONTRADICT = {
    "07916163838408F6440B816105224431F7": "7 octets fewer than its length says",
    "0041010C910661345542F60008A0": "a length of 160 octets, with 10 there",
    "00440A81214365870900080211223344550C": "a time stamp of 6 octets",
}


def contradicts(case: Case) -> bool:
    first = case["input"] if isinstance(case["input"], str) else case["input"][0]
    return first.startswith(tuple(CONTRADICT))


def number(message: Deliver | Submit | StatusReport) -> str:
    return str(message.sender if isinstance(message, Deliver) else message.receiver)


def check(message: Deliver | Submit | StatusReport, expected: Case) -> None:
    if "number" in expected:
        assert number(message) == expected["number"]
    if "smsc" in expected:
        assert str(message.centre) == expected["smsc"]
    if "timestamp" in expected and not isinstance(message, Submit):
        assert message.time is not None
        stamp = message.time.isoformat().replace("+00:00", "Z")
        assert stamp.startswith(expected["timestamp"].replace("+00:00", "Z"))
    if isinstance(message, StatusReport):
        assert message.status == expected.get("status", message.status)
        assert message.reference == expected.get("reference", message.reference)
    elif concat := expected.get("concat"):
        place = message.body.concatenation
        assert place
        assert (place.reference, place.total) == (concat["ref"], concat["parts"])


def test_every_message_of_the_corpus() -> None:
    kinds = ("decode", "deliver_decode", "submit_decode", "status_report", "decode_multipart")
    for case in cases(*kinds, files="pdu_*.json"):
        if contradicts(case):
            with pytest.raises(PduError):
                decode(case["input"] if isinstance(case["input"], str) else case["input"][0])
            continue
        several = isinstance(case["input"], list)
        messages = [decode(text) for text in (case["input"] if several else [case["input"]])]
        for message in messages:
            check(message, case["expected"])
        if "text" in case["expected"]:
            bodies = [m.body for m in messages if not isinstance(m, StatusReport)]
            assert join(bodies) == case["expected"]["text"]


def test_every_address_and_time_of_the_corpus() -> None:
    for case in cases("address"):
        octets = Octets(bytes.fromhex(case["input"]))
        before = len(octets)
        assert str(read_address(octets)) == case["expected"]["number"]
        assert before - len(octets) == case["expected"]["octets"]
    for case in cases("smsc_address"):
        assert str(read_centre(Octets(bytes.fromhex(case["input"])))) == case["expected"]["number"]
    for case in cases("scts"):
        time = read_time(Octets(bytes.fromhex(case["input"])))
        assert time
        assert time.isoformat() == case["expected"]["timestamp"]


def test_every_malformed_message_of_the_corpus() -> None:
    for case in cases("malformed", files="pdu_*.json"):
        with pytest.raises(PduError):
            decode(case["input"])


def test_every_odd_message_of_the_corpus() -> None:
    for case in cases("decode_robust", files="pdu_*.json"):
        try:
            decode(case["input"])
        except PduError:
            continue
