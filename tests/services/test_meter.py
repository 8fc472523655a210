"""Bytes per bearer and month."""

import asyncio
from collections.abc import Mapping

import pytest

from tests.services.parts import at_once, running
from usr7s3d.services.mobile.meter import MONTHS, PERIOD, Meter


class Place:
    """A state folder in memory, a bearer, a calendar."""

    def __init__(self) -> None:
        self.tables: Mapping[str, Mapping[str, str]] = {}
        self.writes = 0
        self.failure: OSError | None = None
        self.bytes = (0, 0)
        self.month = "2026-11"

    def meter(self) -> Meter:
        return Meter("ppp", lambda: self.bytes, self, in_thread=at_once, month=lambda: self.month)

    def notes(self, name: str) -> dict[str, dict[str, str]]:
        return {table: dict(rows) for table, rows in self.tables.items()}

    def keep_notes(self, name: str, words: str, tables: Mapping[str, Mapping[str, str]]) -> None:
        if self.failure:
            raise self.failure
        self.writes += 1
        self.tables = {month: dict(rows) for month, rows in tables.items()}


async def test_counted_by_month_and_over_a_restart() -> None:
    place = Place()
    meter = place.meter()
    async with running(meter):
        place.bytes = (100, 10)
        assert meter.months == {"2026-11": {"ppp_rx": 100, "ppp_tx": 10}}
        assert place.writes == 0
    place.bytes = (0, 0)
    meter = place.meter()
    async with running(meter):
        place.bytes = (1, 2)
        assert meter.months["2026-11"] == {"ppp_rx": 101, "ppp_tx": 12}
        place.month, place.bytes = "2026-12", (5, 2)
        assert meter.months["2026-12"] == {"ppp_rx": 4, "ppp_tx": 0}


async def test_written_once_an_hour_at_most_and_only_when_something_went() -> None:
    place = Place()
    async with running(place.meter()):
        await asyncio.sleep(5 * PERIOD + 1)
        assert place.writes == 0
        for _ in range(3600):
            place.bytes = (place.bytes[0] + 1, 0)
            await asyncio.sleep(1)
        assert place.writes == 1


async def test_old_months_go() -> None:
    place = Place()
    meter = place.meter()
    async with running(meter):
        for number in range(20):
            place.month, place.bytes = f"2026-{number:02}", (number + 1, 0)
            assert len(meter.months) <= MONTHS
        assert "2026-19" in meter.months


async def test_a_disk_that_fails_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    place = Place()
    place.failure = OSError(28, "No space left on device")
    async with running(place.meter()):
        place.bytes = (1, 1)
        await asyncio.sleep(PERIOD + 1)
        place.failure = None
        place.bytes = (2, 2)
    assert "traffic.toml: not written" in caplog.text
    assert place.tables == {"2026-11": {"ppp_rx": "2", "ppp_tx": "2"}}


async def test_what_was_not_written_is_written_at_the_end() -> None:
    place = Place()
    async with running(place.meter()):
        place.bytes = (100, 10)
        place.failure = OSError(28, "No space left on device")
        await asyncio.sleep(PERIOD + 1)
        place.failure = None
    assert place.tables == {"2026-11": {"ppp_rx": "100", "ppp_tx": "10"}}


async def test_whoever_comes_next_begins_with_what_the_one_before_wrote_last() -> None:
    """As at a new host configuration: the next one is made before the last one has ended."""
    place = Place()
    first = place.meter()
    async with running(first):
        second = place.meter()
        assert second.months == {}
        place.bytes = (100, 10)
    place.bytes = (0, 0)
    async with running(second):
        place.bytes = (1, 2)
        assert second.months["2026-11"] == {"ppp_rx": 101, "ppp_tx": 12}
