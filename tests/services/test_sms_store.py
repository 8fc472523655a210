"""What comes by SMS, from the modem's store to where it belongs."""

import asyncio
import errno
import logging
from typing import Any

import pytest

from tests.modem.tpdu import deliver, octets
from tests.services.fake_sms import OK, PHONE, FakeAsks, cms, name, number, sms
from tests.services.parts import settle
from tests.services.sms_house import House, living
from usr7s3d.services.sms.sweep import EVERY

SMS_MODE: dict[str, Any] = {"module__mode": "SMS", "sms__destination": PHONE}


async def test_what_was_stored_before_the_start_is_read_in_the_order_in_which_it_was_sent() -> None:
    asks = FakeAsks()
    asks.receive(sms("second", second=2), sms("third", second=3), sms("first", second=1))
    async with living(House(asks)) as house:
        await asyncio.sleep(1)
        assert [text for _, text in house.inbox] == ["first", "second", "third"]
        assert asks.used == {}


async def test_a_message_is_read_as_soon_as_the_modem_tells_of_it() -> None:
    async with living(House()) as house:
        await asyncio.sleep(10)
        house.asks.receive(sms("hello"))
        await settle()
        await asyncio.sleep(0.1)
        assert house.inbox == [(PHONE, "hello")]
        assert house.asks.used == {}


async def test_of_what_the_modem_does_not_tell_we_learn_within_five_minutes() -> None:
    async with living(House(FakeAsks(tells=False))) as house:
        await asyncio.sleep(1)
        house.asks.receive(sms("hello"))
        await asyncio.sleep(EVERY + 1)
        assert house.inbox == [(PHONE, "hello")]


async def test_nothing_is_asked_faster_than_every_five_minutes() -> None:
    async with living(House()) as house:
        await asyncio.sleep(1)
        house.asks.asked.clear()
        await asyncio.sleep(3600)
        assert house.asks.asked.count("AT+CMGL=4") == 12


@pytest.mark.parametrize("slow", [0.0, 0.3])
async def test_a_burst_of_45_with_a_store_of_20_comes_whole_and_in_order(slow: float) -> None:
    asks = FakeAsks(size=20, slow=slow)
    burst = [sms(f"number {n}", second=n // 7) for n in range(45)]
    asks.receive(*burst[:30])  # before we are there: 10 of them wait in the network
    async with living(House(asks, **SMS_MODE)) as house:
        await asyncio.sleep(2)
        for pdu in burst[30:]:
            asks.receive(pdu)
            await asyncio.sleep(0.2)
        await asyncio.sleep(120)
        assert house.tty.read().decode() == "".join(f"number {n}" for n in range(45))
        assert (asks.used, len(asks.held_back)) == ({}, 0)


async def test_45_that_find_the_store_full_and_are_not_told() -> None:
    asks = FakeAsks(size=20, tells=False)
    asks.receive(*(sms(f"<{n}>", second=n) for n in range(45)))
    async with living(House(asks, **SMS_MODE)) as house:
        await asyncio.sleep(5)
        assert house.tty.read().decode() == "".join(f"<{n}>" for n in range(45))


async def test_a_full_store_is_emptied_when_the_modem_hints_at_it() -> None:
    asks = FakeAsks(tells=False)
    async with living(House(asks)) as house:
        await asyncio.sleep(1)
        asks.receive(sms("hello"))
        asks.refusals.append(cms(322))
        house.sms.desk.text("123", "x")
        await asyncio.sleep(1)
        assert house.inbox == [(PHONE, "hello")]


async def test_an_unreadable_one_is_counted_once_and_no_other_is_deleted_for_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asks = FakeAsks()
    asks.receive("0791947122", sms("fine", second=1), "FFFF")
    with caplog.at_level(logging.INFO):
        async with living(House(asks)) as house:
            await asyncio.sleep(2 * EVERY)
    assert house.inbox == [(PHONE, "fine")]
    assert house.counters.unreadable == 2
    assert set(asks.used) == {1, 3}
    assert caplog.text.count("unreadable") == 2


async def test_what_is_no_use_goes_when_the_store_is_more_than_half_full() -> None:
    asks = FakeAsks(size=4)
    asks.receive("0791947122", "FFFF", "FFFE")
    async with living(House(asks)) as house:
        await asyncio.sleep(2)
        assert asks.used == {}
        assert house.counters.unreadable == 3


async def test_parts_wait_in_the_store_for_each_other_in_any_order() -> None:
    async with living(House()) as house:
        house.asks.receive(sms("world", part=(7, 2, 2)))
        await asyncio.sleep(2 * EVERY)
        assert house.inbox == []
        assert len(house.asks.used) == 1, "where a power cut does not reach it"
        house.asks.receive(sms("hello ", part=(7, 2, 1)))
        await asyncio.sleep(1)
        assert house.inbox == [(PHONE, "hello world")]
        assert house.asks.used == {}


async def test_parts_that_fill_the_store_wait_in_memory() -> None:
    asks = FakeAsks(size=4)
    async with living(House(asks)) as house:
        asks.receive(*(sms(f"{n}", part=(7, 8, n), second=n) for n in range(1, 9)))
        await asyncio.sleep(5)
        assert house.inbox == [(PHONE, "12345678")]
        assert asks.used == {}


async def test_a_part_that_never_comes() -> None:
    async with living(House(**SMS_MODE)) as house:
        house.asks.receive(sms("half", part=(7, 2, 1)))
        await asyncio.sleep(3600 + EVERY)
        assert house.inbox == [(PHONE, "half")], "half a text is not for the UART"
        assert house.counters.unreadable == 1
        assert house.asks.used == {}
        assert house.tty.read() == b""


async def test_a_double_of_a_part_is_deleted() -> None:
    async with living(House()) as house:
        house.asks.receive(sms("a", part=(7, 2, 1)), sms("a", part=(7, 2, 1)))
        await asyncio.sleep(1)
        house.asks.receive(sms("b", part=(7, 2, 2)))
        await asyncio.sleep(1)
        house.asks.receive(sms("b", part=(7, 2, 2)))
        await asyncio.sleep(1)
        assert house.inbox == [(PHONE, "ab")]
        assert house.asks.used == {}


async def test_a_message_that_cannot_be_deleted_is_not_taken_twice() -> None:
    asks = FakeAsks()
    asks.rules["AT+CMGD"] = cms(500)
    async with living(House(asks)) as house:
        asks.receive(sms("hello"))
        await asyncio.sleep(3 * EVERY)
        assert house.inbox == [(PHONE, "hello")]
        asks.rules.clear()
        await asyncio.sleep(EVERY)
        assert asks.used == {}


@pytest.mark.parametrize("said", ["+CMT: ,24", '+CMT: "",24'])
async def test_a_message_that_comes_past_the_store(said: str) -> None:
    async with living(House()) as house:
        await asyncio.sleep(1)
        house.asks.say(said, sms("flash"))
        await asyncio.sleep(1)
        assert house.inbox == [(PHONE, "flash")]
        assert "AT+CNMA" not in house.asks.asked


async def test_it_is_confirmed_where_the_modem_wants_that() -> None:
    async with living(House(FakeAsks(service=1))) as house:
        await asyncio.sleep(1)
        house.asks.say("+CMT: ,24", sms("flash"))
        await asyncio.sleep(1)
        assert house.asks.asked.count("AT+CNMA") == 1


async def test_a_status_report_is_counted_and_deleted() -> None:
    report = "07919471227210F4" + "06" + "05" + number(PHONE) + "62112231030480" * 2 + "00"
    asks = FakeAsks()
    async with living(House(asks)) as house:
        asks.receive(report)
        await asyncio.sleep(1)
        house.asks.say("+CDS: 25", report)
        await asyncio.sleep(1)
        assert house.counters.reports == 2
        assert (asks.used, house.inbox) == ({}, [])


async def test_8_bit_data_is_shown_in_hex_and_a_name_as_it_is() -> None:
    async with living(House()) as house:
        house.asks.receive(deliver(octets(b"\x00\xff"), coding=4, sender=name(b"My Bank")))
        await asyncio.sleep(1)
        assert house.inbox == [("My Bank", "00FF")]


async def test_a_modem_that_is_unplugged_and_plugged_again_is_set_up_again() -> None:
    async with living(House()) as house:
        await asyncio.sleep(1)
        house.asks.unplug()
        await asyncio.sleep(10)
        house.asks.asked.clear()
        house.asks.receive(sms("meanwhile"))
        house.asks.plug()
        await asyncio.sleep(10)
        assert any(asked.startswith("AT+CNMI=") for asked in house.asks.asked)
        assert house.inbox == [(PHONE, "meanwhile")]


async def test_a_port_that_is_free_between_two_calls_is_used_at_once() -> None:
    async with living(House()) as house:
        for n in range(5):
            house.asks.unplug()
            house.asks.receive(sms(f"{n}", second=n))
            await asyncio.sleep(1000)
            house.asks.plug()
            await asyncio.sleep(2)
            assert len(house.inbox) == n + 1


async def test_a_store_full_of_commands_on_a_slow_modem_does_not_look_like_a_hang() -> None:
    asks = FakeAsks(slow=25.0)
    asks.receive(*(sms("secret#AT+VER", second=n) for n in range(20)))
    async with living(House(asks)) as house:
        for _ in range(300):
            await asyncio.sleep(10)
            assert house.liveness.late() == {}
        assert house.counters.commands == 20
        assert asks.used == {}


async def test_a_modem_that_says_deleted_and_keeps_it_does_not_bring_it_twice() -> None:
    asks = FakeAsks()
    asks.rules["AT+CMGD"] = OK
    async with living(House(asks, **SMS_MODE)) as house:
        asks.receive(sms("hello"))
        await asyncio.sleep(5 * EVERY)
        assert house.tty.read() == b"hello"
        assert asks.asked.count("AT+CMGD=1") < 10


async def test_nothing_is_deleted_from_a_store_that_cannot_be_turned_to() -> None:
    asks = FakeAsks()
    async with living(House(asks)) as house:
        await asyncio.sleep(1)
        asks.rules["AT+CPMS"] = cms(302)
        asks.receive(sms("hello"))
        asks.say("+CMT: ,24", sms("direct"))
        await asyncio.sleep(EVERY)
        assert len(asks.used) == 1
        asks.rules.clear()
        await asyncio.sleep(100)
        assert [text for _, text in house.inbox] == ["direct", "hello"]


async def test_a_modem_that_starts_anew_in_the_middle_is_set_up_before_anything_is_deleted() -> (
    None
):
    asks = FakeAsks(slow=1.0)
    asks.receive(*(sms(f"{n}", second=n) for n in range(10)))
    async with living(House(asks)) as house:
        await asyncio.sleep(8.5)
        asks.unplug()
        asks.plug()
        asks.asked.clear()
        await asyncio.sleep(100)
        assert asks.asked.index("AT+CPMS?") < asks.asked.index('AT+CPMS="SM"')
        before = asks.asked[: asks.asked.index("AT+CPMS?")]
        assert sum(asked.startswith("AT+CMGD") for asked in before) <= 1, "one was under way"
        assert [text for _, text in house.inbox] == [f"{n}" for n in range(10)]
        assert asks.used == {}


async def test_a_list_that_is_refused_is_asked_for_again(caplog: pytest.LogCaptureFixture) -> None:
    asks = FakeAsks()
    asks.receive(sms("hello"))
    asks.rules["AT+CMGL"] = cms(314)  # SIM busy
    with caplog.at_level(logging.INFO):
        async with living(House(asks)) as house:
            await asyncio.sleep(100)
            asks.rules.clear()
            await asyncio.sleep(100)
    assert house.inbox == [(PHONE, "hello")]
    assert caplog.text.count("314") == 1


async def test_no_text_and_no_whole_number_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with living(House()) as house:
            house.asks.receive(
                sms("private"), sms("guessed#AT+VER"), sms("secret#AT+VER", second=5)
            )
            house.sms.desk.text(PHONE, "private")
            await asyncio.sleep(100)
    assert "..6789" in caplog.text
    for secret in ("private", PHONE[1:], "secret", "guessed"):
        assert secret not in caplog.text


async def test_a_modem_that_goes_while_parts_are_deleted_leaves_none_behind() -> None:
    asks = FakeAsks()
    asks.receive(*(sms(text, part=(7, 3, n)) for n, text in enumerate("abc", 1)))
    asks.rules["AT+CMGD"] = OSError(errno.EIO, "hang-up")
    async with living(House(asks)) as house:
        await asyncio.sleep(1)
        asks.unplug()
        asks.rules.clear()
        await asyncio.sleep(10)
        asks.plug()
        await asyncio.sleep(10)
        assert house.inbox == [(PHONE, "abc")]
        assert asks.used == {}


@pytest.mark.parametrize(
    "pdus", [[sms("hello")], [sms("hel", part=(7, 2, 1)), sms("lo", part=(7, 2, 2))]]
)
async def test_a_text_that_noise_hides_in_a_list_goes_to_the_uart_once(pdus: list[str]) -> None:
    """Until then it stays in the store."""
    asks = FakeAsks()
    async with living(House(asks, **SMS_MODE)) as house:
        house.outlet.hold("command mode")
        asks.receive(*pdus)
        await asyncio.sleep(1)
        asks.rules["AT+CMGL"] = OK
        house.sms.look()
        await asyncio.sleep(1)
        asks.rules.clear()
        house.sms.look()
        await asyncio.sleep(1)
        assert len(asks.used) == len(pdus)
        house.outlet.release("command mode")
        await asyncio.sleep(1)
        assert (house.tty.read(), asks.used) == (b"hello", {})
        assert house.counters.received == 1


async def test_the_same_text_twice_in_one_second_goes_to_the_uart_twice() -> None:
    async with living(House(**SMS_MODE)) as house:
        house.outlet.hold("command mode")
        for _ in range(2):
            house.asks.receive(sms("1"))
            house.asks.say("+CMT: ,24", sms("2"))
        await asyncio.sleep(1)
        house.outlet.release("command mode")
        await asyncio.sleep(1)
        assert sorted(house.tty.read()) == sorted(b"1122")


async def test_a_modem_that_never_stops_telling_fills_neither_memory_nor_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Rubbish past the store, messages in stores that do not exist."""
    async with living(House()) as house:
        for n in range(300):
            house.asks.say("+CMT: ,24", "07919471")
            house.asks.say(f'+CMTI: "X{n}",{n}')
            await asyncio.sleep(0.1)
        assert house.counters.unreadable == 300
        assert len(caplog.records) < 10
        assert house.sms._intake._useless == []
        assert house.sms._sweep._stores == set()
        house.asks.receive(sms("hello"))
        await asyncio.sleep(1)
        assert house.inbox == [(PHONE, "hello")]


async def test_that_the_modem_has_gone_is_not_said_twice(caplog: pytest.LogCaptureFixture) -> None:
    """Its owner says so; what is said here has no error's number."""
    asks = FakeAsks()
    with caplog.at_level(logging.INFO):
        async with living(House(asks)) as house:
            await asyncio.sleep(1)
            asks.rules["AT+CMGL"] = OSError(errno.EBUSY, "too many wait")
            house.sms.look()
            await asyncio.sleep(1)
            assert "SMS: too many wait" in caplog.messages
            await asyncio.sleep(100)
            asks.rules["AT+CMGL"] = OSError(errno.EIO, "hang-up")
            house.sms.look()
            await asyncio.sleep(1)
    assert "hang-up" not in caplog.text


async def test_a_modem_that_comes_back_is_read_at_once_however_often_it_went() -> None:
    asks = FakeAsks()
    async with living(House(asks)) as house:
        for n in range(10):
            asks.rules["AT+CMGL"] = OSError(errno.EIO, "hang-up")
            asks.receive(sms(f"{n}", second=n))
            await asyncio.sleep(0.1)
            asks.unplug()  # its owner notices behind us
            asks.rules.clear()
            await asyncio.sleep(5)
            asks.plug()
            await asyncio.sleep(1.5)
            assert house.inbox[-1] == (PHONE, f"{n}")
