"""What the modem is at this moment, and what a command asks of the machine around it."""

from dataclasses import dataclass
from enum import Enum, auto

from usr7s3d.simulator.modem.ask import NEED_PIN, NEED_PUK, NO_SIM, Ask, Refused
from usr7s3d.simulator.modem.manners import Manners
from usr7s3d.simulator.modem.network import NONE, SEARCHING, Network, Store

TRIES = 3


class Then(Enum):
    """What a command asks for beyond its reply."""

    PROMPT = auto()  # a message's text comes
    DIAL = auto()
    ONLINE = auto()  # back to the call that waits
    HANG_UP = auto()
    PICK_UP = auto()
    RESTART = auto()
    ECHO_ON = auto()
    ECHO_OFF = auto()


@dataclass(frozen=True, slots=True)
class Reply:
    """Lines that come before the OK, and what is to be done."""

    lines: tuple[str, ...] = ()
    then: Then | None = None


class State:
    """Everything that commands and a person change.  The SIM and the stores outlive a restart."""

    def __init__(self, manners: Manners) -> None:
        self.manners = manners
        self.words = manners.words
        self.network = Network(self.words["centre"])
        self.sim = "READY"  # as +CPIN says it; "" is none inserted
        self.tries = TRIES
        self.rssi = int(self.words["rssi"])
        made = self.words["stores"].split()
        first = int(self.words["first"])
        self.stores = {
            name: Store(int(slots), first)
            for name, slots in zip(made[::2], made[1::2], strict=True)
        }
        self.centre = self.words["centre"]
        self.contexts: dict[int, tuple[str, str]] = {1: ("IP", "")}
        self.reset(0.0)

    def reset(self, now: float) -> None:
        """Power on."""
        self.now = now
        self.registers = now + float(self.words["registers"])
        self.radio = 1  # +CFUN
        self.cmee = int(self.words["cmee"])
        self.text_mode = False
        self.charset = "IRA"
        self.cnmi = [int(value) for value in self.words["cnmi"].split(",")]
        self.memories = [next(iter(self.stores))] * 3  # to read, to write, for what comes in
        self.reports = dict.fromkeys(self.words["registration"].split(), 0)  # +CREG=n
        self.operator_format = 0
        self.selection = 0  # +COPS: automatic, manual, none
        self.shows_caller = False
        self.quiet = False  # no lines that come again and again
        self.reference = 0  # +CMGS
        if self.sim == "READY" and self.locked:
            self.sim = "SIM PIN"

    locked = False  # whether the SIM asks for its PIN when it gets power

    @property
    def stat(self) -> int:
        """The registration, 27.007 7.2."""
        if self.sim != "READY" or self.radio != 1 or self.selection == 2:
            return NONE
        return SEARCHING if self.now < self.registers else self.network.coverage

    @property
    def registered(self) -> bool:
        """Whether messages and calls go."""
        return self.stat in (1, 5)

    @property
    def csq(self) -> int:
        """0 to 31, 99 without a network."""
        return self.rssi if self.stat not in (NONE, SEARCHING) else 99

    def search_again(self) -> None:
        """It takes a while until there is a network again."""
        self.registers = self.now + float(self.words["registers"])

    def needs_sim(self, kind: str = "CME") -> None:
        """Raises Refused unless the SIM is ready."""
        code = {"": NO_SIM, "SIM PIN": NEED_PIN, "SIM PUK": NEED_PUK}.get(self.sim)
        if code:
            messages = {NO_SIM: 310, NEED_PIN: 311, NEED_PUK: 316}
            raise Refused(kind, messages[code] if kind == "CMS" else code)

    def fill(self, text: str) -> str:
        """A line of the manners, with what stands in braces."""
        now = {"rssi": str(self.csq), "stat": str(self.stat), "sim": self.sim or "NOT INSERTED"}
        for word, value in (self.words | now).items():
            text = text.replace("{" + word + "}", value)
        return text


def on_off(ask: Ask) -> bool:
    """A value of 0 or 1.  Raises Refused."""
    if (value := ask.number(0, 0)) > 1:
        raise Refused("CME", 50)
    return value == 1
