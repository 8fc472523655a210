"""The register packet: tells the server which module is calling (manual 3.3)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RegisterPacket:
    """Bytes for the network, without a terminator; empty = none."""

    on_connect: bytes = b""
    on_data: bytes = b""  # in front of every packet


def register_packet(content: bytes, send: str) -> RegisterPacket:
    """``content`` as REGSND has it sent: ``link``, ``data`` or ``link&data``."""
    return RegisterPacket(
        on_connect=content if send in ("link", "link&data") else b"",
        on_data=content if send in ("data", "link&data") else b"",
    )
