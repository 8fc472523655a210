"""The benchmark itself: it moves every byte, and says what it found."""

import asyncio
from dataclasses import replace

import pytest

from bench import release, report, targets
from bench.bridges import BRIDGES, SER2NET, SOCAT, USR7S3D, Bridge
from bench.bulk import fanout
from bench.latency import WAYS, latency
from bench.paced import Source
from bench.plan import QUICK, Plan
from bench.rounds import TIMED, Results, Rounds
from bench.session import Cores
from bench.tape import LENGTH, UP, Listener

Rows = dict[str, list[float | None]]

TINY = replace(QUICK, exchanges=2, megabytes=0.05, stalled_megabytes=1)


@pytest.mark.real
def test_the_daemon_answers_and_its_latency_is_measured() -> None:
    values = latency(BRIDGES[USR7S3D], TINY, Cores())
    assert len(values) == 3 * len(WAYS)
    assert all(0 < value < 1e6 for value in values.values())


@pytest.mark.real
def test_every_byte_comes_out_of_both_connections_and_of_one_beside_a_stalled_one() -> None:
    values = fanout(BRIDGES[USR7S3D], TINY, Cores())
    assert (values["both_lost"], values["both_wrong"], values["stalled_wrong"]) == (0, 0, 0)
    assert values["stalled_delivered_percent"] == 100


def test_a_tape_tells_lost_and_wrong_bytes_across_its_end() -> None:
    ear = Listener(UP)
    ear.heard = LENGTH - 10
    assert ear.hear(bytes(UP.piece(LENGTH - 10, 20)))
    assert not ear.hear(b"")
    assert ear.wrong == 0
    ear.hear(bytes(UP.piece(LENGTH + 11, 5)))  # one byte is missing
    assert ear.wrong == 1


def test_frames_are_sent_by_chunks_with_a_gap_behind_each() -> None:
    source = Source(rate=92_160, chunk=48, total=128, frame=64, gap=0.005)
    sent, sizes, times = 0, [], []
    while sent < source.total:
        sizes.append(source.size(sent))
        times.append(source.due(sent))
        sent += sizes[-1]
    assert sizes == [48, 16, 48, 16]
    assert times[2] == 64 / 92_160 + 0.005


def results(**rows: Rows) -> Results:
    return Results(rounds=3, values=rows)


def test_ratios_are_those_of_each_round() -> None:
    """The second round was slow for both: the medians' ratio would be 2.5."""
    both = results(ours={"row": [2.0, 50.0, 5.0]}, theirs={"row": [1.0, 25.0, 2.0]})
    assert report.ratio(both, "ours", "row", "theirs") == 2.0
    assert report.median(both, "ours", "row") == 5.0
    assert report.ratio(both, "ours", "row", "nobody") is None


def test_the_table_has_a_column_for_each_bridge() -> None:
    table = report.markdown(results(ser2net={"a.b": [1.0, 3.0, None]}, socat={"a.b": [4.0] * 3}))
    assert table.splitlines() == [
        "|     | ser2net |    socat |",
        "| --- | ------: | -------: |",
        "| a.b |       2 | 4 (2.67) |",
    ]


def good() -> Results:
    ours: Rows = {target.row: [0.0] * 3 for target in targets.TARGETS}
    ours["fanout.stalled_delivered_percent"] = [100.0] * 3
    theirs: Rows = {row: [1.0] * 3 for row in ours}
    return results(**{USR7S3D: ours, SER2NET: theirs, SOCAT: theirs})


def test_targets_are_met_or_missed() -> None:
    assert targets.check(good())[0]
    slow = good()
    slow.values[USR7S3D]["memory.rss_MiB"] = [5.5] * 3
    met, lines = targets.check(slow)
    assert not met
    assert "MISSED  memory.rss_MiB of ser2net's: 5.5, at most 5 wanted" in lines


def test_what_was_not_measured_is_missed() -> None:
    assert not targets.check(Results(rounds=3))[0]


def test_a_lost_byte_spoils_everything() -> None:
    lossy = good()
    lossy.values[USR7S3D]["paced.921600_lost"] = [0.0, 1.0, 0.0]
    assert not targets.check(lossy)[0]


class Machine:
    """Its other programs use so many percent of a core during each cell."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, others: list[float]) -> None:
        self.seconds = 0.0
        self._busy = 0.0
        self._others = iter(others)
        monkeypatch.setattr("bench.rounds.time.monotonic", lambda: self.seconds)
        monkeypatch.setattr("bench.rounds.LOOK", 1e-9)
        monkeypatch.setattr("bench.rounds.kernel.foreign", lambda: self._busy)
        monkeypatch.setitem(TIMED, "latency", self.measure)

    def measure(self, _bridge: Bridge, _plan: Plan, _cores: Cores) -> dict[str, float]:
        self.seconds += 1
        self._busy += next(self._others) / 100
        return {"at": self.seconds}


def take(*, patience: float) -> Results:
    rounds = Rounds([BRIDGES[SOCAT]], QUICK, quiet=10, patience=patience)
    rounds.take("latency", 0)
    return rounds.results


def test_a_disturbed_cell_is_taken_again(monkeypatch: pytest.MonkeyPatch) -> None:
    Machine(monkeypatch, [50, 11, 9, 0])
    taken = take(patience=60)
    assert taken.values[SOCAT]["latency.at"] == [3.0]
    assert taken.discarded == 2


def test_where_no_moment_is_quiet_there_is_no_figure(monkeypatch: pytest.MonkeyPatch) -> None:
    Machine(monkeypatch, [100] * 5)
    taken = take(patience=4.5)
    assert taken.discarded == 5
    assert taken.values == {SOCAT: {}}
    assert taken.failures == ["socat, latency, round 1: no quiet moment"]


@pytest.mark.real
@pytest.mark.parametrize("way", release.WAYS)
@pytest.mark.parametrize("load", ["idle", "bridging"])
def test_every_release_of_an_rs485_line_is_measured(way: str, load: str) -> None:
    late = asyncio.run(release.measure(way, 115200, 3, load))
    assert 1 <= late.count <= 3  # what comes before the first has left joins it
