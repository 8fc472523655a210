"""The daemon's dialogue and codec with the simulated modem: two who were written apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.simulator.session import Session
from usr7s3d.modem import command, identity, network, store
from usr7s3d.modem.joiner import Joiner
from usr7s3d.modem.pdu import Deliver, StatusReport, decode
from usr7s3d.modem.results import Verdict
from usr7s3d.modem.submit import encode
from usr7s3d.modem.userdata import Alphabet
from usr7s3d.simulator.modem import manners

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=400)
GSM_TEXTS = st.text("abcdefg @£$Äöß{}[]~^\\|€\n", min_size=1, max_size=400)


def known(name: str) -> str:
    return (manners.KNOWN / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", ["", *manners.names()])
def test_each_make_is_understood(name: str) -> None:
    text = known(name) if name else ""
    session, words = Session(text), manners.parse(text).words
    session.begin()
    assert identity.imei(session.ask(command.IMEI).lines) == words["imei"]
    assert identity.imsi(session.ask(command.IMSI).lines) == words["imsi"]
    numbers = identity.numbers(session.ask(command.NUMBER).lines)
    assert numbers == (words["number"],)
    session.ask(command.order("AT+CREG=2"))
    found = network.registration(session.ask(command.query("+CREG?")).lines, "+CREG")
    assert found is not None
    assert (found.stat, found.area, found.cell is not None) == (1, int(place(words), 16), True)
    operator = network.operator(session.ask(command.OPERATOR).lines)
    assert operator is not None
    assert operator.name == words["operator"]
    signal = network.signal(session.ask(command.SIGNAL).lines)
    assert signal is not None
    assert signal.dbm == -71
    used = store.stores(session.ask(command.STORAGE).lines)
    assert used[0].name == words["stores"].split()[0]


def place(words: dict[str, str]) -> str:
    return words["place"].split(",")[0].strip('"')


@pytest.mark.parametrize("name", ["", *manners.names()])
def test_the_cards_number_of_each_make(name: str) -> None:
    session = Session(known(name) if name else "")
    session.begin()
    answers = map(session.ask, command.ICCID)
    found = next(filter(None, (identity.iccid(answer.lines) for answer in answers if answer.ok)))
    assert found.startswith("8949")


def received(session: Session) -> list[Deliver | StatusReport]:
    """Everything in the store, which is then empty."""
    found = []
    for kept in store.stored(session.ask(command.LIST_MESSAGES).lines):
        assert kept.index is not None
        assert session.ask(command.delete_message(kept.index)).ok
        message = decode(kept.pdu)
        assert isinstance(message, Deliver | StatusReport)
        found.append(message)
    return found


@given(TEXTS | GSM_TEXTS)
def test_whatever_somebody_writes_is_read(text: str) -> None:
    session, joiner, whole = Session(), Joiner(), []
    session.begin()
    session.bench.writes("+491701234567", text)
    session.wait(5)
    for part in received(session):
        assert isinstance(part, Deliver)
        assert str(part.sender) == "+491701234567"
        whole += joiner.add(part, 0)
    assert [joined.text for joined in whole] == [text]


@given(TEXTS | GSM_TEXTS)
def test_whatever_we_write_arrives(text: str) -> None:
    session = Session()
    session.begin()
    for part in encode("+491701234567", text, reference=7):
        assert session.ask(command.send_message(part.pdu, part.length)).ok
    sent = session.bench.modem.state.network.sent
    assert "".join(part.text for part in sent) == text
    assert {part.number for part in sent} == {"+491701234567"}
    if len(sent) > 1:
        assert [part.part for part in sent] == [(7, len(sent), at + 1) for at in range(len(sent))]


def test_data_flash_a_name_and_a_report() -> None:
    session = Session()
    session.begin()
    session.ask(command.order("AT+CNMI=2,1,0,2"))
    (data,) = encode("123*#", b"\x00\x1a\xff", alphabet=Alphabet.DATA, report=True)
    assert session.ask(command.send_message(data.pdu, data.length)).ok
    (sent,) = session.bench.modem.state.network.sent
    assert (sent.number, sent.alphabet, sent.text) == ("123*#", "8-bit", "001AFF")
    session.bench.does("flash Bank{1} hi")
    session.wait(1)
    report, flash = received(session)
    assert isinstance(report, StatusReport)
    assert str(report.receiver) == "123*#"
    assert isinstance(flash, Deliver)
    assert flash.body.message_class == 0
    assert [event.name for event in session.unasked] == ["+CDSI", "+CMTI"]


@pytest.mark.parametrize("noise", ["", "faults:\n  noise"])
def test_a_burst_into_a_store_of_twenty_comes_out_in_order(noise: str) -> None:
    session = Session(f"stores SM 20\n{noise}")
    session.begin()
    for number in range(45):
        session.bench.does(f"sms 123 {number}")
    texts: list[str] = []
    for _ in range(10):
        session.wait(5)
        texts += [message.text for message in received(session) if isinstance(message, Deliver)]
    assert texts == [str(number) for number in range(45)]


@pytest.mark.parametrize(
    ("rule", "verdict"),
    [
        ("silent", Verdict.SILENT),
        ("late", Verdict.SILENT),
        ("half", Verdict.SILENT),
        ("slow 3s", Verdict.OK),
        ("slow 30s", Verdict.SILENT),
        ("twice", Verdict.OK),
        ("noise", Verdict.OK),
        ("fault AT+CSQ ERROR", Verdict.ERROR),
        ("fault AT+CSQ +CME ERROR: SIM busy", Verdict.CME),
    ],
)
@pytest.mark.parametrize("name", ["sim7600", "huawei"])
def test_a_fault_costs_one_command(name: str, rule: str, verdict: Verdict) -> None:
    session = Session(known(name))
    session.begin()
    session.bench.does(f"{rule} x1")
    assert session.ask(command.SIGNAL).final.verdict is verdict
    session.wait(20)  # the slowest is still at it, and would cost another
    again = session.ask(command.query("+CREG?"))
    assert again.lines == ("+CREG: 0,1",)
    assert session.ask(command.SIGNAL).lines == ("+CSQ: 21,99",)


@pytest.mark.parametrize(
    "rule",
    [
        "fault AT+CMGS +CMS ERROR: 38",
        "fault AT+CMGS +CMS ERROR: 500",
        "no prompt",
        "no prompt +CMS ERROR: 500",
        "silent AT+CMGS",
        "half AT+CMGS",
    ],
)
def test_a_message_that_fails_leaves_no_prompt_behind(rule: str) -> None:
    session = Session()
    session.begin()
    (message,) = encode("123", "hello")
    session.bench.does(f"{rule} x1")
    assert not session.ask(command.send_message(message.pdu, message.length)).ok
    assert session.ask(command.SIGNAL).lines == ("+CSQ: 21,99",)
    assert session.ask(command.send_message(message.pdu, message.length)).ok
    assert all(message.text == "hello" for message in session.bench.modem.state.network.sent)
