"""The modem: bytes, time and a person's deeds in, events out."""

from collections.abc import Callable, Iterable

from usr7s3d.simulator.modem import faults
from usr7s3d.simulator.modem.calls import Calls
from usr7s3d.simulator.modem.events import Event, Plug
from usr7s3d.simulator.modem.manners import Manners
from usr7s3d.simulator.modem.pdu import Submit
from usr7s3d.simulator.modem.port import Port
from usr7s3d.simulator.modem.reception import Reception
from usr7s3d.simulator.modem.speech import Speech
from usr7s3d.simulator.modem.state import State
from usr7s3d.simulator.modem.terminal import Terminal


class Modem:
    """Every method that takes the time returns what happens then."""

    def __init__(self, manners: Manners, ports: Iterable[str] = ("at", "data")) -> None:
        self.state = State(manners)
        self.state.network.told = self._sent
        self.rules = faults.Rules(manners.rules)
        self.speech = Speech(self.state, self.rules)
        self.calls = Calls(self.speech)
        self._terminal = Terminal(self.speech, self.calls, self.restart)
        self._reception = Reception(self.speech, self.calls)
        self._names = tuple(ports)
        self._back: float | None = None  # when it is plugged in again by itself

    @property
    def plugged(self) -> bool:
        """Whether its ports are there."""
        return bool(self.speech.ports)

    def receive(self, name: str, data: bytes, now: float) -> list[Event]:
        """Bytes on a port."""
        self._at(now)
        if port := self.speech.ports.get(name):
            if (call := self.speech.call) and self.speech.carries(port):
                self.calls.carry(call, data)
            else:
                port.feed(data)
                self._terminal.read(port)
        return self._done()

    def carried(self, data: bytes, now: float) -> list[Event]:
        """Bytes from the carrier."""
        return self.do(lambda: self.calls.carried(data), now)

    def carrier_gone(self, now: float) -> list[Event]:
        """The carrier has hung up."""
        return self.do(lambda: self.calls.lost(by_carrier=True), now)

    def hung_up(self, name: str, now: float) -> list[Event]:
        """Nobody holds the port any more, as DTR would tell: its call is over."""
        self._at(now)
        if (call := self.speech.call) and call.port.name == name:
            self.calls.end()
        return self._done()

    def do(self, deed: Callable[[], None], now: float) -> list[Event]:
        """Something that a person does to :attr:`state`, or with the methods below."""
        self._at(now)
        deed()
        return self._done()

    def deadline(self) -> float | None:
        """When to call :meth:`expire`."""
        times = (self.speech.agenda.deadline(), self._back)
        return min((time for time in times if time is not None), default=None)

    def expire(self, now: float) -> list[Event]:
        """What is due."""
        self._at(now)
        return self._done()

    def plug(self) -> None:
        """Power, and the ports appear."""
        self._back = None
        if self.plugged:
            return
        self.state.reset(self.state.now)
        self._reception = Reception(self.speech, self.calls)
        echo = self.state.words["echo"] == "on"
        self.speech.ports = {name: Port(name, echo=echo) for name in self._names}
        self.speech.events.append(Plug())
        self.speech.said_when("starting")
        self.speech.said_when("every")

    def unplug(self) -> None:
        """Everything under way is lost."""
        self._back = None
        self.speech.unplug()

    def restart(self) -> None:
        """As AT+CFUN=1,1 does it: away, and back."""
        self.speech.unplug()
        self._back = self.state.now + float(self.state.words["restarts"])

    def _at(self, now: float) -> None:
        """Let everything happen that was due before ``now``."""
        while self._back is not None and self._back <= now:
            self.state.now = self._back
            self.plug()
            self.speech.tell("restarted")
        while due := self.speech.agenda.take(now):
            self.state.now = due[0]
            due[1]()
            self._settle()
        self.state.now = now

    def _done(self) -> list[Event]:
        self._settle()
        events, self.speech.events = self.speech.events, []
        return events

    def _settle(self) -> None:
        if self.plugged:
            self._reception.settle()
        else:
            self.calls.end()
            self.calls.reject()

    def _sent(self, message: Submit) -> None:
        part = f" (part {message.part[2]} of {message.part[1]})" if message.part else ""
        self.speech.tell(f"SMS to {message.number}{part}: {message.text}")
