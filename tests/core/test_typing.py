"""The text of an SMS behind the prompt of AT+CMGS (manual 2.2; 3GPP TS 27.005 3.5.1)."""

import pytest

from usr7s3d.core.lines import LONGEST, TYPING, Event, Line, LineReader, Overlong, Typed

CMGS = b'AT+CMGS="123"\r'


def prompted(reader: LineReader, stream: bytes, size: int, pause: float) -> list[Event]:
    """All events of ``stream``; each CMGS is answered with a prompt."""
    found: list[Event] = []
    now = 10.0

    def go_on(events: list[Event]) -> None:
        while events:
            found.extend(events)
            if not isinstance(last := events[-1], Line | Overlong | Typed):
                return
            if isinstance(last, Line) and last.text.startswith("AT+CMGS"):
                reader.prompt(now)
            events = reader.proceed()

    for at in range(0, len(stream), size):
        now += pause
        go_on(reader.receive(stream[at : at + size], now))
    go_on(reader.expire(now + 1))
    return found


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("pause", [0.0, 0.004, 0.2, 4.0])
@pytest.mark.parametrize("end", [b"\r", b"\r\n"])
def test_a_text_ends_at_1a_however_it_is_cut(size: int, pause: float, end: bytes) -> None:
    stream = b'AT+CMGS="123"' + end + b"hello\r\nworld+++\x1a" + b"AT\r"
    events = prompted(LineReader(1 / 115200), stream, size, pause)
    assert [event for event in events if isinstance(event, Typed)] == [
        Typed(b"hello\r\nworld+++", b"hello\r\nworld+++\x1a")
    ]
    assert isinstance(events[0], Line)
    assert events[-1] == Line("AT", b"AT\r")


def at_the_prompt() -> LineReader:
    reader = LineReader(1 / 115200)
    reader.receive(CMGS, 10.0)
    assert reader.expire(10.01) == [Line('AT+CMGS="123"', CMGS)]
    reader.prompt(10.01)
    return reader


def test_1b_cancels() -> None:
    reader = at_the_prompt()
    assert reader.receive(b"hel\x1b", 11.0) == [Typed(None, b"hel\x1b", cancelled=True)]
    assert reader.receive(b"AT\rAT", 12.0) == [Line("AT", b"AT\r")]


def test_who_went_away_at_the_prompt_does_not_have_it_for_ever() -> None:
    reader = at_the_prompt()
    reader.receive(b"hel", 20.0)
    assert reader.deadline() == 20.0 + TYPING
    assert reader.expire(20.0 + TYPING) == [Typed(None, b"")]
    assert reader.receive(b"AT\rA", 200.0) == [Line("AT", b"AT\r")]


def test_a_text_that_is_too_long_is_none_and_is_not_held() -> None:
    reader = at_the_prompt()
    for at in range(100):
        assert reader.receive(b"x" * 500, 11.0 + at) == []
    assert reader.receive(b"\x1a", 111.0) == [Typed(None, b"")]
    assert reader.receive(b"x" * LONGEST + b"\rA", 112.0) != []


def test_a_text_that_was_begun_is_no_data() -> None:
    reader = at_the_prompt()
    reader.receive(b"hel", 11.0)
    assert reader.rest() == []
