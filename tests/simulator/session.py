"""The daemon's half of the conversation and the simulated modem, on one clock."""

from tests.simulator.bench import Bench
from usr7s3d.modem.command import ECHO_OFF, ERROR_NUMBERS, PDU_MODE, Command
from usr7s3d.modem.dialogue import Answer, Dialogue, Event, Unsolicited, Write

PATIENCE = 300.0  # s until a command must have ended


class Session:
    """Asks, and has the answer, however long that takes on their clock."""

    def __init__(self, manners: str = "", *, plugged: float = 1.0) -> None:
        self.bench = Bench(manners)
        self.bench.wait(plugged)
        self.dialogue = Dialogue()
        self.unasked: list[Unsolicited] = []
        self._answers: list[Answer] = []

    def begin(self) -> None:
        """As a port is opened."""
        for command in (ECHO_OFF, ERROR_NUMBERS, PDU_MODE):
            assert self.ask(command).ok

    def ask(self, command: Command) -> Answer:
        """The answer, whatever it is."""
        self._carry(self.dialogue.send(command, self.bench.now))
        end = self.bench.now + PATIENCE
        while not self._answers:
            assert self._step(), f"{command.text}: nothing will happen any more"
            assert self.bench.now < end, f"{command.text}: no end"
        return self._answers.pop()

    def wait(self, seconds: float) -> None:
        """Let time pass for both."""
        end = self.bench.now + seconds
        while (next_time := self._next()) is not None and next_time <= end:
            self._step()
        self.bench.now = end

    def _next(self) -> float | None:
        times = (self.dialogue.deadline(), self.bench.modem.deadline())
        return min((time for time in times if time is not None), default=None)

    def _step(self) -> bool:
        """Hear what is said; or go on to the next time."""
        if heard := self.bench.said():
            self._carry(self.dialogue.receive(heard.encode("latin-1"), self.bench.now))
            return True
        if (next_time := self._next()) is None:
            return False
        self.bench.wait(max(0.0, next_time - self.bench.now))
        self._carry(self.dialogue.expire(self.bench.now))
        return True

    def _carry(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Write):
                self.bench.types(event.data.decode("latin-1"))
            elif isinstance(event, Answer):
                self._answers.append(event)
            else:
                self.unasked.append(event)
