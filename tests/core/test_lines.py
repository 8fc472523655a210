"""Command lines out of bytes (manual 4.2), at 115200 baud unless said."""

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usr7s3d.core.lines import LONGEST, Escape, Event, Line, LineReader, LoneA, Overlong

BIT = 1 / 115_200  # s


@pytest.fixture
def reader() -> LineReader:
    return LineReader(BIT)


def test_crlf_ends_a_line_at_once(reader: LineReader) -> None:
    assert reader.receive(b"AT+E?\r\n", 10.0) == [Line("AT+E?", b"AT+E?\r\n")]
    assert reader.deadline() is None


def test_a_cr_that_is_the_last_byte_waits_5_ms_for_its_lf(reader: LineReader) -> None:
    assert reader.receive(b"AT+E?\r", 10.0) == []
    assert reader.deadline() == 10.005
    assert reader.expire(10.004) == []
    assert reader.receive(b"\n", 10.004) == [Line("AT+E?", b"AT+E?\r\n")]


@pytest.mark.manual("4.2", "CR ends a command")
@pytest.mark.manual("3.2.3.2", "CR ends every command")
@pytest.mark.manual("4.1.4", "CR ends every command")
def test_a_cr_alone_ends_the_line_after_5_ms(reader: LineReader) -> None:
    reader.receive(b"AT+E?\r", 10.0)
    assert reader.expire(10.005) == [Line("AT+E?", b"AT+E?\r")]


def test_at_2400_baud_the_wait_is_40_bit_times() -> None:
    reader = LineReader(1 / 2400)
    reader.receive(b"AT\r", 10.0)
    assert reader.deadline() == pytest.approx(10.0 + 40 / 2400)


def test_one_lf_that_comes_later_is_swallowed(reader: LineReader) -> None:
    reader.receive(b"AT\r", 10.0)
    assert reader.expire(10.005) == [Line("AT", b"AT\r")]
    assert reader.receive(b"\n", 10.03) == []
    assert reader.receive(b"AT+VER\r\n", 10.1) == [Line("AT+VER", b"AT+VER\r\n")]


def test_only_one_lf_and_only_the_next_byte(reader: LineReader) -> None:
    reader.receive(b"AT\r", 10.0)
    reader.expire(10.005)
    assert reader.receive(b"\n\nAT\r\n", 10.03) == [Line("AT", b"\nAT\r\n")]
    reader.receive(b"AT\r", 20.0)
    reader.expire(20.005)
    assert reader.receive(b"AT\r\n", 20.1) == [Line("AT", b"AT\r\n")]


def test_crcr_is_one_line_and_an_empty_one(reader: LineReader) -> None:
    assert reader.receive(b"AT\r\r", 10.0) == [Line("AT", b"AT\r")]
    assert reader.proceed() == []
    assert reader.expire(10.005) == []


def test_empty_lines_are_ignored(reader: LineReader) -> None:
    assert reader.receive(b"\r\n\r\r\n \t\r\n", 10.0) == []
    assert reader.receive(b"\r", 10.1) == []
    assert reader.expire(10.2) == []
    assert reader.deadline() is None


def test_what_stands_behind_a_line_waits_for_proceed(reader: LineReader) -> None:
    assert reader.receive(b"AT+S\rAT+ENTM\r\nAT+VER", 10.0) == [Line("AT+S", b"AT+S\r")]
    assert reader.proceed() == [Line("AT+ENTM", b"AT+ENTM\r\n")]
    assert reader.proceed() == []
    assert reader.rest() == [(b"AT+VER", 10.0)]
    assert reader.rest() == []


def test_what_comes_with_a_late_expiry_waits_for_proceed(reader: LineReader) -> None:
    reader.receive(b"AT+S\r", 10.0)
    assert reader.receive(b"AT+ENTM\r\n", 10.1) == [Line("AT+S", b"AT+S\r")]
    assert reader.proceed() == [Line("AT+ENTM", b"AT+ENTM\r\n")]


def test_text_is_latin_1_and_raw_is_as_it_came(reader: LineReader) -> None:
    assert reader.receive(b" AT+STMSG=\xe9 \r\n", 10.0) == [
        Line("AT+STMSG=\xe9", b" AT+STMSG=\xe9 \r\n")
    ]


@pytest.mark.parametrize("end", [b"\r\n", b"\r", b"\r\r"])
def test_1024_characters_are_a_line_and_1025_are_not(reader: LineReader, end: bytes) -> None:
    (event,) = lines_of(reader, b"x" * LONGEST + end)
    assert text(event) == "x" * LONGEST
    assert lines_of(reader, b"x" * (LONGEST + 1) + end) == [Overlong()]
    assert [text(event) for event in lines_of(reader, b"AT" + end)] == ["AT"]


@pytest.mark.parametrize("size", [1, 7, 512, 1023, 1024, 1025, 1026, 1027, 4096])
def test_3000_characters_without_cr_are_discarded_to_the_cr(reader: LineReader, size: int) -> None:
    stream = b"x" * 3000 + b"\r\nAT\r\n"
    assert lines_of(reader, stream, size) == [Overlong(), Line("AT", b"AT\r\n")]


def test_noise_without_cr_is_not_kept(reader: LineReader) -> None:
    for n in range(100):
        assert reader.receive(b"\xff\x00\n+a" * 800, 10.0 + n) == []
    assert sum(len(run) for run, _ in reader.rest()) <= LONGEST + 2


def test_pluses_in_command_mode_are_found_after_50_ms_of_silence(reader: LineReader) -> None:
    assert reader.receive(b"++", 10.0) == []
    assert reader.receive(b"+", 10.02) == []
    assert reader.expire(10.069) == []
    assert reader.expire(10.07) == [Escape()]
    assert reader.receive(b"AT\r\n", 11.0) == [Line("AT", b"AT\r\n")]


def test_pluses_with_more_behind_them_are_a_line(reader: LineReader) -> None:
    reader.receive(b"+++", 10.0)
    assert reader.receive(b"\r\n", 10.04) == [Line("+++", b"+++\r\n")]


def test_pluses_on_a_line_that_has_begun_are_part_of_it(reader: LineReader) -> None:
    reader.receive(b"AT", 10.0)
    reader.receive(b"+++", 20.0)
    assert reader.deadline() is None
    reader.rest()
    reader.receive(b"x" * 3000, 30.0)
    reader.receive(b"+++", 40.0)
    assert reader.deadline() is None


def test_a_lone_a_within_3_s_of_the_pluses(reader: LineReader) -> None:
    reader.receive(b"+++", 10.0)
    assert reader.expire(10.05) == [Escape()]
    assert reader.receive(b"a", 13.0) == []
    assert reader.expire(13.02) == [LoneA()]
    reader.receive(b"a", 13.1)  # the second one is the beginning of a line
    assert reader.deadline() is None


def test_an_a_that_is_late_or_has_company_is_the_beginning_of_a_line(reader: LineReader) -> None:
    reader.receive(b"+++", 10.0)
    reader.expire(10.05)
    assert reader.receive(b"at\r\n", 10.1) == [Line("at", b"at\r\n")]
    reader.receive(b"a", 13.06)
    assert reader.deadline() is None
    assert reader.receive(b"t\r\n", 14.0) == [Line("at", b"at\r\n")]


def test_a_whole_line_that_comes_with_a_late_expiry_is_not_forgotten(reader: LineReader) -> None:
    reader.receive(b"+++", 10.0)
    assert reader.receive(b"AT\r\n", 10.1) == [Escape(), Line("AT", b"AT\r\n")]


@pytest.mark.parametrize("stream", [b"AT\r\nAT+E?\r\rAT+S\r", b"a\r\n\nb\r\n\r\nc\r\r\rd\r"])
def test_lines_are_the_same_wherever_the_stream_is_cut(stream: bytes) -> None:
    whole = [text(event) for event in lines_of(LineReader(BIT), stream)]
    for cuts in itertools.product((0.0, 0.004, 0.03, 4.0), repeat=5):
        events = lines_of(LineReader(BIT), stream, size=1, pauses=cuts)
        assert [text(event) for event in events] == whole


@given(
    st.lists(st.tuples(st.text("AT+\r\nxa ", min_size=1, max_size=9), st.floats(0, 0.1))),
    st.booleans(),
)
def test_every_byte_is_in_one_line_or_held(stream: list[tuple[str, float]], late: bool) -> None:
    """But for LF and CR of no line, and what +++ and a alone mean."""
    reader, now, out = LineReader(BIT), 100.0, ""
    for piece, pause in stream:
        now += pause
        events = [] if late else answered(reader, reader.expire(now))
        out += "".join(map(text, events + answered(reader, reader.receive(piece.encode(), now))))
        if not late:
            assert (deadline := reader.deadline()) is None or deadline > now - 1e-9
    out += "".join(run.decode() for run, _ in reader.rest())
    fed = "".join(piece for piece, _ in stream)
    assert squeeze(out) == squeeze(fed)


def lines_of(
    reader: LineReader, stream: bytes, size: int = 4096, pauses: Iterable[float] = (0.001,)
) -> list[Event]:
    """All events of a stream that comes in pieces of ``size``, and an hour of silence."""
    now, events, wait = 100.0, list[Event](), itertools.cycle(pauses)
    for at in range(0, len(stream), size):
        now += next(wait)
        events += answered(reader, reader.expire(now))
        events += answered(reader, reader.receive(stream[at : at + size], now))
    return events + answered(reader, reader.expire(now + 3600))


def answered(reader: LineReader, events: list[Event]) -> list[Event]:
    """``events``, and those of what stood behind their lines."""
    behind = events
    while behind and isinstance(behind[-1], Line | Overlong):
        behind = reader.proceed()
        events = events + behind
    return events


def text(event: Event) -> str:
    match event:
        case Line(line, _):
            return line
        case Escape():
            return "+++"
        case LoneA():
            return "a"
    return "overlong"


def squeeze(stream: str) -> str:
    return "".join(c for c in stream if c not in "\r\n ")
