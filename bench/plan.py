"""How much is measured."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The size of each measurement."""

    rounds: int
    exchanges: int  # requests with their answers, for each way of sending
    seconds: float  # at line rate
    megabytes: float  # as fast as they go
    stalled_megabytes: float  # past a connection that is not read
    flood_seconds: float
    idle_seconds: float
    chunks: int  # counted, of each size


FULL = Plan(
    rounds=3,
    exchanges=150,
    seconds=3.0,
    megabytes=20.0,
    stalled_megabytes=16.0,
    flood_seconds=3.0,
    idle_seconds=30.0,
    chunks=100,
)
QUICK = Plan(
    rounds=1,
    exchanges=40,
    seconds=1.0,
    megabytes=4.0,
    stalled_megabytes=8.0,
    flood_seconds=1.0,
    idle_seconds=5.0,
    chunks=50,
)
