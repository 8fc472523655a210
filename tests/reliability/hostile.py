"""Servers that mean harm, or behave as if they did."""

import os
import select
import socket
from collections.abc import Callable
from functools import partial
from time import monotonic

from tests.reliability.outages import quietly
from tests.reliability.records import Audit
from tests.reliability.rows import PACE, PACKET, TO_HOST, Row, Rows, settle, to_host, to_server
from tests.reliability.servers import Peer, Source
from tests.reliability.stage import Stage


def garbage(stage: Stage, size: int = 1 << 20) -> Rows:
    """Random bytes reach the UART as they are, and the daemon thinks nothing of them."""
    stage.start()
    noise = os.urandom(size)
    peer, sent = stage.a.peers[-1], 0
    while sent < size:
        stage.until(lambda: _writable(peer.sock))
        sent += peer.sock.send(noise[sent : sent + 4096])
    stage.until(lambda: len(stage.host.received) >= size)
    assert bytes(stage.host.received) == noise
    return [Row(way=TO_HOST, audit=Audit(size), growth=stage.growth).keeps()]


def _writable(sock: socket.socket) -> bool:
    return bool(select.select([], [sock], [], 0)[1])


def drips(stage: Stage, size: int = 8 << 10) -> Rows:
    """Segments of one byte either way."""
    stage.start(SOCKB=stage.b.setting, SOCKBEN="on")
    stage.a.segment = stage.a.read_size = 1
    stage.a.source = Source(size)
    stage.host.source = Source(size)
    stage.until(lambda: stage.a.received >= size and len(stage.host.received) >= size)
    return [to_server(stage).keeps(), to_host(stage).keeps()]


def slow_reader(stage: Stage, size: int = 1 << 20) -> Rows:
    """B reads a byte now and then; A gets everything."""
    stage.b.deaf()
    stage.b.receive_buffer = 2048
    stage.b.listen()
    stage.b.read_size = 1
    stage.start(SOCKB=stage.b.setting, SOCKBEN="on")
    stage.until(lambda: stage.b.peer)
    began = monotonic()
    stage.host.source = Source(size)
    stage.until(lambda: stage.a.received >= size)
    return [to_server(stage, monotonic() - began).keeps()]


def has_read(stage: Stage, size: int) -> bool:
    """Whether A has read so much of its newest connection."""
    return stage.a.peer is not None and len(stage.a.peer.received) >= size


def resets_anywhere(stage: Stage, times: int = 6) -> Rows:
    """Reset after a byte, after 3, 9, 27, ...: each time at another point of a packet."""
    stage.start(SOCKRSTIM="1")
    stage.host.source = Source(1 << 20, PACE)
    for turn in range(times):
        stage.until(partial(has_read, stage, 3**turn))
        quietly(stage, Peer.reset)
    stage.until(lambda: stage.a.peer and stage.a.peers[-1].received)
    settle(stage)
    return [to_server(stage).keeps(doubled=times * PACKET)]


def accept_and_close(stage: Stage, seconds: float = 60.0) -> Rows:
    """A server that hangs up at once: calls become rare, nothing leaks, the log stays short."""
    stage.a.greet = Peer.reset
    before = 0
    stage.start(SOCKA=stage.a.setting)
    stage.until(lambda: stage.a.peers)
    before = _open_files(stage)
    stage.after(seconds)
    calls, lines = len(stage.a.peers), len(stage.daemon.log.splitlines())
    assert calls <= 3 + seconds**0.5, calls
    assert lines <= 2 * calls + 6, stage.daemon.log
    assert _open_files(stage) <= before + 2
    return [Row(way=f"{calls} calls", audit=Audit(0), growth=stage.growth).keeps()]


def _open_files(stage: Stage) -> int:
    return len(os.listdir(f"/proc/{stage.daemon.pid}/fd"))


def frame(baud: int) -> bytes:
    """Manual 3.6.2: 8N1."""
    body = bytes([*baud.to_bytes(3, "big"), 3])
    return b"\x55\xaa\x55" + body + bytes([sum(body) & 0xFF])


def knocks(*words: bytes, gap: float, **factory: str) -> Callable[..., Rows]:
    """A server says ``words`` in turn, each ``gap`` s after the one before."""

    def play(stage: Stage, times: int = 1000) -> Rows:
        stage.start(**factory)
        stage.host.source = Source(1 << 20, PACE)
        said = b""
        for turn in range(times):
            said += (word := words[turn % len(words)])
            stage.a.peers[-1].sock.sendall(word)
            stage.after(gap)
            _ = stage.daemon.log  # a full pipe would stop the daemon
        settle(stage)
        link = stage.daemon.status()["links"]["a"]
        assert link["connects"] == 1, stage.daemon.log
        stage.until(lambda: len(said) == stage.daemon.status()["links"]["a"]["rx_bytes"])
        assert set(stage.host.received) <= set(said)
        lines = len(stage.daemon.log.splitlines())
        assert lines < 20, stage.daemon.log
        return [to_server(stage).keeps()]

    return play
