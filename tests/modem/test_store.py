"""Messages in the modem's store (3GPP TS 27.005)."""

from hypothesis import given
from hypothesis import strategies as st

from tests.modem.corpus import cases
from tests.modem.test_lines import lines
from usr7s3d.modem import store
from usr7s3d.modem.store import Store, Stored

PDU = "07914306073011F00405812261F70000"


def test_a_list() -> None:
    answer = ["+CMGL: 0,1,,147", PDU, "+CMGL: 17,3,35", PDU, '+CMGL: 4,0,"Anna",20', PDU]
    assert store.stored(answer) == (Stored(0, 1, PDU), Stored(17, 3, PDU), Stored(4, 0, PDU))


def test_a_header_without_a_pdu_is_none() -> None:
    answer = ["+CMGL: 0,1,,147", "+CMGL: 1,1,,147", PDU, PDU, "+CMGL: x,1,,147", PDU]
    assert store.stored(answer) == (Stored(1, 1, PDU),)


def test_a_message_alone() -> None:
    assert store.stored(["+CMGR: 1,,147", PDU]) == (Stored(None, 1, PDU),)
    assert store.stored([f"+CMGR: 1,,147 {PDU}"]) == (Stored(None, 1, PDU),)
    assert store.stored(["+CMGR: 0,,0"]) == ()


def test_where_a_new_message_is() -> None:
    assert store.new_message('+CMTI: "SM",4') == ("SM", 4)
    assert store.new_message('+CDSI: "SR", 12') == ("SR", 12)
    assert store.new_message("+CMTI: x") is None


def test_the_reference_of_a_message_that_went() -> None:
    assert store.sent_reference(["+CMGS: 12"]) == 12
    assert store.sent_reference(['+CMGS: 200,"26/11/22"']) == 200
    assert store.sent_reference([]) is None


def test_how_full_the_stores_are() -> None:
    assert store.stores(['+CPMS: "SM",20,20,"SM",20,20,"ME",0,255']) == (
        Store("SM", 20, 20), Store("SM", 20, 20), Store("ME", 0, 255),
    )  # fmt: skip
    assert store.stores(["+CPMS: 14,50,14,50"]) == (Store("", 14, 50), Store("", 14, 50))
    assert store.stores(["+CPMS: ", "+CPMS: x,y"]) == ()


@given(st.lists(st.text() | st.from_regex(r'\+C(MGL|MGR|PMS|MTI|MGS): ?[0-9",()A]*')))
def test_any_lines(anything: list[str]) -> None:
    store.stored(anything)
    store.stores(anything)
    store.store_names(anything)
    store.sent_reference(anything)
    for line in anything:
        store.new_message(line)


def test_every_list_of_the_corpus() -> None:
    for case in cases("cmgl_pdu", "cmgr_pdu"):
        found = store.stored(lines(case["input"].encode() + b"\r"))
        expected = case["expected"].get("messages", [case["expected"]])
        assert [(m.index, m.status, m.pdu) for m in found] == [
            (each.get("index"), each["status"], each["pdu"]) for each in expected
        ]


def test_every_store_of_the_corpus() -> None:
    for case in cases("cpms_test"):
        names = store.store_names(lines(case["input"].encode() + b"\r"))
        for at, key in enumerate(("mem1", "mem2", "mem3")):
            if key in case["expected"]:
                assert list(names[at] if at < len(names) else ()) == case["expected"][key]
    for case in cases("cpms_read"):
        found = store.stores([case["input"]])
        for at, key in enumerate(("mem1", "mem2")):
            assert case["expected"][key] in (found[at].name, "UNKNOWN")


def test_every_new_message_of_the_corpus() -> None:
    for case in cases("seen_cdsi"):
        assert store.new_message(case["input"]) == (
            case["expected"]["mem"],
            case["expected"]["index"],
        )
