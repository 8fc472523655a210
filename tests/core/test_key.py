"""Keys whose contacts bounce."""

from usr7s3d.core.key import DEBOUNCE, Key


def acts(key: Key, *changes: tuple[float, bool], until: float = 100.0) -> list[float]:
    """When the key acts, asked at each of its deadlines as a service would."""
    times = []

    def pass_time(end: float) -> None:
        while (due := key.deadline()) is not None and due <= end:
            if key.expire(due):
                times.append(due)

    for at, down in changes:
        pass_time(at)
        if key.change(down, at):
            times.append(at)
    pass_time(until)
    return times


def test_held_for_3_s() -> None:
    assert acts(Key(3.0), (1.0, True), (5.0, False)) == [4.0]


def test_let_go_too_soon() -> None:
    assert acts(Key(3.0), (1.0, True), (3.9, False)) == []


def test_pressed() -> None:
    assert acts(Key(0.0), (1.0, True), (1.2, False)) == [1.0 + DEBOUNCE]


def test_a_spike_is_no_press() -> None:
    assert acts(Key(0.0), (1.0, True), (1.01, False)) == []


def test_contacts_that_bounce_are_one_press() -> None:
    press = [(1.0, True), (1.002, False), (1.004, True), (1.006, False), (1.008, True)]
    release = [(1.3, False), (1.302, True), (1.304, False)]
    assert len(acts(Key(0.0), *press, *release)) == 1


def test_a_bounce_does_not_begin_the_3_s_anew() -> None:
    assert acts(Key(3.0), (1.0, True), (2.0, False), (2.01, True), (9.0, False)) == [4.0]


def test_each_press_acts_once() -> None:
    pressed = [(1.0, True), (2.0, False), (3.0, True), (4.0, False)]
    assert acts(Key(0.0), *pressed) == [1.0 + DEBOUNCE, 3.0 + DEBOUNCE]


def test_a_line_that_is_low_from_the_start_does_nothing_until_it_is_let_go() -> None:
    assert acts(Key(0.0), (5.0, False), (6.0, True)) == [6.0 + DEBOUNCE]


def test_a_press_that_is_noticed_late() -> None:
    key = Key(3.0)
    assert not key.change(True, 1.0)
    assert key.change(False, 5.0)
