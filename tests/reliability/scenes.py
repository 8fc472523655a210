"""The scenes of docs/reliability.md: one trouble each, and what must come through it.

A scene raises AssertionError where the daemon breaks its word, and returns what it counted.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from tests.reliability.hostile import (
    accept_and_close,
    drips,
    frame,
    garbage,
    knocks,
    resets_anywhere,
    slow_reader,
)
from tests.reliability.outages import (
    beside,
    closing,
    dead,
    deaf_ears,
    loses_power,
    nameless,
    never_doubled,
    outage,
    refusing,
    resets,
    rude,
    shut_window,
    stopped_reading,
    stops,
    unplugged,
)
from tests.reliability.rows import Rows
from tests.reliability.serial_side import (
    at_the_end,
    at_z,
    datagrams,
    drain,
    flood,
    hang_up,
    last_words,
    restart_in_traffic,
    restart_with_cache,
    term,
)


@dataclass(frozen=True, slots=True)
class Scene:
    name: str
    play: Callable[..., Rows]
    quick: Mapping[str, float] | None  # None = not in pytest


def many(name: str, play: Callable[..., Rows], **quick: float) -> Scene:
    """A scene that pytest plays, too, with ``quick`` in place of its own sizes."""
    return Scene(name, play, quick)


SCENES = [
    many("8 MB to A, B has stopped reading", partial(beside, stopped_reading), size=1 << 20),
    many("8 MB to A, B is dead (packets dropped)", partial(beside, dead), size=1 << 20),
    many("8 MB to A, B refuses", partial(beside, refusing), size=1 << 20),
    many("8 MB to A, B accepts and closes", partial(beside, closing), size=1 << 20),
    many("8 MB to A, B's name leads nowhere", partial(beside, nameless), size=1 << 20),
    many("server stops for 5 s (FIN)", partial(outage, stops), seconds=0.5),
    many("server resets (RST)", partial(outage, resets)),
    many("server loses its power (no FIN)", partial(outage, loses_power)),
    many("cable out for 5 s, same connection", partial(outage, unplugged), seconds=0.5),
    many("acknowledgements lost for 5 s, then power", partial(outage, deaf_ears), seconds=0.5),
    Scene(
        "cable out until the 2 minute rule",
        partial(outage, unplugged, seconds=140.0, pace=64.0, within=90.0),
        None,
    ),
    many(
        "acknowledgements lost, then power, resend = false",
        partial(never_doubled, deaf_ears),
        seconds=0.5,
    ),
    many("server dies and has not read all (TCP's gap)", rude, seconds=0.3),
    Scene("server keeps its window shut for 2 minutes", shut_window, None),
    many("flood from A and B to a UART at 9600", flood, seconds=1.0),
    many("server speaks and closes, slow UART", last_words, size=32 << 10),
    many("AT+Z, UART at 300 baud, its buffers full", partial(drain, at_z)),
    many("SIGTERM, 40 bytes for a UART at 300 baud", at_the_end),
    many("SIGHUP, UART at 300 baud, its buffers full", partial(drain, hang_up)),
    many("AT+Z with a full cache", partial(restart_with_cache, at_z)),
    many("SIGHUP with a full cache", partial(restart_with_cache, hang_up)),
    many("SIGTERM and start with a full cache", partial(restart_with_cache, term)),
    many("AT+Z under traffic both ways", restart_in_traffic, seconds=1.0),
    many("UDP both ways, with strangers", datagrams, size=1 << 10),
    many("server sends garbage", garbage, size=64 << 10),
    many("segments of one byte both ways", drips, size=1 << 10),
    many("B reads a byte at a time", slow_reader, size=256 << 10),
    many("resets at any point", resets_anywhere, times=2),
    many(
        "server sends the printed password",
        knocks(b"usr.cn#AT+Z\r", b"usr.cn#AT+SOCKA?\r", gap=0.002),
        times=100,
    ),
    many(
        "server guesses passwords",
        knocks(b"admin#AT+Z\r", b"1234#AT+Z\r", gap=0.06, CMDPW='"a1b2"'),
        times=20,
    ),
    many(
        "server changes the line all the time (RFCEN)",
        knocks(frame(9600), frame(19200), gap=0.01, RFCEN="on"),
        times=100,
    ),
    many("server hangs up at once, for a minute", accept_and_close, seconds=2.0),
]
