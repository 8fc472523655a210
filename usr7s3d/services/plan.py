"""What the settings mean for each part.  Pure: settings in, rules out."""

from usr7s3d.at.fields import unescape
from usr7s3d.core import cloud
from usr7s3d.core.escape import Timing
from usr7s3d.core.line import LineSettings
from usr7s3d.core.uartinput import Rules as UartRules
from usr7s3d.services.links.connection import Rules as LinkRules
from usr7s3d.settings.model import Settings, Socket

PATIENCE = 0.25  # s that a full link may hold the UART
PATIENCE_CRTS = 2.0  # s, where the sender can be stopped and loses nothing meanwhile


def line_settings(settings: Settings) -> LineSettings:
    """How the UART is to be set."""
    uart = settings.uart
    return LineSettings(uart.baud, uart.parity, uart.data_bits, uart.stop_bits, uart.flow)


def uart_rules(settings: Settings, escape_quiet: float) -> UartRules:
    """How the bytes from the UART are to be read."""
    return UartRules(
        timing=Timing(quiet=escape_quiet),
        packet_time=settings.uart.packet_time / 1000,
        packet_length=settings.uart.packet_length,
        bit_time=line_settings(settings).bit_time,
        command_timeout=settings.commands.timeout,
        command_only=settings.module.mode == "CMD",
    )


def polls_uart(settings: Settings) -> bool:
    """Whether the heartbeat goes to the UART; in network mode only (manual 3.4.1)."""
    beat = settings.heartbeat
    to_uart = beat.enabled and beat.target == "COM" and beat.data != ""
    return to_uart and settings.module.mode == "NET"


def cloud_login(settings: Settings, template: str) -> bytes:
    """The first bytes on socket A (manual 3.5); empty while CLOUDEN is off."""
    if not settings.cloud.enabled:
        return b""
    values = {"CLOUDID": settings.cloud.device_id, "CLOUDPA": settings.cloud.password}
    return cloud.fill_in(unescape(template), values)


def link_rules(
    settings: Settings, socket: Socket, *, resend: bool, login: bytes = b""
) -> LinkRules:
    """How a link is to behave; ``login`` goes out first on each of its connections."""
    short = socket.protocol == "TCP" and socket.connection == "short"
    heartbeat = settings.heartbeat
    beats = heartbeat.enabled and heartbeat.target == "NET"
    return LinkRules(
        enabled=settings.module.mode == "NET" and socket.enabled,
        datagrams=socket.protocol == "UDP",
        peer=f"{socket.host}:{socket.port}",
        caching=settings.links.cache,
        resend=settings.links.cache and resend,
        short_timeout=socket.short_timeout if short else None,
        patience=PATIENCE_CRTS if settings.uart.flow == "CRTS" else PATIENCE,
        beat=bytes.fromhex(heartbeat.data) if beats else b"",
        beat_period=heartbeat.period,
        login=login,
    )
