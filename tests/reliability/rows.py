"""What a scene counts, and what must hold in every one."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from tests.reliability.records import Audit, audit
from tests.reliability.stage import WITHIN, Stage

MEMORY = 1 << 20  # bytes that the daemon may grow in any scene
SOME = 64  # bytes
CACHE = 4096  # bytes that wait for a link
FULL = 4096  # bytes for the UART, above which links are not read
PACKET = 1024  # bytes of the longest packet
SILENCE = 0.05  # s that end a packet
PACE = 400.0  # bytes a second that a host sends: what an outage of 8 s leaves fits the cache
RESEND_OFF = "[link]\nresend = false\n"
TO_SERVER, TO_HOST = "UART to A", "A to UART"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one scene counted in one direction, in bytes and seconds."""

    way: str
    audit: Audit
    recovered: float | None = None
    growth: int
    in_flight: int = 0

    def keeps(self, doubled: int = 0) -> "Row":
        """Nothing lost, reordered or broken, and at most ``doubled`` bytes twice."""
        audit = self.audit
        assert (audit.lost, audit.reordered, audit.broken) == (0, 0, 0), self
        assert audit.doubled <= doubled, self
        assert self.growth < MEMORY, self
        return self


Rows = list[Row]
Over = Callable[[], None]  # ends a trouble that lasts


def to_server(stage: Stage, recovered: float | None = None) -> Row:
    """What came to A."""
    return Row(
        way=TO_SERVER,
        audit=audit(stage.host.source.sent, stage.a.pieces),
        recovered=recovered,
        growth=stage.growth,
        in_flight=stage.in_flight,
    )


def to_host(stage: Stage, recovered: float | None = None) -> Row:
    """What came to the host from A."""
    return Row(
        way=TO_HOST,
        audit=audit(stage.a.source.sent, [bytes(stage.host.received)]),
        recovered=recovered,
        growth=stage.growth,
    )


def settle(stage: Stage, within: float = WITHIN) -> None:
    """The host sends no more; wait until nothing of its bytes is on the way."""
    stage.host.source.stop()
    stage.after(2 * SILENCE)  # the last packet ends with one
    stage.until(lambda: settled(stage) and all_read(stage), within)


def settled(stage: Stage) -> bool:
    """Whether what the daemon has read from the UART is acknowledged."""
    link = stage.daemon.status()["links"]["a"]
    unsent = link["cached_bytes"] or stage.unacknowledged(stage.a.port)
    taken = stage.daemon.status()["uart"]["rx_bytes"] >= stage.host.source.sent
    return link["state"] == "connected" and stage.a.peer is not None and taken and not unsent


def all_read(stage: Stage) -> bool:
    return not any(peer.waiting for peer in stage.a.peers)


def lasting(stage: Stage, value: Callable[[], int], seconds: float = 0.5) -> int:
    """What ``value()`` is once it has stayed the same for so long."""
    last, since = value(), monotonic()

    def stays() -> bool:
        nonlocal last, since
        if (now := value()) != last:
            last, since = now, monotonic()
        return monotonic() - since >= seconds

    stage.until(stays)
    return last
