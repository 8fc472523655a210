"""The UART's side of the module: its bytes become packets, its commands get replies.

Two doors stand here, command mode and commands with password (manual 4.1.1, 4.1.2).
"""

import asyncio
import logging
import math
from collections.abc import Callable, Mapping
from typing import NoReturn

from usr7s3d.at.engine import OK, Door, Refusal, error
from usr7s3d.core.liveness import Liveness
from usr7s3d.core.pace import Pace
from usr7s3d.core.uartinput import (
    Command,
    CommandMode,
    Event,
    Misplaced,
    Packet,
    Rules,
    Typed,
    UartInput,
    Write,
)
from usr7s3d.services.commander import Commander, Outcome
from usr7s3d.services.port import Port
from usr7s3d.services.timer import LazyTimer

log = logging.getLogger(__name__)

COMMAND_LIMIT = 60.0  # s; longer than any command may take, a save on a bad SD card included

CR = b"\r"

Held = list[tuple[bytes, float]]  # bytes and when they came


class Console:
    """Serves the UART from one restart of the module to the next."""

    def __init__(
        self,
        port: Port,
        rules: Rules,
        commander: Commander,
        *,
        deliver: Callable[[bytes], None],
        drained: Callable[[], None],
        command_mode: Callable[[bool], None],
        restart: Callable[[], None],
    ) -> None:
        self._port = port
        self._input = UartInput(rules)
        self._pace = Pace(rules.packet_time)
        self._commander = commander
        self._deliver = deliver
        self._drained = drained
        self._command_mode = command_mode
        self._restart = restart
        self._session: Mapping[str, str] = {}
        self._unsaid: list[bytes] = []  # bounded by the SMS that wait
        self._prompt_for = ""  # the number whose SMS is being typed
        # The input waits after one.
        self._commands: asyncio.Queue[Command | Typed] = asyncio.Queue(1)
        self._unanswered: tuple[Command, float] | None = None  # and when it came
        self._clock = asyncio.get_running_loop().time
        self._timer = LazyTimer(self._expire)
        self.last_received_at = -math.inf

    def open(self, held: Held) -> None:
        """Begin, with the bytes that the life before this one left."""
        self.refresh()
        self._command_mode(self._input.command_mode)
        self._port.serve(self._receive, self._drained, self._pace)
        for data, at in held:
            self._handle(self._input.receive(data, at))
        self._arm()

    def close(self) -> Held:
        """End; gives back the bytes that are not used up."""
        self._port.leave()
        self._timer.stop()
        return [*self._not_carried_out(), *self._input.rest()]

    def _not_carried_out(self) -> Held:
        """The bytes of a command that came when nobody carried out commands any more."""
        if not self._unanswered:
            return []
        command, at = self._unanswered
        raw = command.raw or (command.prefix or b"") + (command.text or "").encode("latin-1") + CR
        return [(raw, at)] if command.text is not None else []

    def refresh(self) -> None:
        """Follow what a command has changed at once (UATEN, CMDPW)."""
        commands = self._commander.levels.in_force.commands
        self._input.set_password(commands.password if commands.uart else None)

    @property
    def quiet(self) -> bool:
        """Whether something that nobody asked for may go to the UART now."""
        return not (self._input.command_mode or self._input.handshaking)

    def announce(self, data: bytes) -> None:
        """Say what somebody waits for, but not between ``+++`` and ``+ok``, nor at a prompt."""
        self._unsaid.append(data)
        self._say_unsaid()

    def _say_unsaid(self) -> None:
        while self._unsaid and not (self._input.handshaking or self._prompt_for):
            self._port.say(self._unsaid.pop(0), unasked=True)

    def _receive(self, data: bytes) -> None:
        now = self.last_received_at = self._clock()
        if self._input.passes(data, now):
            self._deliver(data)  # and nothing is held, so nothing is due
        else:
            self._handle(self._input.receive(data, now))
            self._arm()

    def _expire(self) -> None:
        self._handle(self._input.expire(self._clock()))
        self._arm()

    def _arm(self) -> None:
        self._say_unsaid()
        self._timer.set(self._input.deadline())

    def _handle(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Packet():
                    self._deliver(event.data)
                case Write():
                    self._port.say(event.data)
                case Command():
                    self._port.pause("command")
                    self._unanswered = event, self._clock()
                    self._commands.put_nowait(event)
                case Typed():
                    self._port.pause("command")
                    self._commands.put_nowait(event)
                case Misplaced():
                    self._port.say(error(Refusal.code))
                case CommandMode():
                    log.info("UART: command mode %s", "on" if event.entered else "off (time-out)")
                    self._session = {}
                    self._command_mode(event.entered)

    async def run(self, liveness: Liveness) -> NoReturn:
        """Carry out the commands, one after the other."""
        with liveness.pulse("console") as pulse:
            while True:
                with pulse.waiting():
                    command = await self._commands.get()
                with pulse.waiting(COMMAND_LIMIT):
                    await self._execute(command)

    async def _execute(self, command: Command | Typed) -> None:
        if isinstance(command, Typed):
            self._take_text(command)
            return
        in_command_mode = command.prefix is None
        echo = in_command_mode and self._commander.levels.running.module.echo
        door = Door.UART if in_command_mode else Door.UART_PASSWORD
        outcome = await self._commander.execute(command.text, door, self._session)
        self._unanswered = None
        self._session = outcome.session
        lead = command.raw if echo else command.prefix or b""
        self._port.say(lead + outcome.reply)
        if outcome.restart:
            self._restart()
        leave = in_command_mode and outcome.leave_command_mode
        self._prompt_for = outcome.prompt_for
        self._done(ok=outcome.ok, leave=leave)

    def _take_text(self, typed: Typed) -> None:
        """Send what was typed behind the prompt of AT+CMGS, or not."""
        if typed.cancelled:
            outcome = Outcome(OK, ok=True, session=self._session)
        else:
            outcome = self._commander.write_sms(self._prompt_for, typed.text, self._session)
        self._prompt_for = ""
        echo = self._commander.levels.running.module.echo
        self._port.say((typed.raw if echo else b"") + outcome.reply)
        self._done(ok=outcome.ok, leave=False)

    def _done(self, *, ok: bool, leave: bool) -> None:
        before = self._input.command_mode
        self._port.resume("command")
        prompt = bool(self._prompt_for)
        events = self._input.done(self._clock(), ok=ok, leave=leave, prompt=prompt)
        if before and not self._input.command_mode:
            log.info("UART: command mode off")
            self._command_mode(False)
        self._handle(events)
        self._arm()
