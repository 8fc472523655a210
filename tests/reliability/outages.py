"""Every byte to A, whatever B does, and what a link keeps while its server is away."""

from collections.abc import Callable
from time import monotonic

from tests.reliability.records import audit
from tests.reliability.rows import (
    PACE,
    PACKET,
    RESEND_OFF,
    SOME,
    Rows,
    all_read,
    settle,
    settled,
    to_server,
)
from tests.reliability.servers import Peer, Source
from tests.reliability.stage import Stage
from tests.reliability.wire import DAEMON, NOBODY, SERVER

Over = Callable[[], None]  # ends a trouble that lasts

# Every byte to A, whatever B does.


def stopped_reading(stage: Stage) -> str:
    stage.b.reading = False
    return stage.b.setting


def dead(_: Stage) -> str:
    return f'"TCP","{NOBODY}",4002'


def refusing(stage: Stage) -> str:
    stage.b.deaf()
    return stage.b.setting


def closing(stage: Stage) -> str:
    stage.b.greet = Peer.close
    return stage.b.setting


def nameless(_: Stage) -> str:
    return '"TCP","nothing.invalid",4002'


def beside(other: Callable[[Stage], str], stage: Stage, size: int = 8 << 20) -> Rows:
    """``size`` bytes as fast as they go."""
    stage.start(SOCKB=other(stage), SOCKBEN="on")
    stage.host.source = Source(64 << 10)
    stage.until(lambda: stage.a.received >= 64 << 10)
    stage.watch_memory()
    source = Source(size)
    source.sent, stage.host.source = stage.host.source.sent, source
    began = monotonic()
    stage.until(lambda: stage.a.received >= size)
    return [to_server(stage, monotonic() - began).keeps()]


# A goes and comes back.


def quietly(stage: Stage, leave: Callable[[Peer], None]) -> None:
    """``leave``, after A has read all that its kernel has acknowledged: what a server never
    reads, TCP cannot tell us."""
    stage.wire.cut(DAEMON, SERVER)
    peer = stage.a.peers[-1]
    peer.drain()
    leave(peer)
    stage.wire.mend()


def stops(stage: Stage) -> Over:
    """The server ends; a new one starts when the trouble is over."""
    stage.a.deaf()
    quietly(stage, Peer.close)
    return stage.a.listen


def resets(stage: Stage) -> None:
    quietly(stage, Peer.reset)


def loses_power(stage: Stage) -> None:
    """Not a word, and it knows nothing of us when it is back, which is at once."""
    quietly(stage, Peer.vanish)


def unplugged(stage: Stage) -> Over:
    stage.wire.cut_both()
    return stage.wire.mend


def deaf_ears(stage: Stage) -> Over:
    """What the server acknowledges no longer comes; then it loses its power.

    All that was in flight has arrived, and nobody knows.
    """
    stage.wire.cut(SERVER, DAEMON)

    def over() -> None:
        peer = stage.a.peers[-1]
        peer.drain()
        peer.vanish()
        stage.wire.mend()

    return over


def outage(
    trouble: Callable[[Stage], Over | None],
    stage: Stage,
    seconds: float = 5.0,
    pace: float = PACE,
    within: float = 60.0,
) -> Rows:
    """``seconds`` of it, while the host goes on sending at its ``pace``.

    It has recovered when everything up to some bytes sent afterwards is there.
    """
    stage.start()
    stage.host.source = Source(1 << 20, pace)
    stage.until(lambda: stage.a.received > 64)
    over = trouble(stage)
    stage.in_flight = 0
    if over:
        stage.after(seconds)
        over()
    began, due = monotonic(), stage.host.source.sent + SOME
    stage.until(lambda: to_server(stage).audit.sent >= due and caught_up(stage, due), within)
    recovered = monotonic() - began
    settle(stage, within)
    return [to_server(stage, recovered).keeps(doubled=stage.in_flight + PACKET)]


def caught_up(stage: Stage, due: int) -> bool:
    """Whether the first ``due`` bytes are all there."""
    return audit(stage.host.source.sent, stage.a.pieces).lost <= stage.host.source.sent - due


def never_doubled(
    trouble: Callable[[Stage], Callable[[], None]], stage: Stage, seconds: float = 2.0
) -> Rows:
    """With ``[link] resend = false`` what was in flight may be lost; nothing comes twice."""
    stage.start(RESEND_OFF)
    stage.host.source = Source(1 << 20, PACE)
    stage.until(lambda: stage.a.received > 64)
    over = trouble(stage)
    stage.in_flight = 0
    stage.after(seconds)
    over()
    began, connections = monotonic(), len(stage.a.peers)
    stage.until(lambda: len(stage.a.peers) > connections)
    recovered = monotonic() - began
    settle(stage)
    row = to_server(stage, recovered)
    assert row.audit.doubled == row.audit.reordered == row.audit.broken == 0, row
    assert row.audit.lost <= stage.in_flight, row
    return [row]


def rude(stage: Stage, seconds: float = 1.0) -> Rows:
    """A server that dies with bytes that it has never read: TCP's gap, and no larger."""
    stage.start()
    stage.host.source = Source(1 << 20, PACE)
    stage.until(lambda: stage.a.received > 64)
    stage.a.reading = False
    stage.after(seconds)
    stage.wire.cut(DAEMON, SERVER)
    unread = stage.a.peers[-1].waiting
    stage.a.peers[-1].reset()
    stage.a.reading = True
    stage.wire.mend()
    began = monotonic()
    stage.until(lambda: stage.a.peer)
    recovered = monotonic() - began
    settle(stage)
    row = to_server(stage, recovered)
    assert row.audit.lost == unread, (row, unread)
    assert row.audit.reordered == row.audit.broken == 0, row
    return [row]


def shut_window(stage: Stage) -> Rows:
    """A reads nothing for 2 minutes: the daemon calls anew, and A reads both connections.

    The kernel's own clock (TCP_USER_TIMEOUT) may be the first to end the old one.
    """
    stage.a.deaf()
    stage.a.receive_buffer = 2048
    stage.a.listen()
    stage.start()
    stage.a.reading = False
    stage.host.source = Source(8 << 10, 1000)
    began = monotonic()
    stage.until(lambda: len(stage.a.peers) > 1, 140)
    recovered = monotonic() - began
    stage.a.reading = True
    stage.until(lambda: settled(stage) and all_read(stage))
    return [to_server(stage, recovered).keeps(doubled=stage.in_flight + PACKET)]
