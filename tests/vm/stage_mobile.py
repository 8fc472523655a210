"""The mobile bearer on Debian's kernel: modem, PPP, and what goes wrong with them.

The modem is the simulator, behind two FTDI adapters; the carrier a real pppd in a network
namespace of the guest, behind a third one.  One machine for each release (ppp 2.4 and 2.5), and
the tests in order, each from where the last one stopped.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.vm.conftest import TOOLS
from tests.vm.guest import INSTALL, Guest
from tests.vm.images import image
from tests.vm.modem import Modem

pytestmark = [pytest.mark.real, pytest.mark.limit(600)]

AT, DATA, CARRIER = 0, 1, 4  # adapters
BYTES = bytes(range(256)) * 4
Took = Callable[[float, str], None]

MEMORY = 26 * 1024  # kB
LIMIT = 150.0  # s to be back, on a machine that is emulated

WORDS = "pin 4711\napns internet\n"

CONFIG = """\
[uart]
device = "/dev/ttyS1"
[modem]
usb = "0403:6001"
at_port = "{at}"
data_port = "{data}"
pin = "{pin}"
"""

# Another module of the same machine; it has no modem of its own.
SECOND = b"""\
[uart]
device = "pty:/run/usr7s3d-two/uart"
[bearer]
kind = "host"
interface = "ppp0"
[modem]
at_port = "none"
"""
TWO = "--runtime-dir /run/usr7s3d-two"

SETTINGS = [
    'AT+SOCKA="TCP","server.example",7000',
    'AT+HEARTEN="off"',
    'AT+STMSG=""',
    'AT+CMDPW="pass9"',
    'AT+APN="internet","web","secret"',
    "AT+S",
]

# Behind the carrier: a name server that knows one address, and at that one an echo.
BEYOND = b"""
import socket, threading
def names():
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("10.64.64.1", 53))
    while True:
        query, who = s.recvfrom(512)
        end = query.index(b"\\0", 12) + 5
        wants = query[end - 4:end - 2] == b"\\0\\1"
        head = query[:2] + b"\\x81\\x80\\0\\1" + (b"\\0\\1" if wants else b"\\0\\0") + bytes(4)
        answer = b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\0\\0\\4" + socket.inet_aton("10.99.0.1")
        s.sendto(head + query[12:end] + (answer if wants else b""), who)
threading.Thread(target=names, daemon=True).start()
def echo(client):
    with client:
        try:
            while data := client.recv(1024):
                client.sendall(data)
        except OSError:
            pass
server = socket.create_server(("10.99.0.1", 7000))
while True:
    threading.Thread(target=echo, args=[server.accept()[0]], daemon=True).start()
"""

# Inside: ``usr7s3ctl status --json`` for whoever connects.  To start Python for each look would
# keep an emulated machine busy with nothing else.
STATUS = b"""
import socket
server = socket.create_server(("127.0.0.1", 901))
while True:
    client = server.accept()[0]
    with client, socket.socket(socket.AF_UNIX) as daemon:
        try:
            daemon.connect("/run/usr7s3d/control.sock")
            daemon.sendall(b'{"verb": "status"}\\n')
            client.sendall(daemon.makefile("rb").readline())
        except OSError:
            pass
"""
LOOK = "bash -c 'exec 3<>/dev/tcp/127.0.0.1/901 && cat <&3'"

NETWORK = """
ip netns add carrier
ip -n carrier link set lo up
ip -n carrier address add 10.64.64.1/32 dev lo
ip -n carrier address add 10.99.0.1/32 dev lo
systemd-run --unit=beyond ip netns exec carrier python3 /tmp/beyond.py
echo 'web * secret *' >>/etc/ppp/chap-secrets
systemd-run --unit=carrier ip netns exec carrier pppd {tty} nodetach local passive persist \
    maxfail 0 holdoff 1 noccp nodefaultroute require-chap 10.64.64.64:10.64.64.65 \
    ms-dns 10.64.64.1
ip netns add lan
ip link add lan0 type veth peer name eth0 netns lan
ip address add 192.0.2.10/24 dev lan0
ip link set lan0 up
ip -n lan address add 192.0.2.1/24 dev eth0
ip -n lan link set eth0 up
ip route add default via 192.0.2.1 dev lan0 metric 100
echo 'nameserver 192.0.2.1' >/etc/resolv.conf
"""


class Place:
    """A guest with a modem."""

    def __init__(self, guest: Guest, modem: Modem) -> None:
        self.guest = guest
        self.modem = modem

    def adapter(self, number: int) -> str:
        found = f"/dev/serial/by-id/*FTDI{number}*"
        there = self.guest.attempt(
            f"for i in $(seq 120); do ls {found} 2>/dev/null && exit 0; sleep 1; done; exit 1", 180
        )
        assert there.status == 0, self.guest.run("lsmod; ls -R /dev/serial; dmesg | tail -n 30")
        return there.output.strip()

    def configure(self, pin: str = "4711") -> None:
        text = CONFIG.format(at=self.at, data=self.data, pin=pin)
        self.guest.put("/etc/usr7s3d/usr7s3d.toml", text.encode())
        self.guest.run("usr7s3d --check && systemctl reload usr7s3d")

    def at_command(self, *commands: str) -> None:
        for command in commands:
            self.guest.run(f"usr7s3ctl at '{command}'")

    def plug(self) -> None:
        self.guest.plug(AT)
        self.guest.plug(DATA)
        self.at, self.data = self.adapter(AT), self.adapter(DATA)

    def status(self) -> dict[str, Any]:
        """What the daemon says now; raises ValueError while there is none."""
        found: dict[str, Any] = json.loads(self.guest.run(LOOK))
        return found

    def until(self, what: Callable[[dict[str, Any]], object], limit: float = LIMIT) -> float:
        """Wait for a status; s that it took."""
        began = time.monotonic()
        while not what(status := self.status()):
            if time.monotonic() - began > limit:
                log = self.guest.run("journalctl --no-pager -o short-monotonic -n 60")
                raise AssertionError(f"{json.dumps(status, indent=1)}\n{log}\n{self.modem.log}")
            time.sleep(0.5)
        return time.monotonic() - began

    def until_online(self, limit: float = LIMIT) -> float:
        """Until a byte of the UART has gone over PPP and come back."""
        took = self.until(lambda status: status["links"]["a"]["state"] == "connected", limit)
        self.exchange(b"ping")
        return took

    def exchange(self, data: bytes) -> None:
        line = self.guest.uart
        line.settimeout(60)
        line.sendall(data)
        received = b""
        while len(received) < len(data):
            received += line.recv(4096)
        assert received == data


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def place(
    request: pytest.FixtureRequest,
    package: Path,
    dependencies: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Place]:
    """A booted machine with the package, a modem that waits for its PIN, a carrier and a LAN."""
    folder = tmp_path_factory.mktemp("mobile")
    with (
        Guest(image("disk", request.param, dependencies + TOOLS), folder / "console") as guest,
        Modem(guest, folder, WORDS) as modem,
    ):
        guest.run("systemctl stop ModemManager")
        guest.put("/tmp/usr7s3d.deb", package.read_bytes())
        guest.put("/tmp/beyond.py", BEYOND)
        guest.put("/tmp/status.py", STATUS)
        guest.run("systemd-run --unit=status python3 /tmp/status.py")
        guest.run("apt-get -q -y --no-install-recommends install /tmp/usr7s3d.deb", timeout=INSTALL)
        place = Place(guest, modem)
        guest.plug(CARRIER)
        guest.run(NETWORK.format(tty=place.adapter(CARRIER)))
        yield place


@pytest.fixture
def took(record_property: Callable[[str, object], None]) -> Callable[[float, str], None]:
    """For the report at the end: how long it took on this machine, which is emulated."""
    return lambda seconds, what: record_property(what, f"{seconds:.1f} s")


only_bookworm = pytest.mark.parametrize("place", ["bookworm"], indirect=True)


def test_up_without_a_modem(place: Place) -> None:
    place.at_command(*SETTINGS)
    place.at = "/dev/serial/by-id/usb-QEMU_QEMU_USB_SERIAL_FTDI0-if00-port0"
    place.data = "/dev/serial/by-id/usb-QEMU_QEMU_USB_SERIAL_FTDI1-if00-port0"
    place.configure()
    place.until(lambda status: status["uart"]["state"] == "open")
    status = place.status()
    assert status["modem"]["state"] == "absent"
    assert status["bearer"]["waits_for"] == "the modem (absent)"
    assert status["links"]["a"]["state"] == "waiting"


def test_found_unlocked_dialled_connected(place: Place, took: Took) -> None:
    place.modem.say("sim pin")
    place.plug()
    took(place.until_online(), "from the plug to a connected socket")
    place.exchange(BYTES)
    status = place.status()
    assert (status["bearer"]["state"], status["bearer"]["interface"]) == ("up", "ppp0")
    assert status["bearer"]["name_servers"] == ["10.64.64.1"]
    connection = place.guest.run("ss -Htn dst 10.99.0.1")
    assert "10.64.64.65%ppp0" in connection


def test_the_lan_beside_it_stays_as_it_is(place: Place) -> None:
    assert place.guest.run("cat /etc/resolv.conf") == "nameserver 192.0.2.1"
    # pppd 2.4 adds no default route where there is one; sockets bound to ppp0 need none.
    first, *behind = place.guest.run("ip route show default").splitlines()
    assert "dev lan0" in first
    assert all("metric 9999" in route for route in behind)
    assert "dev lan0" in place.guest.run("ip route get 198.51.100.1")


def test_a_command_by_sms_meanwhile(place: Place, took: Took) -> None:
    place.modem.say("sms +491701234567 pass9#AT+HEARTTM?")
    began = time.monotonic()
    while "SMS to +491701234567: +HEARTTM:30" not in place.modem.log:
        assert time.monotonic() - began < LIMIT, place.modem.log
        time.sleep(0.5)
    took(time.monotonic() - began, "from a command by SMS to its answer")
    place.exchange(BYTES)


def test_its_memory_in_a_call(place: Place, record_property: Callable[[str, object], None]) -> None:
    pid = place.guest.run("systemctl show --value -p MainPID usr7s3d")
    size = int(place.guest.run(f"grep VmRSS /proc/{pid}/status").split()[1])
    record_property("memory in a call", f"{size} kB")
    assert size < MEMORY


def test_a_second_module_goes_over_the_same_call(place: Place) -> None:
    place.guest.put("/etc/usr7s3d/two.toml", SECOND)
    place.guest.run("systemctl start usr7s3d@two")
    place.guest.run(f'usr7s3ctl {TWO} at \'AT+SOCKA="TCP","10.99.0.1",7000\'')
    place.guest.run(f"usr7s3ctl {TWO} at AT+S")
    place.guest.until("test $(ss -Htn state established dst 10.99.0.1 | grep -c %ppp0) = 2", 60)
    place.guest.run("systemctl stop usr7s3d@two")
    place.exchange(BYTES)


@contextmanager
def traffic(place: Place) -> Iterator[None]:
    """Bytes on the UART, and whatever comes back thrown away."""
    over = threading.Event()

    def send() -> None:
        while not over.wait(0.2):
            place.guest.uart.sendall(b"0123456789")

    sending = threading.Thread(target=send)
    sending.start()
    try:
        yield
    finally:
        over.set()
        sending.join()


def quiet(place: Place) -> None:
    """What still comes from the UART has come."""
    place.guest.uart.settimeout(8)
    try:
        while place.guest.uart.recv(65536):
            pass
    except TimeoutError:
        pass


def test_unplugged_in_the_middle_and_back_without_a_hand(place: Place, took: Took) -> None:
    connects = place.status()["links"]["a"]["connects"]
    with traffic(place):
        time.sleep(3)
        place.guest.unplug(AT)
        place.guest.unplug(DATA)
        place.modem.say("unplug")
        place.until(lambda status: status["modem"]["state"] == "absent")
        place.guest.until("! pgrep -a -x pppd | grep -v FTDI4")
        place.modem.say("plug")
        place.plug()
        took(
            place.until(lambda status: status["links"]["a"]["connects"] > connects),
            "from the plug to a connected socket again",
        )
    quiet(place)
    place.exchange(BYTES)


def test_the_carrier_ends_the_link(place: Place, took: Took) -> None:
    connects = place.status()["bearer"]["connects"]
    place.guest.run("systemctl kill --signal=HUP carrier")
    took(
        place.until(lambda status: status["bearer"]["connects"] > connects),
        "from the carrier's end of LCP to the next session",
    )
    place.until_online()


def test_the_password_is_refused(place: Place, took: Took) -> None:
    place.at_command('AT+APN="internet","web","wrong"', "AT+S")
    place.until(lambda status: "refuses user or password" in status["bearer"]["last_error"])
    place.at_command('AT+APN="internet","web","secret"', "AT+S")
    took(place.until_online(), "from the right password to a connected socket")
    assert "secret" not in place.guest.run("journalctl --no-pager")


def test_the_apn_is_refused(place: Place) -> None:
    place.at_command('AT+APN="elsewhere","web","secret"', "AT+S")
    place.until(lambda status: "NO CARRIER" in status["bearer"]["last_error"])
    place.at_command('AT+APN="internet","web","secret"', "AT+S")
    place.until_online()


def test_kill_9_leaves_no_pppd(place: Place, took: Took) -> None:
    place.guest.run("systemctl kill --signal=KILL usr7s3d")
    place.guest.until("! pgrep -a -x pppd | grep -v FTDI4")
    place.guest.until("usr7s3ctl status")
    took(place.until_online(), "from kill -9 to a connected socket")


def test_modem_manager_keeps_off(place: Place) -> None:
    place.guest.run("systemctl start ModemManager")
    time.sleep(15)
    pid = place.guest.run("systemctl show --value -p MainPID ModemManager")
    assert "ttyUSB" not in place.guest.run(f"ls -l /proc/{pid}/fd")
    place.exchange(BYTES)
    place.guest.run("systemctl stop ModemManager")


@only_bookworm
def test_a_line_that_has_become_a_hole(place: Place, took: Took) -> None:
    connects = place.status()["bearer"]["connects"]
    place.modem.say("hole")
    took(
        place.until(lambda status: status["bearer"]["state"] != "up"),
        "until LCP echo has noticed that the line is dead",
    )
    place.modem.say("through")
    place.until(lambda status: status["bearer"]["connects"] > connects)
    place.until_online()


@only_bookworm
def test_a_mute_modem_is_reset_by_its_plug(place: Place, took: Took) -> None:
    def resets(status: dict[str, Any]) -> int:
        count: int = status["modem"]["recovery"]["taken"].get("usb_reset", 0)
        return count

    before = resets(place.status())
    place.modem.say("silent")
    took(
        place.until(lambda status: resets(status) > before, limit=400),
        "from the last answer to the USB reset",
    )
    assert "reset full-speed USB device" in place.guest.run("dmesg")
    place.modem.say("mend")
    place.until(lambda status: status["modem"]["state"] == "registered")
    place.until_online()


@only_bookworm
def test_the_sim_is_refused(place: Place) -> None:
    place.configure(pin="9999")
    place.modem.say("sim pin")
    place.until(lambda status: status["modem"]["state"] == "sim")
    problem = place.status()["modem"]["problem"]
    assert "PIN" in problem
    assert "9999" not in problem
    place.configure()
    place.until_online()
