"""Which packets a broken connection gives back."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from usr7s3d.core.cache import Cache
from usr7s3d.core.ledger import SLACK, Ledger


def test_a_packet_of_which_one_byte_is_missing_comes_back_whole() -> None:
    ledger = Ledger()
    for packet in (b"one", b"two", b"three"):
        ledger.wrote(len(packet), packet)
    assert ledger.unacknowledged(0) == []
    assert ledger.unacknowledged(5) == [b"three"]
    assert ledger.unacknowledged(6) == [b"two", b"three"]
    assert ledger.unacknowledged(11) == [b"one", b"two", b"three"]


def test_register_packets_and_heartbeats_are_accounted_and_never_come_back() -> None:
    ledger = Ledger()
    ledger.wrote(10)  # the register packet
    ledger.wrote(3, b"one")
    ledger.wrote(10)  # a heartbeat
    assert ledger.unacknowledged(10) == []
    assert ledger.unacknowledged(11) == [b"one"]
    assert ledger.unacknowledged(23) == [b"one"]


def test_the_prefix_of_a_packet_counts_and_does_not_come_back() -> None:
    ledger = Ledger()
    ledger.wrote(len(b"idone"), b"one")
    assert ledger.unacknowledged(5) == [b"one"]
    assert ledger.untouched(4) == []  # a part of the prefix has left
    assert ledger.untouched(5) == [b"one"]


def test_untouched_is_what_the_kernel_never_took_a_byte_of() -> None:
    ledger = Ledger()
    for packet in (b"one", b"two", b"three"):
        ledger.wrote(len(packet), packet)
    assert ledger.untouched(0) == []
    assert ledger.untouched(7) == [b"three"]
    assert ledger.untouched(8) == [b"two", b"three"]


def test_it_asks_to_be_pruned_now_and_then_and_forgets_what_the_peer_has() -> None:
    ledger = Ledger()
    for _ in range(SLACK):
        assert not ledger.crowded
        ledger.wrote(1, b"x")
    assert ledger.crowded
    ledger.prune(unacknowledged=10)
    assert ledger.unacknowledged(SLACK) == [b"x"] * 10
    assert not ledger.crowded


def test_where_nothing_is_acknowledged_it_asks_less_and_less_often() -> None:
    ledger, asked = Ledger(), 0
    for written in range(1, 5001):
        ledger.wrote(1, b"x")
        if ledger.crowded:
            asked += 1
            ledger.prune(unacknowledged=written)
    assert asked < 10


@dataclass
class Wire:
    """A server behind connections that break: some bytes arrive, fewer are acknowledged."""

    resend: bool
    cache: Cache = field(default_factory=Cache)
    ledger: Ledger = field(default_factory=Ledger)
    under_way: list[bytes] = field(default_factory=list)  # whole packets, in order
    arrived: list[bytes] = field(default_factory=list)
    doubled: int = 0

    def send(self) -> None:
        while packet := self.cache.take():
            self.ledger.wrote(len(packet), packet)
            self.under_way.append(packet)
            if self.ledger.crowded:
                self.ledger.prune(sum(map(len, self.under_way)))

    def break_(self, arrived: int, acknowledged: int, unsent: int) -> None:
        """The server got ``arrived`` packets of those under way; their ACKs got lost in part."""
        total = len(self.under_way)
        arrived = min(arrived, total)
        acknowledged = min(acknowledged, arrived)
        unsent = min(unsent, total - arrived)
        self.arrived += self.under_way[:arrived]
        lengths = [len(packet) for packet in self.under_way]
        if self.resend:
            back = self.ledger.unacknowledged(sum(lengths[acknowledged:]))
            self.doubled += arrived - acknowledged
        else:
            back = self.ledger.untouched(sum(lengths[total - unsent :]))
        self.cache.put_back(back)
        self.under_way, self.ledger = [], Ledger()


EVENTS = st.lists(
    st.one_of(
        st.integers(1, 20),  # so many packets from the UART
        st.tuples(*[st.integers(0, 200)] * 3),  # a break: arrived, acknowledged, unsent
    ),
    max_size=30,
)


def play(wire: Wire, events: list[int | tuple[int, int, int]]) -> list[bytes]:
    sent: list[bytes] = []
    for event in events:
        if isinstance(event, int):
            for _ in range(event):
                packet = b"%05d " % len(sent)
                sent.append(packet)
                assert wire.cache.put(packet) == 0
        else:
            wire.send()
            wire.break_(*event)
    wire.send()
    wire.break_(10**6, 10**6, 0)
    return sent


@given(EVENTS)
def test_nothing_is_lost_and_no_more_doubled_than_was_in_flight(
    events: list[int | tuple[int, int, int]],
) -> None:
    wire = Wire(resend=True)
    sent = play(wire, events)
    assert sorted(set(wire.arrived)) == sent
    assert len(wire.arrived) == len(sent) + wire.doubled
    # In order: what comes again is a run that starts over, never a gap.
    first_seen = list(dict.fromkeys(wire.arrived))
    assert first_seen == sent


@given(EVENTS)
def test_without_resend_nothing_is_doubled_and_order_is_kept(
    events: list[int | tuple[int, int, int]],
) -> None:
    wire = Wire(resend=False)
    sent = play(wire, events)
    assert wire.arrived == sorted(set(wire.arrived))
    assert set(wire.arrived) <= set(sent)
