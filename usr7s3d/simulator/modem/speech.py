"""What the modem says, and when: answers in order, other lines at any moment, faults in all."""

from collections.abc import Callable, Iterable

from usr7s3d.simulator.modem import faults
from usr7s3d.simulator.modem.agenda import Agenda
from usr7s3d.simulator.modem.call import Call
from usr7s3d.simulator.modem.events import Event, Tell, Unplug, Write
from usr7s3d.simulator.modem.port import Port
from usr7s3d.simulator.modem.state import State


class Speech:
    """The ports of one power cycle, and the events that are not handed out yet."""

    def __init__(self, state: State, rules: faults.Rules) -> None:
        self.state = state
        self.rules = rules
        self.agenda = Agenda()
        self.events: list[Event] = []
        self.ports: dict[str, Port] = {}  # none while it is unplugged
        self.call: Call | None = None
        self.watching = False

    def tell(self, text: str) -> None:
        """Let the person know."""
        self.events.append(Tell(text))

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        """Do something in a while."""
        self.agenda.add(self.state.now + seconds, what)

    def unplug(self) -> None:
        """Everything that was to be said is lost."""
        if self.ports:
            self.ports = {}
            self.agenda.clear()
            self.events.append(Unplug())

    def unasked(self, *lines: str) -> None:
        """Say something at once, in the middle of whatever else; not into a call."""
        for name in self.state.words["unasked"].split():
            port = self.ports.get(name)
            if port and not self.carries(port):
                self.events.append(Write(name, framed(lines)))

    def said_when(self, when: str) -> None:
        """What the manners have for this occasion."""
        for said in self.state.manners.unasked:
            if said.when == when == "every":
                self._every(said.after, said.line)
            elif said.when == when:
                self._once(said.after, said.line)

    def _once(self, after: float, line: str) -> None:
        self.later(after, lambda: self.unasked(self.state.fill(line)))

    def _every(self, period: float, line: str) -> None:
        def say() -> None:
            if not self.state.quiet:
                self.unasked(self.state.fill(line))
            self._every(period, line)

        self.later(period, say)

    def answer(self, port: Port, command: str, lines: Iterable[str], result: str) -> None:
        """Information and the final result, as well as the rules let it."""
        lines = tuple(lines)
        data = (framed(lines) if lines else b"") + framed((result,))
        take = self.rules.take
        if take("twice", command):
            data *= 2
        if take("noise", command):
            data = faults.noisy(data)
        if take("late", command):
            port.held += data
            return
        data, port.held = port.held + data, b""
        unplug = take("unplug", command)
        if unplug or take("half", command):
            data = data[: len(data) // 2]
        slow = take("slow", command)
        self.out(port, data, slow.seconds if slow else 0.0)
        if unplug:
            self.when_free(port, self.unplug)

    def out(self, port: Port, data: bytes, delay: float = 0.0) -> None:
        """Say it, behind what the port has still to say."""
        port.free_at = max(self.state.now + delay, port.free_at)
        self.when_free(port, lambda: self.events.append(Write(port.name, data)))
        if self.watching:
            self.tell(f"{port.name} < {' '.join(data.decode('latin-1').split())}")

    def when_free(self, port: Port, what: Callable[[], None]) -> None:
        """Do it when the port has said all it has to say."""
        if port.free_at <= self.state.now and not port.waiting:
            what()
            return

        def turn() -> None:
            port.waiting -= 1
            what()

        port.waiting += 1
        self.agenda.add(max(port.free_at, self.state.now), turn)

    def carries(self, port: Port) -> bool:
        """Whether the port's bytes are the carrier's."""
        return self.call is not None and self.call.port is port and self.call.online


def framed(lines: Iterable[str]) -> bytes:
    """V.250 5.7.1."""
    return ("\r\n" + "\r\n".join(lines) + "\r\n").encode("latin-1", errors="replace")
