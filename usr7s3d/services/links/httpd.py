"""HTTPD mode: a packet from the UART is a request, its answer goes to the UART (manual 3.2.2).

    packet -> queue of 16 -> request -> server -> answer -> UART

One at a time: while an answer waits for the UART the next request waits, so that never
more than one answer is kept.  A request that fails leaves nothing on the UART.
"""

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from usr7s3d.at.fields import unescape
from usr7s3d.core import httprequest
from usr7s3d.core.httpanswer import Answer, BadAnswer
from usr7s3d.core.httprequest import Form
from usr7s3d.core.liveness import Liveness
from usr7s3d.devices.limit import TimeLimit
from usr7s3d.services.bearer import Bearer
from usr7s3d.services.links.httpcall import Call, Open
from usr7s3d.services.outlet import Outlet
from usr7s3d.settings.model import Settings

log = logging.getLogger(__name__)

WAITING = 16  # packets; one more, and the oldest goes
PIECE = 4096  # bytes given to the UART at a time

Moved = Callable[[str, str, int], None]


@dataclass(frozen=True, slots=True)
class Rules:
    """How requests are made; fixed from one restart of the module to the next."""

    form: Form
    body_only: bool  # HTPPK
    timeout: float  # s for one request, from its first look-up to the answer's last byte


def rules_of(settings: Settings) -> Rules:
    """How ``settings`` want requests made."""
    http = settings.httpd
    return Rules(
        Form(http.method, http.host, http.port, unescape(http.url), unescape(http.headers)),
        body_only=http.body_only,
        timeout=http.timeout,
    )


@dataclass(slots=True)
class Counters:
    """What the mode has done since the daemon started."""

    requests: int = 0
    answers: int = 0
    failures: int = 0
    dropped_packets: int = 0
    rx_bytes: int = 0  # of answers, as the UART gets them
    tx_bytes: int = 0  # of requests


class Httpd:
    """The mode; ``open_channel`` calls the server."""

    def __init__(
        self,
        rules: Rules,
        counters: Counters,
        outlet: Outlet,
        *,
        open_channel: Open,
        moved: Moved,
        bearer: Bearer | None = None,
    ) -> None:
        self.rules = rules
        self.counters = counters
        self.state = "idle"
        self.last_error = ""
        self.last_received_at = -math.inf
        self._outlet = outlet
        self._open_channel = open_channel
        self._moved = moved
        self._bearer = bearer or Bearer()
        self._clock = asyncio.get_running_loop().time
        self._packets: deque[bytes] = deque()
        self._come = asyncio.Event()
        self._room = asyncio.Event()  # on the UART
        self._dropping = False  # and said so, since the queue was empty
        self._call: Call | None = None

    @property
    def waiting(self) -> int:
        """Packets that wait for their turn."""
        return len(self._packets)

    def from_uart(self, packet: bytes) -> None:
        """Ask with ``packet`` when its turn comes."""
        self._moved("UART", "HTTP", len(packet))
        if len(self._packets) == WAITING:
            self._packets.popleft()
            self.counters.dropped_packets += 1
            if not self._dropping:
                self._dropping = True
                log.warning("http: %d requests wait already: the oldest are dropped", WAITING)
        self._packets.append(packet)
        self._come.set()

    def flow(self, reading: bool) -> None:
        """Whether the UART takes more now."""
        if reading:
            self._room.set()

    async def run(self, liveness: Liveness) -> NoReturn:
        """Carry the requests out, one after the other."""
        try:
            with liveness.pulse("http") as pulse, self._bearer.watched(self._break_off):
                while True:
                    with pulse.waiting():
                        packet = await self._next_packet()
                    self.state = "asking"
                    with pulse.waiting(self.rules.timeout):
                        content = await self._answer_to(packet)
                    self.state = "answering"
                    with pulse.waiting():
                        await self._deliver(content)
                    self.state = "idle"
        finally:
            self._hang_up()
            self.counters.dropped_packets += len(self._packets)

    async def _next_packet(self) -> bytes:
        while not self._packets:
            self._dropping = False
            self._come.clear()
            await self._come.wait()
        return self._packets.popleft()

    async def _answer_to(self, packet: bytes) -> bytes:
        """What the server answers, as the UART gets it; nothing when that fails."""
        self.counters.requests += 1
        limit = TimeLimit(self.rules.timeout)
        try:
            async with limit:
                answer = await self._exchange(httprequest.request(self.rules.form, packet))
        except (OSError, BadAnswer) as error:
            late = f"no answer in {self.rules.timeout:g} s (HTPTO)"
            if not self._bearer.up:
                late = self._bearer.why_down
            self._fail(late if limit.expired else _words(error))
            return b""
        self.counters.answers += 1
        self.counters.rx_bytes += len(answer.content)
        self.last_received_at = self._clock()
        self.last_error = ""
        return bytes(answer.content)

    def _fail(self, words: str) -> None:
        self._hang_up()
        self.counters.failures += 1
        self.last_error = words
        log.warning("http: %s: request failed: %s", self.rules.form.server, words)

    async def _exchange(self, request: bytes) -> Answer:
        """One request and its answer.  Raises OSError and BadAnswer."""
        if self._call and self._call.usable:
            answer = self._new_answer()
            try:
                await self._ask(self._call, request, answer)
            except (OSError, BadAnswer):
                if not self._lost_on_the_way(self._call, answer):
                    raise
            else:
                return answer
        self._hang_up()
        await self._bearer.until_up()
        answer = self._new_answer()
        self._call = await Call.to(self._open_channel)
        await self._ask(self._call, request, answer)
        return answer

    def _lost_on_the_way(self, call: Call, answer: Answer) -> bool:
        """Whether the server closed before it took the request, so that it may have it again."""
        if answer.begun:
            return False
        return self.rules.form.method == "GET" or call.unheard

    def _new_answer(self) -> Answer:
        form = self.rules.form
        return Answer(form.method, body_only=self.rules.body_only, keep_alive=form.keeps_alive)

    async def _ask(self, call: Call, request: bytes, answer: Answer) -> None:
        self.counters.tx_bytes += len(request)
        await call.ask(request, answer)
        if not call.usable:
            self._hang_up()

    def _break_off(self, why: OSError) -> None:
        """The bearer has fallen."""
        if self._call:
            self._call.break_off(why)

    def _hang_up(self) -> None:
        if self._call:
            self._call.close()
            self._call = None

    async def _deliver(self, content: bytes) -> None:
        """Give the UART what was answered, as fast as it takes it."""
        for start in range(0, len(content), PIECE):
            while not self._outlet.open:
                self._room.clear()
                await self._room.wait()
            piece = content[start : start + PIECE]
            self._moved("HTTP", "UART", len(piece))
            self._outlet.write(piece)


def _words(error: OSError | BadAnswer) -> str:
    """The cause; a call that nobody answered has none of its own."""
    cause = error.strerror if isinstance(error, OSError) else None
    return cause or str(error) or "nobody answers the call"
