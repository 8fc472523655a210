"""The UART and the links: every packet to every link, every link to the UART (manual 3.2.1)."""

from collections.abc import Callable
from typing import cast

import pytest

from usr7s3d.services.links.bridge import Bridge
from usr7s3d.services.links.link import Link
from usr7s3d.services.outlet import Outlet
from usr7s3d.services.port import Port


class FakePort:
    """The UART."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.pauses: set[str] = set()
        self.full = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def pause(self, reason: str) -> None:
        self.pauses.add(reason)

    def resume(self, reason: str) -> None:
        self.pauses.discard(reason)


class FakeLink:
    def __init__(self, name: str) -> None:
        self.name = name
        self.sent: list[bytes] = []
        self.pauses: set[str] = set()
        self.holds_up = False
        self.changed: Callable[[], None] = lambda: None

    def send(self, packet: bytes) -> None:
        self.sent.append(packet)

    def pause(self, reason: str) -> None:
        self.pauses.add(reason)

    def resume(self, reason: str) -> None:
        self.pauses.discard(reason)


class Crossing:
    """A bridge between fakes."""

    def __init__(self, *, show_id: bool = False) -> None:
        self.port, self.a, self.b = FakePort(), FakeLink("A"), FakeLink("B")
        links = [cast(Link, link) for link in (self.a, self.b)]
        self.seen: list[tuple[str, str, int]] = []
        self.now = 0.0
        port = cast(Port, self.port)
        self.outlet = Outlet(port)
        self.bridge = Bridge(
            port,
            self.outlet,
            links,
            show_id=show_id,
            clock=lambda: self.now,
            moved=lambda *movement: self.seen.append(movement),
        )
        self.outlet.flow = self.bridge.flow

    def comes(self, name: str, data: bytes, now: float = 10.0, *, datagram: bool = False) -> None:
        self.now = now
        self.bridge.to_uart(name, data, datagram=datagram)


@pytest.fixture
def crossing() -> Crossing:
    return Crossing()


def test_each_packet_goes_to_every_link(crossing: Crossing) -> None:
    crossing.bridge.from_uart(b"packet")
    assert (crossing.a.sent, crossing.b.sent) == ([b"packet"], [b"packet"])
    assert crossing.port.pauses == set()


def test_who_watches_sees_each_movement(crossing: Crossing) -> None:
    crossing.bridge.from_uart(b"one")
    crossing.comes("B", b"four")
    assert crossing.seen == [("UART", "A", 3), ("UART", "B", 3), ("B", "UART", 4)]


def test_the_uart_waits_for_a_full_link_and_the_other_has_its_packet(crossing: Crossing) -> None:
    crossing.a.holds_up = True
    crossing.bridge.from_uart(b"packet")
    assert crossing.b.sent == [b"packet"]
    assert crossing.port.pauses == {"links"}


def test_it_is_read_again_when_no_link_is_worth_waiting_for(crossing: Crossing) -> None:
    crossing.a.holds_up = crossing.b.holds_up = True
    crossing.bridge.from_uart(b"packet")
    crossing.a.holds_up = False  # stalled, drained or down
    crossing.a.changed()
    assert crossing.port.pauses == {"links"}
    crossing.b.holds_up = False
    crossing.b.changed()
    assert crossing.port.pauses == set()


def test_no_link_is_read_while_4096_bytes_wait_for_the_uart(crossing: Crossing) -> None:
    crossing.comes("A", b"x")
    assert crossing.a.pauses == set()
    crossing.port.full = True
    crossing.comes("A", b"x")
    assert (crossing.a.pauses, crossing.b.pauses) == ({"UART"}, {"UART"})
    crossing.port.full = False
    crossing.outlet.drained()
    assert (crossing.a.pauses, crossing.b.pauses) == (set(), set())


def test_data_waits_while_the_uart_is_in_command_mode_and_comes_after_it(
    crossing: Crossing,
) -> None:
    crossing.outlet.hold("command mode")
    crossing.comes("A", b"one")
    crossing.comes("B", b"two")  # was read before the links were paused
    assert (crossing.port.written, crossing.a.pauses, crossing.b.pauses) == ([], {"UART"}, {"UART"})
    crossing.outlet.drained()  # the reply to a command has left
    assert crossing.a.pauses == {"UART"}
    crossing.outlet.release("command mode")
    assert crossing.port.written == [b"one", b"two"]
    assert crossing.a.pauses == set()


def test_it_waits_until_every_reason_is_gone(crossing: Crossing) -> None:
    crossing.outlet.hold("command mode")
    crossing.outlet.hold("line change")
    crossing.comes("A", b"one")
    crossing.outlet.release("command mode")
    assert crossing.port.written == []
    crossing.outlet.release("line change")
    assert crossing.port.written == [b"one"]


def test_released_data_may_fill_the_uart(crossing: Crossing) -> None:
    crossing.outlet.hold("command mode")
    crossing.comes("A", b"x" * 4096)
    crossing.port.full = True
    crossing.outlet.release("command mode")
    assert crossing.a.pauses == {"UART"}


def test_sockiden_marks_runs_that_never_interleave() -> None:
    crossing = Crossing(show_id=True)
    crossing.comes("A", b"one", 10.0)
    crossing.comes("A", b"two", 10.04)
    crossing.comes("B", b"three", 10.05)
    crossing.comes("A", b"four", 10.06)
    crossing.comes("A", b"five", 10.12)
    assert b"".join(crossing.port.written) == b"[A]onetwo[B]three[A]four[A]five"


@pytest.mark.manual("4.2.1.33", "with each datagram")
def test_sockiden_marks_each_datagram() -> None:
    crossing = Crossing(show_id=True)
    for data in (b"one", b"two"):
        crossing.comes("B", data, datagram=True)
    assert b"".join(crossing.port.written) == b"[B]one[B]two"
