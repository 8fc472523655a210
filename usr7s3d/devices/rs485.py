"""Who switches an RS485 transceiver between sending and receiving (``[rs485]``, manual 3.6.1).

    hardware   the HAT, by itself
    kernel     the tty's driver (TIOCSRS485), by RTS
    gpio, rts  we, by a GPIO line or by RTS: ``devices/sending.py``

Polarity is that of the pin: RTS is active low there, so a transceiver that sends while its pin is
high sends while the modem line RTS is *off*.
"""

import contextlib
import errno
import fcntl
import os
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from usr7s3d.core.line import LineSettings
from usr7s3d.devices import gpio, rts
from usr7s3d.devices.sending import Pin, SendingProcess
from usr7s3d.devices.ttykinds import is_pl011, is_pty, number
from usr7s3d.hostconfig import Rs485

# From <asm-generic/ioctls.h> and <linux/serial.h>.
TIOCGRS485, TIOCSRS485 = 0x542E, 0x542F
TERMS = struct.Struct("3I 20x")  # flags; ms before and after
ENABLED, RTS_ON_SEND, RTS_AFTER_SEND = 1 << 0, 1 << 1, 1 << 2


INTERRUPTS = Path("/proc/interrupts")
HARDWARE, KERNEL, RTS_WAY, GPIO = "hardware", "kernel", "rts", "gpio"


class Refused(Exception):
    """Why a way is not taken."""


@dataclass(frozen=True, slots=True)
class Choice:
    """Who switches, and why it was chosen; ``trouble`` when that is not what was asked for."""

    way: str
    why: str
    trouble: bool = False


class Direction:
    """What switches the transceiver of one open tty."""

    def __init__(
        self,
        choice: Choice,
        process: SendingProcess | None = None,
        line: gpio.Line | None = None,
        release: Callable[[], object] = lambda: None,
    ) -> None:
        self.choice = choice
        self.process = process
        self._line = line
        self._release = release

    def close(self) -> None:
        """Let the line go; the tty is still open."""
        if self.process:
            self.process.close()
        with contextlib.suppress(OSError):  # it may have been pulled
            self._release()  # also behind the process, which may have been killed
        if self._line:
            self._line.close()


def open_direction(tty: int, line: LineSettings, config: Rs485) -> Direction:
    """Decide who switches, prove it, and start it.  Raises OSError: wait, and try again."""
    asked = config.direction
    if asked == HARDWARE:
        return Direction(Choice(HARDWARE, "as configured"))
    if asked == GPIO or (asked == "auto" and config.gpio_line):
        clear_kernel(tty)
        return _gpio(tty, line, config)
    if asked == RTS_WAY:
        clear_kernel(tty)  # a device tree, or who had it before, may have told the driver to
        return _rts(tty, line, config)
    rts.listen(tty, active_low=config.active_low)  # a driver begins to switch with its first frame
    try:
        set_kernel(tty, config)
        if asked == "auto" and is_pl011(number(tty)) and (others := shares_interrupt()):
            clear_kernel(tty)
            raise Refused(others)
    except Refused as refusal:
        # On purpose no error: a HAT that switches by itself, and a PTY, lose nothing.
        return Direction(
            Choice(HARDWARE, f"kernel: {refusal}", trouble=asked == KERNEL and _wired(tty))
        )
    choice = Choice(KERNEL, "the driver took it and reads it back")
    rts.keep_listening(tty, active_low=config.active_low)

    def release() -> None:
        clear_kernel(tty)  # it would go on with it for whoever opens the tty next
        rts.listen(tty, active_low=config.active_low)

    return Direction(choice, release=release)


def _gpio(tty: int, line: LineSettings, config: Rs485) -> Direction:
    pin = gpio.open_output(config.gpio_chip, config.gpio_line, active_low=config.active_low)
    calls = [(gpio.SET_VALUES, gpio.VALUES.pack(active, 1)) for active in (True, False)]
    try:
        process = SendingProcess(tty, Pin(pin.fd, *calls), _times(line, config))
    except BaseException:
        pin.close()
        raise
    chip = config.gpio_chip or "the header"
    return Direction(
        Choice(GPIO, f"line {config.gpio_line} of {chip}"), process, pin, lambda: pin.set(False)
    )


def _rts(tty: int, line: LineSettings, config: Rs485) -> Direction:
    pin = rts.pin(tty, active_low=config.active_low)
    try:
        fcntl.ioctl(tty, *pin.off)
    except OSError as error:
        if error.errno not in rts.NOT_SUPPORTED:
            raise
        return Direction(Choice(HARDWARE, "rts: this tty has no RTS", trouble=_wired(tty)))
    rts.keep_listening(tty, active_low=config.active_low)
    process = SendingProcess(tty, pin, _times(line, config))

    def release() -> None:
        fcntl.ioctl(tty, *pin.off)

    return Direction(Choice(RTS_WAY, "as configured"), process, release=release)


def _wired(tty: int) -> bool:
    """Whether there is somebody to switch: behind a PTY is no wire."""
    return not is_pty(number(tty))


def _times(line: LineSettings, config: Rs485) -> tuple[float, float, float]:
    return line.character_time, config.delay_before_ms / 1000, config.delay_after_ms / 1000


def set_kernel(tty: int, config: Rs485) -> None:
    """Have the driver switch RTS.  Raises Refused, and leaves nothing set then."""
    # Exactly one of the two, or drivers differ in what they make of it.
    level = RTS_AFTER_SEND if config.active_low else RTS_ON_SEND
    asked = (ENABLED | level, config.delay_before_ms, config.delay_after_ms)
    try:
        fcntl.ioctl(tty, TIOCSRS485, TERMS.pack(*asked))
        answer = fcntl.ioctl(tty, TIOCGRS485, bytes(TERMS.size))
    except OSError as error:
        if error.errno not in rts.NOT_SUPPORTED:
            raise
        words = "this driver has none" if error.errno == errno.ENOTTY else os.strerror(error.errno)
        raise Refused(words) from error
    flags, *delays = TERMS.unpack(answer)
    got = (flags & (ENABLED | RTS_ON_SEND | RTS_AFTER_SEND), *delays)
    if got != asked:
        clear_kernel(tty)
        raise Refused(_difference(asked, got))


def _difference(asked: tuple[int, ...], got: tuple[int, ...]) -> str:
    if got[0] & ENABLED and got[0] != asked[0]:
        # SC16IS7xx before December 2024: the transceiver would send while it should listen.
        return "this driver turns the polarity round; a newer kernel may not"
    if got[0] == asked[0]:
        return f"this driver makes the delays {got[1]} and {got[2]} ms"
    return "this driver took it and does not keep it"


def clear_kernel(tty: int) -> None:
    """Have the driver leave RTS alone, as far as it ever did."""
    try:
        fcntl.ioctl(tty, TIOCSRS485, TERMS.pack(0, 0, 0))
    except OSError as error:
        if error.errno not in rts.NOT_SUPPORTED:
            raise


def shares_interrupt(interrupts: Path = INTERRUPTS) -> str:
    """Why the PL011 is not to be trusted with it here; empty when it is.

    Its driver waits inside the interrupt handler until the last stop bit has left, and a second
    UART on the same interrupt that is open meanwhile loses bytes (github.com/raspberrypi/linux
    issue 5578; mended there at the end of 2025).  A UART that is not open is not listed.
    """
    try:
        lines = interrupts.read_text().splitlines()
    except OSError:
        return ""
    if any(len(re.findall(r"uart-pl011|pl011-axi", line)) > 1 for line in lines):
        return "another UART on the same interrupt would lose bytes (PL011)"
    return ""
