"""A command by SMS through the whole daemon: with each make of modem, and across an unplugging."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.system.modem_rig import Simulator
from tests.system.rig import Daemon, Host, until
from usr7s3d.simulator.modem.manners import names

pytestmark = pytest.mark.real

PHONE = "+491701234567"
PATIENCE = 50.0  # s; it looks for a port that has gone every 10 s

Plug = Callable[[str], Simulator]


@pytest.fixture
def plug(tmp_path: Path) -> Iterator[Plug]:
    """A modem by its make; those of one port have one."""
    made: list[Simulator] = []

    def make(name: str) -> Simulator:
        made.append(Simulator(tmp_path, name, ports=1 if name == "sim800" else 2))
        return made[-1]

    yield make
    for modem in made:
        modem.close()


def start(daemon: Daemon, modem: Simulator, host: Host) -> None:
    daemon.configure(modem.config, device=host.path, CMDPW='"s3cret"')
    daemon.start()
    comes_to(daemon, "registered")


def comes_to(daemon: Daemon, state: str) -> None:
    until(lambda: daemon.status()["modem"]["state"] == state, within=PATIENCE)


@pytest.mark.parametrize("name", names())
def test_each_make(daemon: Daemon, host: Host, plug: Plug, name: str) -> None:
    modem = plug(name)
    start(daemon, modem, host)
    assert daemon.at("AT+ICCID?").startswith("+ICCID:8949")
    modem.obey(f"sms {PHONE} s3cret#AT+HEARTTM=77")
    modem.tells(f"SMS to {PHONE}: OK")
    assert daemon.at("AT+HEARTTM?") == "+HEARTTM:77  OK"


@pytest.mark.parametrize("where", ["unplug AT+CMGS x1", "unplug AT+CMGL x1"])
def test_unplugged_in_the_middle(daemon: Daemon, host: Host, plug: Plug, where: str) -> None:
    """At the prompt of the answer; in the list that brings the command."""
    modem = plug("sim7600")
    start(daemon, modem, host)
    modem.obey(where, f"sms {PHONE} s3cret#AT+HEARTTM?")
    comes_to(daemon, "absent")
    modem.obey("plug")
    until(lambda: daemon.status()["sms"]["sent"] == 1, within=PATIENCE)
    modem.tells("+HEARTTM:30")
