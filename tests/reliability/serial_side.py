"""The way to the UART, restarts, and UDP."""

import signal
import socket
from collections.abc import Callable
from time import monotonic

from tests.reliability.records import audit, split
from tests.reliability.rows import (
    CACHE,
    FULL,
    PACE,
    PACKET,
    TO_HOST,
    TO_SERVER,
    Row,
    Rows,
    lasting,
    settle,
    to_host,
    to_server,
)
from tests.reliability.servers import Source
from tests.reliability.stage import Stage

# The way to the UART.


def flood(stage: Stage, seconds: float = 60.0, baud: int = 9600) -> Rows:
    """Both servers send as fast as they can to a slow UART; then every byte is asked for."""
    stage.start(SOCKB=stage.b.setting, SOCKBEN="on")
    stage.until(lambda: stage.b.peer)
    stage.host.rate = baud / 10
    stage.a.source, stage.b.source = Source(8 << 20), Source(8 << 20, high=True)
    stage.after(seconds)
    sources = {"A to UART": stage.a.source, "B to UART": stage.b.source}
    for source in sources.values():
        source.stop()
    stage.host.rate = None
    began, due = monotonic(), sum(source.sent for source in sources.values())
    stage.until(lambda: len(stage.host.received) >= due)
    recovered = monotonic() - began
    return [
        Row(
            way=way,
            audit=audit(source.sent, [data]),
            growth=stage.growth,
            recovered=recovered,
        ).keeps()
        for (way, source), data in zip(
            sources.items(), split(bytes(stage.host.received)), strict=True
        )
    ]


def last_words(stage: Stage, size: int = 64 << 10) -> Rows:
    """A server says much and closes; the UART is slow, and talks all the while."""
    stage.start()
    stage.host.rate = size / 2
    stage.host.source = Source(1 << 20, PACE)
    stage.a.source = Source(size)
    stage.until(lambda: stage.a.source.done)
    stage.a.peers[-1].drain()
    stage.a.peers[-1].close()
    began = monotonic()
    stage.until(lambda: len(stage.host.received) >= size, 30)
    return [to_host(stage, monotonic() - began).keeps()]


def drain(act: Callable[[Stage], None], stage: Stage) -> Rows:
    """A UART as slow as 300 baud, more on the way to it than the tty holds, and a restart.

    What the daemon has read from its link comes out, all of it; what it has not read
    is TCP's gap.
    """
    stage.start()
    stage.host.rate = 30.0
    stage.a.source = Source(1 << 20)
    taken = lasting(stage, lambda: int(stage.daemon.status()["links"]["a"]["rx_bytes"]))
    assert taken > FULL, taken
    stage.a.source.stop()
    connections = len(stage.a.peers)
    act(stage)
    began = monotonic()
    stage.until(lambda: len(stage.a.peers) > connections)
    stage.host.rate = None
    stage.until(lambda: len(stage.host.received) >= taken, 10)
    received = bytes(stage.host.received)
    row = Row(
        way=TO_HOST,
        audit=audit(len(received), [received]),
        recovered=monotonic() - began,
        growth=stage.growth,
    )
    return [row.keeps()]


def at_the_end(stage: Stage, size: int = 40) -> Rows:
    """What a second and a half at 300 baud can carry arrives before a SIGTERM ends the daemon."""
    stage.start()
    stage.host.rate = 30.0
    stage.a.source = Source(size)
    stage.until(lambda: stage.daemon.status()["uart"]["tx_bytes"] >= size)
    began = monotonic()
    stage.daemon.process.send_signal(signal.SIGTERM)
    stage.until(lambda: stage.daemon.process.poll() is not None)
    took = monotonic() - began
    assert took < 2.5, took
    stage.until(lambda: len(stage.host.received) >= size, 5)
    return [to_host(stage, took).keeps()]


def at_z(stage: Stage) -> None:
    stage.daemon.at("AT+Z")


def hang_up(stage: Stage) -> None:
    stage.daemon.process.send_signal(signal.SIGHUP)


def term(stage: Stage) -> None:
    stage.daemon.stop()
    stage.daemon.close()
    stage.begin()


# Restarts.


def restart_with_cache(act: Callable[[Stage], None], stage: Stage, size: int = CACHE) -> Rows:
    """A full cache, a restart, and only then a server."""
    stage.start()
    stage.a.deaf()
    stage.a.peers[-1].close()
    stage.until(lambda: stage.daemon.status()["links"]["a"]["state"] == "waiting")
    stage.host.source = Source(size)
    stage.until(lambda: stage.daemon.status()["links"]["a"]["cached_bytes"] >= size)
    act(stage)
    stage.a.listen()
    began = monotonic()
    stage.until(lambda: stage.a.received >= size)
    return [to_server(stage, monotonic() - began).keeps()]


def restart_in_traffic(stage: Stage, seconds: float = 2.0) -> Rows:
    """AT+Z while bytes go both ways; the server closes in order when we do."""
    stage.start()
    stage.host.source = Source(1 << 20, PACE)
    stage.a.source = Source(1 << 20, 4 * PACE)
    stage.after(seconds / 2)
    connections = len(stage.a.peers)
    at_z(stage)
    began = monotonic()
    stage.until(lambda: len(stage.a.peers) > connections)
    recovered = monotonic() - began
    stage.after(seconds / 2)
    stage.a.source.stop()
    settle(stage)
    stage.until(lambda: len(stage.host.received) >= stage.a.source.sent)
    return [
        to_server(stage, recovered).keeps(doubled=stage.in_flight + PACKET),
        to_host(stage, recovered).keeps(),
    ]


# UDP.


def datagrams(stage: Stage, size: int = 16 << 10) -> Rows:
    """Both ways, while strangers send to our port."""
    server = stage.udp_server(4003)
    stage.start(SOCKA=server.setting)
    stage.host.source = Source(size, 4 * PACE)
    stage.until(lambda: server.daemon)
    server.source = Source(size, 4 * PACE)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:

        def disturbed() -> bool:
            assert server.daemon
            stranger.sendto(b"?" * 100, server.daemon)
            return server.received >= size and len(stage.host.received) >= size

        stage.until(disturbed)
    way = audit(size, server.pieces)
    back = audit(size, [bytes(stage.host.received)])
    return [
        Row(way=TO_SERVER, audit=way, growth=stage.growth).keeps(),
        Row(way=TO_HOST, audit=back, growth=stage.growth).keeps(),
    ]
