"""Commands by SMS (manual 4.1.4)."""

import asyncio
import errno
import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.modem.tpdu import deliver, septets
from tests.services.fake_sms import PHONE, FakeAsks, FakeNotes, cms, name, sms
from tests.services.sms_house import House, living
from usr7s3d.modem.submit import encode
from usr7s3d.services.sms.door import REPLY_LIMIT, reply_text, shorten

OTHER = "+4915198765432"
VER = (PHONE, "+VER:1.0\nOK")


async def says(house: House, text: str, sender: str = PHONE, *, second: int = 0) -> None:
    house.asks.receive(sms(text, sender, second=second))
    await asyncio.sleep(5)


@pytest.mark.manual("4.1.4", "usr.cn#AT+VER from a phone is answered")
async def test_usr_cn_at_ver_of_manual_4_1_4_with_our_password() -> None:
    async with living(House()) as house:
        await says(house, "secret#AT+VER")
        assert house.sent == [VER]
        assert house.asks.used == {}
        assert (house.inbox, house.counters.commands) == ([], 1)


@pytest.mark.parametrize(
    "text", ["secret#AT+VER\r", "secret#AT+VER\r\n", "secret#at+ver\nRegards", "secret#AT+VER "]
)
async def test_a_command_ends_with_its_line(text: str) -> None:
    async with living(House()) as house:
        await says(house, text)
        assert house.sent == [VER]


async def test_the_reply_has_no_password_no_cr_and_no_blank_lines() -> None:
    async with living(House()) as house:
        await says(house, "secret#AT+HEARTTM?")
        await says(house, "secret#AT+NONSENSE", second=1)
        await says(house, "secret#AT", second=2)
        assert [text for _, text in house.sent] == ["+HEARTTM:30\nOK", "+CME ERROR:58", "OK"]


async def test_a_reply_takes_three_sms_at_most_and_then_ends_in_dots() -> None:
    async with living(House()) as house:
        await says(house, "secret#AT+H")
        assert len(house.sent) == 3
        assert "".join(text for _, text in house.sent).endswith("...")


@pytest.mark.parametrize("character", ["a", "€", "я", "😀"])
def test_shortened_as_little_as_possible(character: str) -> None:
    for length in (50, 100, 150, 200, 229, 230, 400, 458, 459, 460, 2000):
        text = character * length
        short = shorten(PHONE, text)
        assert len(encode(PHONE, short)) <= 3
        if short != text:
            longer = short.removesuffix("...") + character + "..."
            assert len(encode(PHONE, longer)) == 4


def test_reply_text() -> None:
    assert reply_text("\r\n+A:1\r\n\r\nOK\r\n") == "+A:1\nOK"


@pytest.mark.manual("2.2", "setting parameters via SMS")
async def test_a_set_acts_and_the_number_of_the_sender_may_be_national() -> None:
    async with living(House()) as house:
        await says(house, "secret#AT+HEARTTM=60", "015123456789")
        assert house.sent == [("015123456789", "OK")]
        assert house.levels.running.heartbeat.period == 60


async def test_a_command_in_two_parts() -> None:
    async with living(House()) as house:
        house.asks.receive(sms("ret#AT+VER", part=(1, 2, 2)), sms("sec", part=(1, 2, 1)))
        await asyncio.sleep(5)
        assert house.sent == [VER]
        assert house.asks.used == {}


async def test_one_that_comes_past_the_store_flash_too() -> None:
    async with living(House()) as house:
        house.asks.say("+CMT: ,24", sms("secret#AT+VER"))
        await asyncio.sleep(5)
        assert house.sent == [VER]


async def test_from_a_name_it_is_carried_out_and_nobody_is_answered() -> None:
    async with living(House()) as house:
        user_data = septets(b"secret#AT+HEARTTM=60")
        house.asks.receive(deliver(user_data, sender=name(b"Office")))
        await asyncio.sleep(5)
        assert house.levels.running.heartbeat.period == 60
        assert (house.sent, house.asks.used) == ([], {})


@pytest.mark.manual("4.1.4", "in SMS mode too")
async def test_in_sms_mode_too_and_it_is_not_passed_on() -> None:
    async with living(House(module__mode="SMS", sms__destination=PHONE)) as house:
        await says(house, "secret#AT+VER")
        assert house.sent == [VER]
        assert house.tty.read() == b""


async def test_a_wrong_password_is_a_text_like_any_other() -> None:
    async with living(House()) as house:
        await says(house, "usr.cn#AT+VER")
        assert house.sent == []
        assert house.inbox == [(PHONE, "usr.cn#AT+VER")]
        assert house.counters.guesses == 1


@pytest.mark.parametrize(
    "text", ["secret", "secret #AT+VER", "xsecret#AT+VER", "secret#VER", "#AT"]
)
async def test_what_is_no_command(text: str) -> None:
    async with living(House()) as house:
        await says(house, text)
        assert house.sent == []
        assert house.inbox == [(PHONE, text)]


# Who may


async def test_sms_commands_off_makes_it_a_text() -> None:
    async with living(House(modem={"sms_commands": False})) as house:
        assert house.sms.door_state == "off"
        await says(house, "secret#AT+VER")
        assert (house.sent, house.inbox) == ([], [(PHONE, "secret#AT+VER")])


async def test_a_shut_door_swallows_it_and_says_the_switch(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with living(House(shut="[safety] allow_default_password")) as house:
        assert house.sms.door_state == "shut"
        for second in range(9):
            await says(house, "secret#AT+VER", second=second)
        assert (house.sent, house.inbox, house.asks.used) == ([], [], {})
        assert house.counters.refused_commands == 9
        assert 1 <= caplog.text.count("allow_default_password") <= 5


async def test_sms_allow_takes_them_from_these_numbers_only() -> None:
    async with living(House(modem={"sms_allow": ("015123456789",)})) as house:
        await says(house, "secret#AT+VER", OTHER)
        assert (house.sent, house.inbox) == ([], [])
        assert house.counters.refused_commands == 1
        await says(house, "secret#AT+VER", second=1)
        assert house.sent == [VER]


async def test_five_guesses_lock_their_sender_and_no_other() -> None:
    async with living(House()) as house:
        for second in range(5):
            await says(house, "guess#AT", OTHER, second=second)
        await says(house, "secret#AT+VER", OTHER, second=10)
        assert house.sent == [], "swallowed without answer"
        assert len(house.inbox) == 5
        await says(house, "secret#AT+VER", second=11)
        assert house.sent == [VER]
        await asyncio.sleep(3600)
        await says(house, "secret#AT+VER", OTHER, second=12)
        assert len(house.sent) == 2


async def test_thirty_guesses_in_an_hour_lock_all() -> None:
    async with living(House()) as house:
        for n in range(30):
            house.asks.receive(sms("guess#AT", f"+49151{n:08}", second=n))
        await asyncio.sleep(10)
        assert house.sms.door_state == "locked"
        await says(house, "secret#AT+VER", second=60)
        assert house.sent == []
        await asyncio.sleep(3600)
        assert house.sms.door_state == "open"


async def test_senders_take_bounded_memory() -> None:
    async with living(House()) as house:
        for n in range(200):
            house.asks.receive(sms("guess#AT", f"+49151{n:08}", second=n))
            await asyncio.sleep(120)
        assert len(house.memory.guesses) <= 64


# Read, execute, answer, delete, restart


MOMENT = 0.001  # s between two steps, in which the process may be killed


class Order:
    """What was done, in order, of a command that restarts."""

    def __init__(self, house: House, last: str = "") -> None:
        self.steps: list[str] = []
        self.reached = asyncio.Event()  # the last step, behind which the process is killed
        self._last = last
        self._watch(house.notes, "keep_notes", "remember")
        house._restart = self._restarts(house._restart)  # type: ignore[method-assign]
        ask = house.asks.ask

        async def asked(command: Any) -> Any:
            answer = await ask(command)
            for start, step in {"AT+CMGL": "read", "AT+CMGS": "reply", "AT+CMGD": "delete"}.items():
                if command.text.startswith(start) and (step != "read" or answer.lines):
                    self.note(step)
                    await asyncio.sleep(MOMENT)
            return answer

        house.asks.ask = asked  # type: ignore[method-assign]

    def _restarts(self, restart: Callable[[], None]) -> Callable[[], None]:
        def restarts() -> None:
            self.note("restart")
            restart()

        return restarts

    def note(self, step: str) -> None:
        self.steps.append(step)
        if step == self._last:
            self.reached.set()

    def _watch(self, thing: object, method: str, step: str) -> None:
        before: Callable[..., Any] = getattr(thing, method)

        def watched(*args: Any) -> Any:
            self.note(step)
            return before(*args)

        setattr(thing, method, watched)


STEPS = ["read", "remember", "execute", "reply", "delete", "restart"]


class Notes(FakeNotes):
    """Not slotted, so that it can be watched."""


async def test_read_remember_execute_reply_delete_restart() -> None:
    house = House(notes=Notes())
    order = Order(house)
    async with living(house):
        await says(house, "secret#AT+S")
        assert order.steps == [step for step in STEPS if step != "execute"]
        assert len(house.store.saved) == 1


async def slowly(call: Callable[[], Any]) -> Any:
    result = call()
    await asyncio.sleep(MOMENT)
    return result


async def live_until(house: House, order: Order) -> None:
    """Until just behind the last step; then all ends, as with kill -9."""
    execute = house.commander.execute

    async def executed(*args: Any) -> Any:
        outcome = await execute(*args)
        order.note("execute")
        await asyncio.sleep(MOMENT)
        return outcome

    house.commander.execute = executed  # type: ignore[method-assign,assignment]
    async with living(house):
        await order.reached.wait()


@pytest.mark.parametrize(
    ("last", "executions", "replies"),
    [
        ("read", 1, 1),  # the next process begins anew
        ("remember", 0, 0),  # at worst it is lost
        ("execute", 1, 0),
        ("reply", 1, 1),
        ("delete", 1, 1),
        ("restart", 1, 1),
    ],
)
async def test_killed_between_every_two_steps_it_is_never_carried_out_twice(
    last: str, executions: int, replies: int
) -> None:
    asks, notes = FakeAsks(slow=MOMENT), Notes()
    asks.receive(sms("secret#AT+Z"))
    house = House(asks, notes=notes, in_thread=slowly)
    first = Order(house, last)
    await live_until(house, first)
    steps = list(first.steps)
    assert steps == STEPS[: STEPS.index(last) + 1], "killed where it was meant"
    before = steps.count("execute")
    for _ in range(2):
        assert asks.heard == []
        house = House(asks, notes=notes, in_thread=slowly)
        order = Order(house)
        async with living(house):
            await asyncio.sleep(700)
        steps += order.steps
    assert asks.used == {}, "it is deleted in the end"
    assert house.commander.levels.running == house.levels.saved
    assert len(asks.sent) == replies
    assert notes.writes == 1
    assert before + steps.count("restart") - (last == "restart") == executions


async def test_at_z_by_sms_does_not_loop_when_the_sms_cannot_be_deleted() -> None:
    asks, notes = FakeAsks(), FakeNotes()
    asks.rules["AT+CMGD"] = cms(500)
    asks.receive(sms("secret#AT+Z"))
    restarts = 0
    for _ in range(5):  # processes
        async with living(House(asks, notes=notes)) as house:
            for _ in range(3):  # restarts of the module
                await asyncio.sleep(400)
                house.sms.part()
                house.begin()
            restarts += len(house.restarts)
        assert asks.heard == []
    assert restarts == 1
    assert len(asks.sent) == 1


async def test_it_is_known_again_when_it_lies_elsewhere() -> None:
    async with living(House()) as house:
        await says(house, "secret#AT+VER", second=7)
        house.asks.receive(sms("x"))
        await says(house, "secret#AT+VER", second=7)  # the network repeats itself
        assert house.sent == [VER]
        await says(house, "secret#AT+VER", second=8)
        assert house.sent == [VER, VER]


async def test_one_that_was_carried_out_is_known_after_its_password_has_changed() -> None:
    asks = FakeAsks()
    asks.rules["AT+CMGD"] = cms(500)
    notes = FakeNotes()
    async with living(House(asks, notes=notes)) as house:
        await says(house, 'secret#AT+CMDPW="new"')
        assert house.levels.running.commands.password == "new"
    async with living(House(asks, notes=notes, commands__password="new")) as house:
        await asyncio.sleep(5)
        assert house.inbox == [], "the old password is shown to nobody"
        assert house.counters.guesses == 0


async def test_a_disk_that_fails_does_not_keep_it_from_being_carried_out_once() -> None:
    notes = FakeNotes(failure=OSError(errno.ENOSPC, "No space left on device"))
    asks = FakeAsks()
    asks.rules["AT+CMGD"] = cms(500)
    async with living(House(asks, notes=notes)) as house:
        await says(house, "secret#AT+Z")
        await asyncio.sleep(1000)
        assert len(house.restarts) == 1


async def test_a_text_costs_the_card_nothing() -> None:
    async with living(House()) as house:
        for second in range(20):
            await says(house, "just a text", second=second)
        assert house.notes.writes == 0


async def test_a_reply_that_does_not_leave_holds_the_restart_for_a_minute_at_most() -> None:
    async with living(House()) as house:
        house.asks.rules["AT+CMGS"] = OSError(errno.EBUSY, "the port carries a call")
        house.asks.receive(sms("secret#AT+Z"))
        await asyncio.sleep(REPLY_LIMIT - 1)
        assert house.restarts == []
        await asyncio.sleep(2)
        assert len(house.restarts) == 1
        assert house.asks.used == {}


async def test_a_reply_goes_before_what_waits() -> None:
    async with living(House(module__mode="SMS", sms__destination=OTHER)) as house:
        house.asks.refusals.append(cms(500))
        for packet in (b"one", b"two"):
            house.mode.from_uart(packet)
        await says(house, "secret#AT+VER")
        await asyncio.sleep(60)
        assert house.sent == [(OTHER, "one"), VER, (OTHER, "two")]


async def test_a_restart_that_falls_between_two_modules_is_not_lost() -> None:
    async with living(House()) as house:
        house.sms.part()
        await says(house, "secret#AT+Z")
        assert house.restarts == []
        house.begin()
        assert len(house.restarts) == 1


async def test_the_log_names_the_door_and_no_text(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        async with living(House()) as house:
            await says(house, 'secret#AT+CMDPW="newsecret"')
    assert "sms: AT+CMDPW was set" in caplog.text
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    "sender", ["0081", "0091", "01D000", "14D0" + "FF" * 10, "1491" + "CB" * 10]
)
async def test_a_sender_who_is_nobody_or_no_number(sender: str) -> None:
    """Carried out, answered where that is possible, and the next one is read."""
    async with living(House()) as house:
        house.asks.receive(deliver(septets(b"secret#AT+VER"), sender=sender))
        house.asks.receive(sms("hello"))
        await asyncio.sleep(100)
        assert house.counters.commands == 1
        assert (PHONE, "hello") in house.inbox
        assert house.asks.used == {}


async def test_a_name_made_of_digits_is_no_number() -> None:
    """Anybody can have one sent; a number at least costs a forger some trouble."""
    ours = name(PHONE[3:].encode())
    house = House(modem={"sms_allow": (PHONE,)}, module__mode="SMS", sms__destination=PHONE)
    async with living(house):
        house.asks.receive(deliver(septets(b"secret#AT+VER"), sender=ours))
        house.asks.receive(deliver(septets(b"hello"), sender=ours))
        await asyncio.sleep(10)
        assert (house.counters.commands, house.counters.refused_commands) == (0, 1)
        assert (house.tty.read(), house.inbox) == (b"", [(PHONE[3:], "hello")])


async def test_a_command_counts_as_received() -> None:
    async with living(House()) as house:
        await says(house, "secret#AT+VER")
        assert (house.counters.received, house.counters.commands) == (1, 1)
