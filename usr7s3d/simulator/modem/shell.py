"""The modem on real ttys: carries out what the machine says, and wakes it when it wants."""

import asyncio
import socket
from collections.abc import Callable

from usr7s3d.simulator.modem.carrier import Carrier, nobody
from usr7s3d.simulator.modem.events import CallDown, CallUp, Carry, Event, Plug, Tell, Unplug, Write
from usr7s3d.simulator.modem.machine import Modem
from usr7s3d.simulator.modem.manners import Manners
from usr7s3d.simulator.modem.prompt import Prompt
from usr7s3d.simulator.modem.wire import End, Wire


class Simulator:
    """One modem; ``ends`` are its ports by name: ``at``, and ``data`` unless it has but one.

    Use it as ``async with``; inside, say things to it by :meth:`obey`.
    """

    def __init__(
        self,
        manners: Manners,
        ends: dict[str, End],
        *,
        carrier: Carrier = nobody,
        tell: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.modem = Modem(manners, ends)
        self._prompt = Prompt(self.modem)
        self._ends = ends
        self._carrier = carrier
        self._tell = tell
        self._wires: dict[str, Wire] = {}
        self._line: Wire | None = None  # to the carrier
        self._calling = ""  # the port of the call
        self._calls: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> "Simulator":
        self._loop = asyncio.get_running_loop()
        self.obey("plug")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.obey("unplug")
        if self._timer:
            self._timer.cancel()
        if self._calls:
            await asyncio.wait([self._calls])

    def obey(self, line: str) -> None:
        """Do what a person would say at the prompt (``help``)."""
        self._carry_out(self._prompt.obey(line, self._loop.time()))

    def _carry_out(self, events: list[Event]) -> None:
        for event in events:
            self._do(event)
        if self._timer:
            self._timer.cancel()
        deadline = self.modem.deadline()
        self._timer = self._loop.call_at(deadline, self._due) if deadline is not None else None

    def _due(self) -> None:
        # The loop calls up to a clock tick early.
        now = max(self._loop.time(), self.modem.deadline() or 0.0)
        self._carry_out(self.modem.expire(now))

    def _do(self, event: Event) -> None:
        match event:
            case Write(port, data):
                self._write(port, data)
            case Plug():
                self._plug()
            case Unplug():
                self._unplug()
            case CallUp():
                self._call_up(event)
            case CallDown():
                self._call_down()
            case Carry(data):
                if self._line:
                    self._line.write(data)
                    if self._line.full:
                        self._wires[self._calling].pause()
            case Tell(text):
                self._tell(text)

    # Ports

    def _plug(self) -> None:
        for name, end in self._ends.items():
            self._wires[name] = end.open(
                lambda data, name=name: self._received(name, data),  # type: ignore[misc]
                lambda name=name: self._hung_up(name),  # type: ignore[misc]
            )

    def _unplug(self) -> None:
        for name, end in self._ends.items():
            if wire := self._wires.pop(name, None):
                wire.close()
            end.close()

    def _write(self, name: str, data: bytes) -> None:
        wire = self._wires.get(name)
        if wire is None:
            return
        calling = self._line is not None and name == self._calling
        if calling or not wire.full:  # nobody reads: what it says is lost, as behind any tty
            wire.write(data)
        if calling and wire.full and self._line:
            self._line.pause()

    def _received(self, name: str, data: bytes) -> None:
        self._carry_out(self.modem.receive(name, data, self._loop.time()))

    def _hung_up(self, name: str) -> None:
        self._carry_out(self.modem.hung_up(name, self._loop.time()))
        end = self._ends[name]
        if not end.lasts:
            self._tell(f"{name}: its other side has closed: unplugged")
            self.obey("unplug")
        elif wire := self._wires.get(name):
            end.hold(True)
            wire.resume()

    # Calls

    def _call_up(self, event: CallUp) -> None:
        ours, its = socket.socketpair()
        its.setblocking(False)
        self._tell(f"data call: {event.number}, APN {event.apn!r}")
        self._calling = event.port
        self._line = Wire(ours.detach(), self._carried, self._carrier_gone)
        wire, line = self._wires[event.port], self._line
        wire.relieved, line.relieved = line.resume, wire.resume
        self._ends[event.port].hold(False)
        self._calls = self._loop.create_task(self._carry(its, self._calls), name="carrier")

    async def _carry(self, line: socket.socket, before: asyncio.Task[None] | None) -> None:
        if before:
            await asyncio.wait([before])  # one command at a time
        await self._carrier(line)

    def _carried(self, data: bytes) -> None:
        self._carry_out(self.modem.carried(data, self._loop.time()))

    def _carrier_gone(self) -> None:
        self._leave_line()
        self._carry_out(self.modem.carrier_gone(self._loop.time()))

    def _call_down(self) -> None:
        self._tell("data call: over")
        self._leave_line()

    def _leave_line(self) -> None:
        if self._line:
            self._line.close()
            self._line = None
            if wire := self._wires.get(self._calling):
                wire.resume()
                self._ends[self._calling].hold(True)
