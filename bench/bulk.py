"""Bytes as fast as they go: throughput, two connections, memory."""

import time
from collections.abc import Collection
from dataclasses import dataclass

from bench import kernel
from bench.bridges import Bridge
from bench.plan import Plan
from bench.session import Cores, Session, running
from bench.tape import DOWN, UP, Listener

PATIENCE = 3.0  # s without a byte: the rest is lost
PIECE = 65536  # bytes offered at once
MB = 1e6


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the bytes."""

    seconds: float  # until the last one arrived
    lost: int
    wrong: int


def pump(session: Session, up: int, down: int, *, unread: Collection[int] = ()) -> Outcome:
    """Send ``up`` bytes into the UART and ``down`` into the first connection.

    The connections in ``unread`` are not read.
    """
    uart = Listener(DOWN)
    nets = {i: Listener(UP) for i in range(len(session.net)) if i not in unread}
    went_up = went_down = 0
    began = last = time.perf_counter()
    while uart.heard < down or any(net.heard < up for net in nets.values()):
        moved = False
        if went_up < up:
            size = session.uart_write(UP.piece(went_up, min(PIECE, up - went_up)))
            went_up, moved = went_up + size, moved or size > 0
        if went_down < down:
            size = session.net_write(DOWN.piece(went_down, min(PIECE, down - went_down)))
            went_down, moved = went_down + size, moved or size > 0
        if uart.heard < down:
            moved |= uart.hear(session.uart_read())
        for which, net in nets.items():
            moved |= net.hear(session.net_read(which))
        now = time.perf_counter()
        if moved:
            last = now
        elif now - last > PATIENCE:
            break
    lost = down - uart.heard + sum(up - net.heard for net in nets.values())
    wrong = uart.wrong + sum(net.wrong for net in nets.values())
    return Outcome(last - began, lost, wrong)


def throughput(bridge: Bridge, plan: Plan, cores: Cores) -> dict[str, float]:
    """MB/s without a line rate, each way and both ways at once."""
    size = int(plan.megabytes * MB)
    result: dict[str, float] = {}
    with running(bridge, cores=cores) as session:
        for way, up, down in (("up", size, 0), ("down", 0, size), ("both", size, size)):
            outcome = pump(session, up, down)
            result[f"{way}_MBps"] = (up + down - outcome.lost) / MB / outcome.seconds
            result[f"{way}_lost"] = outcome.lost
            result[f"{way}_wrong"] = outcome.wrong
    return result


def fanout(bridge: Bridge, plan: Plan, cores: Cores) -> dict[str, float]:
    """Two connections; then the second is not read: what does the first still get?"""
    if not bridge.fans_out:
        return {}
    size, past = int(plan.megabytes * MB / 4), int(plan.stalled_megabytes * MB)
    with running(bridge, connections=2, cores=cores) as session:
        both = pump(session, size, 0)
        before = kernel.memory(session.pid).rss
        one = pump(session, past, 0, unread=(1,))
        return {
            "both_MBps": size / MB / both.seconds,
            "both_lost": both.lost,
            "both_wrong": both.wrong,
            "stalled_delivered_percent": 100 * (past - one.lost) / past,
            "stalled_wrong": one.wrong,
            "stalled_growth_MiB": kernel.memory(session.pid).rss - before,
        }


def memory(bridge: Bridge, plan: Plan, cores: Cores) -> dict[str, float]:
    """Start-up, and memory before and after work."""
    size = int(plan.megabytes * MB)
    with running(bridge, cores=cores) as session:
        idle = kernel.memory(session.pid)
        pump(session, size, size)
        worked = kernel.memory(session.pid)
        return {
            "startup_ms": session.startup * 1000,
            "rss_MiB": idle.rss,
            "pss_MiB": idle.pss,
            "uss_MiB": idle.uss,
            "rss_after_MiB": worked.rss,
            "growth_MiB": worked.rss - idle.rss,
        }


def flood(bridge: Bridge, plan: Plan, cores: Cores) -> dict[str, float]:
    """The network sends without end, the UART drains 11520 bytes/s: does memory grow?"""
    rate, heard, accepted = 11520, 0, 0
    with running(bridge, cores=cores) as session:
        before = kernel.memory(session.pid).rss
        began = time.perf_counter()
        while (passed := time.perf_counter() - began) < plan.flood_seconds:
            accepted += session.net_write(DOWN.piece(accepted, PIECE))
            if heard < rate * passed:
                heard += len(session.uart_read(16))
        return {
            "growth_MiB": kernel.memory(session.pid).rss - before,
            "accepted_MB": accepted / MB,
        }
