"""One text on its way out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from usr7s3d.modem.numbers import masked

if TYPE_CHECKING:
    from usr7s3d.modem.submit import Outgoing


@dataclass(slots=True)
class Order:
    """``told(ok)`` is called once, when all of it has left, or is given up."""

    number: str
    parts: "list[Outgoing]"
    told: Callable[[bool], None] = lambda _: None
    left: int = 0  # how many parts the modem has taken
    tries: int = 0  # of the part that is next

    @property
    def to(self) -> str:
        """The number, for the log."""
        return masked(self.number)
