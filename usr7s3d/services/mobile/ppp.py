"""The bearer through the modem: dials, has root start pppd, and begins again when that ends.

    waiting ---- may dial ----> dialling -- CONNECT --> connecting -- address --> up
       ^                            |                       |                      |
       +-- down (back-off, for ever) <----------------------+----------------------+

APN and number stay here; user and password go to root's part only (pppstarter.py).
"""

import asyncio
import contextlib
import logging
import math
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import NoReturn, Protocol

from usr7s3d.core import pppend
from usr7s3d.core.backoff import Backoff
from usr7s3d.core.liveness import Liveness, Pulse
from usr7s3d.devices.limit import TimeLimit
from usr7s3d.devices.pppclient import Report, Request
from usr7s3d.hostconfig.model import Bearer as Config
from usr7s3d.modem import call, network
from usr7s3d.modem.command import CONTEXTS, ECHO_OFF, dial
from usr7s3d.modem.results import Verdict
from usr7s3d.services.bearer import Bearer
from usr7s3d.services.links.network import Dial
from usr7s3d.services.mobile.phone import Line
from usr7s3d.services.mobile.pppsession import MobileDial, Traffic, Way
from usr7s3d.settings.model import Apn

log = logging.getLogger(__name__)

FIRST_REDIAL, LAST_REDIAL = 2.0, 300.0  # s
STABLE = 60.0  # s; a session this old was worth having, so start over gently
DIAL_LIMIT = 300.0  # s for the context, the call and its words, behind what others ask
NEGOTIATION = 90.0  # s until there is an address; pppd itself gives up after 30
MORE = 0.5  # s for the lines of pppd's that come behind the address: name servers
END_LIMIT = 20.0  # s
SMS_TIME = 20.0  # s without a call, for a modem with one port to read its SMS
SENT = re.compile(r"Sent (?P<tx>[0-9]+) bytes, received (?P<rx>[0-9]+) bytes")  # pppd's last line
DOWN = "no connection through the modem yet"


class Phone(Protocol):
    """The modem; see ``services/mobile/phone.py``."""

    @property
    def may_dial(self) -> bool:
        """Whether a call makes sense now."""
        ...

    @property
    def one_port(self) -> bool:
        """Whether commands wait for the end of a call."""
        ...

    @property
    def waits_for(self) -> str:
        """What keeps us from dialling."""
        ...

    async def until_may_dial(self) -> None:
        """Wait for it."""
        ...

    async def until_stays_offline(self) -> None:
        """Wait until it is where we may not go online."""
        ...

    def line(self) -> AbstractAsyncContextManager[Line]:
        """A line to dial on."""
        ...


class Session(Protocol):
    """A pppd; see ``devices/pppclient.py``."""

    async def report(self) -> Report:
        """What it says next.  Raises OSError."""
        ...

    async def end(self) -> None:
        """Stop it."""
        ...


OpenSession = Callable[[Request], AbstractAsyncContextManager[Session]]


class CallRefused(OSError):
    """The modem or the network wants no call, though the modem is registered."""


class LoginRefused(OSError):
    """The network wants another user or password, which no reset of the modem brings."""


@dataclass(slots=True)
class Counters:
    """What happened since the daemon started."""

    dials: int = 0
    connects: int = 0


class Ppp:
    """The data call, for ever.

    ``make_dial(interface, servers)`` opens channels over a session; ``refused(why)`` and
    ``connected()`` tell whoever looks after the modem.
    """

    def __init__(
        self,
        config: Config,
        apn: Apn,
        phone: Phone,
        *,
        open_session: OpenSession,
        make_dial: Callable[[str, Sequence[str]], Dial],
        jitter: Callable[[], float],
        live_bytes: Callable[[str], tuple[int, int]],
        sms_gap: float = 0.0,
    ) -> None:
        self.bearer = Bearer(DOWN)
        self.dial = MobileDial(self.bearer)
        self.state = "waiting"
        self.way = Way()
        self.last_error = ""
        self.counters = Counters()
        self.refused: Callable[[str], None] = lambda _: None
        self.connected: Callable[[], None] = lambda: None
        self.traffic = Traffic(live_bytes)
        self._config = config
        self._apn = apn
        self._phone = phone
        self._open_session = open_session
        self._make_dial = make_dial
        self._backoff = Backoff(FIRST_REDIAL, LAST_REDIAL, jitter)
        self._sms_gap = sms_gap
        self._clock = asyncio.get_running_loop().time
        self._limit: TimeLimit | None = None  # of the session that is up
        self._why = ""  # we hang up
        self._told = ""  # by pppd, of why the session does not come up
        self._said: set[str] = set()  # why it is down, in this outage

    # What others ask of it.

    @property
    def waits_for(self) -> str:
        """What keeps it from dialling; empty while nothing does."""
        if self._phone.may_dial or self.state in ("connecting", "up"):
            return ""
        return self._phone.waits_for

    @property
    def sms_wait(self) -> bool:
        """Whether SMS wait for the end of the call."""
        return self._phone.one_port and self.state in ("connecting", "up")

    def use(self, apn: Apn) -> None:
        """A restart of the module: another APN is another call, the same one goes on."""
        if apn != self._apn:
            self._apn = apn
            self._backoff.reset()
            self._hang_up("AT+APN was changed")

    def redial(self, why: str) -> None:
        """Hang up and dial again; while there is no session the next call is new anyway.

        Then it only would cut the pauses short, which spare a network that refuses us.
        """
        if self.state == "up":
            self._hang_up(why)

    def _hang_up(self, why: str) -> None:
        """End the session that is up, or as soon as it is; and any pause."""
        self._why = why
        if self._limit:
            self._limit.expire()

    # Its life.

    async def run(self, liveness: Liveness) -> NoReturn:
        """Call, and call again."""
        with liveness.pulse("ppp") as pulse:
            try:
                while True:
                    await self._until_may_dial(pulse)
                    began = self._clock()
                    try:
                        await self._call(pulse)
                    except OSError as error:
                        delay = self._failed(error, began)
                    else:
                        delay = self._ended()
                    await self._pause(delay, pulse)
            finally:
                self._fall("the daemon ends the call")

    async def stay_home(self, liveness: Liveness) -> NoReturn:
        """Hang up when the modem has gone where we may not go online; a call may survive that."""
        with liveness.pulse("roaming") as pulse, pulse.waiting():
            while True:
                await self._phone.until_stays_offline()
                self._hang_up(f"waits for {self._phone.waits_for}")
                await self._phone.until_may_dial()

    async def _pause(self, seconds: float, pulse: Pulse) -> None:
        """Wait, unless somebody wants a call at once."""
        with pulse.waiting(seconds), contextlib.suppress(TimeoutError):
            async with TimeLimit(seconds) as self._limit:
                await asyncio.Event().wait()
        self._limit = None

    async def _until_may_dial(self, pulse: Pulse) -> None:
        if self._phone.may_dial:
            return
        self.state = "waiting"
        self._fall(f"waits for {self._phone.waits_for}")
        with pulse.waiting():
            await self._phone.until_may_dial()

    def _failed(self, error: OSError, began: float) -> float:
        """The call was refused, or lost; s until the next one."""
        if self.state == "up" and self._clock() - began >= STABLE:
            self._backoff.reset()
        delay = self._backoff.next(self._clock())
        self.state = "down"
        self.last_error = error.strerror or str(error)
        self._fall(self.last_error)
        if self.last_error not in self._said:  # each reason once an outage, not at each attempt
            self._said.add(self.last_error)
            log.warning("ppp: down: %s", self.last_error)
        if isinstance(error, CallRefused):
            self.refused(self.last_error)
        return delay

    def _ended(self) -> float:
        """We have hung up; s until the next call."""
        why, self._why = self._why, ""
        log.info("ppp: hung up: %s", self.bearer.why_down)
        return 0.0 if why else SMS_TIME

    async def _call(self, pulse: Pulse) -> None:
        """One call, to its end.  Raises OSError; returns when we ended it ourselves."""
        self._why = ""
        self.state = "dialling"
        self.counters.dials += 1
        with pulse.waiting(DIAL_LIMIT):
            async with self._phone.line() as line:
                await self._dial(line)
                line.hand_over()
                self.state = "connecting"
                await self._session(line.path, pulse)

    async def _dial(self, line: Line) -> None:
        """The context, and the call.  Raises OSError."""
        kind, apn = self._config.pdp_type, self._apn.name
        await line.ask(ECHO_OFF)
        contexts = network.contexts((await line.ask(CONTEXTS)).lines)
        if not call.is_set(contexts, kind, apn):
            answer = await line.ask(call.context(kind, apn))
            if answer.final.verdict is Verdict.SILENT:
                raise CallRefused(call.refusal(answer.final))
            if not answer.ok:
                raise CallRefused(f"the modem refuses the APN ({answer.final})")
        answer = await line.ask(dial())
        if answer.ok:
            return
        words = call.refusal(answer.final)
        if answer.final.verdict is Verdict.NO_CARRIER:
            cause = call.cause((await line.ask(call.CAUSE)).lines)
            words += f": {cause}" if cause else ""
        raise CallRefused(words)

    async def _session(self, tty: str, pulse: Pulse) -> None:
        apn, config = self._apn, self._config
        request = Request(tty, config.pdp_type, config.auth, apn.user, apn.password)
        async with self._open_session(request) as session:
            self._told = ""
            with pulse.waiting(NEGOTIATION):
                self._rise(await self._negotiate(session))
            try:
                with pulse.waiting():
                    await self._until_over(session)
            finally:
                self.traffic.end()  # while the interface is there to be read
            self.state = "waiting"
            self._fall(self._why or "a pause to read SMS")  # before the links' bytes go nowhere
            with pulse.waiting(END_LIMIT):
                await session.end()

    async def _negotiate(self, session: Session) -> Way:
        """What the network and pppd agree to.  Raises OSError."""
        way = Way()
        try:
            async with TimeLimit(NEGOTIATION):
                while not way.complete:
                    way.add(self._heard(await session.report(), agreed=False))
        except TimeoutError as error:
            raise CallRefused(error.strerror or f"no address in {NEGOTIATION:g} s") from error
        with contextlib.suppress(TimeoutError):
            async with TimeLimit(MORE):
                while True:
                    way.add(self._heard(await session.report()))
        return way

    async def _until_over(self, session: Session) -> None:
        """Return when we are to hang up.  Raises OSError when the call has ended."""
        gap = self._sms_gap if self._phone.one_port and self._sms_gap else math.inf
        with contextlib.suppress(TimeoutError):
            async with TimeLimit(0.0 if self._why else gap) as self._limit:
                while True:
                    # With two address families one may come long behind the other.
                    if self.way.add(self._heard(await session.report())):
                        self._use_way()

    def _heard(self, report: Report, *, agreed: bool = True) -> Report:
        """Act on what root's part says.  Raises OSError when that was the end."""
        if "refused" in report:
            raise OSError(f"the PPP starter refuses: {report['refused']}")
        if "log" in report:
            log.debug("pppd: %s", report["log"])
            self._told = pppend.LINES.get(str(report["log"]), self._told)
            if moved := SENT.match(str(report["log"])):
                self.traffic.end(int(moved["rx"]), int(moved["tx"]))
        if "exit" in report:
            status = int(report["exit"])
            words = pppend.words(status, self._told)
            if status == pppend.AUTHENTICATION:
                raise LoginRefused(words)
            raise (OSError if agreed or status not in pppend.OF_THE_CALL else CallRefused)(words)
        return report

    def _rise(self, way: Way) -> None:
        self.way = way
        self.state = "up"
        self.counters.connects += 1
        self.last_error = ""
        self._said.clear()
        self._use_way()
        self.traffic.begin(way.interface)
        self.bearer.rise()
        self.connected()

    def _use_way(self) -> None:
        way = self.way
        servers = ", ".join(way.servers) or "no name server"
        log.info("ppp: up: %s, %s, %s", way.interface, way.address, servers)
        self.dial.over = self._make_dial(way.interface, way.servers)

    def _fall(self, why: str) -> None:
        self._limit = None
        self.dial.over = None
        self.bearer.fall(why)
        self.traffic.end()
        self.way = Way()
