"""Who switches the transceiver: asked, proven, and said."""

import errno
import os
import struct
import termios
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.devices.fake_gpio import FakeGpio, Pin
from usr7s3d.core.line import LineSettings
from usr7s3d.devices import gpio, rs485
from usr7s3d.devices.rs485 import ENABLED, RTS_AFTER_SEND, RTS_ON_SEND, TERMS, open_direction
from usr7s3d.devices.termios2 import TCGETS2, TCSETS2, TERMIOS2
from usr7s3d.devices.ttykinds import is_pl011
from usr7s3d.hostconfig import Rs485

LINE = LineSettings(9600, flow="RS485")
TTY = 99
NO_TTY = OSError(errno.ENOTTY, "Inappropriate ioctl for device")
Sanitize = Callable[[tuple[int, ...]], tuple[int, ...]]


class Driver:
    """A tty's driver: its RS485 terms, its modem lines, and all that was asked of it."""

    def __init__(self, sanitize: Sanitize | None, *, rts: bool = True) -> None:
        self.terms: tuple[int, ...] = (0, 0, 0)
        self.sets: list[tuple[int, ...]] = []
        self.lines: list[str] = []
        self.flags = termios.CREAD | termios.HUPCL
        self._sanitize = sanitize
        self._rts = rts

    def ioctl(self, fd: int, request: int, words: bytes) -> bytes:
        assert fd == TTY, "only the tty"
        if request in (termios.TIOCMBIS, termios.TIOCMBIC):
            if not self._rts:
                raise NO_TTY
            assert words == struct.pack("i", termios.TIOCM_RTS)
            if not self.terms[0] & ENABLED:  # else the driver switches it alone
                self.lines.append("R" if request == termios.TIOCMBIS else "r")
            return words
        if request == TCGETS2:
            return TERMIOS2.pack(0, 0, self.flags, 0, bytes(20), 9600, 9600)
        if request == TCSETS2:
            self.flags = TERMIOS2.unpack(words)[2]
            return words
        if self._sanitize is None:
            raise NO_TTY
        if request == rs485.TIOCSRS485:
            asked = TERMS.unpack(words)
            self.sets.append(asked)
            self.terms = self._sanitize(asked) if asked[0] & ENABLED else (0, 0, 0)
        return TERMS.pack(*self.terms)


def as_asked(terms: tuple[int, ...]) -> tuple[int, ...]:
    return terms


def sc16is7xx_before_2025(terms: tuple[int, ...]) -> tuple[int, ...]:
    """RTS_ON_SEND was missing in what the driver said it can."""
    return (ENABLED | RTS_AFTER_SEND, *terms[1:])


class Started:
    """In place of the sending process."""

    def __init__(self, tty: int, pin: Any, times: tuple[float, ...]) -> None:
        self.tty, self.pin, self.times = tty, pin, times
        self.closed = False

    def close(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def _no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rs485, "SendingProcess", Started)
    monkeypatch.setattr(rs485, "shares_interrupt", lambda: "")


def plug(monkeypatch: pytest.MonkeyPatch, driver: Driver) -> None:
    monkeypatch.setattr("fcntl.ioctl", driver.ioctl)


def chosen(monkeypatch: pytest.MonkeyPatch, driver: Driver, config: Rs485) -> tuple[str, str, bool]:
    plug(monkeypatch, driver)
    choice = open_direction(TTY, LINE, config).choice
    return choice.way, choice.why, choice.trouble


# -- kernel


@pytest.mark.parametrize(("active_low", "flag"), [(False, RTS_ON_SEND), (True, RTS_AFTER_SEND)])
def test_exactly_one_of_the_two_flags_and_the_delays(
    monkeypatch: pytest.MonkeyPatch, active_low: bool, flag: int
) -> None:
    driver = Driver(as_asked)
    config = Rs485(direction="kernel", active_low=active_low, delay_before_ms=2, delay_after_ms=3)
    assert chosen(monkeypatch, driver, config)[0] == "kernel"
    assert driver.sets == [(ENABLED | flag, 2, 3)]


def test_closed_the_driver_leaves_rts_to_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver(as_asked)
    plug(monkeypatch, driver)
    direction = open_direction(TTY, LINE, Rs485(direction="kernel"))
    assert driver.terms[0] & ENABLED
    direction.close()
    assert driver.terms == (0, 0, 0)


@pytest.mark.parametrize("direction", ["rts", "gpio"])
def test_a_driver_that_was_told_before_us_is_told_to_stop(
    monkeypatch: pytest.MonkeyPatch, header: Any, direction: str
) -> None:
    """It would switch RTS against us."""
    driver = Driver(as_asked)
    driver.terms = (ENABLED | RTS_AFTER_SEND, 0, 0)
    plug(monkeypatch, driver)
    opened = open_direction(TTY, LINE, Rs485(direction=direction, gpio_line="4"))
    assert driver.terms == (0, 0, 0)
    opened.close()


@pytest.mark.parametrize("direction", ["kernel", "auto"])
@pytest.mark.parametrize(
    ("sanitize", "why"),
    [
        (None, "kernel: this driver has none"),
        (sc16is7xx_before_2025, "kernel: this driver turns the polarity round; a newer kernel"),
        (lambda _: (0, 0, 0), "kernel: this driver took it and does not keep it"),
    ],
)
def test_what_is_not_proven_by_reading_back_is_not_used(
    monkeypatch: pytest.MonkeyPatch, direction: str, sanitize: Sanitize | None, why: str
) -> None:
    """And is taken back, so that the line is not held by a driver that has it wrong."""
    driver = Driver(sanitize)
    way, said, trouble = chosen(monkeypatch, driver, Rs485(direction=direction))
    assert way == "hardware"
    assert said.startswith(why)
    assert trouble == (direction == "kernel")
    assert driver.terms == (0, 0, 0)


def test_delays_that_the_driver_cuts_are_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver(lambda terms: (terms[0], 1, 0))
    config = Rs485(direction="kernel", delay_before_ms=5)
    assert (
        chosen(monkeypatch, driver, config)[1] == "kernel: this driver makes the delays 1 and 0 ms"
    )


def test_trouble_of_the_tty_itself_is_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(fd: int, request: int, words: bytes) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr("fcntl.ioctl", gone)
    with pytest.raises(OSError, match="Input/output"):
        open_direction(TTY, LINE, Rs485(direction="kernel"))


@pytest.mark.parametrize("direction", ["kernel", "auto"])
@pytest.mark.parametrize(("active_low", "level"), [(False, "R"), (True, "r")])
def test_it_listens_from_before_the_first_frame_to_behind_the_end(
    monkeypatch: pytest.MonkeyPatch, active_low: bool, level: str, direction: str
) -> None:
    """A driver leaves RTS as it finds it until it has something to send."""
    driver = Driver(as_asked)
    plug(monkeypatch, driver)
    opened = open_direction(TTY, LINE, Rs485(direction=direction, active_low=active_low))
    assert driver.lines == [level]
    opened.close()
    assert driver.lines == [level] * 2


@pytest.mark.parametrize("direction", ["kernel", "rts"])
@pytest.mark.parametrize("hangs_up", [termios.HUPCL, 0])
@pytest.mark.parametrize(("active_low", "kept"), [(False, 0), (True, termios.HUPCL)])
def test_when_the_tty_is_closed_rts_keeps_the_level_that_listens(
    monkeypatch: pytest.MonkeyPatch, active_low: bool, kept: int, direction: str, hangs_up: int
) -> None:
    """The kernel would turn it off, and its pin high."""
    driver = Driver(as_asked)
    driver.flags = termios.CREAD | hangs_up
    plug(monkeypatch, driver)
    open_direction(TTY, LINE, Rs485(direction=direction, active_low=active_low)).close()
    assert driver.flags == termios.CREAD | kept


# -- auto


def test_auto_takes_the_driver_when_it_proves_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    choice = chosen(monkeypatch, Driver(as_asked), Rs485())
    assert choice == ("kernel", "the driver took it and reads it back", False)


def test_auto_leaves_a_pl011_alone_that_would_harm_another_uart(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    driver = Driver(as_asked)
    monkeypatch.setattr(rs485, "shares_interrupt", lambda: "another UART")
    monkeypatch.setattr(rs485, "is_pl011", lambda _: True)
    assert chosen(monkeypatch, driver, Rs485()) == ("hardware", "kernel: another UART", False)
    assert driver.terms == (0, 0, 0)
    assert chosen(monkeypatch, driver, Rs485(direction="kernel"))[0] == "kernel"


def test_auto_takes_another_driver_whatever_pl011s_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An SC16IS752 on a Pi 4 with two UARTs on its header."""
    monkeypatch.setattr(rs485, "shares_interrupt", lambda: "another UART")
    assert chosen(monkeypatch, Driver(as_asked), Rs485())[0] == "kernel"


@pytest.mark.parametrize(
    ("device", "is_one"),
    [((204, 64), True), ((204, 69), True), ((204, 40), False), ((4, 64), False), ((241, 0), False)],
    ids=["ttyAMA0", "ttyAMA5", "another at 204", "ttyS0", "ttySC0"],
)
def test_which_ttys_are_pl011s(device: tuple[int, int], is_one: bool) -> None:
    assert is_pl011(device) == is_one


PI_4 = """\
           CPU0       CPU1       CPU2       CPU3
 27:       1234          0          0          0     GICv2 153 Level     {pl011}
 30:          0          0          0          0     GICv2 125 Level     ttyS0
"""


@pytest.mark.parametrize(
    ("handlers", "shared"),
    [("uart-pl011", False), ("uart-pl011, uart-pl011", True), ("other", False)],
)
def test_who_has_the_interrupt_too(tmp_path: Path, handlers: str, shared: bool) -> None:
    interrupts = tmp_path / "interrupts"
    interrupts.write_text(PI_4.format(pl011=handlers))
    assert bool(REAL_SHARES_INTERRUPT(interrupts)) == shared
    assert not REAL_SHARES_INTERRUPT(tmp_path / "missing")


REAL_SHARES_INTERRUPT = rs485.shares_interrupt


def test_hardware_asks_nothing_of_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = Driver(as_asked)
    choice = chosen(monkeypatch, driver, Rs485(direction="hardware"))
    assert choice == ("hardware", "as configured", False)
    assert driver.sets == []


# -- rts


@pytest.mark.parametrize(("active_low", "on", "off"), [(True, "R", "r"), (False, "r", "R")])
def test_rts_is_active_low_at_the_pin(
    monkeypatch: pytest.MonkeyPatch, active_low: bool, on: str, off: str
) -> None:
    driver = Driver(None)
    plug(monkeypatch, driver)
    direction = open_direction(TTY, LINE, Rs485(direction="rts", active_low=active_low))
    assert direction.choice.way == "rts"
    assert driver.lines == [off]  # it listens from the first moment
    process: Any = direction.process
    driver.ioctl(TTY, *process.pin.on)
    driver.ioctl(TTY, *process.pin.off)
    direction.close()
    assert driver.lines == [off, on, off, off]
    assert process.closed


def test_a_pty_has_no_rts_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    choice = chosen(monkeypatch, Driver(None, rts=False), Rs485(direction="rts"))
    assert choice == ("hardware", "rts: this tty has no RTS", True)


def test_on_a_pty_that_is_no_trouble() -> None:
    master, slave = os.openpty()
    try:
        for fd in (master, slave):
            for direction in ("rts", "kernel"):
                choice = open_direction(fd, LINE, Rs485(direction=direction)).choice
                assert (choice.way, choice.trouble) == ("hardware", False)
    finally:
        os.close(master)
        os.close(slave)


def test_the_process_gets_the_times_of_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    plug(monkeypatch, Driver(None))
    config = Rs485(direction="rts", delay_before_ms=2, delay_after_ms=3)
    process: Any = open_direction(TTY, LINE, config).process
    assert process.times == (10 / 9600, 0.002, 0.003)


# -- gpio


@pytest.fixture
def header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    kernel = FakeGpio(tmp_path)
    pins = kernel.add("gpiochip0", "pinctrl-bcm2711", [Pin(f"GPIO{n}") for n in range(28)])
    monkeypatch.setattr(gpio, "ioctl", kernel.ioctl)
    real = gpio.open_output
    monkeypatch.setattr(gpio, "open_output", lambda *a, **k: real(*a, **{**k, "dev": tmp_path}))
    yield kernel, pins
    kernel.close()


@pytest.mark.parametrize("direction", ["gpio", "auto"])
@pytest.mark.parametrize("active_low", [False, True])
def test_a_gpio_line_listens_until_it_is_told(
    monkeypatch: pytest.MonkeyPatch, header: Any, direction: str, active_low: bool
) -> None:
    plug(monkeypatch, Driver(None))
    kernel, pins = header
    config = Rs485(direction=direction, gpio_line="GPIO4", active_low=active_low)
    opened = open_direction(TTY, LINE, config)
    assert (opened.choice.way, opened.choice.why) == ("gpio", "line GPIO4 of the header")
    process: Any = opened.process
    for active in (True, False):
        kernel.ioctl(process.pin.fd, *process.pin.drive(active))
    opened.close()
    assert pins[4].history == [level != active_low for level in (False, True, False, False)]


def test_a_process_that_does_not_start_gives_the_line_back(
    header: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise OSError(errno.EAGAIN, "Resource temporarily unavailable")

    plug(monkeypatch, Driver(None))
    monkeypatch.setattr(rs485, "SendingProcess", fails)
    with pytest.raises(OSError, match="unavailable"):
        open_direction(TTY, LINE, replace(Rs485(direction="gpio"), gpio_line="4"))
