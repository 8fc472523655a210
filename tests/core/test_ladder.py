"""The steps that bring a modem back."""

from itertools import pairwise

from usr7s3d.core.ladder import (
    FIRST_PAUSE,
    LAST_PAUSE,
    PATIENCE,
    STABLE,
    Ladder,
    Record,
    Rung,
    Trouble,
)

ALL = tuple(Rung)
PLAIN = (Rung.RESTART, Rung.USB_RESET)  # nothing configured
SEEN = "AT+CSQ: no answer in time"


def climb(ladder: Ladder, until: float) -> list[tuple[float, str]]:
    """Every step up to ``until``, at its deadline, while the trouble stays."""
    steps = []
    while (due := ladder.deadline()) is not None and due <= until:
        if step := ladder.expire(due):
            steps.append((due, step.rung.value))
    return steps


def test_a_silent_modem() -> None:
    ladder = Ladder(ALL)
    ladder.trouble(Trouble.SILENT, SEEN, 0.0)
    assert climb(ladder, 1000.0) == [
        (0.0, "cfun"),
        (60.0, "usb_reset"),
        (150.0, "power"),
        (750.0, "reboot"),
    ]


def test_only_what_is_there_and_allowed() -> None:
    ladder = Ladder((Rung.RESTART, Rung.POWER))
    ladder.trouble(Trouble.SILENT, SEEN, 0.0)
    assert climb(ladder, 100.0) == [(0.0, "cfun"), (90.0, "power")]


def test_climbs_are_spaced_more_and_more() -> None:
    ladder = Ladder(PLAIN)
    ladder.trouble(Trouble.SILENT, SEEN, 0.0)
    restarts = [at for at, rung in climb(ladder, 3 * 86400.0) if rung == "cfun"]
    pauses = [later - at - 60.0 for at, later in pairwise(restarts)]
    assert pauses[:4] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE, 8 * FIRST_PAUSE]
    assert pauses[-1] == LAST_PAUSE


def test_a_restart_of_ours_does_not_begin_the_pauses_anew() -> None:
    ladder = Ladder(PLAIN, Record(climbs=3))
    ladder.trouble(Trouble.SILENT, SEEN, 5.0)
    assert ladder.deadline() == 5.0 + 4 * FIRST_PAUSE


def test_well_for_ten_minutes_is_well() -> None:
    ladder = Ladder(PLAIN, Record(climbs=3))
    ladder.well(Trouble.SILENT, 0.0)
    assert ladder.deadline() == STABLE
    assert ladder.expire(STABLE) is None
    assert ladder.record.climbs == 0
    assert ladder.deadline() is None
    ladder.trouble(Trouble.SILENT, SEEN, 700.0)
    assert ladder.deadline() == 700.0


def test_a_relapse_goes_on_where_the_climb_was() -> None:
    ladder = Ladder(PLAIN)
    ladder.trouble(Trouble.SILENT, SEEN, 0.0)
    climb(ladder, 10.0)
    ladder.well(Trouble.SILENT, 20.0)
    assert ladder.deadline() is None
    ladder.trouble(Trouble.SILENT, SEEN, 100.0)
    assert climb(ladder, 100.0) == [(100.0, "usb_reset")]


def test_a_modem_that_was_pulled_out_is_left_alone() -> None:
    ladder = Ladder(PLAIN)
    ladder.trouble(Trouble.GONE, "1-1.2", 0.0)
    assert ladder.deadline() is None


def test_a_modem_that_does_not_come_back_gets_its_power_key() -> None:
    ladder = Ladder((*PLAIN, Rung.POWER))
    ladder.trouble(Trouble.SILENT, SEEN, 0.0)
    climb(ladder, 60.0)  # the USB reset: now it is gone
    ladder.forget(Trouble.SILENT)
    ladder.trouble(Trouble.GONE, "1-1.2", 65.0)
    assert climb(ladder, 480.0) == [(65.0 + PATIENCE[Trouble.GONE], "power")]


def test_a_registered_modem_that_is_refused_is_restarted_after_half_an_hour() -> None:
    ladder = Ladder(ALL)
    for at in range(0, 1800, 300):
        ladder.trouble(Trouble.REFUSED, "NO CARRIER", float(at))
    assert climb(ladder, 4000.0) == [(1800.0, "cfun"), (3600.0, "usb_reset")]


def test_refused_after_a_restart_goes_on_with_the_reset() -> None:
    ladder = Ladder(ALL)
    ladder.trouble(Trouble.REFUSED, "NO CARRIER", 0.0)
    climb(ladder, 1800.0)
    ladder.forget(Trouble.REFUSED)  # it searches
    ladder.well(Trouble.SILENT, 1830.0)
    ladder.trouble(Trouble.REFUSED, "NO CARRIER", 1900.0)
    assert climb(ladder, 4000.0) == [(3700.0, "usb_reset")]


def test_no_trouble_no_step() -> None:
    ladder = Ladder(ALL)
    ladder.well(Trouble.SILENT, 0.0)
    assert ladder.deadline() is None
    assert ladder.expire(1e6) is None


def test_every_step_is_counted_and_the_last_one_told() -> None:
    ladder = Ladder(PLAIN)
    ladder.trouble(Trouble.SILENT, SEEN, 0.0)
    climb(ladder, 400.0)
    assert ladder.record.taken == {"cfun": 2, "usb_reset": 1}
    assert ladder.record.last == f"cfun: the modem does not answer ({SEEN})"


def test_a_modem_that_is_dead_for_years() -> None:
    """A power of two that no float holds must not end the daemon, again at each start."""
    ladder = Ladder(PLAIN, Record(climbs=999_999_999))
    ladder.trouble(Trouble.SILENT, SEEN, 5.0)
    assert ladder.deadline() == 5.0 + LAST_PAUSE
    assert len(climb(ladder, 2 * 86400.0)) == 2 * 7
    assert ladder.record.climbs > 999_999_999
