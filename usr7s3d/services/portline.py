"""What the UART is set to: what can be asked of it, and what the log says of it."""

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from usr7s3d.core.line import LineSettings
from usr7s3d.devices.uart import Uart
from usr7s3d.hostconfig import Rs485

if TYPE_CHECKING:  # it costs memory, on an RS232 line for nothing
    from usr7s3d.devices.rs485 import Choice

log = logging.getLogger(__name__)


def without_rts(line: LineSettings, rs485: Rs485) -> LineSettings:
    """CRTS may come from settings that are older than the transceiver on RTS."""
    if line.flow != "CRTS" or not rs485.takes_rts:
        return line
    log.warning("UART: no flow control (CRTS): RTS switches the RS485 transceiver")
    return replace(line, flow="NONE")


def turned(line: LineSettings, before: LineSettings) -> bool:
    """Whether somebody has to switch the transceiver from now on, or to leave it alone."""
    return line.flow != before.flow and "RS485" in (line.flow, before.flow)


def report(uart: Uart, device: str, line: LineSettings, level: int = logging.INFO) -> None:
    """One line on what it is; a PTY holds neither parity nor 5 to 7 data bits."""
    try:
        actual = uart.line()
    except OSError as error:
        log.log(level, "UART: %s open, settings not readable: %s", device, error)
        return
    if line.flow == "RS485" or actual == line:
        log.log(level, "UART: %s open, %s", device, line)
    else:
        log.log(level, "UART: %s open, holds %s where %s was asked", device, actual, line)


def report_choice(choice: "Choice") -> None:
    """One line on who switches the transceiver, and why."""
    level = logging.WARNING if choice.trouble else logging.INFO
    log.log(level, "UART: RS485 direction by %s (%s)", choice.way, choice.why)
