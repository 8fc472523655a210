"""One life of the module, from a restart to the next.

    console --> mode: bridge <-> door A, door B <-> link A, link B
    outlet  <----'    or HTTPD

All are built from the saved settings and torn down together.  The tty stays open, and
each link's cache stays while its protocol and address do.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, NoReturn, Protocol

from usr7s3d.at.fields import unescape
from usr7s3d.at.table import BAUD_RATES
from usr7s3d.core import uartframe
from usr7s3d.core.guesses import Bucket
from usr7s3d.core.idle import idle_until
from usr7s3d.core.line import LineSettings
from usr7s3d.core.liveness import Liveness, Pulse
from usr7s3d.services.commander import Commander
from usr7s3d.services.console import COMMAND_LIMIT, Console
from usr7s3d.services.links.bridge import Bridge, Moved
from usr7s3d.services.links.door import NetworkDoor
from usr7s3d.services.links.link import Link
from usr7s3d.services.links.network import Legacy, Network
from usr7s3d.services.outlet import Outlet
from usr7s3d.services.plan import line_settings, polls_uart, uart_rules
from usr7s3d.services.port import Port
from usr7s3d.services.timer import LazyTimer

if TYPE_CHECKING:
    from usr7s3d.services.sms.service import Sms

log = logging.getLogger(__name__)

RESTART_DELAY = 0.5  # s after the reply has left: ENTM comes right behind S and wants its OK
REPLY_LIMIT = 2.0  # s for the reply to leave; CTS may hold it for ever
OLD_RATE_LIMIT = 30.0  # s for what was queued to leave before the line changes (manual 3.6.2)
LINE_NEWS, LINE_NEWS_REFILL = 5, 60.0  # line changes that are logged at once; s for one more


class Mode(Protocol):
    """What WKMOD decides: where the UART's packets go, and who fills the outlet."""

    def from_uart(self, packet: bytes) -> None:
        """Take what the UART sent."""
        ...

    def flow(self, reading: bool) -> None:
        """Stop or go on bringing data for the UART."""
        ...


class Module:
    """Everything that a restart renews."""

    def __init__(
        self,
        port: Port,
        commander: Commander,
        network: Network,
        legacy: Legacy,
        *,
        escape_quiet: float,
        moved: Moved,
        redial: Callable[[str], None] = lambda _: None,
        sms: "Sms | None" = None,
    ) -> None:
        self._redial = redial
        self._sms = sms
        self._port = port
        self._commander = commander
        self._legacy = legacy
        self._asked = asyncio.Event()
        self._data_mode = asyncio.Event()  # the UART is not in command mode
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()
        self.settings = settings = commander.levels.start
        self.links = network.links(settings, legacy)
        self.active = [link for link in self.links.values() if link.rules.enabled]
        self._outlet = Outlet(port)
        self._bridge = Bridge(
            port,
            self._outlet,
            self.active,
            show_id=settings.links.show_id,
            clock=self._clock,
            moved=moved,
        )
        self.httpd = network.httpd(settings, legacy, self._outlet, moved)
        in_sms_mode = sms and settings.module.mode == "SMS"
        self.sms_mode = sms.mode(self._outlet, moved) if sms and in_sms_mode else None
        self._mode: Mode = self.httpd or self.sms_mode or self._bridge
        self._outlet.flow = self._mode.flow
        self.doors = {link.name: self._door(link, network) for link in self.active}
        self._line_changes: asyncio.Queue[tuple[Link, LineSettings]] = asyncio.Queue()
        # A server may change the line at each poll: the log tells the first few.
        self._line_news = Bucket(LINE_NEWS, LINE_NEWS_REFILL, self._clock())
        self._idle_timer = LazyTimer(self._look_idle)
        self.console = Console(
            port,
            uart_rules(settings, escape_quiet),
            commander,
            deliver=self._mode.from_uart,
            drained=self._outlet.drained,
            command_mode=self._command_mode,
            restart=self.restart_soon,
        )

    def _door(self, link: Link, network: Network) -> NetworkDoor:
        def deliver(data: bytes) -> None:
            self._bridge.to_uart(link.name, data, datagram=link.rules.datagrams)

        door = NetworkDoor(
            link,
            self._commander,
            self._legacy.bucket(link.name, self._clock()),
            deliver=deliver,
            restart=self.restart_soon,
            shut=network.door_shut,
        )

        def received(data: bytes) -> None:
            if not (data.startswith(uartframe.HEAD) and self._changes_line(link, data)):
                door.receive(data)

        link.received = received if self.settings.uart.similar_rfc2217 else door.receive
        return door

    def _command_mode(self, entered: bool) -> None:
        if entered:
            self._data_mode.clear()
            self._outlet.hold("command mode")
        else:
            self._outlet.release("command mode")
            self._data_mode.set()

    # The line, changed from the network (manual 3.6.2).

    def _changes_line(self, link: Link, data: bytes) -> bool:
        """Whether ``data``, one network read, is a frame that changes the UART."""
        try:
            line = uartframe.decode(data, self.settings.uart.flow, BAUD_RATES)
        except uartframe.FrameError:
            return False
        self.doors[link.name].end_packet()
        link.pause("line change")
        self._line_changes.put_nowait((link, line))
        return True

    async def _change_lines(self, liveness: Liveness) -> NoReturn:
        with liveness.pulse("line changes") as pulse:
            while True:
                with pulse.waiting():
                    link, line = await self._line_changes.get()
                    await self._data_mode.wait()  # so that what came before the frame can leave
                self._outlet.hold("line change")
                with pulse.waiting(OLD_RATE_LIMIT):
                    await self._port.sent(OLD_RATE_LIMIT)
                level = logging.DEBUG if self._line_news.empty(self._clock()) else logging.INFO
                self._line_news.take(self._clock())
                log.log(level, "%s: sets the UART to %s until the next restart", link.name, line)
                self._port.set_line(line, level)
                self._outlet.release("line change")
                link.resume("line change")

    # What happens by the clock.

    async def _beat_uart(self, liveness: Liveness) -> NoReturn:
        """Send the heartbeat to the UART: it is a poll, so a missed one is not made up for."""
        heartbeat = self.settings.heartbeat
        data = bytes.fromhex(heartbeat.data)
        with liveness.pulse("heartbeat") as pulse:
            while True:
                with pulse.waiting(heartbeat.period):
                    await asyncio.sleep(heartbeat.period)
                if self.console.quiet and not (self._port.full or self._port.unasked):
                    self._port.say(data, unasked=True)

    def _look_idle(self) -> None:
        """Restart when neither the UART nor a link has received anything for long (RSTIM)."""
        received = [self.console.last_received_at, *(link.last_received_at for link in self.active)]
        if self.httpd:
            received.append(self.httpd.last_received_at)
        if self.sms_mode:
            received.append(self.sms_mode.last_received_at)
        last = max(self._began, *received)
        due = idle_until(self.settings.module.restart_after, last)
        if due is not None and self._clock() >= due:
            log.info("module: nothing received for %.0f s (RSTIM): restart", due - last)
            if all(link.last_acknowledged_at < last for link in self.active):
                self._redial("nothing was received or acknowledged (RSTIM)")
            self.restart_soon()
        else:
            self._idle_timer.set(due)

    # Its life.

    def restart_soon(self) -> None:
        """Restart, a moment after what was written last has left; asking again changes nothing."""
        self._asked.set()

    async def _until_restart(self, pulse: Pulse) -> None:
        with pulse.waiting():
            await self._asked.wait()
        with pulse.waiting(REPLY_LIMIT + RESTART_DELAY):
            await self._port.sent(REPLY_LIMIT)
            await asyncio.sleep(RESTART_DELAY)
        with pulse.waiting(COMMAND_LIMIT):
            await self._commander.idle()

    async def run(self, liveness: Liveness) -> None:
        """Live until a restart is asked for."""
        self._open()
        try:
            async with asyncio.TaskGroup() as tasks:
                running = [
                    tasks.create_task(part, name=name)
                    for name, part in self._parts(liveness).items()
                ]
                with liveness.pulse("module") as pulse:
                    await self._until_restart(pulse)
                for task in running:
                    task.cancel()
        finally:
            self._close()

    def _parts(self, liveness: Liveness) -> dict[str, Coroutine[None, None, NoReturn]]:
        parts = {
            "console": self.console.run(liveness),
            "line changes": self._change_lines(liveness),
        }
        if polls_uart(self.settings):
            parts["heartbeat"] = self._beat_uart(liveness)
        if self.httpd:
            parts["http"] = self.httpd.run(liveness)
        for link in self.active:
            parts[f"link {link.name}"] = link.run(liveness)
            parts[f"door {link.name}"] = self.doors[link.name].run(liveness)
        return parts

    def _open(self) -> None:
        mode = self.settings.module.mode
        log.info("module: start, mode %s", mode)
        if mode == "SMS" and not self.sms_mode:
            log.warning("module: mode SMS needs a modem: what the UART sends goes nowhere")
        self._port.set_line(line_settings(self.settings))
        self._commander.levels.changed = self._refresh
        if welcome := unescape(self.settings.module.welcome):
            self._port.greet(b"\r\n" + welcome + b"\r\n")
        self.console.open(self._legacy.held)
        if self._sms:
            self._sms.join(self.sms_mode, self.console.announce, self.restart_soon)
        self._look_idle()

    def _refresh(self) -> None:
        """A command has changed what acts at once."""
        self.console.refresh()
        for door in self.doors.values():
            door.refresh()

    def _close(self) -> None:
        self._idle_timer.stop()
        self._commander.levels.changed = lambda: None
        if self._sms:
            self._sms.part()
        self._legacy.held = self.console.close()
        for door in self.doors.values():
            door.close()
        for reason in ("command mode", "line change"):
            self._outlet.release(reason)
