"""The modem comes back from whatever happens to it, on the virtual clock."""

import asyncio
import errno
import logging

import pytest

from tests.services.fake_modem import ok
from tests.services.modem_parts import AT, DATA, Bench, until
from tests.services.parts import running, settle
from usr7s3d.core.liveness import Liveness
from usr7s3d.devices.usb import Plugged
from usr7s3d.hostconfig import HostConfig
from usr7s3d.hostconfig.model import Bearer
from usr7s3d.hostconfig.model import Modem as Config
from usr7s3d.modem.command import dial, query, send_message
from usr7s3d.modem.ports import Unusable, UsbDevice
from usr7s3d.modem.results import Verdict
from usr7s3d.services.mobile.conversation import ModemGone
from usr7s3d.services.mobile.modem import MOST_SILENT

CSQ = query("+CSQ")
SMS = send_message("0011", 17)


@pytest.fixture(autouse=True)
def _log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


async def ready(bench: Bench, within: float = 120.0) -> None:
    async with asyncio.timeout(within):
        await bench.modem.ready.wait()
        await until(lambda: bench.modem.state == "registered")


async def works(bench: Bench, within: float = 120.0) -> None:
    """It is in working order, without help."""
    await ready(bench, within)
    answer = await bench.modem.ask(CSQ)
    assert answer.lines == ("+CSQ: 23,99",)


# Ways to lose it.


async def test_it_is_opened_set_up_and_watched() -> None:
    bench = Bench()
    async with running(bench.modem):
        await ready(bench)
    assert bench.fake.opened == [AT]
    heard = bench.fake.heard
    assert heard.index("ATE0") < heard.index("AT+CMEE=1") < heard.index("AT+CMGF=0")
    assert (bench.modem.seen.at_port, bench.modem.seen.data_port) == (AT, DATA)
    assert bench.modem.seen.usb == "1-1.2"


async def test_unplugged_and_plugged_in_again(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    async with running(bench.modem):
        await ready(bench)
        bench.unplug()
        await settle()
        assert bench.modem.state == "absent"
        assert not bench.modem.ready.is_set()
        with pytest.raises(ModemGone):
            await bench.modem.ask(CSQ)
        assert bench.modem.seen.imei == ""
        await asyncio.sleep(100)
        bench.plug(Plugged(at=("/dev/ttyUSB7",), usb="1-1.2"))
        await works(bench)
    assert bench.fake.opened == [AT, "/dev/ttyUSB7"]
    assert bench.modem.counters.losses == 1
    assert "modem: /dev/ttyUSB2 has gone (hang-up)" in lines(caplog)


@pytest.mark.parametrize("answer", [b"", b"\r\n> "], ids=["a command", "a prompt"])
async def test_unplugged_in_the_middle_of(answer: bytes) -> None:
    bench = Bench()
    async with running(bench.modem):
        await ready(bench)
        bench.fake.answers |= {"AT+CMGS=17": answer, "0011": b""}
        sending = asyncio.create_task(bench.modem.ask(SMS))
        await asyncio.sleep(1)
        bench.unplug()
        with pytest.raises(ModemGone, match="hang-up"):
            await sending
        bench.fake.answers |= {"AT+CMGS=17": b"\r\n> ", "0011": ok("+CMGS: 4")}
        await asyncio.sleep(3)
        bench.plug()
        await works(bench)
        assert (await bench.modem.ask(SMS)).lines == ("+CMGS: 4",)


async def test_a_stick_is_opened_as_soon_as_the_kernel_tells_of_it() -> None:
    bench = Bench()
    bench.plugged = None
    async with running(bench.modem):
        await asyncio.sleep(30)
        bench.plug()
        await ready(bench, within=2)


async def test_while_there_is_none_hardly_anybody_looks() -> None:
    bench = Bench()
    bench.plugged = None
    async with running(bench.modem):
        await asyncio.sleep(181)
    assert bench.looks == [0, 60, 120, 180]


async def test_where_the_kernel_tells_nothing_it_is_looked_for() -> None:
    bench = Bench()
    bench.plugged, bench.told = None, False
    async with running(bench.modem):
        await asyncio.sleep(45)
    assert bench.looks == [0, 2, 6, 14, 24, 34, 44]


async def test_a_configured_port_is_looked_for_too() -> None:
    bench = Bench(at_port="/dev/ttyAMA3")
    bench.plugged = None
    async with running(bench.modem):
        await asyncio.sleep(45)
    assert len(bench.looks) == 7


async def test_one_that_cannot_be_used_is_named_with_what_to_do(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench()
    device = UsbDevice(path="1-1", vendor=0x12D1, product=0x1446)
    bench.plugged = Unusable(device, "E3372 shows its CD-ROM only: install usb-modeswitch")
    async with running(bench.modem):
        await asyncio.sleep(200)
        assert bench.modem.state == "absent"
        assert "install usb-modeswitch" in bench.modem.seen.problem
        assert sum("usb-modeswitch" in line for line in lines(caplog)) == 1
        bench.plug()
        await works(bench)


async def test_a_port_that_cannot_be_opened(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.fake.missing = OSError(errno.EBUSY, "another program has it")
    async with running(bench.modem):
        await asyncio.sleep(100)
        assert bench.modem.seen.problem == "its port cannot be opened: another program has it"
        bench.fake.missing = None
        await works(bench)
    assert {AT, DATA} <= set(bench.fake.opened)
    assert sum("another program" in line for line in lines(caplog)) == 1


# A modem that does not answer as it should.


async def test_one_that_answers_nothing_is_opened_anew_then_the_other_port_then_rescued() -> None:
    bench = Bench()
    rescues: list[str] = []

    async def rescue(why: str) -> None:
        rescues.append(why)

    bench.modem.rescue = rescue
    bench.fake.dumb = True
    async with running(bench.modem):
        await until(lambda: rescues)
        assert bench.fake.opened == [AT, AT, DATA]
        assert rescues == [f"{MOST_SILENT} commands without an answer"]
        counters = bench.modem.counters
        assert (counters.reopened, counters.rescues) == (2, 1)
        assert counters.silent_commands == 9
        bench.fake.dumb = False
        await works(bench)
    assert asyncio.get_running_loop().time() < 180


async def test_one_that_falls_silent_later() -> None:
    bench = Bench()
    async with running(bench.modem):
        await ready(bench)
        bench.fake.dumb = True
        await until(lambda: bench.modem.counters.reopened)
        bench.fake.dumb = False
        await works(bench)
    assert bench.fake.opened == [AT, AT]


async def test_a_port_that_is_dead_while_the_other_one_lives() -> None:
    bench = Bench()
    bench.fake.mute = {AT}
    async with running(bench.modem):
        await works(bench)
        assert (bench.modem.seen.at_port, bench.modem.seen.data_port) == (DATA, "")
        await asyncio.sleep(1000)
    assert bench.fake.opened == [AT, AT, DATA]


async def test_silence_seen_by_somebody_else_counts() -> None:
    """A message that is never confirmed is one silence; the next answers start over."""
    bench = Bench()
    async with running(bench.modem):
        await ready(bench)
        bench.fake.answers |= {"AT+CMGS=17": b"\r\n> ", "0011": b""}
        for _ in range(4):
            assert (await bench.modem.ask(SMS)).final.verdict is Verdict.SILENT
            assert (await bench.modem.ask(CSQ)).ok
        await works(bench)
    assert bench.fake.opened == [AT]


async def test_one_that_answers_slowly() -> None:
    bench = Bench()
    bench.fake.delay = 4.0
    async with running(bench.modem):
        await works(bench, within=300)
    assert bench.modem.counters.silent_commands == 0


async def test_one_that_answers_twice() -> None:
    bench = Bench()
    for line, answer in bench.fake.answers.items():
        assert isinstance(answer, bytes)
        bench.fake.answers[line] = answer * 2
    async with running(bench.modem):
        await works(bench)
        assert bench.modem.seen.imei == "867584030000001"
        assert bench.modem.seen.operator == "Vodafone.de"


async def test_noise_inside_its_replies() -> None:
    bench = Bench()
    for line, answer in bench.fake.answers.items():
        assert isinstance(answer, bytes)
        bench.fake.answers[line] = b"\xff\x00" + answer.replace(b": ", b"\xff: \x00") + b"\xfe\r\n"
    async with running(bench.modem):
        await works(bench)
        assert bench.modem.seen.iccid == "8949020000012345678"


async def test_one_that_echoes_until_it_is_told_not_to() -> None:
    bench = Bench()
    answers = bench.fake.answer
    echo = True

    def answer(line: str) -> bytes:
        nonlocal echo
        said = (line.encode() + b"\r" if echo else b"") + answers(line)
        echo = echo and line != "ATE0"
        return said

    bench.fake.answer = answer  # type: ignore[method-assign]
    async with running(bench.modem):
        await works(bench)


async def test_one_that_never_stops_echoing() -> None:
    bench = Bench()
    answers = bench.fake.answer
    bench.fake.answer = lambda line: line.encode() + b"\r" + answers(line)  # type: ignore[method-assign]
    async with running(bench.modem):
        await works(bench)


async def test_one_that_starts_anew_by_itself_is_set_up_again() -> None:
    bench = Bench()
    async with running(bench.modem):
        await ready(bench)
        bench.fake.heard.clear()
        bench.fake.says("RDY")
        await asyncio.sleep(3)
        assert "AT+CMGF=0" in bench.fake.heard
        await works(bench)


# Sticks that nobody knows.


async def test_an_unknown_stick_is_asked_port_by_port_once() -> None:
    bench = Bench()
    bench.fake.mute = {"/dev/ttyUSB0"}
    ports = tuple(f"/dev/ttyUSB{n}" for n in range(3))
    bench.plugged = Plugged(at=ports, known=False, usb="1-1", model="x")
    async with running(bench.modem):
        await works(bench)
        seen = bench.modem.seen
        assert (seen.at_port, seen.data_port) == ("/dev/ttyUSB1", "/dev/ttyUSB2")
        bench.modem.reopen("test")
        await asyncio.sleep(1)
        await works(bench)
    assert bench.fake.opened == [*ports, "/dev/ttyUSB1", "/dev/ttyUSB1"]


async def test_an_unknown_stick_that_answers_nowhere() -> None:
    bench = Bench()
    bench.fake.dumb = True
    bench.plugged = Plugged(at=("/dev/ttyUSB0", "/dev/ttyUSB1"), known=False, model="x")
    async with running(bench.modem):
        await until(lambda: bench.modem.counters.rescues)
        assert "no port takes commands" in bench.modem.seen.problem
        bench.fake.dumb = False
        await works(bench)


# A call on its only port.


async def test_while_a_call_has_its_port_it_is_left_alone() -> None:
    bench = Bench()
    bench.plugged = Plugged(at=(AT,), usb="1-1", model="x")
    bench.fake.answers["ATD*99#"] = b"\r\nCONNECT\r\n"
    async with running(bench.modem):
        await ready(bench)
        assert (await bench.modem.ask(dial())).ok
        assert bench.modem.conversation
        bench.modem.conversation.hand_over()
        assert not bench.modem.ready.is_set()
        bench.fake.heard.clear()
        await asyncio.sleep(500)
        assert bench.fake.heard == []
        assert bench.fake.opened == [AT]
        bench.modem.reopen("the call has ended")
        await asyncio.sleep(0)
        await works(bench)
    assert bench.modem.counters.losses == 0


# What it costs, and what it is told.


async def test_ten_lines_an_hour_of_a_modem_that_does_nothing_but_work(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench()
    async with running(bench.modem):
        await ready(bench)
        caplog.clear()
        bench.fake.heard.clear()
        await asyncio.sleep(3600)
    assert lines(caplog) == []
    assert len(bench.fake.heard) <= 60 * 8
    assert bench.looks == [0]


async def test_what_it_says_unasked_without_end_does_not_keep_us_busy() -> None:
    bench = Bench()
    async with running(bench.modem):
        await ready(bench)
        bench.fake.heard.clear()
        for _ in range(1000):
            bench.fake.says("+CPIN: READY", "+CREG: 2", "+CREG: 1")
            await asyncio.sleep(0.01)
    assert bench.fake.count("AT+CPIN?") <= 12


async def test_listeners_hear_it_on_whichever_port_it_is_opened() -> None:
    bench = Bench()
    heard: list[str] = []
    bench.modem.listen(listener := lambda said: heard.append(said.line))
    async with running(bench.modem):
        await ready(bench)
        bench.fake.says('+CMTI: "SM",3')
        bench.modem.reopen("test")
        await asyncio.sleep(1)
        await ready(bench)
        bench.fake.says('+CMTI: "SM",4')
        bench.modem.unlisten(listener)
        bench.fake.says('+CMTI: "SM",5')
    assert heard == ['+CMTI: "SM",3', '+CMTI: "SM",4']


async def test_it_is_never_late_for_the_watchdog() -> None:
    bench = Bench()
    liveness = Liveness(asyncio.get_running_loop().time)
    bench.fake.delay = 4.0
    async with running(bench.modem, liveness=liveness):
        for second in range(600):
            if second == 200:
                bench.fake.dumb = True
            if second == 400:
                bench.unplug()
            await asyncio.sleep(1)
            assert not liveness.late()


async def test_stopping_in_a_prompt_leaves_it() -> None:
    bench = Bench()
    async with running(bench.modem):
        await ready(bench)
        bench.fake.answers["AT+CMGS=17"] = b""
        asking = asyncio.create_task(bench.modem.ask(SMS))
        await settle()
    with pytest.raises(ModemGone):
        await asking
    assert bench.fake.port.last_words == b"\x1b"


async def test_who_waits_for_an_identity_gets_it_when_it_is_known() -> None:
    bench = Bench()
    bench.plugged = None
    clock = asyncio.get_running_loop().time
    async with running(bench.modem):
        waiting = asyncio.create_task(bench.modem.known(lambda seen: seen.iccid, 60))
        await asyncio.sleep(20)
        bench.plug()
        assert await waiting == "8949020000012345678"
        assert clock() < 30
        assert await bench.modem.known(lambda seen: seen.iccid == "another", 60) is False
        assert clock() > 80


@pytest.mark.parametrize(
    ("kind", "modem", "expected"),
    [
        ("ppp", Config(), True),
        ("ppp", Config(data_port="none"), False),
        ("host", Config(), False),
        ("host", Config(usb="1-1.2"), True),
        ("host", Config(at_port="/dev/ttyUSB2"), True),
    ],
)
def test_on_the_systems_network_only_one_that_is_named(
    kind: str, modem: Config, expected: bool
) -> None:
    assert HostConfig(bearer=Bearer(kind=kind), modem=modem).modem_wanted is expected


async def test_a_call_of_before_us_on_its_only_port_is_ended() -> None:
    """After kill -9, on a modem that does not watch DTR: it takes commands for data."""
    bench = Bench()
    bench.plugged = Plugged(at=(AT,), usb="1-1.2", model="SIM800")
    bench.fake.dumb = True
    async with running(bench.modem):
        await until(lambda: "+++ATH" in bench.fake.heard)
        bench.fake.dumb = False
        await until(lambda: bench.modem.state == "registered")
        assert bench.modem.counters.rescues == 0


async def test_a_mute_stick_that_nobody_knows_can_be_reset() -> None:
    """For that it must be known where it is plugged, though it was never used."""
    bench = Bench()
    bench.plugged = Plugged(at=(AT, DATA), known=False, usb="1-1.2", model="A new one")
    bench.fake.dumb = True
    seen: list[tuple[str, str]] = []

    async def rescue(_: str) -> None:
        seen.append((bench.modem.seen.usb, bench.modem.seen.at_port))

    bench.modem.rescue = rescue
    async with running(bench.modem):
        await until(lambda: seen)
    assert seen[0] == ("1-1.2", AT)


@pytest.mark.parametrize("known", [True, False])
async def test_one_that_is_dead_for_a_day_is_told_of_once(
    caplog: pytest.LogCaptureFixture, known: bool
) -> None:
    caplog.set_level(logging.INFO)
    bench = Bench()
    bench.plugged = Plugged(at=(AT, DATA), known=known, usb="1-1.2", model="A new one")
    bench.fake.dumb = True
    async with running(bench.modem):
        await asyncio.sleep(80000)
        assert len(caplog.records) < 20
        caplog.clear()
        bench.fake.dumb = False
        await until(lambda: bench.modem.state == "registered")
        bench.fake.dumb = True
        await asyncio.sleep(1000)
        assert "commands without an answer" in caplog.text
