"""The SMS that nobody consumed, as the SMS commands of modems see them (manual 2.2)."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it costs 0.2 MB, without a modem for nothing
    from datetime import datetime

ROOM = 50  # messages; when it is full the oldest goes


@dataclass(frozen=True, slots=True)
class Received:
    """One message, its parts joined."""

    sender: str  # number, or a name
    time: "datetime | None"  # when the service centre took it
    text: str  # of 8-bit data: its hex, as modems show it
    read: bool = False


class Inbox:
    """Messages by index, 1 to ROOM; an index stays until its message is deleted."""

    def __init__(self) -> None:
        self._messages: dict[int, Received] = {}  # in the order in which they came

    def __len__(self) -> int:
        return len(self._messages)

    def add(self, message: Received) -> None:
        """Keep ``message``, instead of the oldest when there is no room."""
        if len(self._messages) >= ROOM:
            del self._messages[next(iter(self._messages))]
        index = next(i for i in range(1, ROOM + 1) if i not in self._messages)
        self._messages[index] = message

    def show(self, read: tuple[bool, ...] = (False, True)) -> dict[int, Received]:
        """Those that were read, or not; as they were before this showed them."""
        shown = {i: m for i, m in self._messages.items() if m.read in read}
        for index, message in shown.items():
            self._messages[index] = replace(message, read=True)
        return shown

    def get(self, index: int) -> Received | None:
        """The message at ``index``, as it was before this showed it."""
        message = self._messages.get(index)
        if message:
            self._messages[index] = replace(message, read=True)
        return message

    def delete(self, index: int) -> None:
        """Delete one; nothing happens when there is none."""
        self._messages.pop(index, None)

    def clear(self, *, unread_too: bool) -> None:
        """Delete what was read, or everything."""
        for index, message in list(self._messages.items()):
            if message.read or unread_too:
                del self._messages[index]
