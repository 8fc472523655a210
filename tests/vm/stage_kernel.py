"""The installed package on Debian's kernel: UARTs that come and go, flow control, root's PPP.

One virtual machine, and the tests in order.  Behind socket A stands a server that sends everything
back, so what is written to a UART and read from it again has gone both ways.
"""

import json
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.vm.conftest import TOOLS
from tests.vm.guest import INSTALL, Guest
from tests.vm.images import image

pytestmark = [pytest.mark.real, pytest.mark.limit(300)]

BYTES = bytes(range(256)) * 8  # no T1 of silence before a +, so nothing of it is a handshake

# A small receive buffer, so that a server that stops reading is felt soon.
ECHO = b"""
import socket
server = socket.create_server(("127.0.0.1", 9000))
server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
while True:
    with server.accept()[0] as client:
        while data := client.recv(1024):
            client.sendall(data)
"""

SETTINGS = [
    'AT+SOCKA="TCP","127.0.0.1",9000',
    'AT+HEARTEN="off"',
    'AT+STMSG=""',
    "AT+S",
]


@pytest.fixture(scope="module")
def guest(
    package: Path, dependencies: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Guest]:
    """A booted machine with the package and the server."""
    console = tmp_path_factory.mktemp("guest") / "console"
    with Guest(image("disk", "bookworm", dependencies + TOOLS), console) as machine:
        machine.put("/tmp/usr7s3d.deb", package.read_bytes())
        machine.put("/tmp/echo.py", ECHO)
        machine.run("systemd-run --unit=echo python3 /tmp/echo.py")
        install = "apt-get -q -y --no-install-recommends install /tmp/usr7s3d.deb"
        machine.run(install, timeout=INSTALL)
        yield machine


def configure(guest: Guest, text: str) -> None:
    if "[modem]" not in text:  # the server is on the machine itself
        text += '[bearer]\nkind = "host"\n'
    guest.put("/etc/usr7s3d/usr7s3d.toml", text.encode())
    guest.run("usr7s3d --check && systemctl reload usr7s3d")


def ready(guest: Guest, uart: str = "open") -> None:
    """Until the UART is as told and, when it is open, socket A connected."""
    link = "connected" if uart == "open" else ""
    state = f'"state": "{uart}".*"a": {{[^}}]*"state": "{link}'
    guest.until(f"usr7s3ctl status --json | tr -d '\\n' | grep -q '{state}'")


def exchange(line: socket.socket, sent: bytes) -> None:
    line.sendall(sent)
    expect(line, sent)


def expect(line: socket.socket, wanted: bytes) -> None:
    line.settimeout(60)
    received = b""
    while len(received) < len(wanted):
        received += line.recv(4096)
    assert received == wanted


def test_up_before_anything_is_plugged_in(guest: Guest) -> None:
    guest.run("systemctl is-active usr7s3d")
    for command in SETTINGS:
        guest.run(f"usr7s3ctl at '{command}'")


def test_a_16550(guest: Guest) -> None:
    configure(guest, '[uart]\ndevice = "/dev/ttyS1"\n')
    ready(guest)
    exchange(guest.uart, BYTES)


def test_an_ftdi_adapter_plugged_in_later(guest: Guest) -> None:
    configure(guest, '[uart]\ndevice = "/dev/ttyUSB0"\n')
    ready(guest, "waiting")
    guest.run("! grep -q ttyUSB /proc/devices")  # the driver is not even loaded
    guest.plug(0)
    ready(guest)
    exchange(guest.usb[0], BYTES)


def test_the_adapter_unplugged_and_plugged_in_again(guest: Guest) -> None:
    pid = guest.run("systemctl show --value -p MainPID usr7s3d")
    guest.unplug(0)
    ready(guest, "waiting")
    guest.plug(0)
    ready(guest)
    exchange(guest.usb[0], BYTES)
    assert guest.run("systemctl show --value -p MainPID usr7s3d") == pid
    guest.unplug(0)


def test_crts_stops_the_sender_and_loses_nothing(guest: Guest, tmp_path: Path) -> None:
    configure(guest, '[uart]\ndevice = "/dev/ttyS1"\n')
    guest.run("""usr7s3ctl at 'AT+UART=115200,"NONE",8,1,"CRTS"' && usr7s3ctl at AT+S""")
    guest.until("stty -F /dev/ttyS1 -a | grep -q ' crtscts'")
    ready(guest)
    trace = tmp_path / "trace"
    guest.monitor("human-monitor-command", **{"command-line": f"logfile {trace}"})
    guest.monitor("human-monitor-command", **{"command-line": "trace-event serial_write on"})
    guest.run("systemctl kill --signal=STOP echo")
    sent = b""
    while len(sent) < 500_000 and rts(trace):
        piece = bytes((len(sent) // 256 + n) % 256 for n in range(256))
        guest.uart.sendall(piece)
        sent += piece
        time.sleep(256 / 11520)  # the rate of the line: the emulated one takes bytes as they come
    assert not rts(trace), "the sender was never stopped"
    guest.run("systemctl kill --signal=CONT echo")
    expect(guest.uart, sent)
    assert rts(trace)
    guest.monitor("human-monitor-command", **{"command-line": "trace-event serial_write off"})


def rts(trace: Path) -> bool:
    """What the guest last made of the line: bit 1 of the 16550's register 4."""
    writes = re.findall(r"addr 0x04 val 0x(\w\w)", trace.read_text()) if trace.exists() else []
    return not writes or bool(int(writes[-1], 16) & 2)


REQUEST = bytes.fromhex("010300000001840a")
TURNS = 10


@pytest.mark.parametrize(("active_low", "sending"), [("true", 2), ("false", 0)])
def test_rts_stands_round_every_frame(
    guest: Guest, tmp_path: Path, active_low: str, sending: int
) -> None:
    """RS485 by the RTS of a 16550: the transceiver on, the bytes, the transceiver off."""
    configure(
        guest,
        f'[uart]\ndevice = "/dev/ttyS1"\n[rs485]\ndirection = "rts"\nactive_low = {active_low}\n',
    )
    guest.run("""usr7s3ctl at 'AT+UART=115200,"NONE",8,1,"RS485"' && usr7s3ctl at AT+S""")
    guest.until("usr7s3ctl status | grep -q '^RS485 rts'")
    ready(guest)
    trace = tmp_path / "trace"
    guest.monitor("human-monitor-command", **{"command-line": f"logfile {trace}"})
    guest.monitor("human-monitor-command", **{"command-line": "trace-event serial_write on"})
    for _ in range(TURNS):  # socket A's server sends it back: what we say is what we hear
        exchange(guest.uart, REQUEST)
    guest.until(f"usr7s3ctl status --json | grep -q '\"frames\": {TURNS},'")
    guest.monitor("human-monitor-command", **{"command-line": "trace-event serial_write off"})
    status = json.loads(guest.run("usr7s3ctl status --json"))["uart"]["rs485"]
    assert status["realtime"]  # as the unit allows
    assert letters(trace, sending).endswith("DddddddddL" * TURNS)


def letters(trace: Path, sending: int) -> str:
    """d a byte to the transmitter, D and L the transceiver to sending and to listening."""
    found, before = "", None
    writes = re.findall(r"addr 0x(00|04) val 0x(\w\w)", trace.read_text())
    for register, value in writes:
        if register == "00":
            found += "d"
        elif (now := int(value, 16) & 2) != before:
            found += "D" if now == sending else "L"
            before = now
    return found


def test_sys_is_ours_where_udev_says_so(guest: Guest) -> None:
    """LEDs (a PC has those of its keyboard), seen from inside the sandbox."""
    inside = "nsenter --mount --target $(systemctl show --value -p MainPID usr7s3d)"
    write = f"{inside} runuser -u usr7s3d -- sh -c"
    led = guest.run("ls -d /sys/class/leds/*capslock | head -n 1")
    guest.run(f"{write} 'echo 1 >{led}/brightness && echo none >{led}/trigger'")
    assert guest.attempt(f"{write} 'echo 1 >/sys/kernel/uevent_helper'").status != 0


def test_a_kernel_led_blinks_by_the_kernels_timer(guest: Guest) -> None:
    """udev hands its files over a moment after they are there."""
    guest.run("modprobe ledtrig-timer")
    led = guest.run("basename $(ls -d /sys/class/leds/*capslock | head -n 1)")
    configure(guest, f'[uart]\ndevice = "/dev/ttyS1"\n[leds]\nwork = "led:{led}"\n')
    guest.until(f"grep -qx 1000 /sys/class/leds/{led}/delay_on")
    guest.run(f"grep -qx 1000 /sys/class/leds/{led}/delay_off")
    configure(guest, '[uart]\ndevice = "/dev/ttyS1"\n')
    guest.until(f"grep -q '\\[none\\]' /sys/class/leds/{led}/trigger")


# The network at the other end of the cable between adapters 2 and 3.
CARRIER = """
ip netns add carrier
systemd-run --unit=carrier ip netns exec carrier pppd /dev/ttyUSB1 nodetach local passive \
    persist holdoff 1 noccp nodefaultroute require-pap 10.64.64.64:10.64.64.65 \
    ms-dns 10.64.64.1 ms-dns 10.64.64.2
"""

CALL = b"""
import json, socket, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(60)
s.connect("/run/usr7s3d-ppp.sock")
request = {"tty": "/dev/" + sys.argv[1], "pdp_type": "IP", "auth": "pap"}
request |= {"user": "web", "password": sys.argv[2]}
s.sendall(json.dumps(request).encode() + b"\\n")
reports = {}
for line in s.makefile():
    reports |= json.loads(line)
    if {"refused", "exit"} & set(reports) or reports.get("dns") == "10.64.64.2":
        break
print(json.dumps(reports))
if sys.argv[3:]:
    sys.stdout.flush()
    sys.stdin.read()
"""


def call(guest: Guest, tty: str, password: str = "secret") -> dict[str, Any]:
    answer = guest.run(f"runuser -u usr7s3d -- python3 /tmp/call.py {tty} {password}")
    reports: dict[str, Any] = json.loads(answer)
    return reports


def test_ppp_on_our_modem_only(guest: Guest) -> None:
    guest.put("/tmp/call.py", CALL)
    guest.plug(2)
    guest.plug(3)
    guest.until("test -c /dev/ttyUSB1")
    assert "not the modem" in call(guest, "ttyUSB0")["refused"]
    configure(guest, '[uart]\ndevice = "/dev/ttyS1"\n[modem]\nusb = "1-3"\n')
    guest.run("udevadm trigger --subsystem-match=usb --settle")
    assert "not the modem" in call(guest, "ttyUSB1")["refused"]
    assert "not a USB" in call(guest, "ttyS1")["refused"]
    guest.run("systemctl stop usr7s3d")  # it would have the port, which is ours here
    seen = guest.run("udevadm info /sys/bus/usb/devices/1-3")
    assert "ID_MM_DEVICE_IGNORE=1" in seen
    assert guest.run("stat -c %U /sys/bus/usb/devices/1-3/authorized") == "usr7s3d"


def test_ppp(guest: Guest) -> None:
    guest.run("echo '* * secret *' >>/etc/ppp/pap-secrets")
    guest.run("echo 'nameserver 192.0.2.1' >/etc/resolv.conf")
    guest.run(CARRIER)
    reports = call(guest, "ttyUSB0")
    assert reports["interface"] == "ppp0"
    assert (reports["address"], reports["peer"]) == ("10.64.64.65", "10.64.64.64")
    assert guest.run("cat /etc/resolv.conf") == "nameserver 192.0.2.1"
    guest.until("! pgrep -a -x pppd | grep -q ttyUSB0")


def test_ppp_ends_when_the_module_is_killed(guest: Guest) -> None:
    caller = "sleep 1000 | python3 /tmp/call.py ttyUSB0 secret stay"
    guest.run(f'systemd-run --unit=caller --uid=usr7s3d sh -c "{caller}"')
    guest.until("ip address show ppp0 | grep -q 10.64.64.65")
    assert "metric 9999" in guest.run("ip route show default")
    guest.run("systemctl kill --signal=KILL caller")
    guest.until("! pgrep -a -x pppd | grep -q ttyUSB0")
    guest.until("! ip link show ppp0")


def test_ppp_password_refused(guest: Guest) -> None:
    assert call(guest, "ttyUSB0", "wrong")["exit"] == 19
