"""A dialogue with its clock, for tests to read like a conversation."""

from usr7s3d.modem.command import Command, query
from usr7s3d.modem.dialogue import SETTLE, SETTLE_OWED, Answer, Dialogue, Event, Unsolicited, Write


class Talk:
    """What was written, answered and said unasked piles up until it is taken."""

    def __init__(self, *, clean: bool = True) -> None:
        self.dialogue = Dialogue()
        self.now = 100.0
        self.written = b""
        self.answers: list[Answer] = []
        self.unasked: list[Unsolicited] = []
        if clean:
            self.ask(Command(text="ATE0"))
            self.hear(b"\r\nOK\r\n")
            self.wait(SETTLE)
            self.hear(b"\r\nOK\r\n")
            self.take()
            self.take_written()

    def _note(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Write):
                self.written += event.data
            elif isinstance(event, Answer):
                self.answers.append(event)
            else:
                self.unasked.append(event)

    def ask(self, command: Command) -> None:
        self._note(self.dialogue.send(command, self.now))

    def hear(self, data: bytes) -> None:
        self._note(self.dialogue.receive(data, self.now))

    def wait(self, seconds: float) -> None:
        """Let time pass, from deadline to deadline."""
        end = self.now + seconds
        while (deadline := self.dialogue.deadline()) is not None and deadline <= end:
            self.now = deadline
            self._note(self.dialogue.expire(self.now))
        self.now = end

    def abandon(self) -> None:
        self._note(self.dialogue.abandon(self.now))

    def take(self) -> Answer:
        """The one answer that came."""
        (answer,) = self.answers
        self.answers = []
        return answer

    def take_written(self) -> bytes:
        written, self.written = self.written, b""
        return written

    def take_unasked(self) -> list[Unsolicited]:
        unasked, self.unasked = self.unasked, []
        return unasked

    def answered(self) -> None:
        """The next command is asked at once, and answered with its own."""
        self.take_written()
        self.ask(query("+CSQ"))
        assert self.take_written() == b"AT+CSQ\r"
        self.hear(b"\r\n+CSQ: 7,0\r\n\r\nOK\r\n")
        assert self.take().lines == ("+CSQ: 7,0",)

    def recovers(self) -> None:
        """The modem answers again: so does the next command, without help."""
        self.hear(b"\r\nOK\r\n")
        self.wait(SETTLE_OWED)
        self.answered()
