"""Asks the modem who it is, how its SIM and its network are, and keeps asking, seldom.

begin      echo off, errors in numbers, who it is
SIM        wanted, locked, missing; ready: who it is, what was chosen, messages as PDUs
network    signal, registration, operator
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from usr7s3d.modem import command as ask_for
from usr7s3d.modem import identity, network
from usr7s3d.modem.command import Command, order
from usr7s3d.modem.dialogue import Answer, Unsolicited
from usr7s3d.modem.network import Registration
from usr7s3d.modem.results import Verdict
from usr7s3d.modem.seen import DENIED, REGISTERED, SIM, STARTING, TECHNOLOGIES, Seen, best, state
from usr7s3d.services.mobile.choice import Choice
from usr7s3d.services.mobile.unlock import Ask, Unlock

log = logging.getLogger(__name__)

# s until the next look.  What modems say unasked is looked at at once.
REGISTERED_LOOK, SEARCHING_LOOK, FIRST_LOOKS = 60.0, 10.0, 5.0
SIM_LOOK, LOCKED_LOOK, SOON = 10.0, 60.0, 2.0
MANY = 12  # first looks
PATIENCE = 5  # refusals of what a SIM that has just come up refuses

READY = "READY"
REGISTRATIONS = ("+CREG", "+CGREG", "+CEREG")
_NEWS = tuple(order(f"AT{name}=1") for name in REGISTRATIONS)
_OTHER_IMEI = order("AT+GSN")
# The SIM came or went, or the modem has started anew and forgot what it was told.
_SIM_NEWS = {"+CPIN", "+SIM REMOVED", "+SIM INSERTED", "+QUSIM", "+QSIMSTAT", "+SIMEI", "^SIMST"}
_STARTS = {"RDY", "APP RDY", "START", "^SYSSTART", "*ATREADY", "+KSUP", "MODEM:STARTUP"}

_SIM_WORDS = {
    "NOT INSERTED": "there is no SIM",
    "SIM PUK": "the SIM is locked and wants its PUK: unlock it in a phone",
    "BUSY": "the SIM is busy",
    "": "the SIM cannot be read",
}


class Silence(Exception):
    """The modem does not answer; its owner counts, and does something about it."""


@dataclass(frozen=True, slots=True)
class Owner:
    """What the owner of the modem lends us."""

    ask: Ask
    seen: Callable[[], Seen]
    tell: Callable[..., None]  # changes of Seen, by name
    ready: asyncio.Event  # set while messages can be sent and calls made


class Mobile:
    """The modem, once it can be asked."""

    def __init__(self, owner: Owner, unlock: Unlock, choice: Choice, *, roaming: bool) -> None:
        self._owner = owner
        self._tell = owner.tell
        self._unlock = unlock
        self._choice = choice
        self._may_roam = roaming
        self._anew = False  # the modem has restarted by itself
        self.begin()

    def begin(self) -> None:
        """Its port was opened, or it has started anew: it knows nothing of us."""
        self._begun = self._sim_begun = self._anew = False
        self._refusals = self._looks = 0
        self._owner.ready.clear()

    def heard(self, said: Unsolicited) -> bool:
        """Whether that is a reason to look at once."""
        if said.name in _STARTS:
            self._anew = True
            return True
        if said.name in REGISTRATIONS:
            told = network.registration([said.line], said.name)
            now = self._owner.seen().registration
            return told is not None and (now is None or told.stat != now.stat)
        return said.name in _SIM_NEWS

    async def round(self) -> float:
        """One look at everything; s until the next."""
        if self._anew:
            self.begin()
        try:
            if not self._begun:
                await self._begin()
            return await self._look_at_sim()
        except Silence:
            return SOON

    async def _ask(self, command: Command) -> Answer:
        answer = await self._owner.ask(command)
        if answer.final.verdict is Verdict.SILENT:
            raise Silence
        return answer

    async def _begin(self) -> None:
        for command in (ask_for.ECHO_OFF, ask_for.ERROR_NUMBERS):
            await self._ask(command)
        maker = identity.words((await self._ask(ask_for.MAKER)).lines)
        model = identity.words((await self._ask(ask_for.MODEL)).lines)
        imei = await self._first(identity.imei, ask_for.IMEI, _OTHER_IMEI)
        self._tell(imei=imei, model=f"{maker} {model}".strip() or self._owner.seen().model)
        self._begun = True

    async def _first(self, read: Callable[..., str | None], *commands: Command) -> str:
        """What the first command tells that is answered with it."""
        for command in commands:
            if value := read((await self._ask(command)).lines):
                return value
        return ""

    # The SIM.

    async def _look_at_sim(self) -> float:
        answer = await self._ask(ask_for.SIM)
        sim = network.sim(answer.lines, answer.final) or ""
        if sim in ("", "BUSY") and self._sim_begun and self._refusals < PATIENCE:
            self._refusals += 1
            return SOON  # noise, or a moment; nothing is torn down for it
        if sim != READY:
            self._owner.ready.clear()
            self._sim_begun, self._refusals = False, 0
            return await self._without_sim(sim)
        if not self._sim_begun and not await self._begin_sim():
            return SOON
        self._refusals = 0
        return await self._look_at_network()

    async def _without_sim(self, sim: str) -> float:
        nothing: dict[str, Any] = {
            "imsi": "", "number": None, "registration": None, "operator": "", "technology": "",
            "attached": False, "signal": None, "dbm": None, "stays_offline": False,
        }  # fmt: skip
        if sim != "SIM PIN":
            problem = _SIM_WORDS.get(sim, f"the SIM says {sim}")
            self._tell(state=SIM, sim=sim, iccid="", problem=problem, **nothing)
            return SIM_LOOK
        iccid = await self._first(identity.iccid, *ask_for.ICCID)
        seen = self._owner.seen()
        problem = await self._unlock(self._ask, iccid, seen.imei)
        self._tell(state=SIM, sim=sim, iccid=iccid, problem=problem, **nothing)
        return LOCKED_LOOK if problem else SOON

    async def _begin_sim(self) -> bool:
        """Whether that is done; a SIM that has just come up refuses for a while."""
        self._tell(state=STARTING, sim=READY, problem="")
        await self._unlock.accepted()
        if not (await self._ask(ask_for.PDU_MODE)).ok and self._refusals < PATIENCE:
            self._refusals += 1
            return False
        iccid = await self._first(identity.iccid, *ask_for.ICCID)
        imsi = await self._first(identity.imsi, ask_for.IMSI)
        numbers = identity.numbers((await self._ask(ask_for.NUMBER)).lines)
        self._tell(iccid=iccid, imsi=imsi, number=next(iter(numbers), ""))
        for command in _NEWS:
            await self._ask(command)
        choice = await self._choice(self._ask, self._owner.seen().imei, iccid)
        if choice:
            log.warning("modem: %s", choice)
        self._sim_begun, self._looks = True, 0
        self._owner.ready.set()
        return True

    # The network.

    async def _look_at_network(self) -> float:
        signal = network.signal((await self._ask(ask_for.SIGNAL)).lines)
        dbm = signal.dbm if signal else None
        if dbm is None:  # on LTE some know the extended one only
            dbm = network.signal_extended((await self._ask(ask_for.SIGNAL_EXTENDED)).lines)
        registration = await self._registration()
        attached = network.attached((await self._ask(ask_for.ATTACHED)).lines) or False
        now = state(registration)
        operator = technology = ""
        if registration and now == REGISTERED:
            operator, technology = await self._operator(registration)
        offline = now == REGISTERED and registration is not None and self._must_stay(registration)
        self._tell(
            state=now, sim=READY, signal=signal, dbm=dbm, registration=registration,
            attached=attached, operator=operator, technology=technology, stays_offline=offline,
            problem=_problem(now, offline=offline),
        )  # fmt: skip
        self._looks = 0 if now == REGISTERED else self._looks + 1
        if now == REGISTERED:
            return REGISTERED_LOOK
        return FIRST_LOOKS if self._looks <= MANY else SEARCHING_LOOK

    async def _registration(self) -> Registration | None:
        found = [
            network.registration((await self._ask(query)).lines, name)
            for name, query in zip(REGISTRATIONS, ask_for.REGISTRATIONS, strict=True)
        ]
        return best(found)

    async def _operator(self, registration: Registration) -> tuple[str, str]:
        operator = network.operator((await self._ask(ask_for.OPERATOR)).lines)
        kinds = [operator.technology if operator else None, registration.technology, -1]
        kind = next(each for each in kinds if each is not None)
        return operator.name if operator else "", TECHNOLOGIES.get(kind, "")

    def _must_stay(self, registration: Registration) -> bool:
        return registration.roaming and not self._may_roam


def _problem(state: str, *, offline: bool) -> str:
    if state == DENIED:
        return "the network does not take this SIM (registration denied)"
    return "it roams, and [modem] roaming = false keeps it offline" if offline else ""
