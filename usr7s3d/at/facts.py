"""What queries show that is no setting: identities, links, the network."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The module at one moment.  None = not to be had now, which is error 50."""

    version: str
    serial_number: str
    link_a: str = "disconnected"  # or "connected" (manual 4.2.1.31)
    link_b: str = "disconnected"
    sleep_time: str = "0"
    rts_taken: bool = False  # it switches an RS485 transceiver
    modem: bool = False  # there is one that can send SMS
    imei: str | None = None
    iccid: str | None = None
    imsi: str | None = None
    number: str | None = None  # "" when the SIM does not know its own
    sim: str | None = None  # state as in +CPIN, 3GPP TS 27.007 8.3
    signal: int = 99  # rssi as in +CSQ, 3GPP TS 27.007 8.5; 99 = unknown
    registration: int = 0  # stat as in +CREG, 3GPP TS 27.007 7.2; 1 home, 5 roaming
    attached: bool = False  # to packet service
    operator: str = ""
