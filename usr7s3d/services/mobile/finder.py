"""Finds the modem, and which of an unknown one's ports take commands."""

import asyncio
import contextlib
import errno
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from usr7s3d.core.backoff import Backoff
from usr7s3d.core.liveness import Pulse
from usr7s3d.devices.limit import TimeLimit
from usr7s3d.devices.usb import Plugged
from usr7s3d.hostconfig.model import Modem as Config
from usr7s3d.modem.command import ATTENTION
from usr7s3d.modem.ports import Unusable
from usr7s3d.services.mobile.conversation import OpenPort, conversation

log = logging.getLogger(__name__)

QUIET_LOOK = 60.0  # s between looks, while the kernel tells what is plugged in
SETTLE = 0.5  # s; a stick comes as a row of events, and udev sets its ttys' owners behind them
OPEN_LIMIT, CLOSE_LIMIT = 30.0, 5.0  # s

Found = Plugged | Unusable | None
Plugs = Callable[[Callable[[], None]], AbstractContextManager[bool]]  # devices.uevents.plugs


class Stuck(OSError):
    """The port takes commands and answers none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The modem's ways to the world; a test has others."""

    find: Callable[[], Found]  # blocks for a while
    open_port: OpenPort
    plugs: Plugs
    in_thread: Callable[..., Awaitable[Any]]
    jitter: Callable[[], float]


class Finder:
    """``backoff`` tells when to look again where nobody else tells that it has come."""

    def __init__(self, config: Config, outside: Outside, backoff: Backoff) -> None:
        self._config = config
        self._outside = outside
        self._backoff = backoff
        self._told: dict[str, str] = {}  # to the log, of each port
        self._answering: dict[tuple[str, str], tuple[str, ...]] = {}  # of unknown sticks

    async def plugged(self, see_none: Callable[[str], None], pulse: Pulse) -> Plugged:
        """Wait until it is there; ``see_none`` is told why it is not, if there is a reason."""
        news = asyncio.Event()
        with self._outside.plugs(news.set) as told:
            # A port that a person named may be one whose coming the kernel does not tell.
            quiet = told and not self._config.at_port
            while True:
                news.clear()
                with pulse.waiting(OPEN_LIMIT):
                    found = await self._outside.in_thread(self._outside.find)
                if isinstance(found, Plugged):
                    return found
                see_none(found.words if found else "")
                delay = QUIET_LOOK if quiet else self._backoff.next()
                with pulse.waiting(delay + SETTLE):
                    with contextlib.suppress(TimeoutError):
                        async with TimeLimit(delay):
                            await news.wait()
                    await asyncio.sleep(SETTLE if news.is_set() else 0)

    async def ports(self, plugged: Plugged, pulse: Pulse) -> tuple[tuple[str, ...], str]:
        """Those for commands, and the one for the call; an unknown stick is asked.

        Raises Stuck when none answers.
        """
        if plugged.known or len(plugged.at) == 1:
            return plugged.at, plugged.data
        key = plugged.usb, plugged.model
        if key not in self._answering:
            answering = [path for path in plugged.at if await self._answers(path, pulse)]
            if not answering:
                raise Stuck(errno.ETIMEDOUT, f"{plugged.model}: no port takes commands")
            self._answering[key] = tuple(answering)
        at = self._answering[key]
        # Where two take commands, one is left to the call.
        return at, plugged.data or (at[1] if len(at) > 1 else "")

    async def _answers(self, path: str, pulse: Pulse) -> bool:
        with pulse.waiting(OPEN_LIMIT + CLOSE_LIMIT):
            try:
                async with conversation(path, self._outside.open_port) as talk:
                    answer = await talk.ask(ATTENTION)
            except OSError as error:
                self._tell(path, error.strerror or str(error))
                return False
        self._tell(path, "takes commands" if answer.ok else "does not answer")
        return answer.ok

    def _tell(self, path: str, words: str) -> None:
        if self._told.get(path) != words:  # a dead stick is asked for ever
            self._told[path] = words
            log.info("modem: %s: %s", path, words)

    def forget(self) -> None:
        """What was learnt from unknown sticks may not hold any more."""
        self._answering.clear()
