"""What the network does to the modem: registration, and messages as there is room for them."""

from usr7s3d.simulator.modem.calls import Calls
from usr7s3d.simulator.modem.commands import radio
from usr7s3d.simulator.modem.pdu import Incoming
from usr7s3d.simulator.modem.speech import Speech


class Reception:
    """Of one power cycle."""

    def __init__(self, speech: Speech, calls: Calls) -> None:
        self._speech = speech
        self._calls = calls
        self._stat = 0
        self._next_message = 0.0
        self._full = False  # and the person knows
        self._wakes: set[float] = set()

    def settle(self) -> None:
        """What follows from how things are now."""
        state = self._speech.state
        if state.registers > state.now:
            self._wake(state.registers)
        if state.stat != self._stat:
            was, self._stat = self._stat in (1, 5), state.stat
            self._moved(was=was)
        while state.network.waiting and state.registered:
            if state.now < self._next_message:
                self._wake(self._next_message)
                return
            if not self._accept(state.network.waiting[0]):
                return
            state.network.waiting.popleft()
            self._next_message = state.now + float(state.words["gap"])

    def _wake(self, at: float) -> None:
        if at not in self._wakes:
            self._wakes.add(at)
            self._speech.agenda.add(at, lambda: self._wakes.discard(at))

    def _moved(self, *, was: bool) -> None:
        state = self._speech.state
        for name, level in state.reports.items():
            if level:
                self._speech.unasked(f"{name}: {radio.where(state, level)}")
        if state.registered != was:
            self._speech.said_when("registered" if state.registered else "lost")
        if not state.registered:
            self._calls.lost()

    def _accept(self, message: Incoming) -> bool:
        """Show or keep it; False while there is no room."""
        state = self._speech.state
        how = state.cnmi[3 if message.report else 1]
        direct, kept = ("+CDS: ", "+CDSI") if message.report else ("+CMT: ,", "+CMTI")
        if how == 0 and message.report:
            return True
        if how in ((1,) if message.report else (2, 3)):
            self._speech.unasked(f"{direct}{message.length}", message.pdu.hex().upper())
            return True
        name = state.memories[2]
        index = state.stores[name].add(message)
        if index is None:
            self._tell_full(name)
            return False
        self._full = False
        if how:
            self._speech.unasked(f'{kept}: "{name}",{index}')
        return True

    def _tell_full(self, name: str) -> None:
        if not self._full:
            self._full = True
            waiting = len(self._speech.state.network.waiting)
            self._speech.tell(f"{name} is full, {waiting} wait on the network")
