"""The package's life on a Debian: install, run, break, upgrade, go back, remove, purge.

One container for each release, and the tests in order: each goes on where the last one stopped.
"""

import json
import re
from pathlib import Path

import pytest

from tests.vm.conftest import OLDER
from tests.vm.container import Container

pytestmark = [pytest.mark.real, pytest.mark.limit(180)]

ROOT = Path(__file__).parent.parent.parent
INSTALL = "apt-get -q -y -o Dpkg::Use-Pty=0 --no-install-recommends --allow-downgrades install"
UNITS = "usr7s3d.service usr7s3d@two.service usr7s3d-ppp.socket usr7s3d-ppp@.service"


def show(machine: Container, name: str, unit: str = "usr7s3d") -> str:
    return machine.run(f"systemctl show --value --property={name} {unit}")


def at(machine: Container, command: str, options: str = "") -> str:
    return machine.run(f"usr7s3ctl {options} at '{command}'")


def installed(machine: Container) -> str:
    return machine.run("dpkg-query --show --showformat '${Version}' usr7s3d")


def test_installs_in_peace(container: Container) -> None:
    said = container.run(f"{INSTALL} /tmp/older.deb", timeout=120)
    assert not re.search("(?i)warning|error|cannot|failed", said), said
    assert installed(container) == OLDER
    assert "dialout" in container.run("id --groups --name usr7s3d").split()
    assert container.run("stat -c '%U %G %a' /etc/usr7s3d") == "root usr7s3d 750"


def test_units_are_understood(container: Container) -> None:
    assert container.run(f"systemd-analyze verify --man=no {UNITS}") == ""


def test_up_with_nothing_plugged_in(container: Container) -> None:
    container.run("systemctl is-active usr7s3d usr7s3d-ppp.socket")
    container.run("systemctl is-enabled usr7s3d usr7s3d-ppp.socket")
    status = json.loads(container.run("usr7s3ctl status --json"))
    assert status["uart"]["state"] == "waiting"
    assert "waiting for it" in container.log("usr7s3d")
    assert show(container, "StatusText")


def test_smoke_test_of_the_package(container: Container) -> None:
    container.put("/tmp/smoke", (ROOT / "debian/tests/smoke").read_bytes())
    container.run("sh /tmp/smoke")


def test_people_get_in_by_their_group(container: Container) -> None:
    container.run("useradd person")
    denied = container.attempt("runuser -u person -- usr7s3ctl status")
    assert denied.status == 1
    assert "adduser person usr7s3d" in denied.output
    container.run("usermod --append --groups usr7s3d person")
    container.run("runuser -u person -- usr7s3ctl status")


def test_reload(container: Container) -> None:
    pid = show(container, "MainPID")
    container.put("/etc/usr7s3d/usr7s3d.toml", b'[uart]\ndevice = "pty:/run/usr7s3d/uart"\n')
    container.run("usr7s3d --check && systemctl reload usr7s3d")
    container.until("test -c /run/usr7s3d/uart")
    container.put("/etc/usr7s3d/usr7s3d.toml", b'[uart]\ndevise = "pty:/run/usr7s3d/uart"\n')
    container.attempt("systemctl reload usr7s3d")
    container.until("journalctl -u usr7s3d | grep -q devise")
    container.run("test -c /run/usr7s3d/uart && systemctl is-active usr7s3d")
    assert show(container, "MainPID") == pid
    container.put("/etc/usr7s3d/usr7s3d.toml", b'[uart]\ndevice = "pty:/run/usr7s3d/uart"\n')


def test_started_again_after_a_crash(container: Container) -> None:
    restarts = int(show(container, "NRestarts"))
    container.run("systemctl kill --signal=KILL usr7s3d")
    container.until(f"test $(systemctl show --value -p NRestarts usr7s3d) = {restarts + 1}")
    container.until("usr7s3ctl status")


def test_the_watchdog_bites_a_daemon_that_hangs(container: Container) -> None:
    assert show(container, "WatchdogUSec") == "1min"
    container.run("mkdir -p /etc/systemd/system/usr7s3d.service.d")
    drop_in = "[Service]\nWatchdogSec=4\nTimeoutAbortSec=1\nRestartSec=100ms\n"
    container.put("/etc/systemd/system/usr7s3d.service.d/override.conf", drop_in.encode())
    container.run("systemctl daemon-reload && systemctl restart usr7s3d")
    restarts = int(show(container, "NRestarts"))
    container.until("test $(systemctl show --value -p WatchdogTimestampMonotonic usr7s3d) != 0")
    container.run("sleep 6")
    assert int(show(container, "NRestarts")) == restarts, "bitten without a cause"
    container.run("kill -STOP $(systemctl show --value -p MainPID usr7s3d)")
    container.until(f"test $(systemctl show --value -p NRestarts usr7s3d) = {restarts + 1}")
    container.until("usr7s3ctl status")
    assert "Watchdog timeout" in container.log("usr7s3d")
    container.run("rm -r /etc/systemd/system/usr7s3d.service.d && systemctl daemon-reload")


def test_a_second_module(container: Container) -> None:
    assert container.attempt("systemctl start usr7s3d@two").status != 0, "without a configuration"
    container.put("/etc/usr7s3d/two.toml", b'[uart]\ndevice = "pty:/run/usr7s3d-two/uart"\n')
    container.run("systemctl enable --now usr7s3d@two")
    two = "--runtime-dir /run/usr7s3d-two"
    assert "OK" in at(container, "AT+HEARTTM=222", two)
    assert "OK" in at(container, "AT+S", two)
    assert "+HEARTTM:222" not in at(container, "AT+HEARTTM?")
    container.until("grep -q 222 /var/lib/usr7s3d-two/settings.toml")


@pytest.mark.parametrize("unit", ["usr7s3d.service", "usr7s3d@two.service"])
def test_the_security_score(container: Container, unit: str) -> None:
    said = container.run(f"systemd-analyze security --no-pager {unit}")
    score = re.search(r"exposure level for .*: ([0-9.]+)", said)
    assert score
    assert float(score[1]) <= 2.0


ASK_FOR_PPP = b"""
import json, socket
s = socket.socket(socket.AF_UNIX)
s.settimeout(20)
s.connect("/run/usr7s3d-ppp.sock")
request = {"tty": "/dev/console", "pdp_type": "IP", "auth": "none", "user": "", "password": ""}
s.sendall(json.dumps(request).encode() + b"\\n")
print(s.recv(1000).decode())
"""


def test_root_listens_to_the_module_only_and_refuses_other_ttys(container: Container) -> None:
    container.put("/tmp/ask", ASK_FOR_PPP)
    assert "not a USB serial port" in container.run("runuser -u usr7s3d -- python3 /tmp/ask")
    stranger = container.attempt("runuser -u person -- python3 /tmp/ask")
    assert stranger.status != 0
    assert "PermissionError" in stranger.output


@pytest.mark.manual("3.7", "firmware upgrade: that of the package")
def test_a_reboot_is_heard_only_where_it_is_enabled(container: Container) -> None:
    ask = "runuser -u usr7s3d -- touch /run/usr7s3d/reboot"
    assert container.attempt("systemctl is-enabled usr7s3d-reboot.path").output == "disabled\n"
    container.run("mkdir -p /etc/systemd/system/usr7s3d-reboot.service.d")
    container.put(
        "/etc/systemd/system/usr7s3d-reboot.service.d/test.conf",
        b"[Service]\nExecStart=\nExecStart=/bin/sh -c 'rm /run/usr7s3d/reboot; touch /run/heard'\n",
    )
    container.run("systemctl daemon-reload && systemctl enable --now usr7s3d-reboot.path")
    container.run(ask)
    container.until("test -e /run/heard")
    container.run("systemctl disable --now usr7s3d-reboot.path")
    container.run("rm -r /etc/systemd/system/usr7s3d-reboot.service.d && systemctl daemon-reload")


def test_upgrade(container: Container) -> None:
    at(container, "AT+HEARTTM=111")
    at(container, "AT+S")
    container.until("grep -q 111 /var/lib/usr7s3d/settings.toml")
    before = [show(container, "MainPID", unit) for unit in ("usr7s3d", "usr7s3d@two")]
    said = container.run(f"{INSTALL} /tmp/usr7s3d.deb")
    assert not re.search("(?i)warning|error|cannot|failed", said), said
    assert installed(container) != OLDER
    after = [show(container, "MainPID", unit) for unit in ("usr7s3d", "usr7s3d@two")]
    assert not {"0", *before} & set(after), "the old program still runs"
    check_settings(container)


def test_downgrade(container: Container) -> None:
    container.run("echo '# from the future' >>/etc/usr7s3d/usr7s3d.toml")
    container.run(f"{INSTALL} /tmp/older.deb")
    assert installed(container) == OLDER
    check_settings(container)
    assert "from the future" in container.run("cat /etc/usr7s3d/usr7s3d.toml")


def check_settings(machine: Container) -> None:
    machine.until("usr7s3ctl status")
    assert "+HEARTTM:111" in at(machine, "AT+HEARTTM?")
    machine.until("usr7s3ctl --runtime-dir /run/usr7s3d-two status")
    assert "+HEARTTM:222" in at(machine, "AT+HEARTTM?", "--runtime-dir /run/usr7s3d-two")


def test_remove(container: Container) -> None:
    container.run("apt-get -q -y remove usr7s3d")
    for unit in ("usr7s3d", "usr7s3d@two", "usr7s3d-ppp.socket"):
        assert container.attempt(f"systemctl is-active {unit}").status != 0
    container.run("test -e /var/lib/usr7s3d/settings.toml -a -e /etc/usr7s3d/usr7s3d.toml")
    assert container.attempt("pgrep -u usr7s3d").output == ""


def test_settings_come_back_with_the_package(container: Container) -> None:
    container.run(f"{INSTALL} /tmp/usr7s3d.deb")
    container.until("usr7s3ctl status")
    assert "+HEARTTM:111" in at(container, "AT+HEARTTM?")


def test_purge(container: Container) -> None:
    container.run("apt-get -q -y purge usr7s3d")
    left = "ls -d /etc/usr7s3d/usr7s3d.toml /var/lib/usr7s3d* /run/usr7s3d* /usr/lib/usr7s3d*"
    assert container.run(f"{left} 2>/dev/null || :") == ""
    find = "find /usr /lib/systemd /etc/systemd -xdev -name '*usr7s3*'"
    assert container.run(find) == ""
