"""A modem to dial with and a pppd, as lists of what was asked of them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from usr7s3d.devices.pppclient import Report, Request
from usr7s3d.modem.command import Command
from usr7s3d.modem.dialogue import Answer
from usr7s3d.modem.results import Final, Verdict, final
from usr7s3d.services.mobile.phone import Line

UP: list[Report] = [
    {"interface": "ppp0"},
    {"log": "Connect: ppp0 <--> /dev/ttyUSB2"},
    {"address": "10.64.64.65"},
    {"peer": "10.64.64.64"},
    {"dns": "10.64.64.1"},
    {"dns": "10.64.64.2"},
]


class FakePhone:
    """``answers`` has what is said to a command: lines, then the final one."""

    def __init__(self) -> None:
        self.one_port = False
        self.answers: dict[str, list[str]] = {"ATD*99#": ["CONNECT"]}
        self.heard: list[str] = []
        self.dialled_at: list[float] = []
        self.handed_over = 0
        self.busy = 0  # lines that are open
        self.closing = 0.0  # s that it takes to close one
        self.broken: OSError | None = None
        self.roams = asyncio.Event()
        self._may = asyncio.Event()
        self._may.set()

    @property
    def may_dial(self) -> bool:
        return self._may.is_set()

    def register(self, registered: bool) -> None:
        (self._may.set if registered else self._may.clear)()

    @property
    def waits_for(self) -> str:
        return "the modem (searching)"

    async def until_may_dial(self) -> None:
        await self._may.wait()

    async def until_stays_offline(self) -> None:
        await self.roams.wait()

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        if self.broken:
            raise self.broken
        self.busy += 1
        try:
            yield Line("/dev/ttyUSB2", self._ask, self._hand_over)
        finally:
            await asyncio.sleep(self.closing)
            self.busy -= 1

    async def _ask(self, command: Command) -> Answer:
        self.heard.append(command.text)
        if command.dials:
            self.dialled_at.append(asyncio.get_running_loop().time())
        *lines, last = self.answers.get(command.text, ["OK"])
        return Answer(command, final(last) or Final(Verdict.SILENT), tuple(lines))

    def _hand_over(self) -> None:
        self.handed_over += 1


class FakePppd:
    """Every session begins with ``script``; ``say`` goes on."""

    def __init__(self, script: list[Report] | None = None) -> None:
        self.script = UP if script is None else script
        self.requests: list[Request] = []
        self.running = 0
        self.ended = 0
        self.ending: Callable[[], None] = lambda: None
        self.gone: Callable[[], None] = lambda: None
        self._queue: asyncio.Queue[Report] = asyncio.Queue()

    @asynccontextmanager
    async def session(self, request: Request) -> AsyncIterator["FakePppd"]:
        self.requests.append(request)
        self._queue = asyncio.Queue()
        for report in self.script:
            self._queue.put_nowait(report)
        self.running += 1
        try:
            yield self
        finally:
            self.running -= 1
            self.gone()

    def say(self, *reports: Report) -> None:
        for report in reports:
            self._queue.put_nowait(report)

    async def report(self) -> Report:
        return await self._queue.get()

    async def end(self) -> None:
        self.ended += 1
        self.ending()
