"""Names into addresses: always anew, never blocking the loop, given up at any moment.

a numeric address           as it stands
the system's bearer         socket.getaddrinfo, in a thread that may be left behind
an interface, own servers   c-ares, on the loop
"""

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

from usr7s3d.devices import cares
from usr7s3d.devices.limit import TimeLimit
from usr7s3d.devices.thread import in_thread

Address = tuple[socket.AddressFamily, str]

LIMIT = 15.0  # s for one look-up; a link's attempt ends after 20, and should say why
GRACE = 2.0  # s, a round trip on GPRS, that one family's answer may be behind the other's
BORROWED = 5.0  # s for servers that may be out of reach over the interface
MOST_THREADS = 4  # at work for one resolver; those that hang stay until getaddrinfo returns
HUNG = 60.0  # s after which a call is not waited for again, while there may be another

RESOLV_CONF = Path("/etc/resolv.conf")

SYSTEM_WORDS = {
    socket.EAI_NONAME: "no such name",
    socket.EAI_NODATA: "it has no address",
    socket.EAI_AGAIN: "no answer from the name server",
    socket.EAI_FAIL: "the name server failed",
}


class NoAnswer(OSError):
    """No server has said anything about the name."""


class _Call(NamedTuple):
    """A getaddrinfo under way."""

    name: bytes
    since: float
    task: asyncio.Task[list[Address]]


class Resolver:
    """Looks names up for one bearer.  Keep it: it bounds the threads that may hang.

    With neither ``interface`` nor ``servers`` the names are the system's.  Else they
    are asked of ``servers`` over ``interface``.  When none are given those in /etc/resolv.conf
    are tried so, and when they do not answer there (a router of the LAN, asked over ppp0) the
    names are the system's after all.
    """

    def __init__(
        self, interface: str = "", servers: Sequence[str] = (), *, port: int = cares.PORT
    ) -> None:
        self._interface = interface
        self._servers = tuple(servers)
        self._port = port
        self._calls: list[_Call] = []

    async def addresses(self, host: str) -> list[Address]:
        """At least one address, in the order to try them.  Raises OSError."""
        literal = numeric(host)
        if literal:
            return [literal]
        try:
            async with TimeLimit(LIMIT):
                found = await self._look_up(_encoded(host))
        except TimeoutError:
            raise TimeoutError(f"cannot look up {host}: no answer in {LIMIT:g} s") from None
        except OSError as error:
            raise OSError(f"cannot look up {host}: {error}") from error
        return list(dict.fromkeys(found))

    async def _look_up(self, name: bytes) -> list[Address]:
        if self._servers:
            return await self._ask_servers(name, self._servers)
        if self._interface and (servers := _servers_beyond_this_machine()):
            with suppress(NoAnswer, TimeoutError):
                async with TimeLimit(BORROWED):
                    return await self._ask_servers(name, servers)
        return await self._ask_system(name)

    async def _ask_servers(self, name: bytes, servers: Sequence[str]) -> list[Address]:
        """IPv4 first.  Two questions, so that one unanswered does not cost the other's answer."""
        families = (socket.AF_INET, socket.AF_INET6)
        with cares.Channel(servers, self._interface, self._port) as channel:
            answers = [channel.ask(name, family) for family in families]
            first, _ = await asyncio.wait(answers, return_when=asyncio.FIRST_COMPLETED)
            good = any(answer.result().addresses for answer in first)
            await asyncio.wait(answers, timeout=GRACE if good else None)
            known = [answer.result() if answer.done() else cares.Answer([]) for answer in answers]
        found = [
            (family, address)
            for family, answer in zip(families, known, strict=True)
            for address in answer.addresses
        ]
        if not found:
            failure = known[0].failure or "it has no address"
            raise (NoAnswer if failure in cares.NO_ANSWER else OSError)(failure)
        return found

    async def _ask_system(self, name: bytes) -> list[Address]:
        task = self._call(name)
        await asyncio.wait([task])  # unlike the task itself, this can be cancelled
        if task.cancelled():
            raise OSError("the resolver was closed")
        try:
            return task.result()
        except socket.gaierror as error:
            raise OSError(SYSTEM_WORDS.get(error.errno or 0, error.strerror)) from error

    def _call(self, name: bytes) -> asyncio.Task[list[Address]]:
        """The call for ``name`` that is under way, or a new one."""
        now = asyncio.get_running_loop().time()
        full = len(self._calls) >= MOST_THREADS
        for call in reversed(self._calls):
            if call.name == name and (full or now - call.since < HUNG):
                return call.task
        if full:
            raise OSError(
                f"{len(self._calls)} earlier look-ups still hang in the system's resolver"
            )
        task = asyncio.create_task(in_thread(partial(_getaddrinfo, name)), name=f"look up {name!r}")
        call = _Call(name, now, task)
        self._calls.append(call)
        task.add_done_callback(partial(self._returned, call))
        return task

    def _returned(self, call: _Call, task: asyncio.Task[list[Address]]) -> None:
        self._calls.remove(call)
        if not task.cancelled():
            task.exception()  # seen, even when everybody who asked has gone

    def close(self) -> None:
        """Leave behind what hangs; whoever still waits for it gets an OSError."""
        for call in self._calls:
            call.task.cancel()


def numeric(host: str) -> Address | None:
    """``host`` when it is an address already, with an IPv6 scope (``%ppp0``) too."""
    for family, text in ((socket.AF_INET, host), (socket.AF_INET6, host.partition("%")[0])):
        try:
            socket.inet_pton(family, text)
        except (OSError, ValueError):
            continue
        return family, host
    return None


def _encoded(host: str) -> bytes:
    """For the resolvers, whose C would stop at a NUL.

    As bytes also because of what Python loads to encode a str: 1 MB, ASCII or not.
    """
    if not (host and host.isprintable()):
        raise OSError("not a host name")
    try:
        return host.encode("ascii" if host.isascii() else "idna")
    except UnicodeError:
        raise OSError("not a host name") from None


def _getaddrinfo(name: bytes) -> list[Address]:
    found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    return [(family, str(where[0])) for family, _, _, _, where in found]


def _servers_beyond_this_machine() -> tuple[str, ...]:
    """The system's name servers that an interface can lead to.

    A forwarder on 127.0.0.53 cannot be asked over one; the system is asked instead.
    Nor does c-ares 1.18 take a scope.
    """
    try:
        lines = RESOLV_CONF.read_text(errors="replace").splitlines()
    except OSError:
        return ()
    words = [line.split() for line in lines]
    named = [word[1] for word in words if word[:1] == ["nameserver"] and len(word) > 1]
    return tuple(
        server
        for server in named
        if numeric(server) and "%" not in server and not server.startswith(("127.", "::1"))
    )
