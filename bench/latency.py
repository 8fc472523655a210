"""How much later an answer comes because of the bridge.

    UART  -- 8 bytes -->  bridge  -->  net
    UART  <--  the same 8, at once  <--  net

The clock runs from the moment the last byte is in until the last one is back.
"""

import random
import statistics
import time
from collections.abc import Callable

from bench.bridges import Bridge
from bench.plan import Plan
from bench.session import Cores, Session, Stalled, running

# The whole request at once, or byte by byte at a line rate.
WAYS = {"frame": 0, "at_9600": 9600, "at_115200": 115_200, "at_921600": 921_600}
REQUEST = 8  # bytes
GIVE_UP = 3.0  # s


def latency(bridge: Bridge, plan: Plan, cores: Cores) -> dict[str, float]:
    """Microseconds, as percentiles over the requests."""
    result: dict[str, float] = {}
    chance = random.Random(7)
    with running(bridge, cores=cores) as session:
        for way, baud in WAYS.items():
            times = []
            for _ in range(plan.exchanges):
                _spin(chance.uniform(0.003, 0.005))
                times.append(_exchange(session, b"\x01" + chance.randbytes(REQUEST - 1), baud))
            cuts = statistics.quantiles(times, n=100, method="inclusive")
            for percent in (50, 90, 99):
                result[f"{way}_p{percent}_us"] = cuts[percent - 1] * 1e6
    return result


def _exchange(session: Session, request: bytes, baud: int) -> float:
    """Seconds from the last byte of ``request`` until its echo is back."""
    arrived = _send(session, request, baud)
    sent = time.perf_counter()
    arrived += _receive(session.net_read, REQUEST - len(arrived))
    session.net_write(arrived)
    echo = _receive(session.uart_read, REQUEST)
    back = time.perf_counter()
    if echo != request:
        raise Stalled(f"sent {request.hex()}, got {echo.hex()}")
    return back - sent


def _send(session: Session, request: bytes, baud: int) -> bytes:
    """Write ``request``; what of it has come out meanwhile."""
    if not baud:
        session.uart_write(request)
        return b""
    came = b""
    began = time.perf_counter()
    for number in range(len(request)):
        while time.perf_counter() < began + number * 10 / baud:
            came += session.net_read()
        session.uart_write(request[number : number + 1])
    return came


def _receive(read: Callable[[], bytes], size: int) -> bytes:
    data = b""
    end = time.perf_counter() + GIVE_UP
    while len(data) < size:
        data += read()
        if time.perf_counter() > end:
            raise Stalled(f"{len(data)} of {size} bytes came")
    return data


def _spin(seconds: float) -> None:
    """Wait without sleep, which would change how fast the core runs after it."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
