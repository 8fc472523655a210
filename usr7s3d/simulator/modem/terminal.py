"""Lines and typed text become answers."""

from collections.abc import Callable

from usr7s3d.simulator.modem import commands
from usr7s3d.simulator.modem.ask import Ask, Refused, split
from usr7s3d.simulator.modem.call import Refusal
from usr7s3d.simulator.modem.calls import Calls
from usr7s3d.simulator.modem.commands import messages
from usr7s3d.simulator.modem.port import Echo, Line, Port, Typed
from usr7s3d.simulator.modem.speech import Speech
from usr7s3d.simulator.modem.state import Then

RESTARTS_AFTER = 0.1  # s, so that its OK is out


class Terminal:
    """Whoever speaks to the modem."""

    def __init__(self, speech: Speech, calls: Calls, restart: Callable[[], None]) -> None:
        self._speech = speech
        self._calls = calls
        self._restart = restart

    def read(self, port: Port) -> None:
        """Answer what has come, up to the line that begins a call."""
        for item in port.read():
            if isinstance(item, Echo):
                self._speech.out(port, item.data)
            elif isinstance(item, Typed):
                self._typed(port, item)
            elif isinstance(item, Line) and item.text[:2].upper() == "AT":
                self._line(port, item.text)
            if not self._speech.ports:
                return
            if (call := self._speech.call) and self._speech.carries(port):
                if rest := port.rest():
                    self._calls.carry(call, rest)
                return

    def _line(self, port: Port, line: str) -> None:
        speech = self._speech
        if speech.watching:
            speech.tell(f"{port.name} > {line}")
        if speech.rules.take("silent", line):
            return
        lines: list[str] = []
        try:
            for ask in split(line):
                if self._ask(port, ask, lines):
                    return
        except Refused as refused:
            speech.answer(port, line, (), refused.result(speech.state.cmee))
        except Refusal as refusal:
            speech.answer(port, line, lines, str(refusal))
        else:
            speech.answer(port, line, lines, "OK")

    def _ask(self, port: Port, ask: Ask, lines: list[str]) -> bool:
        """Carry it out; True when it answers by itself.  Raises Refused, Refusal."""
        state, rules = self._speech.state, self._speech.rules
        text = ask.name == "+CMGS" and ask.form == "="  # is refused when its text is there
        if not text and (rule := rules.take("fault", ask.whole)):
            raise Refusal(rule.result)
        if said := state.manners.reply(ask.whole):
            lines += map(state.fill, said[:-1])
            if said[-1] != "OK":
                raise Refusal(said[-1])
            return False
        reply = commands.carry_out(state, ask)
        lines += reply.lines
        return self._then(port, ask, reply.then)

    def _then(self, port: Port, ask: Ask, then: Then | None) -> bool:
        match then:
            case Then.PROMPT:
                self._prompt(port, ask)
                return True
            case Then.DIAL:
                return self._calls.dial(port, ask)
            case Then.ONLINE:
                return self._calls.online(port)
            case Then.ECHO_ON | Then.ECHO_OFF:
                port.echo = then is Then.ECHO_ON
            case Then.HANG_UP:
                self._calls.end()
                self._calls.reject()
            case Then.PICK_UP:
                self._calls.pick_up()
            case Then.RESTART:
                self._speech.later(RESTARTS_AFTER, self._restart)
        return False

    def _prompt(self, port: Port, ask: Ask) -> None:
        speech = self._speech
        rule = speech.rules.take("no prompt", ask.whole)
        if rule and rule.result:
            speech.answer(port, ask.whole, (), rule.result)
            return
        if rule is None:
            speech.out(port, b"\r\n> ")
        port.prompt = ask
        if speech.rules.take("unplug", ask.whole):
            speech.when_free(port, speech.unplug)

    def _typed(self, port: Port, typed: Typed) -> None:
        speech, command = self._speech, typed.ask.whole
        if typed.data is None:
            speech.answer(port, command, (), "OK")
        elif speech.rules.take("silent", command):
            return
        elif rule := speech.rules.take("fault", command):
            speech.answer(port, command, (), rule.result)
        else:
            self._send(port, typed.ask, typed.data)

    def _send(self, port: Port, ask: Ask, text: bytes) -> None:
        speech = self._speech
        try:
            reply = messages.send(speech.state, ask, text)
        except Refused as refused:
            speech.answer(port, ask.whole, (), refused.result(speech.state.cmee))
        else:
            port.free_at = speech.state.now + float(speech.state.words["sending"])
            speech.answer(port, ask.whole, reply.lines, "OK")
