"""What a person, or a script, says to the simulator: one line, one deed."""

from collections.abc import Callable
from functools import partial

from usr7s3d.simulator.modem import faults
from usr7s3d.simulator.modem.events import Event
from usr7s3d.simulator.modem.machine import Modem
from usr7s3d.simulator.modem.network import COVERAGE

HELP = """\
sms NUMBER TEXT      somebody writes; \\n is a new line, letters make a sender by name
flash NUMBER TEXT    the same, to be shown at once
pdu HEX              a message as it is
sent                 what the modem has sent
waiting, store       what waits on the network; what the modem keeps
call [NUMBER]        somebody calls; `drop` ends it, and a data call, too
home, roaming, searching, denied, lost       where it is registered
signal 0..31         how well
operator NAME        with whom
sim out, sim in, sim pin, sim puk            the card
unplug, plug, restart                        the modem
say LINE             something that nobody asked for
fault, silent, slow, late, twice, noise, half, unplug AT..., no prompt
                     a rule: `fault AT+CMGS +CMS ERROR: 38 x2`, `slow 3s AT+COPS?`, `silent`
faults, mend         the rules in force; away with them
watch                all that is said, from now on, or no more
status               the modem in one line
wait SECONDS         in a script: before the next line
help, quit"""


class Prompt:
    """Obeys lines; what it has to tell comes as events, as all else."""

    def __init__(self, modem: Modem) -> None:
        self._modem = modem
        self._deeds: dict[str, Callable[[str], None]] = {
            "sms": self._sms,
            "flash": partial(self._sms, flash=True),
            "pdu": lambda rest: modem.state.network.raw(bytes.fromhex(rest)),
            "sent": self._list_sent,
            "waiting": self._list_waiting,
            "store": self._list_store,
            "call": lambda rest: modem.calls.ring(rest or "+491709999999"),
            "drop": self._drop,
            "signal": self._signal,
            "operator": self._operator,
            "sim": self._sim,
            "plug": lambda _: modem.plug(),
            "restart": lambda _: modem.restart(),
            "say": modem.speech.unasked,
            "faults": lambda _: modem.speech.tell(", ".join(map(str, modem.rules.rules)) or "none"),
            "mend": lambda _: modem.rules.rules.clear(),
            "watch": self._watch,
            "status": self._status,
            "help": lambda _: modem.speech.tell(HELP),
            **{name: partial(self._cover, name) for name in COVERAGE},
        }

    def obey(self, line: str, now: float) -> list[Event]:
        """Do what the line says; a mistake is told."""
        return self._modem.do(partial(self._obey, line.strip()), now)

    def _obey(self, line: str) -> None:
        word, _, rest = line.partition(" ")
        try:
            if deed := self._deeds.get(word):
                deed(rest.strip())
            elif line == "unplug":
                self._modem.unplug()
            elif line:
                self._modem.rules.rules.append(faults.parse(line))
        except ValueError as trouble:
            self._modem.speech.tell(f"{trouble}  (`help` lists what there is)")

    def _sms(self, rest: str, *, flash: bool = False) -> None:
        number, _, text = rest.partition(" ")
        if not number:
            raise ValueError("from whom?")
        state = self._modem.state
        said = text.replace("\\n", "\n")
        state.network.message(number, said, state.now, flash=flash)

    def _list_sent(self, _: str) -> None:
        sent = self._modem.state.network.sent
        self._modem.speech.tell("\n".join(f"{m.number}: {m.text}" for m in sent) or "none")

    def _list_waiting(self, _: str) -> None:
        waiting = self._modem.state.network.waiting
        self._modem.speech.tell("\n".join(f"{m.sender}: {m.text}" for m in waiting) or "none")

    def _list_store(self, _: str) -> None:
        lines = [
            f"{name} {index}: {slot.message.sender}: {slot.message.text}"
            for name, store in self._modem.state.stores.items()
            for index, slot in sorted(store.slots.items())
        ]
        self._modem.speech.tell("\n".join(lines) or "empty")

    def _drop(self, _: str) -> None:
        self._modem.calls.give_up()
        self._modem.calls.lost()

    def _cover(self, name: str, _: str) -> None:
        self._modem.state.network.coverage = COVERAGE[name]

    def _signal(self, rest: str) -> None:
        if not rest.isdecimal() or int(rest) > 31:
            raise ValueError("0 to 31")
        self._modem.state.rssi = int(rest)

    def _operator(self, rest: str) -> None:
        self._modem.state.words = self._modem.state.words | {"operator": rest}

    def _sim(self, rest: str) -> None:
        state, known = (
            self._modem.state,
            {"out": "", "in": "READY", "pin": "SIM PIN", "puk": "SIM PUK"},
        )
        if rest not in known:
            raise ValueError("sim out, sim in, sim pin or sim puk")
        state.sim = known[rest]
        state.locked = rest == "pin" or (state.locked and rest == "out")
        state.search_again()
        self._modem.speech.unasked(f"+CPIN: {state.sim or 'NOT INSERTED'}")

    def _watch(self, _: str) -> None:
        self._modem.speech.watching = not self._modem.speech.watching

    def _status(self, _: str) -> None:
        state, there = self._modem.state, "plugged" if self._modem.plugged else "unplugged"
        names = {value: name for name, value in COVERAGE.items()}
        kept = ", ".join(
            f"{name} {len(s.slots)}/{len(s.range)}" for name, s in state.stores.items()
        )
        self._modem.speech.tell(
            f"{state.words['model']}, {there}, SIM {state.sim or 'out'}, {names[state.stat]}, "
            f"signal {state.csq}, {kept}, {len(state.network.waiting)} wait"
        )
