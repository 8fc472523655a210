"""What outlives a new reading of the host configuration."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from usr7s3d.at.inbox import Inbox
from usr7s3d.core.guesses import Bucket
from usr7s3d.services.sms.order import Order


@dataclass(slots=True)
class Counters:
    """Since the daemon started."""

    received: int = 0  # whole messages, commands among them
    to_uart: int = 0  # of these, passed on by SMS mode
    unreadable: int = 0  # PDUs that say nothing; and parts whose other parts never came
    reports: int = 0  # status reports
    sent: int = 0  # messages that the modem took, each part counted
    failed: int = 0  # texts that it did not take
    refused: int = 0  # texts beyond sms_per_hour, sms_per_day, or what waits already
    dropped: int = 0  # packets in SMS mode while DSTNUM is empty
    commands: int = 0  # carried out
    refused_commands: int = 0  # right password, shut or locked door
    guesses: int = 0  # wrong passwords


class Times(Protocol):
    """When SMS were sent, over a restart of the process."""

    def load(self, now: float) -> list[float]:
        """What was kept."""
        ...

    def keep(self, times: Sequence[float]) -> None:
        """Write it."""
        ...


class Forgetful:
    """Nothing is kept."""

    def load(self, now: float) -> list[float]:
        """Nothing."""
        return []

    def keep(self, times: Sequence[float]) -> None:
        """Nothing."""


@dataclass(slots=True)
class Memory:
    """Kept in memory from one life to the next."""

    times: Times = field(default_factory=Forgetful)
    inbox: Inbox = field(default_factory=Inbox)
    counters: Counters = field(default_factory=Counters)
    waiting: deque[Order] = field(default_factory=deque)
    guesses: dict[str, Bucket] = field(default_factory=dict)  # by sender
    all_guesses: Bucket | None = None
