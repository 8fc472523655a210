"""Whether the SMS door is open, and for whom (manual 4.1.4).

The number of a sender can be forged, and anybody may know ours; so guesses are counted for each
sender, and for all together.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest

from usr7s3d.core.guesses import Bucket
from usr7s3d.modem.numbers import masked, same_number
from usr7s3d.modem.octets import Address
from usr7s3d.services.sms.memory import Memory

log = logging.getLogger(__name__)

GUESSES, REFILL = 5, 720.0  # of one sender at once; s for one more, so that it is 5 an hour
ALL_GUESSES, ALL_REFILL = 30, 120.0  # of all together: 30 an hour
SENDERS = 64  # remembered; who guesses under more names meets the bound for all
NEWS, NEWS_REFILL = 5, 3600.0  # refusals that are logged at once; s for one more

# The first line; the manual's own example has no CR.  Case counts in the password only.
_COMMAND = re.compile(r"([^#\r\n]{0,32})#(AT[^\r\n]*)(?s:.*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the host configuration says of it."""

    on: bool  # sms_commands
    allow: tuple[str, ...]  # sms_allow, empty = everybody


class Guard:
    """Reads a text, and says what it is."""

    def __init__(
        self,
        rules: Rules,
        memory: Memory,
        *,
        password: Callable[[], str],
        shut: Callable[[], str],
        clock: Callable[[], float],
    ) -> None:
        self._rules = rules
        self._memory = memory
        self._password = password
        self._shut = shut
        self._clock = clock
        self._all = memory.all_guesses or Bucket(ALL_GUESSES, ALL_REFILL, clock())
        memory.all_guesses = self._all
        self._news = Bucket(NEWS, NEWS_REFILL, clock())

    @property
    def state(self) -> str:
        """``off``, ``open``, ``shut`` or, after too many guesses, ``locked``."""
        if not self._rules.on:
            return "off"
        if self._shut():
            return "shut"
        return "locked" if self._all.empty(self._clock()) else "open"

    def command(self, sender: Address, text: str) -> str | None:
        """The command to carry out; ``""``: swallow it; None: it is a text like any other."""
        found = _COMMAND.fullmatch(text)
        if not self._rules.on or not found:
            return None
        if not compare_digest(found[1].encode(), self._password().encode()):
            self._guess(str(sender))
            return None
        if reason := self._refusal(sender):
            self._memory.counters.refused_commands += 1
            level = logging.DEBUG if self._news.empty(self._clock()) else logging.WARNING
            self._news.take(self._clock())
            who = masked(str(sender))
            log.log(level, "SMS: a command of %s was not carried out: %s", who, reason)
            return ""
        return found[2].strip()

    def _refusal(self, sender: Address) -> str:
        if self._rules.allow and not self._allowed(sender):
            return "sms_allow does not have the number"
        if reason := self._shut():
            return reason
        now = self._clock()
        if self._all.empty(now) or self._of(str(sender)).empty(now):
            return "too many wrong passwords"
        return ""

    def _allowed(self, sender: Address) -> bool:
        return any(same_number(sender.number, number) for number in self._rules.allow)

    def _guess(self, sender: str) -> None:
        self._memory.counters.guesses += 1
        now, own = self._clock(), self._of(sender)
        if not (own.empty(now) or self._all.empty(now)):
            own.take(now)
            self._all.take(now)
            locked = own.empty(now) or self._all.empty(now)
            after = ": no more commands for a while" if locked else ""
            log.warning("SMS: a command of %s with a wrong password%s", masked(sender), after)

    def _of(self, sender: str) -> Bucket:
        """The guesses that ``sender`` has left; who came last is remembered longest."""
        known = self._memory.guesses
        bucket = known.pop(sender, None) or Bucket(GUESSES, REFILL, self._clock())
        known[sender] = bucket
        if len(known) > SENDERS:
            del known[next(iter(known))]
        return bucket
