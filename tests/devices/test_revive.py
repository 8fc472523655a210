"""The hands that bring a modem back, on a machine of paper and the virtual clock."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.services.parts import at_once
from usr7s3d.devices import gpio, revive, usb, usbreset
from usr7s3d.devices.revive import HEARD, OFF, PRESS, PRESS_ON, START, Hands
from usr7s3d.hostconfig.kinds import GpioLine
from usr7s3d.hostconfig.model import Modem as Config

KEY = GpioLine("gpiochip0", "4", active_low=True)
PLUG, PORT = "1-1.2", "/dev/ttyUSB2"


def now() -> float:
    return asyncio.get_running_loop().time()


class Machine:
    """A modem with a power key: a press turns it off, another one on, and it takes its time."""

    def __init__(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.on = True
        self.obeys = True
        self.boot = 15.0  # s until it is seen
        self.presses: list[float] = []  # how long
        self.written: list[bytes] = []
        self.open = 0
        self._down_at = 0.0
        self._folder = tmp_path
        monkeypatch.setattr(usbreset, "is_there", lambda plug: self.on and plug == PLUG)
        monkeypatch.setattr(gpio, "open_output", self._open_output)

    def hands(self, **config: Any) -> Hands:
        return Hands(Config(**config), self._folder, self.open_port, at_once)

    def _open_output(self, chip: str, line: str, *, active_low: bool) -> "Machine":
        assert (chip, line, active_low) == ("gpiochip0", "4", True)
        return self

    def __enter__(self) -> "Machine":
        self.open += 1
        return self

    def __exit__(self, *_: object) -> None:
        self.open -= 1

    def set(self, down: bool) -> None:
        if down:
            self._down_at = now()
            return
        self.presses.append(now() - self._down_at)
        if not self.obeys:
            return
        if self.on:
            self.on = False
        else:
            asyncio.get_running_loop().call_later(self.boot, self._started)

    def _started(self) -> None:
        self.on = True

    # Its port.

    async def open_port(
        self, path: str, received: Callable[[bytes], None], lost: Callable[..., None]
    ) -> "Machine":
        if path != PORT:
            raise FileNotFoundError(2, "No such file or directory")
        self.open += 1
        self._received = received
        return self

    def write(self, data: bytes) -> None:
        self.written.append(data)
        if self.on:
            self._received(b"\r\nOK\r\n")

    async def close(self) -> None:
        self.open -= 1


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


async def test_restarted_by_a_command_that_is_not_answered(machine: Machine) -> None:
    machine.on = False
    await machine.hands().restart(PORT)
    assert machine.written == [b"\r\nAT+CFUN=1,1\r"]
    assert (now(), machine.open) == (HEARD, 0)


async def test_no_port_to_restart_it_on(machine: Machine) -> None:
    with pytest.raises(OSError, match="No such file"):
        await machine.hands().restart("")


@pytest.mark.parametrize("plug", [PLUG, ""])
async def test_the_power_key_turns_it_off_and_on(machine: Machine, plug: str) -> None:
    await machine.hands(power=KEY).power(plug, PORT)
    await asyncio.sleep(machine.boot)
    assert machine.on
    assert machine.presses == [PRESS, PRESS_ON]
    assert machine.open == 0
    asked = 0 if plug else 2 * HEARD
    assert now() == PRESS + OFF + PRESS_ON + machine.boot + asked


@pytest.mark.parametrize("plug", [PLUG, ""])
async def test_one_that_was_off_is_not_turned_off_again_while_it_starts(
    machine: Machine, plug: str
) -> None:
    machine.on, machine.boot = False, 30.0
    await machine.hands(power=KEY).power(plug, PORT)
    await asyncio.sleep(100)
    assert machine.on
    assert machine.presses == [PRESS]


async def test_one_that_nobody_has_seen_yet(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.on = False
    monkeypatch.setattr(usb, "find", lambda _: "it" if machine.on else None)
    await machine.hands(power=KEY).power("", "")
    assert (machine.on, machine.presses) == (True, [PRESS])


async def test_one_that_hangs_where_the_kernel_does_not_see_it(machine: Machine) -> None:
    """The first press turns it off, and only the second one on."""
    machine.on, machine.obeys = False, False
    await machine.hands(power=KEY).power(PLUG, PORT)
    assert machine.presses == [PRESS, PRESS_ON]
    assert now() == PRESS + START + PRESS_ON


async def test_one_that_ignores_its_key(machine: Machine) -> None:
    machine.obeys = False
    await machine.hands(power=KEY).power(PLUG, PORT)
    assert (machine.on, machine.presses) == (True, [PRESS])


async def test_stopped_in_the_middle_of_a_press_the_key_is_let_go(machine: Machine) -> None:
    task = asyncio.create_task(machine.hands(power=KEY).power(PLUG, PORT))
    await asyncio.sleep(1)
    assert machine.open == 1
    task.cancel()
    await asyncio.wait([task])
    assert (machine.presses, machine.open) == ([1.0], 0)


def uhubctl(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = folder / "uhubctl"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


async def test_the_power_of_its_usb_port(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uhubctl(tmp_path, monkeypatch, f'echo "$@" >{tmp_path}/said; printf "\\377\\n"')
    await machine.hands(uhubctl="1-1/2", power=KEY).power(PLUG, PORT)
    said = (tmp_path / "said").read_text()
    assert said == "--location 1-1 --ports 2 --action cycle\n"
    assert machine.presses == []


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ('printf "No hub\\nRun with -h\\n" >&2; exit 1', "uhubctl: No hub$"),
        ("exit 3", "uhubctl: 3"),
        ("exec sleep 5", "does not end"),
    ],
)
async def test_a_hub_that_does_not(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, words: str
) -> None:
    monkeypatch.setattr(revive, "CYCLE_TIME", 0.5)
    uhubctl(tmp_path, monkeypatch, script)
    with pytest.raises(OSError, match=words):
        await machine.hands(uhubctl="1-1/2").power(PLUG, PORT)


async def test_without_uhubctl(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OSError, match="uhubctl is not installed"):
        await machine.hands(uhubctl="1-1/2").power(PLUG, PORT)


async def test_a_reboot_is_asked_for_by_a_file(machine: Machine, tmp_path: Path) -> None:
    await machine.hands(reboot=True).reboot()
    assert (tmp_path / "reboot").exists()
