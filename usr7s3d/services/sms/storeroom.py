"""The modem's store: how it is set up, read and emptied."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from usr7s3d.modem.command import LIST_MESSAGES, STORAGE, Command, delete_message, order, query
from usr7s3d.modem.dialogue import Answer
from usr7s3d.modem.fields import each, number
from usr7s3d.modem.results import Final
from usr7s3d.modem.store import Store, stored, stores

log = logging.getLogger(__name__)

# Stored and told of by index; a status report as well where there is a place for it.
INDICATIONS = ("2,1,0,2,0", "2,1,0,0,0", "1,1,0,0,0", "2,1")

Place = tuple[str, int | None]


@dataclass(slots=True, eq=False)
class Slot:
    """A message in the store, or one that came directly and has no index."""

    pdu: str
    store: str = ""
    index: int | None = None

    @property
    def place(self) -> Place:
        """Where it lies."""
        return self.store, self.index


class Storeroom:
    """Asks by ``ask``; every call raises OSError when the modem does not do it or has gone."""

    def __init__(self, ask: Callable[[Command], Awaitable[Answer]]) -> None:
        self._ask = ask
        self._selected = ""
        self.receiving = ""  # the store into which messages come
        self.confirms = False  # messages that come directly want AT+CNMA
        self.full = Store("", 0, 0)  # the one selected, as it was then

    async def set_up(self) -> None:
        """Have the modem tell of messages; learn where it keeps them."""
        self._selected = ""
        found = stores((await self._ask(STORAGE)).lines)
        self.receiving = found[-1].name if found else self.receiving
        for how in INDICATIONS:
            if (await self._ask(order(f"AT+CNMI={how}"))).ok:
                break
        else:
            log.info("SMS: the modem does not tell of new ones; they are looked for")
        answer = await self._ask(query("+CSMS?"))
        service = next(iter(each(answer.lines, "+CSMS")), ["0"])
        self.confirms = (number(service[0]) or 0) > 0

    async def confirm(self) -> None:
        """A message that came directly was taken."""
        await self._ask(order("AT+CNMA"))

    async def messages(self, store: str) -> dict[Place, str]:
        """What lies in ``store``: PDUs by place."""
        self._selected = ""  # selected anew, which tells how full it is
        await self._select(store)
        answer = await self._ask(LIST_MESSAGES)
        _demand(answer)
        return {(store, row.index): row.pdu for row in stored(answer.lines)}

    async def delete(self, slot: Slot) -> Final:
        """Delete what lies where ``slot`` did."""
        await self._select(slot.store)
        return (await self._ask(delete_message(slot.index or 0))).final

    async def _select(self, store: str) -> None:
        """Turn to ``store``: what is read and deleted behind this is there, and nowhere else."""
        if not store or store == self._selected:
            return
        self._selected = ""
        answer = await self._ask(order(f'AT+CPMS="{store}"'))
        _demand(answer)
        self._selected = store
        found = next(iter(stores(answer.lines)), Store("", 0, 0))
        self.full = Store(store, found.used, found.total)


def _demand(answer: Answer) -> None:
    if not answer.ok:
        raise OSError(f"{answer.command.name}: {answer.final}")
