"""Whatever a server takes, acknowledges and breaks: docs/decisions.md, 3.2.1, on random stories."""

import asyncio
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from tests import virtual_clock
from tests.services.fake_channel import REFUSED, FakeChannel, Server, make_link, slow
from tests.services.test_link import running
from usr7s3d.services.links.link import Link

SIZE = 8  # bytes of each packet, so that what arrived can be cut into packets again


@dataclass(frozen=True)
class Send:
    packets: int


@dataclass(frozen=True)
class Take:
    """The kernel takes so many bytes, of which the server acknowledges a part, in 1/8."""

    size: int
    eighths: int


@dataclass(frozen=True)
class Break:
    """Of what the kernel had, so much (1/8) arrived; the acknowledgements stand."""

    eighths: int


@dataclass(frozen=True)
class Wait:
    seconds: float


Event = Send | Take | Break | Wait

STORY = st.lists(
    st.one_of(
        st.builds(Send, st.integers(1, 10)),
        st.builds(Take, st.integers(1, 120), st.integers(0, 8)),
        st.builds(Break, st.integers(0, 8)),
        st.builds(Wait, st.floats(0.01, 5.0)),
    ),
    max_size=40,
)


@dataclass
class Outcome:
    sent: list[bytes] = field(default_factory=list)
    arrived: list[bytes] = field(default_factory=list)  # whole packets, by connection
    in_flight: int = 0  # packets that were, at one break or another
    dropped: int = 0  # bytes


async def play(story: list[Event], *, resend: bool) -> Outcome:
    outcome, server = Outcome(), Server(slow)
    link = make_link(server, resend=resend)
    async with running(link):
        for event in story:
            match event:
                case Send(packets):
                    for _ in range(packets):
                        packet = b"%07d " % len(outcome.sent)
                        outcome.sent.append(packet)
                        link.send(packet)
                case Take(size, eighths) if link.state == "connected":
                    channel = server.channel
                    channel.acks = False
                    channel.take(size)
                    channel.acknowledged += (channel.taken - channel.acknowledged) * eighths // 8
                case Break(eighths) if link.state == "connected":
                    end(outcome, server.channel, eighths)
                    server.channel.lose(REFUSED)
                    await asyncio.sleep(0)
                case Wait(seconds):
                    await asyncio.sleep(seconds)
            await asyncio.sleep(0.001)
        await finish(link, server)
        end(outcome, server.channel, 8)
    outcome.dropped = link.counters.dropped_bytes
    return outcome


def end(outcome: Outcome, channel: FakeChannel, eighths: int) -> None:
    """What of this connection has reached the server."""
    arrived = channel.acknowledged + (channel.taken - channel.acknowledged) * eighths // 8
    data = channel.data[:arrived]
    outcome.arrived += [data[at : at + SIZE] for at in range(0, len(data) - SIZE + 1, SIZE)]
    outcome.in_flight += -(-(channel.taken - channel.acknowledged) // SIZE) + 1


async def finish(link: Link, server: Server) -> None:
    """The server is well in the end."""
    async with asyncio.timeout(200):
        while link.state != "connected":  # noqa: ASYNC110
            await asyncio.sleep(1)
    server.channel.acks = True
    server.channel.take()


@given(STORY)
@settings(max_examples=150)
def test_with_resend_nothing_is_lost_order_is_kept_and_no_more_doubled_than_was_in_flight(
    story: list[Event],
) -> None:
    outcome = virtual_clock.run(play(story, resend=True))
    assert outcome.dropped == 0  # 400 packets of 8 bytes fit
    assert list(dict.fromkeys(outcome.arrived)) == outcome.sent
    assert len(outcome.arrived) - len(outcome.sent) <= outcome.in_flight


@given(STORY)
@settings(max_examples=150)
def test_without_resend_nothing_is_doubled_and_order_is_kept(story: list[Event]) -> None:
    outcome = virtual_clock.run(play(story, resend=False))
    assert outcome.arrived == sorted(set(outcome.arrived))
    assert len(outcome.sent) - len(outcome.arrived) <= outcome.in_flight
