"""Names into addresses, from a name server of our own on loopback."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from tests.devices.nameserver import AAAA, A, NameServer, serving
from usr7s3d.devices import cares, resolve
from usr7s3d.devices.resolve import Resolver

V4, V6 = socket.AF_INET, socket.AF_INET6

ADDRESSES = ["192.0.2.7", "2001:db8::7"]
ZONE = {
    "dtu.example": ADDRESSES,
    "three.example": ["192.0.2.3", "192.0.2.1", "192.0.2.3", "192.0.2.2"],
    "six.example": ["2001:db8::6"],
    "alias.example": ["inner.example"],
    "inner.example": ["dtu.example"],
    "empty.example": [],
    "dangling.example": ["empty.example"],
    **{
        f"{mood}.example": ADDRESSES
        for mood in ("silentaaaa", "lossy", "truncated", "wrongid", "garbage", "cut", "silent")
    },
}
BOTH = [(V4, ADDRESSES[0]), (V6, ADDRESSES[1])]


@asynccontextmanager
async def resolving(
    interface: str = "", servers: tuple[str, ...] = ("127.0.0.1",)
) -> AsyncIterator[tuple[Resolver, NameServer]]:
    async with serving(ZONE) as server:
        resolver = Resolver(interface, servers, port=server.port)
        yield resolver, server
        resolver.close()


async def found(name: str, interface: str = "") -> list[resolve.Address]:
    async with resolving(interface) as (resolver, _):
        return await resolver.addresses(name)


# What needs no look-up


@pytest.mark.parametrize(
    ("host", "family"),
    [("192.0.2.7", V4), ("::1", V6), ("fe80::1%ppp0", V6), ("::ffff:192.0.2.7", V6)],
)
@pytest.mark.parametrize("resolver", [Resolver(), Resolver("no-such-dev", ["192.0.2.1"])])
async def test_an_address_stays_as_it_is(
    resolver: Resolver, host: str, family: socket.AddressFamily
) -> None:
    assert await resolver.addresses(host) == [(family, host)]


@pytest.mark.parametrize("host", ["192.0.2", "192.0.2.7%ppp0", "1::2::3", "dtu.example", "", "\0"])
def test_what_is_not_an_address(host: str) -> None:
    assert resolve.numeric(host) is None


@pytest.mark.parametrize("host", ["", "dtu.example\0.evil.example", "a" * 64 + "é", "\ud800"])
@pytest.mark.parametrize("resolver", [Resolver(), Resolver("", ["192.0.2.1"])])
async def test_what_is_not_a_name(resolver: Resolver, host: str) -> None:
    with pytest.raises(OSError, match="not a host name"):
        await resolver.addresses(host)


def test_cares_is_loaded_by_those_only_who_need_it() -> None:
    program = (
        "import asyncio, sys; from usr7s3d.devices.resolve import Resolver;"
        "asyncio.run(Resolver('lo', ['127.0.0.1']).addresses('192.0.2.7'));"
        "asyncio.run(Resolver().addresses('localhost'));"
        "print({'pycares', 'encodings.idna'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"set()\n"


# Asked of name servers


@pytest.mark.real
@pytest.mark.parametrize("interface", ["", "lo"])
@pytest.mark.parametrize(
    "name", ["dtu.example", "dtu.example.", "DTU.example", "alias.example", "wrongid.example"]
)
async def test_ipv4_comes_before_ipv6(name: str, interface: str) -> None:
    assert await found(name, interface) == BOTH


@pytest.mark.real
async def test_the_servers_order_without_its_repetitions() -> None:
    assert await found("three.example") == [(V4, f"192.0.2.{n}") for n in (3, 1, 2)]


@pytest.mark.real
async def test_a_name_with_ipv6_only() -> None:
    assert await found("six.example") == [(V6, "2001:db8::6")]


@pytest.mark.real
async def test_a_truncated_answer_is_asked_for_over_tcp() -> None:
    async with resolving("lo") as (resolver, server):
        assert await resolver.addresses("truncated.example") == BOTH
    assert {line.split()[0] for line in server.asked} == {"udp", "tcp"}


@pytest.mark.real
async def test_a_lost_query_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cares, "TIMEOUT", 0.05)
    assert await found("lossy.example") == BOTH


@pytest.mark.real
async def test_a_server_that_drops_ipv6_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolve, "GRACE", 0.05)
    assert await found("silentaaaa.example") == BOTH[:1]


@pytest.mark.real
async def test_a_server_that_is_not_there_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cares, "TIMEOUT", 0.05)
    async with resolving(servers=("::1", "127.0.0.2", "127.0.0.1")) as (resolver, _):
        assert await resolver.addresses("dtu.example") == BOTH


@pytest.mark.real
@pytest.mark.manual("2.3", "network protocol DNS")
async def test_each_look_up_asks_anew() -> None:
    async with resolving() as (resolver, server):
        await resolver.addresses("dtu.example")
        await resolver.addresses("dtu.example")
    assert sorted(server.asked) == sorted([f"udp dtu.example {kind}" for kind in (A, AAAA)] * 2)


@pytest.mark.real
async def test_a_carrier_is_not_asked_for_the_lans_domains(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LOCALDOMAIN", "lan.example")
    async with resolving() as (resolver, server):
        with pytest.raises(OSError, match="no such name"):
            await resolver.addresses("nxdomain")
    assert {line.split()[1] for line in server.asked} == {"nxdomain"}


# c-ares 1.18 does not say which.
NO_ANSWER = "no name server had an answer|no answer from the name server|no answer in 0.3 s"


@pytest.mark.real
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("nxdomain.example", "no such name"),
        ("empty.example", "it has no address"),
        ("dangling.example", "it has no address"),
        ("servfail.example", f"the name server failed|{NO_ANSWER}"),
        ("refused.example", f"the name server refused|{NO_ANSWER}"),
        ("cut.example", "the name server answers nonsense"),
        ("garbage.example", f"the name server answers nonsense|{NO_ANSWER}"),
        ("silent.example", "no answer in 0.3 s"),
        ("a..b", "not a host name"),
        ("a" * 64, "not a host name"),
    ],
)
async def test_the_reason_is_for_people(
    name: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolve, "LIMIT", 0.3)
    with pytest.raises(OSError, match=f"^cannot look up {name}: ({reason})$"):
        await found(name)


@pytest.mark.real
async def test_no_server_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cares, "TIMEOUT", 0.05)
    with pytest.raises(OSError, match=f"^cannot look up dtu.example: ({NO_ANSWER})$"):
        await Resolver("", ["127.0.0.2"], port=1).addresses("dtu.example")


@pytest.mark.real
async def test_an_interface_that_is_gone_is_not_gone_round() -> None:
    with pytest.raises(OSError, match="no interface with this name"):
        await found("dtu.example", "ppp9")


@pytest.mark.real
async def test_a_server_that_is_not_an_address() -> None:
    with pytest.raises(OSError, match=r"name servers dns\.example: "):
        await Resolver("", ["dns.example"]).addresses("dtu.example")


def open_sockets() -> set[int]:
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            if os.readlink(f"/proc/self/fd/{name}").startswith("socket:"):
                found.add(int(name))
        except FileNotFoundError:
            pass  # what listdir itself had open
    return found


def bound_to(fd: int) -> str:
    with socket.socket(fileno=os.dup(fd)) as sock:
        return sock.getsockopt(socket.SOL_SOCKET, 25, 16).rstrip(b"\0").decode()  # SO_BINDTODEVICE


@pytest.mark.real
@pytest.mark.parametrize("interface", ["", "lo"])
async def test_cancelled_in_the_middle_nothing_stays_open(interface: str) -> None:
    async with resolving(interface) as (resolver, server):
        before, threads = open_sockets(), threading.active_count()
        task = asyncio.create_task(resolver.addresses("silent.example"))
        await server.heard.wait()
        ours = open_sockets() - before
        assert {bound_to(fd) for fd in ours} == {interface}
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        assert open_sockets() == before
        assert asyncio.all_tasks() == {asyncio.current_task()}
        assert threading.active_count() <= threads + 1  # pycares 5 keeps one for all channels


@pytest.mark.real
async def test_a_hundred_look_ups_cancelled_or_not_leave_nothing_open() -> None:
    async with resolving("lo") as (resolver, _):
        before = open_sockets()
        for _ in range(50):
            task = asyncio.create_task(resolver.addresses("silent.example"))
            assert await resolver.addresses("dtu.example") == BOTH
            task.cancel()
            await asyncio.wait([task])
        assert open_sockets() == before


# Which way a name goes


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("nameserver 192.0.2.1\nsearch lan\nnameserver 2001:db8::1\n", 2),
        ("# none\nnameserver\nnameserver 127.0.0.53\nnameserver ::1\n", 0),
        ("nameserver fe80::1%eth0\noptions edns0\n", 0),
    ],
)
def test_name_servers_that_an_interface_leads_to(
    text: str, servers: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolve, "RESOLV_CONF", tmp_path / "resolv.conf")
    assert resolve._servers_beyond_this_machine() == ()
    (tmp_path / "resolv.conf").write_text(text)
    assert resolve._servers_beyond_this_machine() == ("192.0.2.1", "2001:db8::1")[:servers]


@pytest.mark.real
async def test_an_interface_without_servers_asks_the_systems(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resolve, "_servers_beyond_this_machine", lambda: ("127.0.0.1",))
    async with resolving("lo", servers=()) as (resolver, _):
        assert await resolver.addresses("dtu.example") == BOTH


@pytest.mark.real
async def test_an_interface_and_a_forwarder_on_this_machine_is_the_systems_affair(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resolve, "_servers_beyond_this_machine", tuple)
    monkeypatch.setattr(resolve, "_getaddrinfo", lambda _: BOTH)
    assert await Resolver("lo").addresses("dtu.example") == BOTH


@pytest.mark.real
@pytest.mark.parametrize("servers", [("127.0.0.1",), ("127.0.0.2",)])
async def test_servers_that_are_silent_over_the_interface_leave_it_to_the_system(
    servers: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The LAN's router, asked over somebody else's ppp0; the other one refuses at once."""
    monkeypatch.setattr(resolve, "BORROWED", 0.3)
    monkeypatch.setattr(cares, "TIMEOUT", 0.05)
    monkeypatch.setattr(resolve, "_servers_beyond_this_machine", lambda: servers)
    monkeypatch.setattr(resolve, "_getaddrinfo", lambda _: BOTH)
    async with resolving("lo", servers=()) as (resolver, _):
        before = open_sockets()
        assert await resolver.addresses("silent.example") == BOTH
        assert open_sockets() == before


@pytest.mark.real
async def test_what_they_do_say_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolve, "_servers_beyond_this_machine", lambda: ("127.0.0.1",))
    monkeypatch.setattr(resolve, "_getaddrinfo", lambda _: BOTH)
    async with resolving("lo", servers=()) as (resolver, _):
        with pytest.raises(OSError, match="no such name"):
            await resolver.addresses("nxdomain.example")


@pytest.mark.real
async def test_the_bearers_own_servers_are_asked_and_nobody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(resolve, "LIMIT", 0.3)
    monkeypatch.setattr(resolve, "_getaddrinfo", lambda _: BOTH)
    with pytest.raises(OSError, match="no answer"):
        await found("silent.example", "lo")


# The system's resolver


class Hanging:
    """A getaddrinfo that hangs until :attr:`released`."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.called = 0

    def __call__(self, name: bytes) -> list[resolve.Address]:
        self.called += 1
        self.released.wait()
        if name == b"bad.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return BOTH


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    with hangs(monkeypatch) as fake:
        yield fake


@contextmanager
def hangs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hanging]:
    fake = Hanging()
    monkeypatch.setattr(resolve, "_getaddrinfo", fake)
    yield fake
    fake.released.set()


async def give_up(resolver: Resolver, host: str) -> None:
    task = asyncio.create_task(resolver.addresses(host))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


@pytest.mark.real
async def test_the_systems_way() -> None:
    resolver = Resolver()
    assert (V4, "127.0.0.1") in await resolver.addresses("localhost")
    resolver.close()


@pytest.mark.real
@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "no such name"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "no answer from the name server"),
        (socket.gaierror(socket.EAI_FAMILY, "ai_family not supported"), "ai_family not supported"),
    ],
)
async def test_the_systems_reason(
    error: OSError, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_name: bytes) -> list[resolve.Address]:
        raise error

    monkeypatch.setattr(resolve, "_getaddrinfo", fail)
    with pytest.raises(OSError, match=f"^cannot look up dtu.example: {reason}$"):
        await Resolver().addresses("dtu.example")


def test_a_hanging_resolver_does_not_keep_the_loop_from_ending(hanging: Hanging) -> None:
    asyncio.run(give_up(Resolver(), "dtu.example"))
    assert hanging.called == 1
    assert not hanging.released.is_set()


@pytest.mark.real
async def test_a_hanging_resolver_is_given_up_in_time(
    hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolve, "LIMIT", 0.01)
    resolver = Resolver()
    with pytest.raises(TimeoutError, match=r"cannot look up dtu.example: no answer in 0.01 s"):
        await resolver.addresses("dtu.example")
    resolver.close()


@pytest.mark.real
async def test_the_next_attempt_joins_the_look_up_that_hangs(hanging: Hanging) -> None:
    resolver = Resolver()
    for _ in range(10):
        await give_up(resolver, "dtu.example")
    last = asyncio.create_task(resolver.addresses("dtu.example"))
    await asyncio.sleep(0)
    hanging.released.set()
    assert await last == BOTH
    assert hanging.called == 1
    await resolver.addresses("dtu.example")
    assert hanging.called == 2


@pytest.mark.real
async def test_a_look_up_that_failed_when_nobody_waited_is_no_trouble(hanging: Hanging) -> None:
    resolver = Resolver()
    await give_up(resolver, "bad.example")
    hanging.released.set()
    with pytest.raises(OSError, match="no such name"):
        await resolver.addresses("bad.example")


@pytest.mark.real
async def test_threads_that_hang_are_counted(hanging: Hanging) -> None:
    resolver = Resolver()
    for host in "abcd":
        await give_up(resolver, host)
    with pytest.raises(OSError, match="4 earlier look-ups still hang"):
        await resolver.addresses("e")
    await give_up(resolver, "a")
    assert hanging.called == 4
    resolver.close()


@pytest.mark.real
async def test_a_name_is_tried_afresh_when_its_look_up_seems_lost(
    hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolve, "HUNG", 0.0)
    resolver = Resolver()
    for _ in range(10):
        await give_up(resolver, "dtu.example")
    assert hanging.called == resolve.MOST_THREADS
    resolver.close()


@pytest.mark.real
async def test_closed_under_one_who_waits(hanging: Hanging) -> None:
    resolver = Resolver()
    task = asyncio.create_task(resolver.addresses("dtu.example"))
    await asyncio.sleep(0)
    resolver.close()
    with pytest.raises(OSError, match="the resolver was closed"):
        await task
