"""Root's only part, with requests that mean harm and a pppd that follows a script."""

import json
import os
import select
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usr7s3d import pppstarter
from usr7s3d.pppstarter import RefusedError, Request

GOOD = {
    "tty": "/dev/ttyUSB0",
    "pdp_type": "IP",
    "auth": "chap",
    "user": "web",
    "password": "secret",
}
UDEV_PROPERTIES = pppstarter.udev_properties  # the real one
SCRIPTED_PPPD = Path(__file__).with_name("pppd.py")


def line(**changes: object) -> bytes:
    return json.dumps(GOOD | changes).encode() + b"\n"


def test_a_request() -> None:
    assert pppstarter.parse(line()) == Request("/dev/ttyUSB0", "IP", "chap", "web", "secret")
    bare = Request("/dev/ttyUSB0", "IP", "chap", "", "")
    assert pppstarter.parse(line(user="", password="")) == bare


@pytest.mark.parametrize(
    ("changes", "wanted", "unwanted"),
    [
        ({"auth": "pap"}, {"refuse-chap"}, {"refuse-pap"}),
        ({"auth": "chap"}, {"refuse-pap"}, {"refuse-chap"}),
        ({"auth": "none"}, {"refuse-pap", "refuse-chap", "refuse-eap"}, set()),
        # Without a user nothing is at stake, and a modem may insist on its kind.
        ({"auth": "chap", "user": ""}, set(), {"refuse-pap", "refuse-chap"}),
        ({"pdp_type": "IP"}, {"noipv6"}, {"+ipv6", "noip"}),
        ({"pdp_type": "IPV6"}, {"+ipv6", "noip"}, {"noipv6"}),
        ({"pdp_type": "IPV4V6"}, {"+ipv6"}, {"noipv6", "noip"}),
    ],
)
def test_what_may_be_chosen(
    changes: dict[str, object], wanted: set[str], unwanted: set[str]
) -> None:
    options = set(pppstarter.parse(line(**changes)).options)
    assert wanted <= options
    assert not unwanted & options


@pytest.mark.parametrize(
    "request_line",
    [
        b"",
        b"\n",
        b"\xff\xfe\n",
        b"[" * 500 + b"\n",
        b"null\n",
        b'"/dev/ttyUSB0"\n',
        b'{"tty": "/dev/ttyUSB0"}\n',
        line(connect="/bin/sh"),
        line(tty=None),
        line(user=1),
        line(password=["secret"]),
        line(user="x" * 65),
        line(password="x" * 65),
        line(user="web\nconnect /bin/sh"),
        line(password="\x00"),
        line(auth="eap"),
        line(auth="chap connect"),
        line(auth=[]),
        line(pdp_type="ip"),
        line(pdp_type={}),
        line(user="\x7f"),
        line(user="é"),
        line(user="\u202e"),
    ],
)
def test_requests_that_are_none(request_line: bytes) -> None:
    with pytest.raises(RefusedError) as error:
        pppstarter.parse(request_line)
    assert "secret" not in str(error.value)


@given(st.binary(max_size=600))
def test_noise_is_refused(noise: bytes) -> None:
    with pytest.raises(RefusedError):
        pppstarter.parse(noise)


# A machine with one modem (1-1), a USB adapter that is none (1-2) and an on-chip UART.
PORTS = {
    (188, 0): "devices/usb1/1-1/1-1:1.0/ttyUSB0/tty/ttyUSB0",
    (188, 1): "devices/usb1/1-2/1-2:1.0/ttyUSB1/tty/ttyUSB1",
    (188, 2): "devices/platform/ttyUSB2",
    (204, 64): "devices/platform/ttyAMA0",
}


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root folder with sysfs; device nodes are plain files whose text is "MAJOR:MINOR"."""
    for (major, minor), place in PORTS.items():
        (tmp_path / "sys" / place).mkdir(parents=True)
        link = tmp_path / f"sys/dev/char/{major}:{minor}"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(tmp_path / "sys" / place)
        node(tmp_path, place.rpartition("/")[2], major, minor)
    for device in ("1-1", "1-2"):
        (tmp_path / f"sys/devices/usb1/{device}/idVendor").touch()
    monkeypatch.setattr(os, "lstat", _lstat)
    monkeypatch.setattr(pppstarter, "udev_properties", _udev_properties)
    return tmp_path


def node(root: Path, name: str, major: int, minor: int) -> None:
    (root / "dev").mkdir(exist_ok=True)
    (root / "dev" / name).write_text(f"{major}:{minor}")


def _lstat(name: Any, really: Any = os.lstat) -> Any:
    path, status = Path(name), really(name)
    if path.parent.name != "dev" or not stat.S_ISREG(status.st_mode):
        return status
    major, minor = map(int, path.read_text().split(":"))
    return _Node(stat.S_IFCHR, os.makedev(major, minor))


class _Node:
    def __init__(self, mode: int, rdev: int) -> None:
        self.st_mode = mode
        self.st_rdev = rdev


def _udev_properties(device: Path) -> list[str]:
    return ["DEVTYPE=usb_device"] + ["USR7S3D_MODEM=1"] * (device.name == "1-1")


def test_the_port_of_the_modem(machine: Path) -> None:
    pppstarter.check_tty("/dev/ttyUSB0", machine)


@pytest.mark.parametrize(
    ("tty", "reason"),
    [
        ("/dev/ttyUSB1", "not the modem"),
        ("/dev/ttyUSB2", "not below a USB device"),
        ("/dev/ttyUSB3", "No such file"),
        ("/dev/ttyUSB4", "not the device it is called"),  # a link
        ("/dev/ttyUSB5", "not the device it is called"),  # the console by another name
        ("/dev/ttyUSB6", "not the device it is called"),  # a folder
        ("/dev/ttyAMA0", "not a USB serial port"),
        ("/dev/ttyS0", "not a USB serial port"),
        ("/dev/console", "not a USB serial port"),
        ("/dev/pts/0", "not a USB serial port"),
        ("/dev/../dev/ttyUSB0", "not a USB serial port"),
        ("/dev/ttyUSB0/../console", "not a USB serial port"),
        ("/dev/ttyUSB0\n", "not a USB serial port"),
        ("ttyUSB0", "not a USB serial port"),
        ("", "not a USB serial port"),
        ("call evil", "not a USB serial port"),
    ],
)
def test_other_ttys(machine: Path, tty: str, reason: str) -> None:
    (machine / "dev/ttyUSB4").symlink_to(machine / "dev/ttyUSB0")
    node(machine, "ttyUSB5", 5, 1)
    (machine / "dev/ttyUSB6").mkdir()
    with pytest.raises(RefusedError, match=reason):
        pppstarter.check_tty(tty, machine)


@contextmanager
def starter(*options: str) -> Iterator[socket.socket]:
    """One connection, as systemd would hand it over."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-I", pppstarter.__file__, *options]
    child = subprocess.Popen(command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL)
    theirs.close()
    with ours, child:
        ours.settimeout(20)
        try:
            yield ours
        finally:
            ours.close()
            assert child.wait(20) == 0


@contextmanager
def call(tty: Path, user: str) -> Iterator[Iterator[dict[str, object]]]:
    with starter("--any-tty", "--pppd", str(SCRIPTED_PPPD)) as client:
        client.sendall(line(tty=str(tty), user=user))
        with client.makefile() as reports:
            yield map(json.loads, reports)


def is_alive(tty: Path) -> bool:
    pid = json.loads(Path(f"{tty}.log").read_text())["pid"]
    return Path(f"/proc/{pid}").exists()


@pytest.fixture
def tty() -> Iterator[Path]:
    path = Path(f"/tmp/usr7s3d-test-tty-{os.getpid()}")  # short: a request's field is bounded
    path.touch()
    yield path
    path.unlink()
    Path(f"{path}.log").unlink(missing_ok=True)


UP = [
    {"interface": "ppp0"},
    {"log": "Connect: ppp0 <--> {tty}"},
    {"address": "10.64.64.65"},
    {"peer": "10.64.64.64"},
    {"dns": "10.64.64.1"},
    {"dns": "10.64.64.2"},
]


def up(tty: Path) -> list[dict[str, str]]:
    return [{name: text.format(tty=tty) for name, text in report.items()} for report in UP]


@pytest.mark.real
def test_pppd_ends_with_the_socket(tty: Path) -> None:
    with call(tty, "up") as reports:
        assert [next(reports) for _ in UP] == up(tty)
        assert is_alive(tty)
    assert not is_alive(tty)


@pytest.mark.real
def test_a_pppd_that_will_not_end(tty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pppstarter, "END_TIME", 0.1)
    with pppstarter.start(
        str(SCRIPTED_PPPD), Request(str(tty), "IP", "chap", "deaf", "")
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert pppstarter.end(process) == -signal.SIGKILL


@pytest.mark.real
def test_the_password_is_on_no_command_line(tty: Path) -> None:
    with call(tty, "auth") as reports:
        assert list(reports) == [{"log": "CHAP authentication failed"}, {"exit": 19}]
    seen = json.loads(Path(f"{tty}.log").read_text())
    assert seen["password"] == "secret"
    assert "secret" not in seen["argv"]


@pytest.mark.real
def test_a_line_that_is_lost(tty: Path) -> None:
    with call(tty, "hangup") as reports:
        assert list(reports) == [*up(tty), {"log": "Modem hangup"}, {"exit": 16}]


CLIENT = """
import signal, socket, subprocess, sys
ours, theirs = socket.socketpair()
subprocess.Popen(sys.argv[2:], stdin=theirs.fileno(), stdout=subprocess.DEVNULL)
theirs.close()
ours.sendall(sys.argv[1].encode())
ours.recv(1)
print("up", flush=True)
signal.pause()
"""


@pytest.mark.real
def test_kill_9_of_the_client_leaves_no_pppd(tty: Path) -> None:
    starter = [pppstarter.__file__, "--any-tty", "--pppd", str(SCRIPTED_PPPD)]
    command = [sys.executable, "-c", CLIENT, line(tty=str(tty), user="up").decode()]
    with subprocess.Popen(
        [*command, sys.executable, "-I", *starter], stdout=subprocess.PIPE
    ) as client:
        assert client.stdout is not None
        assert client.stdout.readline() == b"up\n"
        pppd = os.pidfd_open(json.loads(Path(f"{tty}.log").read_text())["pid"])
        client.kill()
    with os.fdopen(pppd):
        assert select.select([pppd], [], [], 20)[0]  # readable: it has ended


@pytest.mark.real
@pytest.mark.parametrize(
    "sent",
    [b"x" * 600, line() + line(), line(tty="/dev/console"), line(tty="/dev/ttyUSB999"), b"{}\n"],
)
def test_refused_on_the_socket(sent: bytes) -> None:
    with starter("--pppd", "/bin/false") as client:
        client.sendall(sent)
        assert b'"refused"' in client.recv(1000)


@pytest.mark.real
def test_half_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pppstarter, "REQUEST_TIME", 0.2)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(line()[:-1])
        with pytest.raises(RefusedError, match="in time"):
            pppstarter.read_request(theirs)
        ours.shutdown(socket.SHUT_WR)
        with pytest.raises(RefusedError, match="closed"):
            pppstarter.read_request(theirs)


@pytest.mark.real
def test_no_pppd_installed(tty: Path) -> None:
    with starter("--any-tty", "--pppd", "/nonexistent/pppd") as client:
        client.sendall(line(tty=str(tty)))
        assert b"No such file" in client.recv(1000)


@contextmanager
def served(tty: Path, **changes: object) -> Iterator[tuple[socket.socket, threading.Thread]]:
    """The same in a thread of ours, where its times can be made shorter."""
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with theirs, suppress(ConnectionError, TimeoutError):
            pppstarter.serve(theirs, str(SCRIPTED_PPPD), any_tty=True)

    thread = threading.Thread(target=serve, daemon=True)
    with ours:
        ours.settimeout(20)
        thread.start()
        ours.sendall(line(tty=str(tty), **changes))
        yield ours, thread


@pytest.mark.real
def test_a_client_that_does_not_listen(tty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """pppd does not go on behind a socket that is full."""
    monkeypatch.setattr(pppstarter, "REQUEST_TIME", 0.5)
    with served(tty, user="flood") as (_, thread):
        thread.join(20)
        assert not thread.is_alive()
    assert not is_alive(tty)


@pytest.mark.real
def test_a_client_that_goes_while_pppd_talks(tty: Path) -> None:
    with starter("--any-tty", "--pppd", str(SCRIPTED_PPPD)) as client:
        client.sendall(line(tty=str(tty), user="flood"))
        assert client.recv(100)
    assert not is_alive(tty)


@pytest.mark.real
def test_a_deaf_pppd_ends_with_its_client(tty: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pppstarter, "END_TIME", 0.3)
    with served(tty, user="deaf") as (client, thread):
        assert client.recv(100)
        client.shutdown(socket.SHUT_WR)
        with client.makefile() as reports:
            assert json.loads(list(reports)[-1]) == {"exit": -signal.SIGKILL}
        thread.join(20)
    assert not is_alive(tty)


@pytest.mark.real
def test_a_second_request_ends_the_first(tty: Path) -> None:
    with starter("--any-tty", "--pppd", str(SCRIPTED_PPPD)) as client:
        client.sendall(line(tty=str(tty), user="up"))
        client.recv(10)
        client.sendall(line(tty=str(tty), user="up", password="other"))
    assert not is_alive(tty)


@pytest.mark.real
def test_a_udev_that_does_not_answer(
    machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pppstarter, "udev_properties", UDEV_PROPERTIES)
    monkeypatch.setattr(pppstarter, "UDEV_TIME", 0.2)
    udevadm = tmp_path / "udevadm"
    udevadm.write_text("#!/bin/sh\nexec sleep 5\n")
    udevadm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(RefusedError, match="udev"):
        pppstarter.check_tty("/dev/ttyUSB0", machine)
    udevadm.write_text('#!/bin/sh\nprintf "ID_MODEL=\\377\\nUSR7S3D_MODEM=1\\n"\n')
    pppstarter.check_tty("/dev/ttyUSB0", machine)
    udevadm.write_text('#!/bin/sh\nprintf "XUSR7S3D_MODEM=1\\nUSR7S3D_MODEM=10\\n"\n')
    with pytest.raises(RefusedError, match="not the modem"):
        pppstarter.check_tty("/dev/ttyUSB0", machine)


def test_what_pppd_says_is_bounded() -> None:
    for text in ("x" * 9000, "local IP address " + "1" * 9000, "\0" * 9000, "\ufffd" * 9000):
        assert len(json.dumps(pppstarter.report(text))) < 2048
