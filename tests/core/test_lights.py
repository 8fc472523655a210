"""What the lights show (manual 3.7)."""

from usr7s3d.core.lights import Flash, steady


def test_lights_that_follow_a_state() -> None:
    assert steady(True, {"A": "connected", "B": "waiting"}) == {
        "power": True,
        "gprs": True,
        "linka": True,
        "linkb": False,
    }
    assert not any(lit for name, lit in steady(False, {}).items() if name != "power")


def test_data_is_lit_for_50_ms() -> None:
    flash = Flash()
    assert flash.deadline() is None
    assert flash.traffic(10.0)
    assert flash.deadline() == 10.050
    assert not flash.expire(10.049)
    assert flash.expire(10.050)
    assert flash.deadline() is None


def test_a_run_of_bytes_keeps_it_lit() -> None:
    flash = Flash()
    assert flash.traffic(10.0)
    assert not flash.traffic(10.030)
    assert not flash.expire(10.050)
    assert flash.expire(10.080)
