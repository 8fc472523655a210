"""The SIM: PIN, identity, own number."""

from collections.abc import Callable

from usr7s3d.simulator.modem.ask import NO_SIM, NOT_ALLOWED, WRONG_PIN, Ask, Refused
from usr7s3d.simulator.modem.state import TRIES, Reply, State


def _pin(state: State, ask: Ask) -> Reply:
    if not state.sim:
        raise Refused("CME", NO_SIM)
    if ask.form == "?":
        return Reply((f"+CPIN: {state.sim}",))
    if ask.form == "=?":
        return Reply()
    if state.sim != "SIM PIN" or ask.form != "=":
        raise Refused("CME", NOT_ALLOWED if state.sim == "READY" else 12)
    return _enter(state, ask.values[0])


def _enter(state: State, pin: str) -> Reply:
    if pin != state.words["pin"]:
        state.tries -= 1
        state.sim = "SIM PIN" if state.tries else "SIM PUK"
        raise Refused("CME", WRONG_PIN)
    state.sim, state.tries = "READY", TRIES
    state.search_again()
    return Reply()


def _subscriber(state: State, ask: Ask) -> Reply:
    if ask.form in ("=?", "?"):
        return Reply()
    state.needs_sim()
    return Reply((state.words["imsi"],))


def _card(state: State, _ask: Ask) -> Reply:
    if not state.sim:
        raise Refused("CME", NO_SIM)
    return Reply((f"+CCID: {state.words['iccid']}",))


def _number(state: State, ask: Ask) -> Reply:
    state.needs_sim()
    number = state.words["number"]
    if number == "none" or ask.form == "=?":
        return Reply()
    return Reply((f'+CNUM: "","{number}",{145 if number.startswith("+") else 129}',))


def _lock(state: State, ask: Ask) -> Reply:
    """``AT+CLCK="SC",2``: whether the SIM asks for its PIN at power on."""
    state.needs_sim()
    if ask.values[:1] != ["SC"] or ask.number(1) != 2:
        raise Refused("CME", NOT_ALLOWED)
    return Reply((f"+CLCK: {int(state.locked)}",))


COMMANDS: dict[str, Callable[[State, Ask], Reply]] = {
    "+CPIN": _pin,
    "+CIMI": _subscriber,
    "+CCID": _card,
    "+CNUM": _number,
    "+CLCK": _lock,
}
