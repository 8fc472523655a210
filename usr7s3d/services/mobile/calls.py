"""Incoming calls (AT+CALEN, manual 4.2.1.6): rejected, or left ringing."""

import asyncio
import logging
import math
from collections.abc import Callable

from usr7s3d.modem.command import order
from usr7s3d.modem.dialogue import Unsolicited
from usr7s3d.services.mobile.unlock import Ask

log = logging.getLogger(__name__)

RINGS = ("RING", "+CRING")
ONE_CALL = 12.0  # s between two rings of a call, at most; 5 or 6 is usual
# 3GPP TS 27.007 6.5; some end a call by V.250's own word only.
HANG_UP = (order("AT+CHUP"), order("ATH"))


class Calls:
    """``allowed()`` tells whether they may ring (CALEN); it may be set, and is asked each time."""

    def __init__(self) -> None:
        self.allowed: Callable[[], bool] = lambda: False
        self._clock = asyncio.get_running_loop().time
        self._last_ring = -math.inf
        self._ringing = False

    def heard(self, said: Unsolicited) -> bool:
        """Whether that is a ring to be answered by :meth:`reject`."""
        if said.name not in RINGS:
            return False
        new = self._clock() - self._last_ring > ONE_CALL
        self._last_ring = self._clock()
        allowed = self.allowed()
        if new:
            log.info(
                "modem: a call comes in: %s", "left ringing" if allowed else "rejected (CALEN off)"
            )
        self._ringing = not allowed
        return self._ringing

    async def reject(self, ask: Ask) -> None:
        """End the call that rings, if one does."""
        if not self._ringing:
            return
        self._ringing = False
        for command in HANG_UP:
            if (await ask(command)).ok:
                return
        log.warning("modem: the call cannot be rejected")
