"""What the bytes from the UART mean, from the factory: 115200 baud, 50 ms, 1024."""

import copy
import itertools
import math
import re
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from usr7s3d.core.escape import LONGEST_HELD, Timing
from usr7s3d.core.framer import Framer
from usr7s3d.core.lines import LONGEST
from usr7s3d.core.uartinput import (
    Command,
    CommandMode,
    Event,
    Misplaced,
    Packet,
    Rules,
    UartInput,
    Write,
)

FACTORY = Rules(
    timing=Timing(),
    packet_time=0.050,
    packet_length=1024,
    bit_time=1 / 115_200,
    command_timeout=600.0,
)
ENTERED, LEFT = CommandMode(entered=True), CommandMode(entered=False)
HANDSHAKE = [Write(b"a"), Write(b"+ok"), ENTERED]


@pytest.fixture
def uart() -> UartInput:
    return open_input()


def open_input(**rules: object) -> UartInput:
    uart = UartInput(replace(FACTORY, **rules))  # type: ignore[arg-type]
    uart.set_password("usr.cn")
    return uart


def in_command_mode(now: float = 10.0) -> UartInput:
    uart = open_input()
    uart.receive(b"+++", now - 0.2)
    uart.receive(b"a", now - 0.1)
    assert uart.expire(now)[-1] == ENTERED
    return uart


def test_data_of_manual_1_2(uart: UartInput) -> None:
    assert uart.receive(b"http://www.usr.cn", 10.0) == []
    assert uart.deadline() == 10.05
    assert uart.expire(10.05) == [Packet(b"http://www.usr.cn")]
    assert uart.deadline() is None


def test_handshake_of_manual_4_1_1_and_back(uart: UartInput) -> None:
    assert uart.receive(b"+++", 10.0) == []
    assert uart.expire(10.05) == [Write(b"a")]
    assert uart.receive(b"a", 10.2) == []
    assert uart.expire(10.22) == [Write(b"+ok"), ENTERED]
    assert uart.command_mode
    assert uart.receive(b"AT+VER\r\n", 10.3) == [Command("AT+VER", b"AT+VER\r\n")]
    assert uart.done(10.3, ok=True) == []
    assert uart.receive(b"AT+ENTM\r\n", 10.4) == [Command("AT+ENTM", b"AT+ENTM\r\n")]
    assert uart.done(10.4, ok=True, leave=True) == []
    assert not uart.command_mode
    uart.receive(b"data", 10.5)
    assert uart.expire(10.55) == [Packet(b"data")]


@pytest.mark.parametrize("gap", [0.0, 0.015, 0.020])
@pytest.mark.parametrize("answer_after", [0.1, 2.9])
def test_hosts_that_send_the_pluses_in_three_writes(gap: float, answer_after: float) -> None:
    uart, events = open_input(), list[Event]()
    for n in range(3):
        events += uart.receive(b"+", 10 + n * gap)
    events += uart.receive(b"a", 10 + 2 * gap + answer_after)
    assert events + uart.expire(20.0) == HANDSHAKE


@pytest.mark.parametrize("packet_time", [0.0, 0.005, 0.5])
def test_the_times_of_the_handshake_do_not_follow_uartft_and_uartfl(packet_time: float) -> None:
    uart = open_input(packet_time=packet_time, packet_length=5)
    assert uart.receive(b"+++", 10.0) == []
    assert uart.receive(b"a", 10.3) == [Write(b"a")]
    assert uart.expire(10.32) == [Write(b"+ok"), ENTERED]


def test_a_line_that_comes_before_the_clock_was_looked_at_is_a_command(uart: UartInput) -> None:
    uart.receive(b"+++", 10.0)
    uart.receive(b"a", 10.2)
    assert uart.receive(b"AT+VER\r\n", 10.3) == [
        Write(b"+ok"),
        ENTERED,
        Command("AT+VER", b"AT+VER\r\n"),
    ]


def test_a_failed_handshake_is_data(uart: UartInput) -> None:
    uart.receive(b"+++", 10.0)
    assert uart.expire(13.05) == [Write(b"a"), Packet(b"+++")]
    uart.receive(b"+++", 20.0)
    assert uart.receive(b"b", 21.0) == [Write(b"a"), Packet(b"+++")]
    assert uart.expire(21.05) == [Packet(b"b")]


def test_with_uartft_0_a_plus_and_a_password_are_still_held() -> None:
    uart = open_input(packet_time=0.0)
    assert uart.receive(b"x", 10.0) == [Packet(b"x")]
    assert uart.receive(b"+", 11.0) == []
    assert uart.expire(11.05) == [Packet(b"+")]
    assert uart.receive(b"us", 12.0) == []
    assert uart.expire(12.05) == [Packet(b"us")]
    assert uart.receive(b"usr.cn#AT+VER\r", 13.0) == [Command("AT+VER", prefix=b"usr.cn#")]


@pytest.mark.parametrize("held", [b"u", b"+", b"++", b"usr.cn#"])
def test_a_packet_stays_whole_though_a_part_of_it_was_held(held: bytes) -> None:
    uart = open_input(packet_time=0.5)
    uart.receive(b"data ", 10.0)
    uart.receive(held, 10.49)
    uart.receive(b" data", 10.53)
    assert uart.expire(12.0) == [Packet(b"data " + held + b" data")]


def test_password_command_of_manual_4_1_2(uart: UartInput) -> None:
    uart.receive(b"usr.cn#AT+VER", 10.0)
    assert uart.expire(10.05) == [Command("AT+VER", prefix=b"usr.cn#")]
    assert uart.deadline() is None  # the input stands still
    assert uart.done(10.06, ok=True) == []


def test_a_password_command_ends_the_packet_before_it() -> None:
    uart = open_input(packet_time=0.5)
    uart.receive(b"data", 10.0)
    assert uart.receive(b"usr.cn#AT+VER\r", 10.06) == [
        Packet(b"data"),
        Command("AT+VER", prefix=b"usr.cn#"),
    ]


def test_a_command_may_be_longer_than_uartfl() -> None:
    uart = open_input(packet_length=5)
    uart.receive(b'usr.cn#AT+HTPURL="/a/long/path?"', 10.0)
    assert uart.expire(10.05) == [Command('AT+HTPURL="/a/long/path?"', prefix=b"usr.cn#")]


def test_a_packet_cut_by_length_does_not_start_a_command() -> None:
    uart = open_input(packet_length=5)
    assert uart.receive(b"12345usr.cn#AT+Z\r", 10.0) == [
        Packet(b"12345"),
        Packet(b"usr.c"),
        Packet(b"n#AT+"),
    ]
    assert uart.expire(10.05) == [Packet(b"Z\r")]


def test_a_password_command_that_has_not_ended_ends_when_a_handshake_is_answered() -> None:
    uart = open_input(packet_time=0.5)
    uart.receive(b"usr.cn#AT+VER", 10.0)
    uart.receive(b"+++", 10.21)
    assert uart.expire(10.27) == [Write(b"a"), Command("AT+VER", prefix=b"usr.cn#")]
    assert uart.receive(b"a", 10.4) == []
    assert uart.done(10.5, ok=True) == []
    assert uart.expire(10.5) == [Write(b"+ok"), ENTERED]


def test_bytes_that_come_while_a_command_is_carried_out_wait(uart: UartInput) -> None:
    uart.receive(b"usr.cn#AT+VER\r", 10.0)
    assert uart.receive(b"\nusr.cn#AT+", 10.01) == []
    assert uart.receive(b"CSQ\r", 10.02) == []
    assert uart.receive(b"data", 10.5) == []
    assert uart.expire(11.0) == []
    assert uart.done(11.0, ok=True) == [Command("AT+CSQ", prefix=b"usr.cn#")]
    assert uart.done(11.0, ok=True) == []
    assert uart.expire(11.0) == [Packet(b"data")]


def test_a_command_that_ends_by_silence_while_bytes_wait_goes_before_them(uart: UartInput) -> None:
    uart.receive(b"usr.cn#AT+VER\r", 10.0)
    uart.receive(b"usr.cn#AT+CSQ", 10.01)
    uart.receive(b"one", 11.0)
    uart.receive(b"two", 12.0)
    assert uart.done(13.0, ok=True) == [Command("AT+CSQ", prefix=b"usr.cn#")]
    assert uart.done(13.0, ok=True) == [Packet(b"one")]
    assert uart.expire(13.0) == [Packet(b"two")]


def test_two_commands_in_one_read_are_carried_out_one_by_one() -> None:
    uart = in_command_mode(10.0)
    assert uart.receive(b"AT+S\rAT+ENTM\r\ndata", 11.0) == [Command("AT+S", b"AT+S\r")]
    assert uart.done(11.0, ok=True) == [Command("AT+ENTM", b"AT+ENTM\r\n")]
    assert uart.done(11.0, ok=True, leave=True) == []
    assert uart.expire(11.05) == [Packet(b"data")]


@pytest.mark.parametrize("behind", [b"\n", b"\r", b"\r\n"])
@pytest.mark.parametrize("after", [0.0, 0.006, 0.04])
def test_the_terminator_of_entm_does_not_reach_the_network(behind: bytes, after: float) -> None:
    uart = in_command_mode(10.0)
    events = uart.receive(b"AT+ENTM\r", 11.0) + uart.receive(behind, 11.0 + after)
    events += uart.expire(11.05)
    assert [e.text for e in events if isinstance(e, Command)] == ["AT+ENTM"]
    assert uart.done(11.05, ok=True, leave=True) == []
    uart.receive(b"\ndata", 11.2)
    assert uart.expire(11.3) == [Packet(b"\ndata")]


def test_t1_counts_from_the_last_byte_of_entm() -> None:
    for quiet, data in ((0.2, True), (0.201, False)):
        uart = in_command_mode(10.0)
        uart.receive(b"AT+ENTM\r\n", 11.0)
        uart.done(11.1, ok=True, leave=True)
        uart.receive(b"+++", 11.0 + quiet)
        assert (uart.expire(11.4) == [Packet(b"+++")]) is data


def test_pluses_and_a_in_command_mode() -> None:
    uart = in_command_mode(10.0)
    uart.receive(b"+++", 11.0)
    assert uart.expire(11.05) == [Misplaced()]
    uart.receive(b"a", 13.9)
    assert uart.expire(13.92) == [Write(b"+ok")]
    assert uart.receive(b"AT\r\n", 14.0) == [Command("AT", b"AT\r\n")]


def test_an_overlong_line_is_a_command_without_text() -> None:
    uart = in_command_mode(10.0)
    assert uart.receive(b"x" * 3000 + b"\r\n", 11.0) == [Command(None)]
    assert uart.done(11.0, ok=False) == []


def test_passwords_mean_nothing_in_command_mode() -> None:
    uart = in_command_mode(10.0)
    assert uart.receive(b"usr.cn#AT\r\n", 11.0) == [Command("usr.cn#AT", b"usr.cn#AT\r\n")]


def test_command_mode_is_left_600_s_after_the_last_good_line() -> None:
    uart = in_command_mode(10.0)
    uart.receive(b"AT\r\n", 100.0)
    uart.done(100.0, ok=True)
    uart.receive(b"nonsense\r\n", 600.0)
    uart.done(600.0, ok=False)
    assert uart.deadline() == 700.0
    assert uart.expire(699.9) == []
    assert uart.expire(700.0) == [LEFT]
    assert not uart.command_mode
    assert uart.deadline() is None


def test_what_was_no_line_yet_is_data_when_the_time_is_up() -> None:
    uart = in_command_mode(10.0)
    uart.receive(b"a host that was restarted", 500.0)
    assert uart.expire(700.0) == [LEFT, Packet(b"a host that was restarted")]


def test_a_line_that_is_about_to_end_comes_before_the_time_out() -> None:
    uart = in_command_mode(10.0)
    deadline = uart.deadline()
    assert deadline
    uart.receive(b"AT\r", deadline - 0.001)
    assert uart.expire(deadline + 1) == [Command("AT", b"AT\r")]
    uart.done(deadline + 1, ok=True)
    assert uart.deadline() == deadline + 601


def test_with_cmdto_0_command_mode_is_for_ever() -> None:
    uart = open_input(command_timeout=0.0)
    uart.receive(b"+++", 10.0)
    uart.receive(b"a", 10.1)
    uart.expire(10.2)
    assert uart.command_mode
    assert uart.deadline() is None


def test_with_wkmod_cmd_there_is_only_command_mode() -> None:
    uart = open_input(command_only=True)
    assert uart.command_mode
    assert uart.deadline() is None
    uart.receive(b"+++", 10.0)
    assert uart.expire(10.05) == [Misplaced()]
    uart.receive(b"AT+ENTM\r\n", 11.0)
    assert uart.done(11.0, ok=True, leave=True) == []
    assert uart.command_mode
    assert uart.receive(b"AT\r\n", 1e6) == [Command("AT", b"AT\r\n")]


def test_a_repeated_handshake_leaves_nothing_on_the_network(uart: UartInput) -> None:
    uart.receive(b"+++", 10.0)
    uart.receive(b"+++", 11.0)
    assert uart.receive(b"a", 12.0) == [Write(b"a")]
    assert uart.expire(12.02) == [Write(b"+ok"), ENTERED]


def test_the_input_after_a_restart_goes_on_where_this_one_stopped(uart: UartInput) -> None:
    uart.receive(b"data", 10.0)
    uart.receive(b"usr.cn#AT+S\rusr.cn#AT+ENTM\r", 11.0)
    uart.receive(b"more", 11.2)
    after = open_input()
    events = [event for run in uart.rest() for event in after.receive(*run)]
    assert events == [Command("AT+ENTM", prefix=b"usr.cn#")]
    assert uart.rest() == []
    after.done(12.0, ok=True)
    assert after.expire(12.0) == [Packet(b"more")]


# Whatever comes, and however it is cut: every byte is a packet's or a command's, once, in
# order.  The driver below is the host, the clock and the one who carries out commands.


@dataclass
class Driver:
    """``lag``: how many reads a command takes to be carried out; ``punctual``: timers fire."""

    rules: Rules = FACTORY
    password: str | None = "usr.cn"
    lag: int = 0
    punctual: bool = True
    now: float = 100.0
    fed: bytes = b""  # without CR and LF, as is out
    out: bytes = b""  # packets, commands and handshakes, end to end
    events: list[Event] = field(default_factory=list)
    busy_with: Command | None = None
    age: int = 0  # reads since that command

    def __post_init__(self) -> None:
        self.uart = UartInput(self.rules)
        self.uart.set_password(self.password)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        while self.punctual and (due := self.uart.deadline()) is not None and due <= self.now:
            self.take(self.uart.expire(due), due)
            later = self.uart.deadline()
            assert later is None or later > due, "a timer must not fire twice"

    def receive(self, data: bytes) -> None:
        self.fed += without_terminators(data)
        self.age += 1
        self.take(self.uart.receive(data, self.now), self.now)
        self.take(self.uart.expire(self.now), self.now)
        due = self.uart.deadline()
        assert due is None or due > self.now

    def restart(self) -> None:
        old, self.busy_with = self.uart, None
        held = old.rest()
        assert old.rest() == []
        self.__post_init__()
        for data, at in held:
            self.take(self.uart.receive(data, at), at)

    def finish(self) -> None:
        self.lag = 0
        self.take([], self.now)
        self.now += 1e6
        while (due := self.uart.deadline()) is not None:
            self.now = max(self.now, due)
            self.take(self.uart.expire(self.now), self.now)
        assert not self.uart.handshaking
        for data, _ in self.uart.rest():  # of a line that has not ended
            self.out += without_terminators(data)

    def take(self, events: list[Event], now: float) -> None:
        self.note(events)
        while self.busy_with and self.age >= self.lag:
            leave = self.busy_with.prefix is None and self.busy_with.text == "AT+ENTM"
            self.busy_with = None
            self.note(self.uart.done(now, ok=True, leave=leave))

    def note(self, events: list[Event]) -> None:
        self.events += events
        for n, event in enumerate(events):
            assert self.busy_with is None, "nothing follows a command until it is carried out"
            match event:
                case Packet(data):
                    self.out += without_terminators(data)
                case Command(text, raw, prefix):
                    self.busy_with, self.age = event, 0
                    text = prefix.decode() + (text or "") if prefix else raw.decode("latin-1")
                    self.out += without_terminators(text.encode("latin-1"))
                case Misplaced():
                    self.out += b"+++"
                case Write(b"+ok"):
                    entered = events[n + 1 : n + 2] == [ENTERED]
                    handshake = re.match(rb"(\+\+\+)+a", self.fed[len(self.out) :])
                    assert handshake or not entered
                    self.out += handshake[0] if handshake and entered else b"a"


def without_terminators(data: bytes) -> bytes:
    return data.translate(None, b"\r\n")


chunks = st.sampled_from([
    b"+", b"++", b"+++", b"a", b"us", b"usr.cn#", b"usr.cn#AT", b"usr.cn#AT+X\r",
    b"AT\r\n", b"AT+ENTM\r", b"\r", b"\n", b"x", b"1234567890", b"\x00\xff+",
])  # fmt: skip
pauses = st.sampled_from([
    0.0, 0.001, 0.006, 0.02, 0.03, 0.049, 0.05, 0.06, 0.1, 0.15, 0.21, 0.3, 0.6, 3.0, 4.0,
])  # fmt: skip
streams = st.lists(st.tuples(pauses, chunks), max_size=40)
rules = st.builds(
    Rules,
    timing=st.sampled_from([Timing(), Timing(quiet=0.0), Timing(quiet=1.0)]),
    packet_time=st.sampled_from([0.0, 0.01, 0.05, 0.1, 0.3, 0.5]),
    packet_length=st.sampled_from([5, 1024]),
    bit_time=st.sampled_from([1 / 2400, 1 / 921_600]),
    command_timeout=st.sampled_from([0.0, 0.5, 600.0]),
    command_only=st.booleans(),
)
passwords = st.sampled_from(["usr.cn", "", "+", "a", None])


drivers = st.builds(Driver, rules, passwords, st.integers(0, 4), st.booleans())


@given(streams, drivers, st.sets(st.integers(0, 40)))
def test_every_byte_goes_one_way_once_and_in_order(
    stream: list[tuple[float, bytes]], driver: Driver, restarts: set[int]
) -> None:
    for n, (pause, data) in enumerate(stream):
        driver.wait(pause)
        if n in restarts:
            driver.restart()
        driver.receive(data)
    driver.finish()
    assert driver.out == driver.fed


@given(streams, rules, passwords)
def test_a_late_clock_changes_nothing(
    stream: list[tuple[float, bytes]], rules: Rules, password: str | None
) -> None:
    rules = replace(rules, bit_time=1 / 921_600)  # these bytes take no time, however many
    punctual, late = (Driver(rules, password, punctual=p) for p in (True, False))
    for driver in (punctual, late):
        for pause, data in stream:
            driver.wait(pause)
            driver.receive(data)
        driver.finish()
    assert late.events == punctual.events


@given(streams, rules)
def test_data_is_packed_as_if_nothing_else_listened(
    stream: list[tuple[float, bytes]], rules: Rules
) -> None:
    """A beginning of something else changes no packet when nothing comes of it."""
    driver = Driver(replace(rules, command_only=False), "secret")
    framer, packets = Framer(rules.packet_time, rules.packet_length), list[bytes]()
    for pause, data in stream:
        driver.wait(pause)
        driver.receive(data)
        packets += framer.receive(data, driver.now)
    driver.finish()
    assume(Write(b"a") not in driver.events)
    assert driver.events == [Packet(p) for p in packets + framer.expire(math.inf)]


@given(st.lists(st.tuples(pauses, st.binary(min_size=1, max_size=900)), max_size=12), rules)
def test_noise_does_no_harm(stream: list[tuple[float, bytes]], rules: Rules) -> None:
    driver = Driver(rules)
    for pause, data in stream:
        driver.wait(pause)
        driver.receive(data)
    driver.finish()


@pytest.mark.parametrize("start", [b"", b"usr.cn#AT+", b"+++", b"AT+"])
@pytest.mark.parametrize("command_only", [True, False])
def test_what_is_held_is_bounded(start: bytes, command_only: bool) -> None:
    driver = Driver(replace(FACTORY, command_only=command_only, packet_length=4096))
    driver.receive(start or b"x")
    most = FACTORY.packet_length * 4 + LONGEST + LONGEST_HELD
    for _ in range(100):
        driver.receive(b"x" * 4096)
        assert sum(len(data) for data, _ in copy.deepcopy(driver.uart).rest()) <= most
    driver.finish()


@pytest.mark.parametrize("cut", [1, 2, 3, 5])
@pytest.mark.parametrize("stream", [b"+++a", b"x+++a", b"usr.cn#AT+X\rus", b"+++aAT\r\nAT+ENTM\rx"])
def test_every_stream_at_every_speed(stream: bytes, cut: int) -> None:
    for waits in itertools.product((0.0, 0.03, 0.06, 0.3, 4.0), repeat=4):
        driver, wait = Driver(), itertools.cycle(waits)
        for at in range(0, len(stream), cut):
            driver.wait(next(wait))
            driver.receive(stream[at : at + cut])
        driver.finish()
        assert driver.out == without_terminators(driver.fed), waits
