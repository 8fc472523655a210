"""The network: registration, signal, operator, power, packet contexts (3GPP TS 27.007)."""

from collections.abc import Callable

from usr7s3d.simulator.modem.ask import BAD_VALUE, NO_NETWORK, Ask, Refused
from usr7s3d.simulator.modem.network import moment
from usr7s3d.simulator.modem.state import Reply, State, Then, on_off


def registration(state: State, ask: Ask) -> Reply:
    """``+CREG``, ``+CGREG``, ``+CEREG``."""
    if ask.form == "=?":
        return Reply((f"{ask.name}: (0-2)",))
    if ask.form == "=":
        if (level := ask.number(0)) > 2:
            raise Refused("CME", BAD_VALUE)
        state.reports[ask.name] = level
        return Reply()
    level = state.reports[ask.name]
    return Reply((f"{ask.name}: {level},{where(state, level)}",))


def where(state: State, level: int) -> str:
    """The state, and the cell when both are known and wanted."""
    place = f",{state.words['place']}" if level == 2 and state.registered else ""
    return f"{state.stat}{place}"


def _signal(state: State, ask: Ask) -> Reply:
    return Reply(("+CSQ: (0-31,99),(0-7,99)" if ask.form == "=?" else f"+CSQ: {state.csq},99",))


def _operator(state: State, ask: Ask) -> Reply:
    name, number, technology = (state.words[w] for w in ("operator", "network", "technology"))
    if ask.form == "=?":
        return Reply((f'+COPS: (2,"{name}","{name}","{number}",{technology}),,(0-4),(0-2)',))
    if ask.form == "=":
        return _select(state, ask)
    if not state.registered:
        return Reply((f"+COPS: {state.selection}",))
    shown = number if state.operator_format == 2 else name
    form = state.operator_format
    return Reply((f'+COPS: {state.selection},{form},"{shown}",{technology}',))


def _select(state: State, ask: Ask) -> Reply:
    mode = ask.number(0)
    if mode == 3:
        state.operator_format = ask.number(1)
        return Reply()
    if mode in (1, 4) and ask.values[2:3] not in (
        [state.words["network"]],
        [state.words["operator"]],
    ):
        raise Refused("CME", NO_NETWORK)
    state.selection = mode
    state.search_again()
    return Reply()


def _power(state: State, ask: Ask) -> Reply:
    if ask.form == "?":
        return Reply((f"+CFUN: {state.radio}",))
    if ask.form == "=?":
        return Reply(("+CFUN: (0,1,4),(0,1)",))
    level, restart = ask.number(0), ask.number(1, 0)
    if level not in (0, 1, 4):
        raise Refused("CME", BAD_VALUE)
    if level == 1 and state.radio != 1:
        state.search_again()
    state.radio = level
    return Reply(then=Then.RESTART if restart else None)


def _attached(state: State, ask: Ask) -> Reply:
    return Reply((f"+CGATT: {int(state.registered)}",) if ask.form == "?" else ())


def _contexts(state: State, ask: Ask) -> Reply:
    if ask.form == "=?":
        return Reply(('+CGDCONT: (1-16),"IP",,,(0-2),(0-4)',))
    if ask.form == "?":
        rows = sorted(state.contexts.items())
        return Reply(tuple(f'+CGDCONT: {n},"{k}","{apn}","",0,0' for n, (k, apn) in rows))
    at, values = ask.number(0), ask.values
    if at not in range(1, 17):
        raise Refused("CME", BAD_VALUE)
    if len(values) == 1:
        state.contexts.pop(at, None)
    else:
        state.contexts[at] = (values[1], values[2] if len(values) > 2 else "")
    return Reply()


def _active(state: State, ask: Ask) -> Reply:
    if ask.form != "?":
        return Reply()
    return Reply(
        tuple(f"+CGACT: {at},{int(at == 1 and state.registered)}" for at in state.contexts)
    )


def _caller(state: State, ask: Ask) -> Reply:
    if ask.form == "?":
        return Reply((f"+CLIP: {int(state.shows_caller)},1",))
    state.shows_caller = on_off(ask)
    return Reply()


def _clock(state: State, _ask: Ask) -> Reply:
    return Reply((f'+CCLK: "{moment(state.now):%y/%m/%d,%H:%M:%S}+00"',))


def _quiet(state: State, ask: Ask) -> Reply:
    """Huawei's: whether lines come that nobody asked for, again and again."""
    state.quiet = not on_off(ask)
    return Reply()


def _taken(_state: State, _ask: Ask) -> Reply:
    return Reply()


COMMANDS: dict[str, Callable[[State, Ask], Reply]] = {
    "+CSQ": _signal,
    "+COPS": _operator,
    "+CFUN": _power,
    "+CGATT": _attached,
    "+CGDCONT": _contexts,
    "+CGACT": _active,
    "+CGAUTH": _taken,
    "+CGEREP": _taken,
    "+CTZU": _taken,
    "+CTZR": _taken,
    "+CLIP": _caller,
    "+CCLK": _clock,
    "^CURC": _quiet,
}
