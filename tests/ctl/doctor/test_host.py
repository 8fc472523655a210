"""The doctor's eyes, on a folder that looks like a Raspberry Pi."""

import grp
import os
from pathlib import Path

import pytest

from usr7s3d.ctl.doctor.host import Host, look

pytestmark = pytest.mark.real

FILES = {
    "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
    "proc/sys/kernel/osrelease": "6.6.31+rpt-rpi-v8\n",
    "proc/cmdline": "console=serial0,115200 console=tty1 root=PARTUUID=1\n",
    "boot/firmware/config.txt": "# words\n[all]\nenable_uart=1\n\ndtoverlay=disable-bt # more\n",
    "etc/group": "root:x:0:\ndialout:x:20:pi,usr7s3d\nbroken\n",
    "dev/ttyAMA0": "",
    "proc/77/comm": "picocom\n",
    "proc/77/stat": "77 (picocom) S 1 77 77 0",
    "proc/78/comm": "usr7s3d\n",
    "proc/78/stat": "78 (usr7s3d) S 1 78 78 0",
    "proc/79/comm": "python3\n",
    "proc/79/stat": "79 (a ) b) S 78 78 78 0",
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "dev/serial0").symlink_to("ttyAMA0")
    (tmp_path / "dev/ttyAMA0").chmod(0o660)
    for pid in (77, 78, 79):
        (tmp_path / f"proc/{pid}/fd").mkdir()
        (tmp_path / f"proc/{pid}/fd/3").symlink_to(tmp_path / "dev/ttyAMA0")
    getty = tmp_path / "etc/systemd/system/getty.target.wants"
    getty.mkdir(parents=True)
    (getty / "serial-getty@ttyAMA0.service").symlink_to("/dev/null")
    return tmp_path


def seen(root: Path, device: str = "/dev/serial0") -> Host:
    return look(root, device, root, year=2026, daemon=78)


def test_all_of_it(root: Path) -> None:
    host = seen(root)
    assert (host.model, host.pi5) == ("Raspberry Pi 4 Model B Rev 1.4", False)
    assert host.kernel == "6.6.31+rpt-rpi-v8"
    assert host.config_txt == ("[all]", "enable_uart=1", "dtoverlay=disable-bt")
    assert host.configured("dtoverlay", "disable-bt")
    assert (host.serial0, host.getty_on) == ("ttyAMA0", ("ttyAMA0",))
    assert host.resolve("/dev/serial0") == "ttyAMA0"
    assert host.groups["dialout"] == ("pi", "usr7s3d")
    assert host.free_bytes


def test_who_has_the_tty_besides_the_daemon_and_its_child(root: Path) -> None:
    tty = seen(root).ttys["/dev/serial0"]
    assert tty.users == ("picocom (77)",)
    assert (tty.group, tty.group_may) == (grp.getgrgid(os.getgid()).gr_name, True)


def test_an_older_folder_for_config_txt(root: Path) -> None:
    (root / "boot/firmware/config.txt").rename(root / "boot/config.txt")
    assert seen(root).configured("enable_uart=1")


def test_a_machine_that_is_no_raspberry(tmp_path: Path) -> None:
    host = look(tmp_path, "/dev/ttyUSB0", tmp_path / "missing", year=2026)
    assert host == Host(year=2026)
