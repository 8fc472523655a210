"""The composition root: builds every part once, runs them together, stops them together.

daemon                  from start to stop
  control, watchdog
  port                  keeps the tty open, until the host configuration names another
  uplink                modem, recovery, ppp, meter: until [bearer], [modem] or [link] change
  life                  from one reading of the host configuration to the next (SIGHUP)
    module              from one restart to the next (AT+Z, AT+S, ...)
      console, A, B
"""

import asyncio
import logging
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from usr7s3d.at.engine import Door
from usr7s3d.core.liveness import Liveness
from usr7s3d.devices import cachefile
from usr7s3d.devices.mounts import volatile
from usr7s3d.devices.notify import Notifier
from usr7s3d.devices.runtime import control_socket, only_one
from usr7s3d.devices.smstimes import SmsTimes
from usr7s3d.devices.state import Store
from usr7s3d.hostconfig import Parsed, load
from usr7s3d.life import Life, Outside
from usr7s3d.services import status, watchdog
from usr7s3d.services.control import BadRequest, Control, Request, Verb
from usr7s3d.services.echotest import echo_test
from usr7s3d.services.links.network import Legacy
from usr7s3d.services.mobile.uplink import Uplink
from usr7s3d.services.port import Port
from usr7s3d.services.sms.memory import Memory
from usr7s3d.services.watch import Watchers

log = logging.getLogger(__name__)


class Shutdown(Exception):
    """Someone asked us to stop."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where things are."""

    config: Path
    state: Path
    runtime: Path


class Daemon:
    """What runs from start to stop."""

    def __init__(
        self, places: Places, parsed: Parsed, notifier: Notifier, outside: Outside
    ) -> None:
        loop = asyncio.get_running_loop()
        self._places = places
        self._parsed = parsed
        self._notifier = notifier
        self._outside = outside
        self._store = Store(places.state)
        self._legacy = Legacy(
            caches=cachefile.take(places.runtime), sms=Memory(SmsTimes(places.runtime))
        )
        self._began = loop.time()
        self._clock = loop.time
        self._liveness = Liveness(loop.time)
        self._watchers = Watchers(self._tell_status)
        self._reload = asyncio.Event()
        self._stop = asyncio.Event()
        self._life = self._new_life(None, None)
        self._warnings = self._look_around()

    def _new_life(self, port: Port | None, uplink: Uplink | None) -> Life:
        return Life(
            self._parsed,
            self._store,
            self._legacy,
            self._outside,
            runtime=self._places.runtime,
            moved=self._watchers.moved,
            port=port,
            uplink=uplink,
        )

    def _look_around(self) -> list[str]:
        """What the owner should know, and nobody can mend from here."""
        warnings = []
        if kind := volatile(self._places.state):
            warnings.append(f"{self._places.state} is on {kind}: AT+S does not survive power-off")
        for warning in warnings:
            log.warning("daemon: %s", warning)
        return warnings

    async def run(self) -> None:
        """Run until SIGTERM or SIGINT, or until a part fails; every device is closed then."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        logging.getLogger().addHandler(self._watchers)
        try:
            with control_socket(self._places.runtime) as listener:
                await self._tree(Control(listener, self._verbs(), self._watchers))
        except* Shutdown:
            cachefile.leave(self._places.runtime, self._legacy.caches)
            log.info("daemon: stopped")
        finally:
            logging.getLogger().removeHandler(self._watchers)

    async def _tree(self, control: Control) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(control.run(self._liveness), name="control")
            tasks.create_task(self._live(), name="life")
            tasks.create_task(watchdog.feed(self._notifier, self._liveness), name="watchdog")
            # The signal handlers are in place: a stop may follow at once.
            self._notifier.ready()
            await self._stop.wait()
            log.info("daemon: stopping")
            self._notifier.stopping()
            raise Shutdown

    async def _live(self) -> NoReturn:
        """One life after the other, each with the host configuration read anew."""
        async with asyncio.TaskGroup() as tasks:
            port = self._life.port
            serving = tasks.create_task(port.run(self._liveness), name="port")
            uplink = self._life.uplink
            joining = tasks.create_task(uplink.run(self._liveness), name="uplink")
            while True:
                life = tasks.create_task(self._life.run(self._liveness), name="life")
                await self._reloaded()
                await self._life.commander.idle()
                await _ended(life)
                self._life = self._new_life(port, uplink)
                self._warnings = self._look_around()
                if self._life.port is not port:
                    await _ended(serving)
                    self._life.port.write(port.take_back())
                    port = self._life.port
                    serving = tasks.create_task(port.run(self._liveness), name="port")
                if self._life.uplink is not uplink:
                    await _ended(joining)
                    uplink = self._life.uplink
                    joining = tasks.create_task(uplink.run(self._liveness), name="uplink")
                self._notifier.ready()

    async def _reloaded(self) -> None:
        """Wait for a SIGHUP that brings a configuration without problems."""
        while True:
            await self._reload.wait()
            self._reload.clear()
            self._notifier.reloading()
            parsed = load(self._places.config)
            if not parsed.problems:
                self._parsed = parsed
                log.info("daemon: %s read again", self._places.config)
                return
            for problem in parsed.lines:
                log.error("%s", problem)
            log.error("daemon: %s has problems, the old one stays", self._places.config)
            self._notifier.ready()

    def _tell_status(self) -> None:
        self._notifier.status(
            status.in_a_line(self._life.port, self._life.module, self._life.uplink)
        )

    def _verbs(self) -> dict[str, Verb]:
        return {
            "status": self._status,
            "at": self._at,
            "restart": self._restart,
            "diff": self._diff,
            "echo-test": self._echo_test,
        }

    async def _status(self, _: Request) -> Request:
        return status.whole(
            self._life.port,
            self._life.module,
            self._life.uplink,
            self._life.sms,
            uptime=self._clock() - self._began,
            warnings=self._warnings,
        )

    async def _at(self, request: Request) -> Request:
        outcome = await self._life.commander.execute(str(request.get("line", "")), Door.CONTROL)
        if outcome.restart and self._life.module:
            self._life.module.restart_soon()
        return {"reply": outcome.reply.decode("latin-1"), "ok": outcome.ok}

    async def _diff(self, _: Request) -> Request:
        from usr7s3d.at.compare import differences  # noqa: PLC0415 - asked for once a year

        return {"differences": differences(self._life.levels)}

    async def _echo_test(self, _: Request) -> Request:
        port, module = self._life.port, self._life.module
        if not (port.open and module and module.console.quiet):
            raise BadRequest("the UART is not open, or in command mode")
        return dict(await echo_test(port))

    async def _restart(self, _: Request) -> Request:
        if self._life.module:
            self._life.module.restart_soon()
        return {}


async def _ended(task: asyncio.Task[Any] | None) -> None:
    """End ``task``; what it raised is its group's business."""
    if task:
        task.cancel()
        await asyncio.wait((task,))


async def run(places: Places, parsed: Parsed) -> None:
    """Run the daemon.  Raises Occupied when another one has the runtime folder."""
    notifier = Notifier()
    try:
        with only_one(places.runtime):
            await Daemon(places, parsed, notifier, Outside()).run()
    finally:
        notifier.close()
