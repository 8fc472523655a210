"""Bytes at the rate of a real line: what does each KB cost?"""

import time
from dataclasses import dataclass

from bench import kernel
from bench.bridges import Bridge
from bench.plan import Plan
from bench.session import Cores, Session, running
from bench.tape import DOWN, UP, Listener

FIFO = 16  # bytes that a UART hands over at once
SEGMENT = 512  # bytes that the network brings at once
GIVE_UP = 3.0  # s without a byte


@dataclass(frozen=True, slots=True)
class Source:
    """``total`` bytes at ``rate`` bytes/s, ``chunk`` at a time.

    With a ``frame`` there is a pause of ``gap`` seconds after so many bytes.
    """

    rate: float
    chunk: int
    total: int
    frame: int = 0
    gap: float = 0.0

    def due(self, sent: int) -> float:
        """When, from the start on, the next chunk is due after ``sent`` bytes."""
        return sent / self.rate + (sent // self.frame * self.gap if self.frame else 0)

    def size(self, sent: int) -> int:
        """How many bytes it has."""
        left = self.total - sent
        return min(self.chunk, left, self.frame - sent % self.frame if self.frame else left)


def paced(bridge: Bridge, plan: Plan, cores: Cores) -> dict[str, float]:
    """Both ways at once, without a pause, at two line rates."""
    result: dict[str, float] = {}
    for baud in (115_200, 921_600):
        rate = baud / 10
        up = Source(rate, FIFO, int(rate * plan.seconds))
        down = Source(rate, SEGMENT, int(rate * plan.seconds))
        with running(bridge, baud=baud, cores=cores) as session:
            for name, value in _run(session, up, down).items():
                result[f"{baud}_{name}"] = value
    return result


def frames(bridge: Bridge, plan: Plan, cores: Cores) -> dict[str, float]:
    """64-byte frames to the network at 921600, with 5 ms between them."""
    baud, frame, gap = 921_600, 64, 0.005
    count = int(plan.seconds / (frame * 10 / baud + gap))
    up = Source(baud / 10, FIFO, count * frame, frame, gap)
    with running(bridge, baud=baud, cores=cores) as session:
        return _run(session, up, Source(1, SEGMENT, 0))


def _run(session: Session, up: Source, down: Source) -> dict[str, float]:
    uart, net = Listener(DOWN), Listener(UP)
    went_up = went_down = most = 0
    held = 0.0  # bytes that were under way, times how long
    before = kernel.usage(session.pid)
    began = seen = last = time.perf_counter()
    while uart.heard < down.total or net.heard < up.total:
        now = time.perf_counter()
        under_way = went_up - net.heard
        held += under_way * (now - last)
        most = max(most, under_way)
        last = now
        if went_up < up.total and now - began >= up.due(went_up):
            went_up += session.uart_write(UP.piece(went_up, up.size(went_up)))
        if went_down < down.total and now - began >= down.due(went_down):
            went_down += session.net_write(DOWN.piece(went_down, down.size(went_down)))
        if net.hear(session.net_read()) | uart.hear(session.uart_read()):
            seen = now
        elif now - seen > GIVE_UP:
            break
    used = kernel.usage(session.pid).since(before)
    seconds = last - began
    total = up.total + down.total
    return {
        "cpu_us_per_KB": used.cpu * 1e6 / (total / 1000),
        "core_percent": 100 * used.cpu / seconds,
        "waits_per_s": used.waits / seconds,
        "segments_per_s": net.pieces / seconds,
        "delay_ms": held / up.total * 1000,  # Little's law
        "backlog_bytes": most,
        "lost": total - net.heard - uart.heard,
        "wrong": net.wrong + uart.wrong,
    }
