"""c-ares on the event loop: a name asked of given servers, over a given interface.

No thread, nothing that blocks, and given up at once when nobody waits any more.
pycares is imported with the first channel (1.1 MB); what is used here is what
Debian's 4.3 and 4.4 and today's 5 have in common.
"""

import asyncio
import socket
from collections.abc import Sequence
from types import TracebackType
from typing import Any, NamedTuple

PORT = 53
TIMEOUT = 3.0  # s until a server is asked again, then 6 and 12; GPRS answers within 1 to 2
TRIES = 3

AI_NOSORT = 1 << 7  # ares.h: leave the order to us, and open no sockets to find a better one

WORDS = {
    "ARES_ENODATA": "it has no address",
    "ARES_ENOTFOUND": "no such name",
    "ARES_ESERVFAIL": "the name server failed",
    "ARES_EREFUSED": "the name server refused",
    "ARES_ECONNREFUSED": "no name server had an answer",  # 1.18 also when they fail or refuse
    "ARES_ETIMEOUT": "no answer from the name server",
    "ARES_EBADRESP": "the name server answers nonsense",
    "ARES_EBADNAME": "not a host name",
}


NO_ANSWER = frozenset(WORDS[name] for name in ("ARES_ECONNREFUSED", "ARES_ETIMEOUT"))


class Answer(NamedTuple):
    """Addresses, or why there are none."""

    addresses: list[str]
    failure: str = ""


class Channel:
    """Asks ``servers``, bound to ``interface`` unless that is empty.  Closed by ``with``.

    One for each look-up: c-ares remembers answers, a new channel remembers none.
    /etc/hosts comes first.  Raises OSError.
    """

    def __init__(self, servers: Sequence[str], interface: str, port: int = PORT) -> None:
        import pycares  # noqa: PLC0415  # 1.1 MB, only for those who need it

        if interface:
            socket.if_nametoindex(interface)  # c-ares would go on without it, by any route
        self._pycares: Any = pycares
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        try:
            # No lookups= and no resolvconf_path=: version 4 lets c-ares read them when
            # their memory is free already.
            self._ares: Any = pycares.Channel(
                # A carrier is not asked for the LAN's search domains.  The flag does it
                # from 1.34 on; 1.18 appends a domain all the same, so it is an empty one.
                flags=pycares.ARES_FLAG_NOSEARCH,
                domains=[""],
                servers=list(servers),
                udp_port=port,
                tcp_port=port,
                timeout=TIMEOUT,
                tries=TRIES,
                local_dev=interface.encode(),  # type: ignore[arg-type]  # version 4 takes bytes only
                sock_state_cb=self._watch,
            )
        except (ValueError, pycares.AresError) as error:
            raise OSError(f"name servers {', '.join(servers)}: {error}") from error

    def ask(self, name: bytes, family: socket.AddressFamily) -> asyncio.Future[Answer]:
        """Done when the answer is there, the tries are used up, or the channel is closed."""
        answer: asyncio.Future[Answer] = self._loop.create_future()

        def settle(result: Any, status: int | None) -> None:
            if status is None:
                answer.set_result(Answer([_text(node.addr[0]) for node in result.nodes]))
            else:
                answer.set_result(Answer([], self._words(status)))

        self._ares.getaddrinfo(name, None, family=family, flags=AI_NOSORT, callback=settle)
        self._set_timer()
        return answer

    def _words(self, status: int) -> str:
        errors = self._pycares.errno
        return WORDS.get(errors.errorcode.get(status, ""), "") or _text(errors.strerror(status))

    def _watch(self, fd: int, readable: bool, writable: bool) -> None:
        """What c-ares waits for on ``fd`` from now on; neither: it is about to close it."""
        bad = self._pycares.ARES_SOCKET_BAD
        if readable:
            self._loop.add_reader(fd, self._process, fd, bad)
        else:
            self._loop.remove_reader(fd)
        if writable:
            self._loop.add_writer(fd, self._process, bad, fd)
        else:
            self._loop.remove_writer(fd)

    def _process(self, readable: int, writable: int) -> None:
        self._ares.process_fd(readable, writable)
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
        bad = self._pycares.ARES_SOCKET_BAD
        # It says 0 also when there is nothing to wait for; that must not spin.
        delay = max(self._ares.timeout(), 0.01)
        self._timer = self._loop.call_later(delay, self._process, bad, bad)

    def __enter__(self) -> "Channel":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._timer:
            self._timer.cancel()
        self._ares.cancel()  # settles what was asked, and closes the sockets
        if hasattr(self._ares, "close"):
            self._ares.close()
        # Version 4 destroys a channel with its last reference, and this one is in a
        # circle with our _watch.
        self._ares = None


def _text(value: str | bytes) -> str:
    return value if isinstance(value, str) else value.decode("ascii", "replace")
