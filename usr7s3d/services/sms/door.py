"""The SMS door: commands that come as a text (manual 4.1.4).

    read -> remember -> execute -> reply to the modem -> delete -> restart

Each step may be the last one before a power cut, and the SMS is read again then.  So it is
remembered before it is executed: at worst a command is lost, never done twice, and ``AT+Z`` does
not go round for ever.  The restart comes last, when the SMS is off the SIM.
"""

import asyncio
import logging
from collections.abc import Callable

from usr7s3d.at.engine import Door
from usr7s3d.devices.limit import TimeLimit
from usr7s3d.modem.joiner import Joined
from usr7s3d.modem.numbers import masked
from usr7s3d.modem.submit import encode
from usr7s3d.services.commander import Commander
from usr7s3d.services.sms.executed import Executed
from usr7s3d.services.sms.memory import Counters

log = logging.getLogger(__name__)

MOST_PARTS = 3  # SMS in a reply
REPLY_LIMIT = 60.0  # s for the modem to take the reply


Reply = Callable[[str, str, Callable[[bool], None]], None]  # number, text, what to tell


class SmsDoor:
    """Carries a command out; the caller deletes the SMS and calls :meth:`settled`."""

    def __init__(
        self,
        commander: Commander,
        executed: Executed,
        counters: Counters,
        *,
        reply: Reply,
        restart: Callable[[], None],
        charset: str,
    ) -> None:
        self._commander = commander
        self._executed = executed
        self._counters = counters
        self._reply = reply
        self._restart = restart
        self._charset = charset
        self._restart_due = False

    def did(self, joined: Joined) -> bool:
        """Whether this very SMS was carried out before."""
        return self._executed.has(joined)

    async def carry_out(self, joined: Joined, command: str, index: int | None) -> None:
        """Execute ``command`` and answer it."""
        sender = joined.parts[0].sender
        await self._executed.add(joined, index)
        # The engine reads bytes as the UART would bring them.
        line = command.encode(self._charset, "replace").decode("latin-1")
        outcome = await self._commander.execute(line, Door.SMS)
        self._counters.commands += 1
        self._restart_due |= outcome.restart
        if not sender.number:
            log.info(
                "SMS: no reply: it came from a name, or from nobody, which cannot be written to"
            )
            return
        text = reply_text(outcome.reply.decode(self._charset, "replace"))
        await self._send(sender.number, shorten(sender.number, text))

    async def _send(self, number: str, text: str) -> None:
        left = asyncio.Event()
        self._reply(number, text, lambda _: left.set())
        try:
            async with TimeLimit(REPLY_LIMIT):
                await left.wait()
        except TimeoutError:
            log.warning("SMS: the reply to %s still waits", masked(number))

    def settled(self) -> None:
        """The SMS is deleted, or cannot be: the restart may begin."""
        if self._restart_due:
            self._restart_due = False
            self._restart()


def reply_text(reply: str) -> str:
    """``+HEARTTM:30`` and ``OK`` on lines of their own, nothing else."""
    return "\n".join(line for line in reply.replace("\r", "\n").split("\n") if line)


def shorten(number: str, text: str) -> str:
    """``text``, cut to what three SMS hold, with ``...`` at its end then."""
    if len(encode(number, text)) <= MOST_PARTS:
        return text
    low, high = 0, 153 * MOST_PARTS
    while low < high:  # the most characters that fit; some count double
        middle = (low + high + 1) // 2
        if len(encode(number, text[:middle] + "...")) <= MOST_PARTS:
            low = middle
        else:
            high = middle - 1
    return text[:low] + "..."
