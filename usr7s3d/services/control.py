"""The control socket: the door of ``usr7s3ctl``.

One request is a line of JSON, ``{"verb": ...}``; the answer is one line of JSON, or
one a line that happens for ``watch``.
"""

import asyncio
import json
import logging
import socket
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

from usr7s3d.core.liveness import Liveness, Pulse
from usr7s3d.devices.limit import TimeLimit
from usr7s3d.services.watch import Watchers

log = logging.getLogger(__name__)

CLIENTS = 16  # at once; one more is told so
REQUEST_LIMIT = 4096  # bytes
PATIENCE = 60.0  # s for a request to come, and again for its answer to be taken
VERB_LIMIT = 60.0  # s; longer than any request may take
RETRY = 1.0  # s after an accept that failed: no descriptor is left, and that takes a while

Request = dict[str, Any]  # and the answer to one
Verb = Callable[[Request], Awaitable[Request]]


class BadRequest(Exception):
    """What to tell the client."""


class Control:
    """Serves the control socket.  ``verbs`` answer a request; ``watch`` is our own."""

    def __init__(self, listener: socket.socket, verbs: dict[str, Verb], watchers: Watchers) -> None:
        self._listener = listener
        self._verbs = verbs
        self._watchers = watchers
        self.clients = 0

    async def run(self, liveness: Liveness) -> NoReturn:
        """Serve until cancelled."""
        loop = asyncio.get_running_loop()
        self._listener.setblocking(False)
        async with asyncio.TaskGroup() as clients:
            with liveness.pulse("control socket") as pulse:
                while True:
                    try:
                        with pulse.waiting():
                            sock, _ = await loop.sock_accept(self._listener)
                    except OSError as error:
                        log.error("control: no client can come in: %s", error)
                        with pulse.waiting(RETRY):
                            await asyncio.sleep(RETRY)
                    else:
                        clients.create_task(self._client(sock, liveness), name="control client")

    async def _client(self, sock: socket.socket, liveness: Liveness) -> None:
        self.clients += 1
        try:
            with sock:
                with liveness.pulse("control") as pulse:
                    watching = await self._serve(sock, pulse)
                if watching:
                    await self._watch(sock)
        except* OSError as error:
            log.debug("control: a client went away: %s", error.exceptions[0])
        finally:
            self.clients -= 1

    async def _serve(self, sock: socket.socket, pulse: Pulse) -> bool:
        """Answer one request; whether it was to watch."""
        watching = False
        try:
            if self.clients > CLIENTS:
                raise BadRequest(f"{CLIENTS} clients are connected already")
            with pulse.waiting(PATIENCE):
                async with TimeLimit(PATIENCE):
                    request = _parsed(await _line(sock))
            watching = request.get("verb") == "watch"
            answer = {} if watching else await self._carry_out(request, pulse)
        except BadRequest as refusal:
            answer = {"error": str(refusal)}
        with pulse.waiting(PATIENCE):
            async with TimeLimit(PATIENCE):
                await _send(sock, answer)
        return watching

    async def _carry_out(self, request: Request, pulse: Pulse) -> Request:
        """Never cut short: a save goes on in its thread, and the next one would meet it."""
        verb = self._verbs.get(str(request.get("verb")))
        if not verb:
            raise BadRequest("no such verb")
        with pulse.waiting(VERB_LIMIT):
            return await verb(request)

    async def _watch(self, sock: socket.socket) -> None:
        """Send what happens until the client goes away; it has nothing more to say."""
        with self._watchers.watch() as lines:
            async with asyncio.TaskGroup() as tasks:
                telling = tasks.create_task(_tell(sock, lines), name="watched")
                await asyncio.get_running_loop().sock_recv(sock, 1)
                telling.cancel()


async def _tell(sock: socket.socket, lines: asyncio.Queue[str]) -> NoReturn:
    while True:
        await _send(sock, {"line": await lines.get()})


async def _line(sock: socket.socket) -> bytes:
    """The request; the first line, or all that came before the client had said enough."""
    loop = asyncio.get_running_loop()
    data = b""
    while b"\n" not in data:
        if len(data) > REQUEST_LIMIT:
            raise BadRequest(f"the request is longer than {REQUEST_LIMIT} bytes")
        more = await loop.sock_recv(sock, REQUEST_LIMIT)
        if not more:
            break
        data += more
    return data.partition(b"\n")[0]


def _parsed(line: bytes) -> Request:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):  # no UTF-8, no JSON, or 4000 brackets
        raise BadRequest("the request is not a line of JSON") from None
    if not isinstance(request, dict):
        raise BadRequest("the request is not a JSON object")
    return request


async def _send(sock: socket.socket, answer: Request) -> None:
    line = json.dumps(answer).encode() + b"\n"
    await asyncio.get_running_loop().sock_sendall(sock, line)
