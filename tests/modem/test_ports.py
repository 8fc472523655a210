"""Ports by interface, and words for what cannot be used."""

import json

import pytest

from tests.modem.corpus import shared
from usr7s3d.modem.models import MODELS
from usr7s3d.modem.ports import (
    Interface,
    Ports,
    Unusable,
    UsbDevice,
    choose,
    is_known,
    is_modem,
    judge,
)


def stick(
    vendor: int, product: int, *interfaces: Interface, path: str = "1-1.2", name: str = ""
) -> UsbDevice:
    return UsbDevice(path=path, vendor=vendor, product=product, name=name, interfaces=interfaces)


def tty(number: int, driver: str = "option", **kind: int) -> Interface:
    return Interface(
        number=number,
        usb_class=kind.get("usb_class", 0xFF),
        subclass=kind.get("subclass", 0xFF),
        protocol=kind.get("protocol", 0xFF),
        driver=driver,
        tty=f"ttyUSB{number + 10}",
    )


SIM7600 = stick(0x1E0E, 0x9001, *map(tty, range(5)))


def usable(device: UsbDevice) -> Ports:
    verdict = judge(device)
    assert isinstance(verdict, Ports)
    return verdict


def test_a_modem_that_we_know() -> None:
    ports = usable(SIM7600)
    assert ports.known
    assert [port.tty for port in ports.at] == ["ttyUSB13", "ttyUSB12"]
    assert ports.data is not None
    assert ports.data.tty == "ttyUSB12"


def test_commands_and_a_call_at_the_same_time_where_there_are_two_ports() -> None:
    for (vendor, product), model in MODELS.items():
        ports = usable(stick(vendor, product, *map(tty, range(14))))
        if len(model.layout.at) > 1:
            assert ports.data is not None
            assert ports.at[0] != ports.data


def test_ports_that_did_not_come_up_are_left_out() -> None:
    ports = usable(stick(0x1E0E, 0x9001, tty(2)))
    assert [port.number for port in ports.at] == [2]
    assert ports.data == tty(2)


def test_a_known_modem_whose_layout_nobody_wrote_down() -> None:
    ports = usable(stick(0x1546, 0x1102, *(tty(n, "cdc_acm") for n in (0, 2, 6, 8))))
    assert not ports.known
    assert [port.number for port in ports.at] == [0, 2]
    assert ports.data is None


def test_an_unknown_modem_is_to_be_asked_port_by_port() -> None:
    ports = usable(stick(0x1234, 0x5678, tty(3), tty(1)))
    assert not ports.known
    assert [port.number for port in ports.at] == [1, 3]


def test_huawei_tells_by_subclass_and_protocol() -> None:
    device = stick(
        0x12D1,
        0x1C05,
        tty(0, subclass=2, protocol=0x14),
        tty(1, subclass=1, protocol=0x14),
        tty(2, subclass=2, protocol=1),
        tty(3, subclass=2, protocol=2),
    )
    ports = usable(device)
    assert ([port.number for port in ports.at], ports.known) == ([3], True)
    assert ports.data is not None
    assert ports.data.number == 2


def test_huawei_without_it_goes_by_the_usual_order() -> None:
    ports = usable(stick(0x12D1, 0x1001, *map(tty, range(3))))
    assert ports.data is not None
    assert ([port.number for port in ports.at], ports.data.number) == ([2], 0)


STORAGE = Interface(number=0, usb_class=8, subclass=6, protocol=0x50, driver="usb-storage")


@pytest.mark.parametrize(
    ("device", "words"),
    [
        (stick(0x12D1, 0x1446, STORAGE), "shows its CD-ROM only: install usb-modeswitch"),
        (
            stick(0x12D1, 0x14DC, Interface(number=0, usb_class=2, subclass=6, driver="cdc_ether")),
            "is a router of its own",
        ),
        (
            stick(
                0x19D2,
                0x1405,
                Interface(number=0, usb_class=0xE0, subclass=1, protocol=3, driver="rndis_host"),
                STORAGE,
            ),
            "is a router of its own",
        ),
        (
            stick(0x2C7C, 0x0125, Interface(number=0, usb_class=2, subclass=14, driver="cdc_mbim")),
            "Quectel EC20/EC25 (2c7c:0125) speaks MBIM only",
        ),
        (
            stick(0x05C6, 0x9025, Interface(number=2, usb_class=0xFF, driver="qmi_wwan")),
            "05c6:9025 speaks QMI only",
        ),
        (stick(0x1E0E, 0x9001, Interface(number=2, usb_class=0xFF)), "has no driver"),
        (stick(0x1E0E, 0x9001, tty(0), tty(1)), "shows no serial port"),
        (stick(0x1E0E, 0x9001, name="x"), "SIMCom SIM7000/7100/7500/7600 (1e0e:9001) shows no"),
    ],
)
def test_what_cannot_be_used_is_said_with_what_to_do(device: UsbDevice, words: str) -> None:
    verdict = judge(device)
    assert isinstance(verdict, Unusable)
    assert words in verdict.words


def test_a_stick_with_serial_ports_beside_its_network_can_be_used() -> None:
    device = stick(
        0x12D1,
        0x1506,
        tty(0, subclass=1, protocol=1),
        tty(1, subclass=1, protocol=2),
        Interface(number=2, usb_class=2, subclass=0x0D, driver="huawei_cdc_ncm"),
        STORAGE,
    )
    assert usable(device).known


def test_what_is_a_modem() -> None:
    assert is_modem(SIM7600)
    assert is_modem(stick(0x1234, 0x5678, tty(0)))  # by its driver
    assert is_modem(stick(0x12D1, 0x14FE, STORAGE))  # by its maker
    assert not is_modem(stick(0x0403, 0x6001, tty(0, "ftdi_sio")))
    assert not is_modem(stick(0x2341, 0x0043, tty(0, "cdc_acm")))
    assert not is_modem(stick(0x0781, 0x5567, STORAGE))
    assert not is_known(0x1546, 0x01A6)  # a GPS receiver


def test_which_of_several_is_ours() -> None:
    unknown = stick(0x1234, 0x5678, tty(0), path="1-1.1")
    cdrom = stick(0x12D1, 0x1446, STORAGE, path="1-1")
    ec25 = stick(0x2C7C, 0x0125, *map(tty, range(4)), path="1-1.10")
    adapter = stick(0x0403, 0x6001, tty(0, "ftdi_sio"), path="1-1.3")
    plugged = [adapter, ec25, cdrom, unknown, SIM7600]

    def chosen(devices: list[UsbDevice], wanted: str = "") -> UsbDevice | None:
        verdict = choose(devices, wanted)
        return verdict.device if verdict else None

    assert chosen(plugged) == SIM7600  # 1-1.2 is before 1-1.10
    assert chosen([cdrom, unknown]) == unknown
    assert chosen([cdrom]) == cdrom
    assert chosen([adapter]) is None
    assert chosen(plugged, "2C7C:0125") == ec25
    assert chosen(plugged, "1-1.10") == ec25
    assert chosen(plugged, "1-1.3") == adapter  # whoever says so knows
    assert chosen(plugged, "1-9") is None


def test_every_modem_of_the_list() -> None:
    """Against ModemManager's rules: what takes commands, what takes the call, what never does."""
    for row in json.loads((shared() / "usb_ports.json").read_text()):
        ids = int(row["vid"], 16), int(row["pid"], 16)
        if "ID_MM_DEVICE_IGNORE" in row["interfaces"].get("*", []):
            assert ids not in MODELS
            continue
        layout = MODELS[ids].layout
        roles = {int(n, 16): set(r) for n, r in row["interfaces"].items() if n != "*"}
        assert set(layout.at) == {n for n, r in roles.items() if r & {"at-primary", "at-secondary"}}
        never = {"qcdm", "gps-nmea", "ignore", "audio"}
        assert set(layout.never) == {n for n, r in roles.items() if r & never}
        ppp = row["ppp_interface"]
        assert layout.data == (None if ppp is None else int(ppp, 16))


def test_the_table_has_no_port_twice() -> None:
    for model in MODELS.values():
        layout = model.layout
        assert not {*layout.at, layout.data} & set(layout.never)
        assert len(set(layout.at)) == len(layout.at)
