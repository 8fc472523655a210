"""Messages: the stores, and sending (3GPP TS 27.005)."""

from collections.abc import Callable

from usr7s3d.simulator.modem import gsm, pdu
from usr7s3d.simulator.modem.ask import Ask, Refused
from usr7s3d.simulator.modem.network import Slot, Store
from usr7s3d.simulator.modem.state import Reply, State, Then, on_off

BAD_PDU, BAD_TEXT, BAD_INDEX, UNREACHABLE = 304, 305, 321, 331
_STATES = ("REC UNREAD", "REC READ", "STO UNSENT", "STO SENT", "ALL")


def _store(state: State, memory: int = 0) -> Store:
    return state.stores[state.memories[memory]]


def _format(state: State, ask: Ask) -> Reply:
    if ask.form == "=":
        state.text_mode = on_off(ask)
        return Reply()
    return Reply(("+CMGF: (0,1)" if ask.form == "=?" else f"+CMGF: {int(state.text_mode)}",))


def _charset(state: State, ask: Ask) -> Reply:
    known = ("IRA", "GSM", "UCS2")
    if ask.form == "=":
        if ask.values[0].upper() not in known:
            raise Refused("CME", 50)
        state.charset = ask.values[0].upper()
        return Reply()
    listed = ",".join(f'"{name}"' for name in known)
    return Reply((f"+CSCS: ({listed})" if ask.form == "=?" else f'+CSCS: "{state.charset}"',))


def _memories(state: State, ask: Ask) -> Reply:
    state.needs_sim("CMS")
    if ask.form == "=?":
        names = "(" + ",".join(f'"{name}"' for name in state.stores) + ")"
        return Reply((f"+CPMS: {names},{names},{names}",))
    if ask.form == "=":
        if len(ask.values) > 3 or not set(ask.values) <= set(state.stores):
            raise Refused("CMS", 302)
        state.memories[: len(ask.values)] = ask.values
    used = [
        (name, len(s.slots), len(s.range)) for name in state.memories if (s := state.stores[name])
    ]
    if ask.form == "=":
        return Reply(("+CPMS: " + ",".join(f"{count},{size}" for _, count, size in used),))
    return Reply(("+CPMS: " + ",".join(f'"{n}",{count},{size}' for n, count, size in used),))


def _told(state: State, ask: Ask) -> Reply:
    """``+CNMI``: whether we are told of messages, or given them."""
    if ask.form == "=":
        most = (3, 3, 3, 2, 1)
        values = [ask.number(at, state.cnmi[at]) for at in range(min(5, len(ask.values)))]
        if any(value > limit for value, limit in zip(values, most, strict=False)):
            raise Refused("CMS", 303)
        state.cnmi[: len(values)] = values
        return Reply()
    now = ",".join(map(str, state.cnmi))
    return Reply(("+CNMI: (0-3),(0-3),(0-3),(0-2),(0-1)" if ask.form == "=?" else f"+CNMI: {now}",))


def _shown(state: State, index: int | None, slot: Slot) -> tuple[str, str]:
    """A message's two lines; without an index they are those of +CMGR."""
    message = slot.message
    name = "+CMGR: " if index is None else f"+CMGL: {index},"
    if not state.text_mode:
        return f"{name}{int(slot.read)},,{message.length}", message.pdu.hex().upper()
    time = f"{message.time:%y/%m/%d,%H:%M:%S+00}" if message.time else ""
    head = f'{name}"{_STATES[slot.read]}","{_coded(state, message.sender)}",,"{time}"'
    return head, _coded(state, message.text)


def _coded(state: State, text: str) -> str:
    return text.encode("utf-16-be").hex().upper() if state.charset == "UCS2" else text


def _list(state: State, ask: Ask) -> Reply:
    state.needs_sim("CMS")
    if ask.form == "=?":
        return Reply(("+CMGL: (0-4)",))
    store, wanted, lines = _store(state), _wanted(state, ask), list[str]()
    for index, slot in sorted(store.slots.items()):
        if wanted in (4, int(slot.read)):
            lines += _shown(state, index, slot)
            store.slots[index] = Slot(slot.message, read=True)
    return Reply(tuple(lines))


def _wanted(state: State, ask: Ask) -> int:
    if not ask.values or not ask.text:
        return 0
    if not state.text_mode:
        return ask.number(0)
    if ask.values[0].upper() not in _STATES:
        raise Refused("CMS", BAD_TEXT)
    return _STATES.index(ask.values[0].upper())


def _read(state: State, ask: Ask) -> Reply:
    state.needs_sim("CMS")
    store, index = _store(state), ask.number(0)
    if index not in store.slots:
        raise Refused("CMS", BAD_INDEX)
    lines = _shown(state, None, store.slots[index])
    store.slots[index] = Slot(store.slots[index].message, read=True)
    return Reply(lines)


def _delete(state: State, ask: Ask) -> Reply:
    state.needs_sim("CMS")
    store = _store(state)
    if ask.form == "=?":
        return Reply((f"+CMGD: ({','.join(map(str, store.slots))}),(0-4)",))
    index, flag = ask.number(0), ask.number(1, 0)
    if flag:
        gone = {at for at, slot in store.slots.items() if slot.read or flag == 4}
        store.slots = {at: slot for at, slot in store.slots.items() if at not in gone}
    elif index not in store.range:
        raise Refused("CMS", BAD_INDEX)
    else:
        store.slots.pop(index, None)  # deleting an empty one is no mistake
    return Reply()


def _send(state: State, ask: Ask) -> Reply:
    if ask.form == "=?":
        return Reply()
    state.needs_sim("CMS")
    if not ask.text:
        raise Refused("CMS", BAD_PDU)
    return Reply(then=Then.PROMPT)


def send(state: State, ask: Ask, typed: bytes) -> Reply:
    """The text of AT+CMGS is here.  Raises Refused."""
    try:
        message = _typed(state, ask, typed)
    except (pdu.PduError, ValueError):
        raise Refused("CMS", BAD_TEXT if state.text_mode else BAD_PDU) from None
    if not state.registered:
        raise Refused("CMS", UNREACHABLE)
    state.network.take(message, state.now)
    state.reference = (state.reference + 1) % 256
    return Reply((f"+CMGS: {state.reference}",))


def _typed(state: State, ask: Ask, typed: bytes) -> pdu.Submit:
    if not state.text_mode:
        return pdu.submit(bytes.fromhex(typed.decode("ascii").strip()), ask.number(0))
    number, text = ask.values[0], typed.decode("latin-1").replace("\r", "\n")
    if state.charset == "UCS2":
        number, text = (bytes.fromhex(said).decode("utf-16-be") for said in (number, text))
    alphabet = "UCS-2" if gsm.septets(text) is None else "7-bit"
    return pdu.Submit(number, text, alphabet)


def _centre(state: State, ask: Ask) -> Reply:
    if ask.form == "=":
        state.centre = ask.values[0]
        return Reply()
    state.needs_sim("CMS")
    return Reply((f'+CSCA: "{_coded(state, state.centre)}",145',))


def _taken(_state: State, _ask: Ask) -> Reply:
    return Reply()


COMMANDS: dict[str, Callable[[State, Ask], Reply]] = {
    "+CMGF": _format,
    "+CSCS": _charset,
    "+CPMS": _memories,
    "+CNMI": _told,
    "+CMGL": _list,
    "+CMGR": _read,
    "+CMGD": _delete,
    "+CMGS": _send,
    "+CSCA": _centre,
    "+CSMS": lambda _state, ask: Reply(
        ("+CSMS: 1,1,1",) if ask.form == "=" else ("+CSMS: 0,1,1,1",)
    ),
    "+CSMP": _taken,
    "+CSDH": _taken,
    "+CMMS": _taken,
    "+CNMA": _taken,
    "+CGSMS": _taken,
}
