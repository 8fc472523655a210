"""The network door: commands with password that come over a link (manual 4.1.3).

    server -> password gate -> data for the UART
                   |
                   +-> engine -> reply on the link it came from

Anybody who controls the server can knock here, and the factory password is printed in
the manual.  So the door stays shut while that is the password, and guesses are counted.
"""

import asyncio
import logging
import math
from collections.abc import Callable
from typing import NoReturn

from usr7s3d.at.engine import Door
from usr7s3d.core import password
from usr7s3d.core.guesses import Bucket, GuessFinder
from usr7s3d.core.liveness import Liveness
from usr7s3d.core.password import PasswordGate
from usr7s3d.services.commander import Commander
from usr7s3d.services.links.link import Link
from usr7s3d.services.timer import LazyTimer

log = logging.getLogger(__name__)

GUESSES = 5  # at once
REFILL = 60.0  # s for one more
COMMAND_LIMIT = 60.0  # s; longer than any command may take
PRINTED_PASSWORDS = ("", "usr.cn")  # what the manual prints, and nothing at all


class NetworkDoor:
    """Sorts what one link receives; ``deliver`` gets the data."""

    def __init__(
        self,
        link: Link,
        commander: Commander,
        bucket: Bucket,
        *,
        deliver: Callable[[bytes], None],
        restart: Callable[[], None],
        shut: Callable[[], str],
    ) -> None:
        self._link = link
        self._commander = commander
        self._bucket = bucket
        self._deliver = deliver
        self._restart = restart
        self._shut = shut
        self._gate = PasswordGate()
        self._guesses = GuessFinder()
        # A command, and the number of the connection that its reply is for.
        self._commands: asyncio.Queue[tuple[password.Command, int]] = asyncio.Queue()
        self._busy = False  # with a command; the link is not read meanwhile
        self._connection = self._origin = 0  # the latest; that whose bytes the gate holds
        self._clock = asyncio.get_running_loop().time
        self._timer = LazyTimer(self._expire)
        self._told = False  # in this connection, that the door is shut
        link.connected = self._connected
        self.refresh()

    @property
    def state(self) -> str:
        """``off``, ``open``, ``shut`` or, after too many guesses, ``locked``."""
        if not self._commander.levels.in_force.commands.network:
            return "off"
        if self._shut():
            return "shut"
        return "locked" if self._bucket.empty(self._clock()) else "open"

    def refresh(self) -> None:
        """Follow what a command has changed at once (NATEN, CMDPW)."""
        commands = self._commander.levels.in_force.commands
        self._on = commands.network
        self._gate.set_password(commands.password if commands.network else None)

    # The data's way.

    def receive(self, data: bytes) -> None:
        """Take what the link received."""
        now = self._clock()
        if self._gate.passes(data, now):
            self._deliver(data)
            self._look(data, now)
        else:
            self._sort(self._gate.receive(data, now))

    def end_packet(self) -> None:
        """Nothing belongs to what is held any more: it is data, or a command without CR."""
        self._sort(self._gate.expire(math.inf))

    def _expire(self) -> None:
        if not self._busy:  # what stands behind a command waits for it
            self._sort(self._gate.expire(self._clock()))

    def _sort(self, events: list[password.Event]) -> None:
        while events:
            events = self._take(events)
        if not self._busy:
            self._timer.set(self._gate.deadline())

    def _take(self, events: list[password.Event]) -> list[password.Event]:
        """Act on ``events``; what stands behind a refused command comes next."""
        for event in events:
            if isinstance(event, password.Data):
                self._deliver(event.data)
                self._look(event.data, event.at)
            elif not self._accept(event):
                return self._gate.proceed()
        return []

    def _look(self, data: bytes, at: float) -> None:
        """Count ``data``, which was passed on, when it was a guess."""
        if self._on and self._guesses.look(data, at):
            self._count_guess()

    def _count_guess(self) -> None:
        self._link.counters.guesses += 1
        now = self._clock()
        if self._bucket.empty(now):
            return
        self._bucket.take(now)
        after = ": no more commands for a while" if self._bucket.empty(now) else ""
        log.warning("%s: a command with a wrong password%s", self._link.name, after)

    # The commands' way.

    def _accept(self, command: password.Command) -> bool:
        if self.state == "open":
            self._busy = True
            self._link.pause("command")
            self._commands.put_nowait((command, self._origin))
            return True
        self._link.counters.refused_commands += 1
        if not self._told:
            self._told = True
            reason = self._shut() or "too many wrong passwords"
            log.warning("%s: a command was not carried out: %s", self._link.name, reason)
        return False

    async def run(self, liveness: Liveness) -> NoReturn:
        """Carry out the commands, one after the other."""
        with liveness.pulse(f"door {self._link.name}") as pulse:
            while True:
                with pulse.waiting():
                    command, origin = await self._commands.get()
                with pulse.waiting(COMMAND_LIMIT):
                    outcome = await self._commander.execute(command.text, Door.NETWORK)
                if origin == self._connection:
                    self._link.reply(command.prefix + outcome.reply)
                if outcome.restart:
                    self._restart()
                self._done()

    def _done(self) -> None:
        """Go on behind the command."""
        self._busy = False
        self._sort(self._gate.proceed())
        if self._origin != self._connection:
            self._begin()
        if not self._busy:
            self._link.resume("command")

    # One connection, and the next.

    def _connected(self) -> None:
        self._connection += 1
        self._told = False
        self._begin()

    def _begin(self) -> None:
        """A stream begins: what the one before it left goes on, and nothing joins the two."""
        if not self._busy:
            self.end_packet()
            self._gate, self._guesses = PasswordGate(), GuessFinder()
            self._origin = self._connection
            self.refresh()

    def close(self) -> None:
        """End; bytes that are held are data by now, a command among them comes too late."""
        self._timer.stop()
        while events := self._gate.proceed() or self._gate.expire(math.inf):
            for event in events:
                if isinstance(event, password.Data):
                    self._deliver(event.data)
