"""Commands with the password in a stream of data (manual 4.1.2 to 4.1.4)."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usr7s3d.core.lines import LONGEST
from usr7s3d.core.password import Command, Data, Event, PasswordGate

VER = Command(b"usr.cn#", "AT+VER")


@pytest.fixture
def gate() -> PasswordGate:
    return open_gate()


def open_gate(password: str | None = "usr.cn", packet_end: float = 0.050) -> PasswordGate:
    gate = PasswordGate(packet_end)
    gate.set_password(password)
    return gate


def test_manual_4_1_2_sends_no_cr_so_the_packets_end_is_the_commands(gate: PasswordGate) -> None:
    assert gate.receive(b"usr.cn#AT+VER", 10.0) == []
    assert gate.deadline() == 10.05
    assert gate.expire(10.049) == []
    assert gate.expire(10.05) == [VER]
    assert gate.deadline() is None


def test_a_cr_ends_the_command_at_once(gate: PasswordGate) -> None:
    assert gate.receive(b"usr.cn#AT+VER\r", 10.0) == [VER]


def test_at_may_be_in_any_case_and_the_password_may_not(gate: PasswordGate) -> None:
    assert gate.receive(b"usr.cn#at+socka?\r", 10.0) == [Command(b"usr.cn#", "at+socka?")]
    assert gate.receive(b"USR.CN#AT+SOCKA?\r", 20.0) == [Data(b"USR.CN#AT+SOCKA?\r", 20.0)]


def test_bare_at_is_a_command(gate: PasswordGate) -> None:
    gate.receive(b"usr.cn#AT", 10.0)
    assert gate.expire(10.05) == [Command(b"usr.cn#", "AT")]


def test_with_an_empty_password_the_prefix_is_the_separator() -> None:
    gate = open_gate("")
    assert gate.receive(b"#AT+VER\r", 10.0) == [Command(b"#", "AT+VER")]


@pytest.mark.manual("4.2.1.8", "off: no commands among the data")
def test_a_shut_door_takes_nothing_and_holds_nothing() -> None:
    gate = open_gate(None)
    assert gate.receive(b"usr.cn#AT+VER\r", 10.0) == [Data(b"usr.cn#AT+VER\r", 10.0)]
    assert gate.receive(b"#AT\r", 20.0) == [Data(b"#AT\r", 20.0)]


@pytest.mark.parametrize(
    "packet", [b"usr.cn#BT", b"usr.cm#AT+VER", b"usr.cn AT+VER", b"x", b"xusr.cn#AT", b"\x00\xff"]
)
def test_anything_else_is_data_at_once(gate: PasswordGate, packet: bytes) -> None:
    assert gate.receive(packet, 10.0) == [Data(packet, 10.0)]


def test_a_command_starts_after_50_ms_without_a_byte(gate: PasswordGate) -> None:
    gate.receive(b"x", 10.0)
    assert gate.receive(b"usr.cn#AT+VER\r", 10.049) == [Data(b"usr.cn#AT+VER\r", 10.049)]
    gate.receive(b"x", 20.0)
    assert gate.receive(b"usr.cn#AT+VER\r", 20.051) == [VER]


def test_a_command_may_stand_directly_behind_another(gate: PasswordGate) -> None:
    assert gate.receive(b"usr.cn#AT+S\r\nusr.cn#AT+VER\rxyz", 10.0) == [Command(b"usr.cn#", "AT+S")]
    assert gate.proceed() == [VER]
    assert gate.proceed() == [Data(b"xyz", 10.0)]


def test_a_beginning_is_held_while_it_can_become_a_command(gate: PasswordGate) -> None:
    assert gate.receive(b"usr", 10.0) == []
    assert gate.undecided
    assert gate.receive(b".cn#", 10.04) == []
    assert gate.receive(b"x", 10.08) == [
        Data(b"usr", 10.0),
        Data(b".cn#", 10.04),
        Data(b"x", 10.08),
    ]
    assert not gate.undecided


def test_a_beginning_is_held_no_longer_than_the_packet(gate: PasswordGate) -> None:
    gate.receive(b"usr.cn", 10.0)
    assert gate.deadline() == 10.05
    assert gate.expire(10.05) == [Data(b"usr.cn", 10.0)]


def test_a_beginning_is_held_for_200_ms_at_most() -> None:
    gate = open_gate(packet_end=0.5)
    gate.receive(b"usr.cn#A", 10.0)
    assert gate.deadline() == 10.2
    gate.receive(b"T", 10.1)
    assert gate.deadline() == 10.6  # it is a command now, and ends with its packet
    assert gate.receive(b"+VER\r", 10.5) == [VER]


def test_a_beginning_that_fails_gives_way_to_a_command_that_starts_behind_it() -> None:
    gate = open_gate(packet_end=0.2)
    gate.receive(b"us", 10.0)
    assert gate.receive(b"usr.cn#AT+VER\r", 10.06) == [Data(b"us", 10.0), VER]


def test_a_late_call_lets_no_password_through(gate: PasswordGate) -> None:
    gate.receive(b"us", 10.0)
    assert gate.receive(b"usr.cn#AT+VER\r", 10.3) == [Data(b"us", 10.0), VER]
    gate.receive(b"usr.cn#AT+S", 20.0)
    assert gate.receive(b"usr.cn#AT+VER\r", 20.3) == [Command(b"usr.cn#", "AT+S")]
    assert gate.proceed() == [VER]


@pytest.mark.parametrize("end", [b"\r", b"\r\n", b"\r\r", b"\r\r\n"])
@pytest.mark.parametrize("size", [1, 2, 99])
def test_cr_and_lf_directly_behind_a_command_are_swallowed(
    gate: PasswordGate, end: bytes, size: int
) -> None:
    stream = b"usr.cn#AT+VER" + end + b"xyz"
    events: list[Event] = []
    for at in range(0, len(stream), size):
        events += gate.receive(stream[at : at + size], 10.0 + at / 1000)
        events += gate.proceed()
    assert events[0] == VER
    assert b"".join(e.data for e in events[1:] if isinstance(e, Data)) == b"xyz"


def test_cr_and_lf_that_start_a_packet_are_data(gate: PasswordGate) -> None:
    gate.receive(b"usr.cn#AT+VER\r", 10.0)
    assert gate.receive(b"\r\n\x01", 10.06) == [Data(b"\r\n\x01", 10.06)]
    gate.receive(b"usr.cn#AT+VER", 20.0)
    gate.expire(20.05)
    assert gate.receive(b"\r", 20.06) == [Data(b"\r", 20.06)]


def test_a_new_password_holds_for_what_stands_behind_the_command(gate: PasswordGate) -> None:
    gate.receive(b"usr.cn#AT+CMDPW=pw\rpw#AT+VER\r", 10.0)
    gate.set_password("pw")
    assert gate.proceed() == [Command(b"pw#", "AT+VER")]
    gate.receive(b"pw#AT+CMDPW=x\rpw#AT+VER\r", 20.0)
    gate.set_password("x")
    assert gate.proceed() == [Data(b"pw#AT+VER\r", 20.0)]


@pytest.mark.parametrize("password", [None, "", "longer than before", "usr"])
def test_a_password_changed_by_another_door_undoes_a_command_that_has_begun(
    gate: PasswordGate, password: str | None
) -> None:
    gate.receive(b"usr.cn#AT+V", 10.0)
    gate.set_password(password)
    assert gate.receive(b"ER\r", 10.01) == [Data(b"usr.cn#AT+V", 10.0), Data(b"ER\r", 10.01)]
    gate = open_gate()
    gate.receive(b"usr.cn#AT+V", 20.0)
    gate.set_password(password)
    assert gate.deadline() == 20.05
    assert gate.expire(20.05) == [Data(b"usr.cn#AT+V", 20.0)]


@pytest.mark.parametrize("size", [1, 100, 1024, 1025, 4096])
def test_a_command_of_more_than_1024_bytes_is_refused_whole(gate: PasswordGate, size: int) -> None:
    def command(length: int) -> bytes:
        return b"usr.cn#AT".ljust(length, b"x")

    longest = gate_all(gate, command(LONGEST) + b"\r", size)
    assert longest == [Command(b"usr.cn#", command(LONGEST)[7:].decode())]
    assert gate_all(open_gate(), command(LONGEST + 1) + b"\r", size) == [Command(b"usr.cn#", None)]
    assert gate_all(open_gate(), command(9000), size) == [Command(b"usr.cn#", None)]


def test_a_command_line_of_another_kind_counts_as_a_command(gate: PasswordGate) -> None:
    gate.note_command(10.0)
    assert gate.receive(b"\n", 10.01) == []
    assert gate.receive(b"usr.cn#AT+VER\r", 10.02) == [VER]


def test_rest_gives_away_what_is_no_command_yet(gate: PasswordGate) -> None:
    gate.receive(b"usr", 10.0)
    gate.receive(b".cn", 10.01)
    assert gate.rest() == [(b"usr", 10.0), (b".cn", 10.01)]
    assert gate.rest() == []
    assert gate.deadline() is None


def test_a_command_is_found_wherever_it_is_cut() -> None:
    stream = b"usr.cn#AT+VER\r"
    for first, second in itertools.combinations(range(1, len(stream)), 2):
        gate = open_gate()
        assert gate.receive(stream[:first], 10.0) == []
        assert gate.receive(stream[first:second], 10.04) == []
        assert gate.receive(stream[second:], 10.08) == [VER]


pieces = st.sampled_from([b"a", b"a#", b"#", b"A", b"T", b"+X", b"\r", b"\n", b"x", b"a#AT+Y\r"])
pauses = st.sampled_from([0.0, 0.001, 0.049, 0.05, 0.06, 0.15, 0.2, 0.3, 0.6])


@given(
    st.lists(st.tuples(pieces, pauses), max_size=30),
    st.sampled_from(["a", "", "aa", "AT", None]),
    st.sampled_from([0.0, 0.05, 0.1, 0.5]),
    st.booleans(),
)
def test_every_byte_is_data_or_command_once_and_in_order(
    stream: list[tuple[bytes, float]], password: str | None, packet_end: float, punctual: bool
) -> None:
    """But for CR and LF behind commands."""
    gate = open_gate(password, packet_end)
    now, fed, out = 100.0, b"", b""

    def take(events: list[Event]) -> None:
        nonlocal out
        assert not any(isinstance(event, Command) for event in events[:-1])
        for event in events:
            if isinstance(event, Data):
                out += event.data
            else:
                assert event.text is not None
                out += event.prefix + event.text.encode()
                take(gate.proceed())

    for piece, pause in [*stream, (b"", 9.0)]:
        now += pause
        while punctual and (deadline := gate.deadline()) is not None and deadline <= now:
            take(gate.expire(deadline))
        fed += piece
        take(gate.receive(piece, now) if piece else gate.expire(now))
    assert out.translate(None, b"\r\n") == fed.translate(None, b"\r\n")


def gate_all(gate: PasswordGate, stream: bytes, size: int) -> list[Event]:
    events: list[Event] = []
    for at in range(0, len(stream), size):
        events += gate.receive(stream[at : at + size], 100 + at / 1e6)
    return events + gate.expire(200)
