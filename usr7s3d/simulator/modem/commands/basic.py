"""V.250: echo, identity, dialling."""

from collections.abc import Callable

from usr7s3d.simulator.modem.ask import Ask, Refused
from usr7s3d.simulator.modem.state import Reply, State, Then


def _ok(_state: State, ask: Ask) -> Reply:
    if ask.form == "?":
        raise Refused
    return Reply()


def _echo(_state: State, ask: Ask) -> Reply:
    if ask.text not in ("", "0", "1"):
        raise Refused
    return Reply(then=Then.ECHO_ON if ask.text == "1" else Then.ECHO_OFF)


def _factory(state: State, _: Ask) -> Reply:
    """``ATZ``, ``AT&F``: the settings, not the power."""
    state.cmee, state.text_mode = int(state.words["cmee"]), False
    return Reply(then=Then.ECHO_ON if state.words["echo"] == "on" else Then.ECHO_OFF)


def _who(state: State, _: Ask) -> Reply:
    said = ("Manufacturer: {maker}", "Model: {model}", "Revision: {revision}", "IMEI: {imei}")
    return Reply(tuple(map(state.fill, said)))


def _say(word: str) -> Callable[[State, Ask], Reply]:
    """A command that shows a word of the manners: the value, and no name before it."""

    def say(state: State, ask: Ask) -> Reply:
        if ask.form == "=":
            raise Refused
        return Reply(() if ask.form == "=?" else (state.words[word],))

    return say


def _errors(state: State, ask: Ask) -> Reply:
    if ask.form == "?":
        return Reply((f"+CMEE: {state.cmee}",))
    if ask.form == "=":
        if (level := ask.number(0)) > 2:
            raise Refused("CME", 50)
        state.cmee = level
    return Reply(("+CMEE: (0-2)",) if ask.form == "=?" else ())


def _dial(state: State, ask: Ask) -> Reply:
    if ask.text.endswith("?"):
        raise Refused
    state.needs_sim()
    return Reply(then=Then.DIAL)


COMMANDS: dict[str, Callable[[State, Ask], Reply]] = {
    **dict.fromkeys(("", "V", "Q", "X", "L", "M", "S0", "S3", "S4", "S5", "S7", "&C", "&D"), _ok),
    **dict.fromkeys(("&K", "&W", "&S", "+IPR", "+IFC", "+CSCLK", "+CRC", "+CMOD"), _ok),
    "E": _echo,
    "Z": _factory,
    "&F": _factory,
    "I": _who,
    "+CGMI": _say("maker"),
    "+GMI": _say("maker"),
    "+CGMM": _say("model"),
    "+GMM": _say("model"),
    "+CGMR": _say("revision"),
    "+GMR": _say("revision"),
    "+CGSN": _say("imei"),
    "+GSN": _say("imei"),
    "+CMEE": _errors,
    "D": _dial,
    "H": lambda _state, _ask: Reply(then=Then.HANG_UP),
    "+CHUP": lambda _state, _ask: Reply(then=Then.HANG_UP),
    "A": lambda _state, _ask: Reply(then=Then.PICK_UP),
    "O": lambda _state, _ask: Reply(then=Then.ONLINE),
}
