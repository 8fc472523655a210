"""SMS on their way out: SMS mode, AT+SMSSEND, AT+CMGS (manual 3.2.3, 4.2.1.48)."""

import asyncio
import errno
import logging
from typing import Any

import pytest

from tests.services.fake_sms import GONE, PHONE, SILENT, FakeAsks, FakeTimes, cms, sms
from tests.services.parts import settle
from tests.services.sms_house import House, living
from usr7s3d.at.engine import Door
from usr7s3d.modem.pdu import Submit, decode
from usr7s3d.modem.results import Final, Verdict
from usr7s3d.modem.userdata import Alphabet
from usr7s3d.services.sms.outbox import MODEM_LIMIT, MOST_WAITING

OK = b"\r\nOK\r\n"
ERROR_50, ERROR_58 = b"\r\n+CME ERROR:50\r\n", b"\r\n+CME ERROR:58\r\n"
SMS_MODE: dict[str, Any] = {"module__mode": "SMS", "sms__destination": PHONE}
BUSY = OSError(errno.EBUSY, "the port carries a call")


async def ask(house: House, line: str, door: Door = Door.UART) -> bytes:
    return (await house.commander.execute(line, door)).reply


# SMS mode, manual 3.2.3


@pytest.mark.manual("3.2.3.1", "the device's data to the phone, the phone's to the device, by SMS")
@pytest.mark.manual("3.2.3.2", "restart, and messages go both ways")
@pytest.mark.manual("4.2.1.47", "the destination in SMS mode")
@pytest.mark.manual("2.2", "SMS message transmission mode")
@pytest.mark.manual("4.2.1.5", "SMS mode")
async def test_sms_mode_of_manual_3_2_3() -> None:
    async with living(House(**SMS_MODE)) as house:
        house.mode.from_uart(b"hello from the device")
        await asyncio.sleep(1)
        assert house.sent == [(PHONE, "hello from the device")]
        house.asks.receive(sms("hello from the phone"))
        await asyncio.sleep(1)
        assert house.tty.read() == b"hello from the phone"
        assert house.moved == [("UART", "SMS", 21), ("SMS", "UART", 20)]


async def test_what_the_phone_sends_counts_as_received_for_rstim() -> None:
    async with living(House(**SMS_MODE)) as house:
        await asyncio.sleep(100)
        house.asks.receive(sms("text"))
        await asyncio.sleep(100)
        assert house.mode.last_received_at == 100


async def test_one_packet_is_one_sms_in_order() -> None:
    async with living(House(**SMS_MODE)) as house:
        for packet in (b"one", b"two", b"three"):
            house.mode.from_uart(packet)
        await asyncio.sleep(1)
        assert [text for _, text in house.sent] == ["one", "two", "three"]


async def test_a_packet_without_dstnum_is_dropped_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with living(House(module__mode="SMS")) as house:
        house.mode.from_uart(b"one")
        house.mode.from_uart(b"two")
        await asyncio.sleep(1)
        assert (house.sent, house.counters.dropped) == ([], 2)
        assert caplog.text.count("DSTNUM is empty") == 1
        await ask(house, f'AT+DSTNUM="{PHONE}"')
        house.mode.from_uart(b"three")
        await asyncio.sleep(1)
        assert house.sent == [(PHONE, "three")], "DSTNUM acts at once"


@pytest.mark.parametrize(
    ("charset", "packet", "text", "alphabet"),
    [
        ("utf-8", "Grüße 5€".encode(), "Grüße 5€", Alphabet.GSM7),
        ("utf-8", "你好".encode(), "你好", Alphabet.UCS2),
        ("utf-8", "😀".encode(), "😀", Alphabet.UCS2),
        ("gbk", "你好".encode("gbk"), "你好", Alphabet.UCS2),
        ("utf-8", b"t=\xff5", "t=?5", Alphabet.GSM7),
    ],
)
@pytest.mark.manual("3.2.3.1", "any text")
async def test_text_goes_in_7_bits_where_they_do_else_as_ucs2(
    charset: str, packet: bytes, text: str, alphabet: Alphabet
) -> None:
    async with living(House(charset=charset, **SMS_MODE)) as house:
        house.mode.from_uart(packet)
        await asyncio.sleep(1)
        (message,) = (decode(pdu) for pdu in house.asks.sent)
        assert isinstance(message, Submit)
        assert (message.text, message.body.alphabet) == (text, alphabet)


async def test_a_long_packet_goes_in_parts_and_a_long_text_comes_joined() -> None:
    async with living(House(**SMS_MODE)) as house:
        house.mode.from_uart(b"x" * 400)
        await asyncio.sleep(1)
        assert [len(text) for _, text in house.sent] == [153, 153, 94]
        house.asks.receive(sms("b" * 9, part=(1, 2, 2)), sms("a" * 9, part=(1, 2, 1)))
        await asyncio.sleep(1)
        assert house.tty.read() == b"a" * 9 + b"b" * 9


@pytest.mark.parametrize(
    ("destination", "sender", "ours"),
    [
        (PHONE, PHONE, True),
        ("015123456789", PHONE, True),
        ("23456789", PHONE, True),
        ("3456789", PHONE, False),
        ("12345", "12345", True),
        ("12345", "+4912345", False),
        (PHONE, "+4915123456780", False),
    ],
)
async def test_the_last_8_digits_are_compared_and_shorter_numbers_whole(
    destination: str, sender: str, ours: bool
) -> None:
    async with living(House(module__mode="SMS", sms__destination=destination)) as house:
        house.asks.receive(sms("text", sender))
        await asyncio.sleep(1)
        assert house.tty.read() == (b"text" if ours else b"")
        assert house.inbox == ([] if ours else [(sender, "text")])


async def test_in_other_modes_no_sms_goes_to_the_uart() -> None:
    async with living(House(sms__destination=PHONE)) as house:
        house.asks.receive(sms("text"))
        await asyncio.sleep(1)
        assert (house.tty.read(), house.inbox) == (b"", [(PHONE, "text")])


@pytest.mark.manual("4.1.1", "works in SMS mode, and back to it")
async def test_while_the_uart_is_in_command_mode_texts_wait_in_the_store_and_come_in_order() -> (
    None
):
    async with living(House(**SMS_MODE)) as house:
        house.outlet.hold("command mode")
        for n in range(30):
            house.asks.receive(sms(f"<{n}>", second=n))
        await asyncio.sleep(1000)
        assert len(house.asks.used) == 20
        assert house.tty.read() == b""
        house.outlet.release("command mode")
        house.asks.receive(sms("<30>", second=30))
        await asyncio.sleep(1)
        assert house.tty.read() == b"".join(b"<%d>" % n for n in range(31))
        assert house.asks.used == {}


async def test_between_two_modules_texts_wait() -> None:
    async with living(House(**SMS_MODE)) as house:
        house.sms.part()
        house.asks.receive(sms("text"))
        await asyncio.sleep(1)
        house.begin()
        await asyncio.sleep(1)
        assert (house.tty.read(), house.inbox) == (b"text", [])


# AT+SMSSEND, manual 4.2.1.48


@pytest.mark.parametrize(
    ("kind", "data", "alphabet", "body"),
    [
        (1, "hello", Alphabet.GSM7, "hello"),
        (2, "hello", Alphabet.DATA, b"hello"),
        (3, "hello", Alphabet.UCS2, "hello"),
        (3, "你好", Alphabet.UCS2, "你好"),
        (2, "你", Alphabet.DATA, "你".encode()),
    ],
)
async def test_smssend_of_manual_4_2_1_48(
    kind: int, data: str, alphabet: Alphabet, body: str | bytes
) -> None:
    async with living(House()) as house:
        line = f'AT+SMSSEND="{PHONE}",{kind},"{data}"'.encode().decode("latin-1")
        assert await ask(house, line) == OK
        await asyncio.sleep(1)
        (message,) = (decode(pdu) for pdu in house.asks.sent)
        assert isinstance(message, Submit)
        assert (str(message.receiver), message.body.alphabet) == (PHONE, alphabet)
        assert body in (message.text, message.body.data)
        assert house.tty.read() == b"\r\nSMSEND OK\r\n"


@pytest.mark.parametrize("door", list(Door))
async def test_the_result_is_told_at_the_uart_when_that_was_the_door(door: Door) -> None:
    async with living(House()) as house:
        assert await ask(house, f'AT+SMSSEND="{PHONE}",1,"hello"', door) == OK
        await asyncio.sleep(1)
        at_the_uart = door in (Door.UART, Door.UART_PASSWORD)
        assert house.tty.read() == (b"\r\nSMSEND OK\r\n" if at_the_uart else b"")


async def test_an_alphabet_that_lacks_a_character_is_a_bad_value() -> None:
    async with living(House()) as house:
        line = f'AT+SMSSEND="{PHONE}",1,"你"'.encode().decode("latin-1")
        assert await ask(house, line) == ERROR_58


async def test_the_control_socket_brings_text_as_it_is() -> None:
    async with living(House()) as house:
        assert await ask(house, f'AT+SMSSEND="{PHONE}",3,"ü"', Door.CONTROL) == OK
        await asyncio.sleep(1)
        assert house.sent == [(PHONE, "ü")]


@pytest.mark.parametrize("refusal", [cms(38), cms(500), SILENT, Final(Verdict.ERROR)])
async def test_what_the_modem_refuses_is_tried_three_times_at_least_a_second_apart(
    refusal: Final,
) -> None:
    async with living(House()) as house:
        house.asks.refusals.extend([refusal] * 3)
        await ask(house, f'AT+SMSSEND="{PHONE}",1,"one"')
        await ask(house, f'AT+SMSSEND="{PHONE}",1,"two"')
        await asyncio.sleep(60)
        assert [text for _, text in house.sent] == ["two"]
        assert house.tty.read() == b"\r\nSMSEND FAIL\r\n\r\nSMSEND OK\r\n"
        first, second, third, _ = house.asks.sent_at
        assert min(second - first, third - second) >= 1
        assert (house.counters.failed, house.counters.sent) == (1, 1)


@pytest.mark.parametrize("refusal", [cms(38), cms(500), SILENT])
async def test_what_is_taken_at_the_second_try_is_ok(refusal: Final) -> None:
    async with living(House()) as house:
        house.asks.refusals.append(refusal)
        await ask(house, f'AT+SMSSEND="{PHONE}",1,"one"')
        await asyncio.sleep(60)
        assert house.sent == [(PHONE, "one")]
        assert house.tty.read() == b"\r\nSMSEND OK\r\n"


async def test_an_unplug_in_the_middle_of_an_sms_ends_in_working_order() -> None:
    async with living(House()) as house:
        house.asks.refusals.append(GONE)
        await ask(house, f'AT+SMSSEND="{PHONE}",1,"{"x" * 200}"')
        await asyncio.sleep(20)
        house.asks.plug()
        await asyncio.sleep(20)
        assert [len(text) for _, text in house.sent] == [153, 47]
        assert house.tty.read() == b"\r\nSMSEND OK\r\n"


async def test_a_modem_that_stays_away_is_waited_for_two_minutes() -> None:
    async with living(House()) as house:
        await asyncio.sleep(1)
        house.asks.unplug()
        await ask(house, f'AT+SMSSEND="{PHONE}",1,"one"')
        await asyncio.sleep(MODEM_LIMIT - 2)
        assert house.tty.read() == b""
        await asyncio.sleep(4)
        assert house.tty.read() == b"\r\nSMSEND FAIL\r\n"


async def test_a_port_that_carries_a_call_is_waited_for_and_costs_no_try() -> None:
    async with living(House()) as house:
        await asyncio.sleep(1)
        house.asks.rules["AT+CMGS"] = BUSY
        await ask(house, f'AT+SMSSEND="{PHONE}",1,"one"')
        await asyncio.sleep(60)
        house.asks.rules.clear()
        await asyncio.sleep(10)
        assert house.tty.read() == b"\r\nSMSEND OK\r\n"


async def test_60_an_hour_and_200_a_day_are_all() -> None:
    async with living(House(**SMS_MODE)) as house:
        for _ in range(30 * 60 * 24 // 10):
            house.mode.from_uart(b"mad")
            await asyncio.sleep(20)
            in_an_hour = [at for at in house.asks.sent_at if at > house.asks.sent_at[-1] - 3600]
            assert len(in_an_hour) <= 60
        assert len(house.sent) == 200


async def test_beyond_the_bound_commands_are_refused_and_it_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with living(House(modem={"sms_per_hour": 2})) as house:
        line = f'AT+SMSSEND="{PHONE}",1,"one"'
        assert [await ask(house, line) for _ in range(4)] == [OK, OK, ERROR_50, ERROR_50]
        await asyncio.sleep(1)
        assert len(house.sent) == 2
        assert house.counters.refused == 2
        assert caplog.text.count("sms_per_hour") == 1
        await asyncio.sleep(3600)
        assert await ask(house, line) == OK


async def test_each_part_counts() -> None:
    async with living(House(modem={"sms_per_hour": 2})) as house:
        assert await ask(house, f'AT+SMSSEND="{PHONE}",1,"{"x" * 320}"') == ERROR_50
        assert await ask(house, f'AT+SMSSEND="{PHONE}",1,"{"x" * 300}"') == OK


async def test_the_bound_outlives_the_process() -> None:
    times = FakeTimes()
    async with living(House(times=times, modem={"sms_per_hour": 1})) as house:
        assert await ask(house, f'AT+SMSSEND="{PHONE}",1,"one"') == OK
        await asyncio.sleep(1)
    async with living(House(times=times, modem={"sms_per_hour": 1})) as house:
        assert await ask(house, f'AT+SMSSEND="{PHONE}",1,"one"') == ERROR_50


async def test_an_sms_that_may_have_left_counts_when_it_is_tried_again() -> None:
    async with living(House(modem={"sms_per_hour": 2})) as house:
        house.asks.refusals.extend([SILENT] * 3)
        await ask(house, f'AT+SMSSEND="{PHONE}",1,"one"')
        await asyncio.sleep(100)
        assert len(house.asks.sent_at) == 2
        assert house.tty.read() == b"\r\nSMSEND FAIL\r\n"


async def test_the_queue_is_bounded() -> None:
    async with living(House()) as house:
        await asyncio.sleep(1)
        house.asks.unplug()
        line = f'AT+SMSSEND="{PHONE}",1,"one"'
        replies = [await ask(house, line) for _ in range(MOST_WAITING + 3)]
        await settle()
        assert replies.count(ERROR_50) == 3


# AT+CMGS and the inbox, manual 2.2


async def test_cmgs_queues_and_answers_with_a_reference() -> None:
    async with living(House()) as house:
        outcome = await house.commander.execute(f'AT+CMGS="{PHONE}"', Door.UART)
        assert (outcome.reply, outcome.prompt_for) == (b"\r\n> ", PHONE)
        written = house.commander.write_sms(PHONE, b"hello", {})
        assert written.reply.startswith(b"\r\n+CMGS: ")
        assert written.reply.endswith(b"\r\n\r\nOK\r\n")
        await asyncio.sleep(1)
        assert house.sent == [(PHONE, "hello")]
        assert house.tty.read() == b"", "no SMSEND: its client has its answer"


async def test_cmgs_in_ucs2() -> None:
    session = {"CMGF": "1", "CSCS": '"UCS2"'}
    async with living(House()) as house:
        number = PHONE.encode("utf-16-be").hex().upper()
        outcome = await house.commander.execute(f'AT+CMGS="{number}"', Door.UART, session)
        assert outcome.prompt_for == PHONE
        house.commander.write_sms(PHONE, "你好".encode("utf-16-be").hex().encode(), session)
        await asyncio.sleep(1)
        assert house.sent == [(PHONE, "你好")]


async def test_the_inbox_of_manual_2_2() -> None:
    async with living(House()) as house:
        house.asks.receive(sms("one", second=60), sms("two", second=61))
        await asyncio.sleep(1)
        first = b'+CMGL: 1,"REC UNREAD","+4915123456789",,"26/11/22,00:01:00+00"\r\none\r\n'
        second = b'+CMGL: 2,"REC UNREAD","+4915123456789",,"26/11/22,00:01:01+00"\r\ntwo\r\n'
        assert await ask(house, 'AT+CMGL="ALL"') == b"\r\n" + first + second + OK
        assert await ask(house, "AT+CMGL") == OK, "none is unread any more"
        read = first.replace(b"+CMGL: 1,", b"+CMGR: ").replace(b"UNREAD", b"READ")
        assert await ask(house, "AT+CMGR=1") == b"\r\n" + read + OK
        assert await ask(house, "AT+CMGD=1") == OK
        assert await ask(house, "AT+CMGR=1") == ERROR_58
        assert await ask(house, "AT+CMGD=1,4") == OK
        assert await ask(house, 'AT+CMGL="ALL"') == OK


async def test_the_last_50_are_kept() -> None:
    async with living(House()) as house:
        house.asks.receive(*(sms(f"{n}", second=n) for n in range(60)))
        await asyncio.sleep(10)
        assert [text for _, text in house.inbox] == [f"{n}" for n in range(10, 60)]


async def test_nothing_waits_for_ever_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with living(House(asks=FakeAsks())) as house:
            house.asks.unplug()
            await asyncio.sleep(3600)
    assert len(caplog.records) < 10
