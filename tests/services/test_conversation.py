"""Whoever asks gets the answer to his own command, on the virtual clock."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.services.fake_modem import FakeModem, ok
from tests.services.parts import settle
from usr7s3d.modem.command import ATTENTION, dial, query, send_message
from usr7s3d.modem.dialogue import Answer, Unsolicited
from usr7s3d.modem.results import Verdict
from usr7s3d.services.mobile.conversation import MOST_WAITING, Conversation, ModemGone, conversation

CSQ, CREG = query("+CSQ"), query("+CREG?")
SMS = send_message("0011", 17)


@pytest.fixture
def modem() -> FakeModem:
    modem = FakeModem()
    modem.answers = {
        "AT+CSQ": ok("+CSQ: 23,99"),
        "AT+CREG?": ok("+CREG: 0,1"),
        "AT+CMGS=17": b"\r\n> ",
        "0011": ok("+CMGS: 4"),
    }
    return modem


@asynccontextmanager
async def talking(modem: FakeModem) -> AsyncIterator[Conversation]:
    """One whose line is clean."""
    async with conversation("/dev/ttyUSB2", modem.open) as talk:
        await talk.ask(ATTENTION)
        modem.heard.clear()
        yield talk


async def test_each_gets_its_own_answer_first_come_first_served(modem: FakeModem) -> None:
    modem.delay = 1.0
    async with talking(modem) as talk:
        answers = await asyncio.gather(*(talk.ask(each) for each in (CSQ, CREG, SMS, CSQ)))
    assert [answer.lines for answer in answers] == [
        ("+CSQ: 23,99",), ("+CREG: 0,1",), ("+CMGS: 4",), ("+CSQ: 23,99",),
    ]  # fmt: skip
    assert modem.heard == ["AT+CSQ", "AT+CREG?", "AT+CMGS=17", "0011", "AT+CSQ"]


async def test_what_comes_unasked_goes_to_every_listener(modem: FakeModem) -> None:
    first: list[Unsolicited] = []
    second: list[Unsolicited] = []
    async with talking(modem) as talk:
        talk.listen(first.append)
        talk.listen(second.append)
        modem.says('+CMTI: "SM",3', "RING")
        assert [said.name for said in first] == ["+CMTI", "RING"]
        assert first == second


async def test_a_modem_that_answers_nothing_is_silent_and_answers_again(modem: FakeModem) -> None:
    async with talking(modem) as talk:
        modem.dumb = True
        assert (await talk.ask(CSQ)).final.verdict is Verdict.SILENT
        assert (await talk.ask(CSQ)).final.verdict is Verdict.SILENT
        modem.dumb = False
        assert (await talk.ask(CSQ)).lines == ("+CSQ: 23,99",)


async def test_a_modem_that_answers_twice(modem: FakeModem) -> None:
    async with talking(modem) as talk:
        modem.answers["AT+CSQ"] = ok("+CSQ: 23,99") * 2
        for _ in range(3):
            assert (await talk.ask(CSQ)).lines == ("+CSQ: 23,99",)
            assert (await talk.ask(CREG)).lines == ("+CREG: 0,1",)


async def test_a_late_answer_is_not_taken_for_the_next_ones(modem: FakeModem) -> None:
    """Later than the command's time-out."""
    async with talking(modem) as talk:
        modem.delay = CSQ.timeout + 1
        assert (await talk.ask(CSQ)).final.verdict is Verdict.SILENT
        modem.delay = 0.0
        assert (await talk.ask(CREG)).lines == ("+CREG: 0,1",)


async def test_who_gives_up_leaves_its_answer_to_nobody(modem: FakeModem) -> None:
    async with talking(modem) as talk:
        modem.delay = 1.5
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(talk.ask(CSQ), 1)
        assert (await talk.ask(CREG)).lines == ("+CREG: 0,1",)


async def test_who_gives_up_in_a_prompt_leaves_it_by_esc(modem: FakeModem) -> None:
    async with talking(modem) as talk:
        modem.answers["AT+CMGS=17"] = b""
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(talk.ask(SMS), 1)
        assert modem.port.written.endswith(b"\x1bAT\r")
        assert (await talk.ask(CREG)).lines == ("+CREG: 0,1",)


async def test_who_gives_up_before_its_turn_is_never_asked(modem: FakeModem) -> None:
    modem.delay = 5.0
    async with talking(modem) as talk:
        first = asyncio.create_task(talk.ask(CSQ))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(talk.ask(CREG), 1)
        assert (await first).ok
    assert modem.heard == ["AT+CSQ"]


async def test_stopping_in_a_prompt_writes_esc(modem: FakeModem) -> None:
    modem.answers["AT+CMGS=17"] = b""
    async with talking(modem) as talk:
        asking = asyncio.create_task(talk.ask(SMS))
        await settle()
    with pytest.raises(ModemGone):
        await asking
    assert modem.port.last_words == b"\x1b"


async def test_stopping_elsewhere_writes_nothing(modem: FakeModem) -> None:
    async with talking(modem):
        pass
    assert modem.port.last_words == b""


async def test_unplugged_in_the_middle_of_a_prompt_every_asker_is_told(modem: FakeModem) -> None:
    lost: list[bool] = []
    modem.answers = dict.fromkeys(("AT+CSQ", "AT+CMGS=17"), b"")
    talk = Conversation("/dev/ttyUSB2", lambda: lost.append(True))
    await talk.open(modem.open)
    asking = [asyncio.create_task(talk.ask(each)) for each in (ATTENTION, SMS, CSQ)]
    await asyncio.sleep(1)
    modem.unplug(OSError(71, "Protocol error"))
    told = await asyncio.gather(*asking, return_exceptions=True)
    assert isinstance(told[0], Answer)
    assert [str(error) for error in told[1:]] == ["[Errno 71] Protocol error"] * 2
    with pytest.raises(ModemGone, match="Protocol error"):
        await talk.ask(CSQ)
    assert lost == [True]
    await talk.close()


async def test_no_more_than_32_wait(modem: FakeModem) -> None:
    modem.delay = 1.0
    async with talking(modem) as talk:
        asking = [asyncio.create_task(talk.ask(CSQ)) for _ in range(MOST_WAITING)]
        await settle()
        with pytest.raises(OSError, match="too many commands wait"):
            await talk.ask(CREG)
        await asyncio.gather(*asking)
        assert (await talk.ask(CREG)).ok


async def test_a_port_that_is_not_open(modem: FakeModem) -> None:
    talk = Conversation("/dev/ttyUSB2")
    with pytest.raises(ModemGone):
        await talk.ask(CSQ)
    modem.unplug()
    with pytest.raises(FileNotFoundError):
        await talk.open(modem.open)
    await talk.close()


async def test_a_call_takes_the_port_and_its_first_data_with_it(modem: FakeModem) -> None:
    modem.answers["ATD*99#"] = b"\r\nCONNECT 150000000\r\n~\xff\x03"
    async with talking(modem) as talk:
        assert (await talk.ask(dial())).ok
        assert talk.hand_over() == (99, b"~\xff\x03")
        with pytest.raises(ModemGone, match="carries a call"):
            await talk.ask(CSQ)


async def test_no_time_passes_while_nobody_asks(modem: FakeModem) -> None:
    """A modem that is left alone costs nothing: the clock has no timer to jump to."""
    async with talking(modem):
        await asyncio.sleep(10)
        before = modem.port.written
        await asyncio.sleep(3600)
        assert modem.port.written == before
