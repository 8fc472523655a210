"""Measures every bridge in turn, in quiet moments only.

A cell is one bridge and one measurement.  Each round takes all cells, the order of
the bridges rotating, so that a slow change of the machine hits all alike.  Other
programs disturb single cells, which no ratio puts right: such a cell is taken again,
never for what came out of it.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from bench import bulk, counts, kernel
from bench.bridges import Bridge
from bench.idle import idle
from bench.latency import latency
from bench.paced import frames, paced
from bench.plan import Plan
from bench.session import Cores, Stalled, say

Values = dict[str, float]
Measure = Callable[[Bridge, Plan, Cores], Values]

TIMED: dict[str, Measure] = {
    "latency": latency,
    "paced": paced,
    "frames": frames,
    "throughput": bulk.throughput,
    "fanout": bulk.fanout,
    "flood": bulk.flood,
    "memory": bulk.memory,
}
# Not disturbed by other programs, so taken once.
COUNTED: dict[str, Callable[[Bridge, Plan], Values]] = {
    "syscalls": counts.system_calls,
    "instructions": counts.instructions,
}
ALL = (*TIMED, "idle", *COUNTED)

LOOK = 0.25  # s over which a moment is judged


@dataclass(slots=True)
class Results:
    """``values[bridge][row]``: one number for each round, None where there is none."""

    rounds: int
    values: dict[str, dict[str, list[float | None]]] = field(default_factory=dict)
    discarded: int = 0
    failures: list[str] = field(default_factory=list)

    def put(self, bridge: str, measure: str, turn: int, values: Values) -> None:
        """Keep what came out of one cell."""
        rows = self.values.setdefault(bridge, {})
        for name, value in values.items():
            row = rows.setdefault(f"{measure}.{name}", [None] * self.rounds)
            row[turn] = value


class Rounds:
    """``quiet`` is how many percent of a core others may use; each cell waits ``patience`` s."""

    def __init__(
        self, bridges: Sequence[Bridge], plan: Plan, *, quiet: float, patience: float
    ) -> None:
        self._bridges = bridges
        self._plan = plan
        self._quiet = quiet
        self._patience = patience
        self._cores = Cores()
        self.results = Results(plan.rounds, {bridge.name: {} for bridge in bridges})

    def run(self, measures: Sequence[str]) -> None:
        """Take every cell of ``measures``."""
        # Counts come first: they need both cores and no quiet.
        for name in [name for name in COUNTED if name in measures]:
            for bridge in self._bridges:
                self._count(bridge, name)
        self._cores.settle()
        for turn in range(self._plan.rounds):
            for name in [name for name in TIMED if name in measures]:
                self.take(name, turn)
            say(f"round {turn + 1} of {self._plan.rounds} done")
        if "idle" in measures:
            for name, values in idle(self._bridges, self._plan, self._cores).items():
                self.results.put(name, "idle", 0, values)

    def _count(self, bridge: Bridge, name: str) -> None:
        say(f"counting {name} of {bridge.name}")
        try:
            self.results.put(bridge.name, name, 0, COUNTED[name](bridge, self._plan))
        except (Stalled, OSError) as error:
            self._failed(f"{bridge.name}, {name}: {error}")

    def take(self, name: str, turn: int) -> None:
        """Measure every bridge, in an order that is another one in each round."""
        for bridge in [*self._bridges[turn:], *self._bridges[:turn]]:
            self._cell(bridge, name, turn)

    def _cell(self, bridge: Bridge, name: str, turn: int) -> None:
        measure = partial(TIMED[name], bridge, self._plan, self._cores)
        end = time.monotonic() + self._patience
        while True:
            self._await_quiet(end)
            before, began = kernel.foreign(), time.monotonic()
            try:
                values, trouble = measure(), ""
            except (Stalled, OSError) as error:
                values, trouble = {}, str(error)
            others = 100 * (kernel.foreign() - before) / (time.monotonic() - began)
            if others <= self._quiet:
                break
            self.results.discarded += 1
            if time.monotonic() > end:
                trouble = "no quiet moment"
                break
        if trouble:
            self._failed(f"{bridge.name}, {name}, round {turn + 1}: {trouble}")
        else:
            self.results.put(bridge.name, name, turn, values)

    def _await_quiet(self, end: float) -> None:
        """Wait until other programs leave the machine alone, at most until ``end``."""
        while time.monotonic() < end:
            before = kernel.foreign()
            time.sleep(LOOK)
            if 100 * (kernel.foreign() - before) / LOOK <= self._quiet:
                return

    def _failed(self, words: str) -> None:
        self.results.failures.append(words)
        say(f"! {words}")
