"""One command and the lines that answer it."""

from usr7s3d.modem import unsolicited
from usr7s3d.modem.command import Command
from usr7s3d.modem.results import DIALLING, Final, Verdict, final

GRACE = 0.5  # s for an answer behind an OK that came without one
MOST = 512 << 10  # characters; the list of a store of 1000 has 400,000
_SUB = b"\x1a"  # ends a message's text, 3GPP TS 27.005 3.5.1


class Exchange:
    """A command that was sent at ``now``."""

    def __init__(self, command: Command, now: float) -> None:
        self.command = command
        self.lines: list[str] = []
        self.prompt_awaited = command.message is not None
        self._until = now + command.timeout
        self.deadline = now + command.prompt_timeout if self.prompt_awaited else self._until
        self._pdu_awaited = False
        self._bare_ok = False
        self._room = MOST  # a modem that never ends must not fill our memory

    def prompt(self, now: float) -> bytes | None:
        """What to type behind a prompt; None when it makes no sense here."""
        message = self.command.message
        if message is None:
            return None
        if not self.prompt_awaited:
            return b""  # once more while it reads: some do at each line's end
        self.prompt_awaited = False
        self.deadline = self._until = now + self.command.timeout
        return message.encode() + _SUB

    def line(self, line: str, now: float) -> Final | bool:
        """The end of the answer, or whether the line was meant for us."""
        if self._pdu_awaited and unsolicited.is_pdu(line):
            self._pdu_awaited = False
            self._keep(line)
            return True
        if self._echoes(line):
            return True
        result = final(line)
        if result and (self.command.dials or result.verdict not in DIALLING):
            return self._end(result, now)
        if not self._answers(line):
            return False
        self._keep(line)
        self._pdu_awaited = self.command.pdus
        if self._bare_ok:  # that OK was an older command's
            self._bare_ok = False
            self.deadline = self._until
        return True

    def _keep(self, line: str) -> None:
        self._room -= len(line)
        if self._room >= 0:
            self.lines.append(line)

    def _echoes(self, line: str) -> bool:
        return line.upper() in (self.command.text.upper(), (self.command.message or "").upper())

    def _answers(self, line: str) -> bool:
        name = unsolicited.name(line)
        if self.command.prefix is None:
            return name == self.command.asked or not unsolicited.known(line)
        return name == self.command.prefix

    def _end(self, result: Final, now: float) -> Final | bool:
        missing = self.command.prefix is not None and not self.lines and not self.command.optional
        if result.verdict is not Verdict.OK or not missing:
            return result
        self._bare_ok = True
        self.deadline = min(self._until, now + GRACE)
        return True

    def expire(self) -> Final:
        """The time is over: an OK without the answer that belongs to it, or nothing."""
        return Final(Verdict.OK if self._bare_ok else Verdict.SILENT)
