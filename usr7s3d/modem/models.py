"""USB modems that we know, and what stands behind each of their interfaces.

The numbers are those of ModemManager's udev rules (src/plugins/*/77-mm-*-port-types.rules).  ttys
are numbered anew at every plug; interfaces never change, so these are what tells ports apart.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """Interface numbers.  Without ``at``: nobody wrote it down, ask each but ``never``."""

    at: tuple[int, ...] = ()  # takes commands, the one to prefer first
    data: int | None = None  # takes the call
    never: tuple[int, ...] = ()  # positions, diagnosis, SIM access


@dataclass(frozen=True, slots=True)
class Model:
    """A product."""

    name: str
    layout: Layout


# Where no port is meant for PPP alone, the first AT port dials, and the second takes commands
# meanwhile; with one AT port, messages wait while a call holds it.
_QUALCOMM = Layout(at=(3, 2), data=2, never=(0, 1))
_TELIT = Layout(at=(5, 4), data=4, never=(0, 3, 6))
_SIERRA = Layout(at=(3,), data=3, never=(0, 2))

MODELS: dict[tuple[int, int], Model] = {
    (0x0BDB, 0x190B): Model("Ericsson C3607w", Layout()),
    (0x1199, 0x68C0): Model("Sierra MC7304/MC7354", _SIERRA),
    (0x1199, 0x9071): Model("Sierra MC7455", _SIERRA),
    (0x1199, 0x9091): Model("Sierra EM7565", _SIERRA),
    (0x12D1, 0x1001): Model("Huawei E1550/E169/E220", Layout(at=(2,), data=0)),
    (0x12D1, 0x1003): Model("Huawei E220/E226", Layout(at=(1,), data=0)),
    (0x12D1, 0x140C): Model("Huawei E180/E1752", Layout(at=(3,), data=0)),
    (0x12D1, 0x1436): Model("Huawei E173/E1750", Layout(at=(3,), data=0)),
    (0x12D1, 0x14AC): Model("Huawei E352/E1820", Layout(at=(3,), data=0)),
    (0x12D1, 0x1506): Model("Huawei E3276/E3372 (stick)", Layout(at=(1,), data=0)),
    (0x1546, 0x1102): Model("u-blox LISA-U2/SARA-U2", Layout(never=(6, 8, 10, 12))),
    (0x19D2, 0x0001): Model("ZTE MF622", Layout(at=(2, 0), data=0)),
    (0x19D2, 0x0016): Model("ZTE MF180", Layout(at=(1, 2), data=2)),
    (0x19D2, 0x0031): Model("ZTE MF110/MF626/MF636", Layout(at=(1, 3), data=3)),
    (0x19D2, 0x0063): Model("ZTE K3565-Z", Layout(at=(1, 3), data=3)),
    (0x19D2, 0x0064): Model("ZTE MF627", Layout(at=(0, 2), data=2)),
    (0x19D2, 0x0104): Model("ZTE K4505-Z", Layout(at=(1, 3), data=3)),
    (0x19D2, 0x0117): Model("ZTE MF190/MF667", Layout(at=(1, 2), data=2)),
    (0x19D2, 0x0124): Model("ZTE MF110/MF190", Layout(at=(1, 4), data=4)),
    (0x1BC7, 0x1040): Model("Telit LE922/LM960", _TELIT),
    (0x1BC7, 0x1050): Model("Telit FN980", _TELIT),
    (0x1BC7, 0x1101): Model("Telit ME910", Layout(at=(2, 1), data=1, never=(0,))),
    (0x1BC7, 0x1201): Model("Telit LE910", _TELIT),
    (0x1C9E, 0x9605): Model("Longcheer", Layout(at=(0, 1, 2, 3), data=3)),
    (0x1E0E, 0x9001): Model("SIMCom SIM7000/7100/7500/7600", Layout((3, 2), 2, (0, 1, 4))),
    (0x1E0E, 0x9011): Model("SIMCom A7600E/A7602E/A7670", Layout((4,), 5, (2,))),
    (0x1E0E, 0x9206): Model("SIMCom SIM7070/7080/7090", Layout((2,), 5, (0, 1, 3, 4))),
    (0x1E2D, 0x0053): Model("Cinterion PHS8", Layout(never=(1,))),
    (0x1E2D, 0x005B): Model("Cinterion PHS8/PLS8", Layout((2, 0), 0, (4, 6, 8))),
    (0x1E2D, 0x0061): Model("Cinterion PLS62", Layout((2,), 0, (4, 6, 8))),
    (0x2020, 0x2060): Model("BroadMobi BM818", Layout((2, 3, 1), 1, (0,))),
    (0x2C7C, 0x0121): Model("Quectel EC21", _QUALCOMM),
    (0x2C7C, 0x0125): Model("Quectel EC20/EC25", _QUALCOMM),
    (0x2C7C, 0x0191): Model("Quectel EG91", _QUALCOMM),
    (0x2C7C, 0x0195): Model("Quectel EG95", _QUALCOMM),
    (0x2C7C, 0x0296): Model("Quectel BG96", _QUALCOMM),
    (0x2C7C, 0x0306): Model("Quectel EG06/EP06", _QUALCOMM),
    (0x2C7C, 0x0512): Model("Quectel EG12/EM12", _QUALCOMM),
    (0x2C7C, 0x0800): Model("Quectel RM500Q/RM502Q", _QUALCOMM),
    (0x2CB7, 0x0104): Model("Fibocom NL668", Layout((2, 1), 1, (0, 3))),
}  # 1546:01a6, which lists of modems have, is a GPS receiver.

# They make modems, and little else with a USB plug: other products of theirs are worth a try.
MAKERS = frozenset(vendor for vendor, _ in MODELS) - {0x1546} | {0x0AF0, 0x05C6, 0x1EBB, 0x1BBB}
