"""The modem in a tree like /sys: found by what it is and where it is plugged."""

from dataclasses import replace
from pathlib import Path

import pytest

from usr7s3d.devices.usb import Plugged, devices, find
from usr7s3d.hostconfig.model import Modem as Config
from usr7s3d.modem.ports import Unusable

ANY = Config()


class Sys:
    """A /sys with USB devices, and the /dev beside it."""

    def __init__(self, root: Path) -> None:
        self.root = root / "sys"
        self.dev = root / "dev"
        self.dev.mkdir()
        self._devices = self.root / "bus/usb/devices"
        self._devices.mkdir(parents=True)
        hub = self._devices / "usb1"
        hub.mkdir()
        (hub / "idVendor").write_text("1d6b\n")

    def device(self, path: str, ids: str, product: str = "") -> Path:
        folder = self._devices / path
        folder.mkdir()
        for name, value in zip(("idVendor", "idProduct"), ids.split(":"), strict=True):
            (folder / name).write_text(value + "\n")
        if product:
            (folder / "product").write_text(product + "\n")
        return folder

    def interface(
        self,
        device: Path,
        number: int,
        *,
        tty: str = "",
        driver: str = "option",
        kind: str = "ff/ff/ff",
    ) -> None:
        folder = device / f"{device.name}:1.{number}"
        folder.mkdir()
        names = ("bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol")
        for name, value in zip(names, kind.split("/"), strict=True):
            (folder / name).write_text(value + "\n")
        (folder / "bInterfaceNumber").write_text(f"{number:02x}\n")
        if driver:
            drivers = self.root / "bus/usb/drivers" / driver
            drivers.mkdir(parents=True, exist_ok=True)
            (folder / "driver").symlink_to(drivers)
        if tty:
            where = folder / tty / "tty" if tty.startswith("ttyUSB") else folder / "tty" / tty
            where.mkdir(parents=True)
            (self.dev / tty).touch()

    def sim7600(self, path: str = "1-1.2", first: int = 0) -> Path:
        device = self.device(path, "1e0e:9001", "SimTech, Incorporated")
        for number in range(5):
            self.interface(device, number, tty=f"ttyUSB{first + number}")
        return device

    def find(self, config: Config = ANY) -> object:
        return find(config, self.root, self.dev)

    def path(self, tty: str) -> str:
        return str(self.dev / tty)


@pytest.fixture
def sys(tmp_path: Path) -> Sys:
    return Sys(tmp_path)


def test_a_modem_that_we_know(sys: Sys) -> None:
    sys.sim7600()
    assert sys.find() == Plugged(
        at=(sys.path("ttyUSB3"), sys.path("ttyUSB2")),
        data=sys.path("ttyUSB2"),
        usb="1-1.2",
        model="SIMCom SIM7000/7100/7500/7600 (1e0e:9001)",
    )


def test_ttys_that_are_numbered_anew_make_no_difference(sys: Sys) -> None:
    sys.sim7600(first=5)
    found = sys.find()
    assert isinstance(found, Plugged)
    assert found.at == (sys.path("ttyUSB8"), sys.path("ttyUSB7"))


def test_what_usb_names_is_ours(sys: Sys) -> None:
    sys.sim7600("1-1.2", 0)
    sys.sim7600("1-1.3", 5)
    found = sys.find(replace(ANY, usb="1-1.3"))
    assert isinstance(found, Plugged)
    assert (found.usb, found.at[0]) == ("1-1.3", sys.path("ttyUSB8"))
    assert sys.find(replace(ANY, usb="1-1.4")) is None


def test_a_stick_with_acm_ports_that_nobody_knows(sys: Sys) -> None:
    device = sys.device("1-1", "1234:5678")
    for number in (0, 2):
        sys.interface(device, number, tty=f"ttyACM{number}", driver="cdc_acm", kind="02/02/01")
    assert sys.find() is None  # might be anything
    found = sys.find(replace(ANY, usb="1234:5678"))
    assert isinstance(found, Plugged)
    assert not found.known
    assert found.at == (sys.path("ttyACM0"), sys.path("ttyACM2"))


def test_a_stick_that_shows_its_cdrom_only(sys: Sys) -> None:
    device = sys.device("1-1", "12d1:1446")
    sys.interface(device, 0, driver="usb-storage", kind="08/06/50")
    found = sys.find()
    assert isinstance(found, Unusable)
    assert "install usb-modeswitch" in found.words


def test_nothing_is_plugged_in(sys: Sys, tmp_path: Path) -> None:
    assert sys.find() is None
    assert find(ANY, tmp_path / "no-sys", sys.dev) is None


def test_one_that_goes_while_it_is_read_is_left_out(sys: Sys) -> None:
    device = sys.sim7600()
    (device / "idProduct").unlink()
    other = sys.sim7600("1-1.3", 5)
    assert [found.path for found in devices(sys.root)] == [other.name]


# Configured ports win.


def test_a_configured_port_and_what_belongs_to_it(sys: Sys) -> None:
    sys.sim7600()
    config = replace(ANY, at_port=sys.path("ttyUSB2"))
    found = sys.find(config)
    assert isinstance(found, Plugged)
    assert (found.at, found.data) == ((sys.path("ttyUSB2"),), sys.path("ttyUSB2"))
    assert found.usb == "1-1.2"
    both = sys.find(replace(config, data_port="/dev/other"))
    assert isinstance(both, Plugged)
    assert both.data == "/dev/other"


def test_a_configured_port_by_a_link(sys: Sys) -> None:
    sys.sim7600()
    link = sys.dev / "by-id"
    link.symlink_to(sys.dev / "ttyUSB3")
    found = sys.find(replace(ANY, at_port=str(link)))
    assert isinstance(found, Plugged)
    assert (found.at, found.data) == ((str(link),), sys.path("ttyUSB2"))


def test_a_configured_port_on_no_usb(sys: Sys) -> None:
    port = sys.dev / "ttyAMA3"
    assert sys.find(replace(ANY, at_port=str(port))) is None
    port.touch()
    assert sys.find(replace(ANY, at_port=str(port))) == Plugged(at=(str(port),))


def test_a_data_port_alone(sys: Sys) -> None:
    sys.sim7600()
    found = sys.find(replace(ANY, data_port="/dev/other"))
    assert isinstance(found, Plugged)
    assert (found.at[0], found.data) == (sys.path("ttyUSB3"), "/dev/other")


def test_what_a_stick_says_of_itself_is_fit_for_a_log(sys: Sys) -> None:
    device = sys.device("1-1", "1234:5678", "Modem\x1b[31m\nusr7s3d: all is well\x9b")
    sys.interface(device, 0, tty="ttyACM0", driver="cdc_acm", kind="02/02/01")
    found = sys.find(replace(ANY, usb="1234:5678"))
    assert isinstance(found, Plugged)
    assert "Modem" in found.model
    assert found.model.isprintable()
