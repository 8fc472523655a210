"""The commands, and what carries each out."""

from collections.abc import Callable

from usr7s3d.simulator.modem.ask import Ask, Refused
from usr7s3d.simulator.modem.commands import basic, messages, radio, sim
from usr7s3d.simulator.modem.state import Reply, State

COMMANDS: dict[str, Callable[[State, Ask], Reply]] = {
    **basic.COMMANDS,
    **sim.COMMANDS,
    **radio.COMMANDS,
    **messages.COMMANDS,
}


def carry_out(state: State, ask: Ask) -> Reply:
    """Do what is asked.  Raises Refused."""
    if ask.name in state.words["registration"].split():
        return radio.registration(state, ask)
    command = COMMANDS.get(ask.name)
    if command is None:
        raise Refused
    return command(state, ask)
