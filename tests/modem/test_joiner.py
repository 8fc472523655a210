"""Long messages out of parts that come as networks bring them."""

from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from tests.modem import tpdu
from usr7s3d.modem.joiner import LIFETIME, MOST_PARTS, Joined, Joiner
from usr7s3d.modem.pdu import Deliver, decode

OTHER_SENDER = "0481" "2143"  # fmt: skip
LATER = "62112231030580"


def part(
    text: bytes, number: int, total: int, *, reference: int = 7, sender: str = tpdu.SENDER,
    time: str = tpdu.TIME,
) -> Deliver:  # fmt: skip
    header = f"050003{reference:02X}{total:02X}{number:02X}"
    message = decode(
        tpdu.deliver(tpdu.septets(text, header), header=True, sender=sender, time=time)
    )
    assert isinstance(message, Deliver)
    return message


THREE = [part(b"one ", 1, 3), part(b"two ", 2, 3), part(b"three", 3, 3)]


def test_a_message_of_one_part_goes_through() -> None:
    single = decode(tpdu.deliver(tpdu.septets(b"single")))
    assert isinstance(single, Deliver)
    (out,) = Joiner().add(single, 0.0)
    assert (out.text, out.complete) == ("single", True)


def test_parts_in_any_order() -> None:
    for order in permutations(THREE):
        joiner = Joiner()
        out = [joined for at, each in enumerate(order) for joined in joiner.add(each, float(at))]
        assert [joined.text for joined in out] == ["one two three"]
        assert out[0].complete
        assert len(joiner) == 0


def test_a_part_that_comes_twice_while_others_are_awaited() -> None:
    joiner = Joiner()
    joiner.add(THREE[0], 0.0)
    assert joiner.add(THREE[0], 1.0) == []
    joiner.add(THREE[1], 2.0)
    assert [out.text for out in joiner.add(THREE[2], 3.0)] == ["one two three"]


def test_the_same_part_with_a_later_time_stamp_is_the_same_part() -> None:
    joiner = Joiner()
    joiner.add(THREE[0], 0.0)
    assert joiner.add(part(b"one ", 1, 3, time=LATER), 1.0) == []


def test_a_double_after_the_message_was_whole() -> None:
    joiner = Joiner()
    for each in THREE:
        joiner.add(each, 0.0)
    assert joiner.add(THREE[1], 5.0) == []
    assert len(joiner) == 0


def test_the_same_long_text_sent_again_is_a_new_message() -> None:
    """A device that reports "all well" each hour, with the same reference."""
    joiner = Joiner()
    texts = [
        out.text
        for time in (tpdu.TIME, LATER)
        for number in (1, 2)
        for out in joiner.add(part(b"well", number, 2, time=time), 0.0)
    ]
    assert texts == ["wellwell", "wellwell"]


def test_a_reference_that_came_round_pushes_the_old_parts_out() -> None:
    joiner = Joiner()
    joiner.add(THREE[0], 0.0)
    assert joiner.add(part(b"new ", 1, 3), 1.0) == [Joined((THREE[0],), complete=False)]
    joiner.add(part(b"text ", 2, 3), 2.0)
    assert [out.text for out in joiner.add(part(b"here", 3, 3), 3.0)] == ["new text here"]


def test_senders_references_and_totals_are_kept_apart() -> None:
    joiner = Joiner()
    strange = (
        part(b"x", 2, 3, sender=OTHER_SENDER),
        part(b"x", 2, 3, reference=8),
        part(b"x", 2, 4),
    )
    for each in (THREE[0], *strange, THREE[1]):
        assert joiner.add(each, 0.0) == []
    assert [out.text for out in joiner.add(THREE[2], 0.0)] == ["one two three"]
    assert len(joiner) == 3


def test_parts_that_stay_away() -> None:
    joiner = Joiner()
    joiner.add(THREE[2], 0.0)
    joiner.add(THREE[0], 100.0)
    assert joiner.deadline() == 100.0 + LIFETIME
    assert joiner.expire(99.0 + LIFETIME) == []
    (out,) = joiner.expire(100.0 + LIFETIME)
    assert (out.text, out.complete) == ("one three", False)
    assert joiner.deadline() is None


def test_it_stays_bounded_and_the_oldest_go() -> None:
    joiner = Joiner()
    strays = [part(b"x", 1, 2, reference=n) for n in range(MOST_PARTS + 10)]
    out = [joined for at, stray in enumerate(strays) for joined in joiner.add(stray, float(at))]
    assert len(joiner) == MOST_PARTS
    assert [joined.parts[0] for joined in out] == strays[:10]


def test_what_is_held_at_the_end() -> None:
    joiner = Joiner()
    joiner.add(THREE[0], 0.0)
    assert joiner.give_up() == [Joined((THREE[0],), complete=False)]
    assert len(joiner) == 0


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(1, 4), st.integers(1, 4), st.integers(0, 9)),
        max_size=60,
    ),
    st.integers(1, 8),
)
def test_nothing_is_lost_and_nothing_comes_twice(
    arrivals: list[tuple[int, int, int, int]], most: int
) -> None:
    joiner = Joiner(most=most)
    parts = [
        part(f"{at}".encode(), number, total, reference=reference)
        for at, (reference, number, total, _) in enumerate(arrivals)
    ]
    out = []
    for at, each in enumerate(parts):
        out += joiner.add(each, float(at * arrivals[at][3] * 100))
        out += joiner.expire(float(at * 100))
        assert len(joiner) <= max(most, 1)
    came = [each for joined in out + joiner.give_up() for each in joined.parts]
    assert sorted(each.text for each in came) == sorted(each.text for each in parts)
