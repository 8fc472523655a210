"""Data calls, up and down, and voice calls that ring."""

from usr7s3d.simulator.modem.ask import Ask
from usr7s3d.simulator.modem.call import Call, Refusal
from usr7s3d.simulator.modem.events import CallDown, CallUp, Carry, Write
from usr7s3d.simulator.modem.port import Port
from usr7s3d.simulator.modem.speech import Speech, framed

RING = 5.0  # s between two RINGs


class Calls:
    """At most one of each kind."""

    def __init__(self, speech: Speech) -> None:
        self._speech = speech
        self._caller: str | None = None  # who rings

    def dial(self, port: Port, ask: Ask) -> bool:
        """ATD; whether it has answered by itself.  Raises Refusal."""
        speech, state = self._speech, self._speech.state
        if ask.text.endswith(";"):
            return False  # a voice call: rings out unheard
        if speech.call or not state.registered:
            raise Refusal("NO CARRIER")
        call = Call(port, ask.text, state.contexts)
        call.check(state.words)
        self._connect(port)
        speech.call = call
        up = CallUp(port.name, call.number, call.apn)
        speech.when_free(port, lambda: speech.events.append(up))
        return True

    def online(self, port: Port) -> bool:
        """ATO: back to the call that waits.  Raises Refusal."""
        call = self._speech.call
        if call is None or call.port is not port:
            raise Refusal("NO CARRIER")
        self._connect(port)
        call.online = True
        return True

    def _connect(self, port: Port) -> None:
        if said := self._speech.state.words["connect"]:
            self._speech.out(port, framed((said,)))

    def carry(self, call: Call, data: bytes) -> None:
        """Bytes for the carrier, among which +++ may be."""
        self._speech.events.append(Carry(data))
        if at := call.escapes(data, self._speech.state.now):
            self._speech.agenda.add(at, lambda: self._escaped(call))

    def carried(self, data: bytes) -> None:
        """Bytes from the carrier; while the call waits for ATO they are lost."""
        if (call := self._speech.call) and call.online:
            self._speech.events.append(Write(call.port.name, data))

    def _escaped(self, call: Call) -> None:
        if self._speech.call is call and call.escaped(self._speech.state.now):
            call.online = False
            self._speech.out(call.port, framed(("OK",)))

    def end(self) -> None:
        """Hang up, in silence."""
        if self._speech.call:
            self._speech.call = None
            self._speech.events.append(CallDown())

    def lost(self, *, by_carrier: bool = False) -> None:
        """The other side has hung up."""
        if call := self._speech.call:
            if by_carrier:
                self._speech.call = None
            self.end()
            self._speech.out(call.port, framed(("NO CARRIER",)))

    def ring(self, number: str) -> None:
        """Somebody calls."""
        self._caller = number
        self._ring(number)

    def _ring(self, number: str) -> None:
        if self._caller == number:
            shown = [f'+CLIP: "{number}",145'] if self._speech.state.shows_caller else []
            self._speech.unasked("RING", *shown)
            self._speech.later(RING, lambda: self._ring(number))

    def pick_up(self) -> None:
        """ATA.  Raises Refusal."""
        if self._caller is None:
            raise Refusal("NO CARRIER")
        self._caller = None

    def reject(self) -> None:
        """ATH, AT+CHUP."""
        self._caller = None

    def give_up(self) -> None:
        """Who rings hangs up."""
        if self._caller is not None:
            self._caller = None
            self._speech.unasked("NO CARRIER")
