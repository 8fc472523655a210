"""A simulated modem with its clock, for tests to read like a conversation."""

from collections.abc import Sequence

from usr7s3d.simulator.modem.events import Event, Tell, Write
from usr7s3d.simulator.modem.machine import Modem
from usr7s3d.simulator.modem.manners import parse
from usr7s3d.simulator.modem.prompt import Prompt

BOOTED = 1.0  # s; registered, and silent again


class Bench:
    """What it says piles up until it is taken."""

    def __init__(self, manners: str = "echo off", ports: Sequence[str] = ("at", "data")) -> None:
        self.modem = Modem(parse(manners), ports)
        self.prompt = Prompt(self.modem)
        self.now = 0.0
        self.events: list[Event] = []
        self.does("plug")
        self.wait(BOOTED)
        self.events.clear()

    def types(self, text: str, port: str = "at") -> None:
        """Bytes into a port."""
        self.events += self.modem.receive(port, text.encode("latin-1"), self.now)

    def does(self, line: str) -> None:
        """A person at the prompt."""
        self.events += self.prompt.obey(line, self.now)

    def writes(self, number: str, text: str) -> None:
        """Somebody sends the modem a message, of any text."""
        network = self.modem.state.network
        self.events += self.modem.do(lambda: network.message(number, text, self.now), self.now)

    def wait(self, seconds: float) -> None:
        """From deadline to deadline."""
        end = self.now + seconds
        while (deadline := self.modem.deadline()) is not None and deadline <= end:
            self.now = deadline
            self.events += self.modem.expire(self.now)
        self.now = end

    def said(self, port: str = "at") -> str:
        """What came out of a port since it was taken."""
        data = b"".join(e.data for e in self.events if isinstance(e, Write) and e.port == port)
        self.events = [e for e in self.events if not (isinstance(e, Write) and e.port == port)]
        return data.decode("latin-1")

    def told(self) -> list[str]:
        """What the person was told."""
        told = [event.text for event in self.events if isinstance(event, Tell)]
        self.events = [event for event in self.events if not isinstance(event, Tell)]
        return told

    def asks(self, command: str, port: str = "at") -> list[str]:
        """A command, and the lines of its answer."""
        self.types(command + "\r", port)
        return self.lines(port)

    def lines(self, port: str = "at") -> list[str]:
        """What came, without the empty lines."""
        return [line for line in self.said(port).split("\r\n") if line]

    def sends(self, number: str, text: str) -> list[str]:
        """A message in text mode."""
        assert self.asks("AT+CMGF=1") == ["OK"]
        assert self.asks(f'AT+CMGS="{number}"') == ["> "]
        self.types(f"{text}\x1a")
        return self.lines()
