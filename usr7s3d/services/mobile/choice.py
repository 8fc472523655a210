"""Sets what the host configuration chooses of the network: `[modem] operator` and `rat`.

Both are kept by the modem, so each is set only when it is otherwise: a set makes it search anew.
"""

import logging

from usr7s3d.hostconfig.model import Modem as Config
from usr7s3d.modem import network, rat
from usr7s3d.modem.command import OPERATOR, order
from usr7s3d.services.mobile.unlock import Ask, Notebook

log = logging.getLogger(__name__)

LONG_NAMES, DIGITS = order("AT+COPS=3,0"), order("AT+COPS=3,2")
SEARCH = 120.0  # s that a modem may take to change its network
MANUAL = 1


class Choice:
    """Made once for each SIM in each modem, and again when the process starts."""

    def __init__(self, config: Config, notebook: Notebook) -> None:
        self._config = config
        self._notebook = notebook
        self._made: set[tuple[str, str]] = set()

    async def __call__(self, ask: Ask, imei: str, iccid: str) -> str:
        """Set what is not as chosen.  What could not be, in words; empty: all is well."""
        if (imei, iccid) in self._made:
            return ""
        problem = await self._rat(ask, imei) or await self._operator(ask)
        await ask(LONG_NAMES)
        if not problem:
            self._made.add((imei, iccid))
        return problem

    async def _operator(self, ask: Ask) -> str:
        wanted = self._config.operator
        await ask(DIGITS)
        answer = await ask(OPERATOR)
        now = network.operator(answer.lines)
        if now is None:
            return f"[modem] operator is not set: {answer.final}" if wanted else ""
        if not wanted:
            if now.mode == MANUAL:
                log.info("modem: was kept in network %s: it may choose again", now.name or "?")
                await ask(order("AT+COPS=0", timeout=SEARCH))
            return ""
        if now.mode == MANUAL and now.name == wanted:
            return ""
        log.info("modem: is to stay in network %s", wanted)
        answer = await ask(order(f'AT+COPS=1,2,"{wanted}"', timeout=SEARCH))
        return "" if answer.ok else f"it cannot stay in network {wanted}: {answer.final}"

    async def _rat(self, ask: Ask, imei: str) -> str:
        """``auto`` undoes what we did, and leaves alone what its owner did."""
        wanted = self._config.rat
        try:
            ours = await self._notebook.read("rat")
        except OSError as error:
            log.warning("modem: which kind of network was set is not known: %s", error)
            ours = {}
        if wanted == "auto" and imei not in ours:
            return ""
        problem = await self._switch(ask, wanted)
        kept = {key: value for key, value in ours.items() if key != imei}
        now = kept if wanted == "auto" else kept | {imei: wanted}
        if not problem and now != ours:
            try:
                await self._notebook.write("rat", now)
            except OSError as error:
                log.warning("modem: which kind of network was set is not noted: %s", error)
        return problem

    async def _switch(self, ask: Ask, wanted: str) -> str:
        for family in rat.FAMILIES:
            if (await ask(family[0].query)).ok:
                return await self._set(ask, family, wanted)
        return f"[modem] rat = {wanted} is not set: no command of this modem for it is known"

    async def _set(self, ask: Ask, family: tuple[rat.Switch, ...], wanted: str) -> str:
        if wanted not in family[0].values:
            return f"[modem] rat = {wanted} is not set: this modem has no such choice"
        for switch in family:
            answer = await ask(switch.query)
            now = switch.now(answer.lines)
            if wanted not in switch.values or now is None or now == switch.values[wanted]:
                continue
            log.info("modem: kind of network %s: %s", wanted, switch.order(wanted).text)
            answer = await ask(switch.order(wanted))
            if not answer.ok:
                return f"[modem] rat = {wanted} is not set: {answer.final}"
        return ""
