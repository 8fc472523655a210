"""Keeping a modem in one kind of network (`[modem] rat`): each maker has a command of his own."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from usr7s3d.modem.command import Command, order


@dataclass(frozen=True, slots=True)
class Switch:
    """One thing to set."""

    ask: str
    answer: str  # a pattern; its group is what is set now
    change: str  # with {} for the new value
    values: Mapping[str, str]  # by `[modem] rat`

    @property
    def query(self) -> Command:
        """The command that tells what is set."""
        return order(self.ask)

    def now(self, lines: Iterable[str]) -> str | None:
        """What is set; None when that cannot be read."""
        found = (re.match(self.answer, line) for line in lines)
        return next((match[1] for match in found if match), None)

    def order(self, rat: str) -> Command:
        """The command that sets it."""
        return order(self.change.format(self.values[rat]), timeout=60.0)


# A family is what one maker's modems know; the first whose first query is answered serves.
FAMILIES: tuple[tuple[Switch, ...], ...] = (
    (  # SIMCom
        Switch(
            "AT+CNMP?",
            r"\+CNMP: *(\d+)",
            "AT+CNMP={}",
            {"auto": "2", "2g": "13", "3g": "14", "4g": "38", "nb-iot": "38"},
        ),
        Switch("AT+CMNB?", r"\+CMNB: *(\d+)", "AT+CMNB={}", {"auto": "3", "nb-iot": "2"}),
    ),
    (  # Quectel
        Switch(
            'AT+QCFG="nwscanmode"',
            r'\+QCFG: *"nwscanmode", *(\d+)',
            'AT+QCFG="nwscanmode",{},1',
            {"auto": "0", "2g": "1", "3g": "2", "4g": "3", "nb-iot": "3"},
        ),
        Switch(
            'AT+QCFG="iotopmode"',
            r'\+QCFG: *"iotopmode", *(\d+)',
            'AT+QCFG="iotopmode",{},1',
            {"auto": "2", "nb-iot": "1"},
        ),
    ),
    (  # Huawei; 40000000, 2 and 4 leave bands, roaming and domain as they are
        Switch(
            "AT^SYSCFGEX?",
            r'\^SYSCFGEX: *"(\d+)"',
            'AT^SYSCFGEX="{}",40000000,2,4,40000000,,',
            {"auto": "00", "2g": "01", "3g": "02", "4g": "03"},
        ),
    ),
    (  # Huawei, older
        Switch(
            "AT^SYSCFG?",
            r"\^SYSCFG: *(\d+)",
            "AT^SYSCFG={},3,40000000,2,4",
            {"auto": "2", "2g": "13", "3g": "14"},
        ),
    ),
    (  # ZTE
        Switch(
            "AT+ZSNT?",
            r"\+ZSNT: *(\d+)",
            "AT+ZSNT={},0,0",
            {"auto": "0", "2g": "1", "3g": "2", "4g": "6"},
        ),
    ),
    (  # 3GPP TS 27.007 5.9
        Switch(
            "AT+WS46?",
            r"(?:\+WS46: *)?(\d+)",
            "AT+WS46={}",
            {"auto": "25", "2g": "12", "3g": "22", "4g": "28"},
        ),
    ),
)
