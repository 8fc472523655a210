"""The daemon as a process, and what stands round it: a serial host, a server, systemd.

Everything here waits for the thing itself, with a deadline, and ends what it began.
"""

import errno
import json
import os
import pty
import select
import signal
import socket
import subprocess
import sys
import termios
import tty
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any, BinaryIO, TypeVar

T = TypeVar("T")

WITHIN = 15.0  # s; generous, because the suite shares small machines
POLL = 0.01  # s between two looks at what has no event


def pause(seconds: float) -> None:
    """Let a host's own time pass; hosts do wait, tests do not."""
    select.select([], [], [], seconds)


def until(condition: Callable[[], T], within: float = WITHIN) -> T:
    """The first true value of ``condition``."""
    deadline = monotonic() + within
    while not (value := condition()):
        assert monotonic() < deadline, "waited in vain"
        pause(POLL)
    return value


def readable(fd: int, within: float) -> bool:
    return bool(select.select([fd], [], [], max(0, within))[0])


class Host:
    """A serial device: the other end of a PTY.  ``link`` is a path that will lead to it."""

    def __init__(self, link: Path | None = None) -> None:
        self.fd, self._tty = pty.openpty()
        tty.setraw(self._tty)  # or the kernel would echo what comes before the daemon
        self.path = os.ttyname(self._tty)
        os.set_blocking(self.fd, False)
        if link:
            self.plug_into(link)

    def plug_into(self, link: Path) -> None:
        """Make ``link`` lead here, as udev would."""
        new = link.with_suffix(".new")
        new.symlink_to(self.path)
        new.replace(link)

    def unplug(self) -> None:
        """Vanish, as a USB adapter does."""
        if self.fd >= 0:
            os.close(self.fd)
            os.close(self._tty)
            self.fd = -1

    def line(self) -> list[Any]:
        """The termios of the tty, which the daemon has set."""
        return termios.tcgetattr(self._tty)

    def write(self, data: bytes, within: float = WITHIN) -> None:
        """All of ``data``, at the speed at which it is taken."""
        deadline = monotonic() + within
        while data:
            try:
                data = data[os.write(self.fd, data) :]
            except BlockingIOError:
                assert select.select([], [self.fd], [], max(0, deadline - monotonic()))[1]

    def write_some(self, data: bytes) -> int:
        """What is taken at once."""
        try:
            return os.write(self.fd, data)
        except BlockingIOError:
            return 0

    def read(self, within: float = WITHIN, silence: float = 0.003) -> bytes:
        """What comes, up to the first ``silence``: as the least patient firmware reads."""
        data = b""
        while readable(self.fd, silence if data else within):
            try:
                data += os.read(self.fd, 65536)
            except OSError as error:
                if error.errno != errno.EIO:
                    raise
                break
        return data

    def expect(self, wanted: bytes, within: float = WITHIN) -> bytes:
        """Read to the end of ``wanted``; what came before it, and itself."""
        deadline, data = monotonic() + within, b""
        while wanted not in data:
            left = deadline - monotonic()
            assert readable(self.fd, left), f"{wanted!r} did not come, but {data[-500:]!r}"
            data += os.read(self.fd, 65536)
        assert data.endswith(wanted), f"more than {wanted!r} came: {data[-500:]!r}"
        return data

    def command_mode(self) -> None:
        """The handshake of manual 4.1.1."""
        pause(0.21)
        self.write(b"+++")
        self.expect(b"a")
        self.write(b"a")
        self.expect(b"+ok")

    def take(self, size: int) -> bytes:
        """Exactly ``size`` bytes."""
        data = b""
        while len(data) < size:
            more = self.read()
            assert more, f"{len(data)} of {size} bytes came"
            data += more
        assert len(data) == size, f"more than {size} bytes came: {data[size:][:500]!r}"
        return data

    def ask(self, line: str) -> str:
        """The reply to ``line`` in command mode, without the echo and its blank lines."""
        self.write(line.encode("latin-1") + b"\r")
        reply = self.read()
        sent = line.encode("latin-1") + b"\r"
        return reply.removeprefix(sent).decode("latin-1").replace("\r\n", " ").strip()


def flood(peer: socket.socket, data: bytes, patience: float = 0.3) -> int:
    """Send until nothing is taken for ``patience`` s; how much was."""
    peer.setblocking(False)
    taken = 0
    while taken < len(data) and select.select([], [peer], [], patience)[1]:
        taken += peer.send(data[taken:])
    return taken


class Server:
    """A TCP server behind socket A, on loopback."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(WITHIN)
        self.port = int(self._listener.getsockname()[1])
        self._peers: list[socket.socket] = []

    @property
    def setting(self) -> str:
        """As AT+SOCKA has it."""
        return f'"TCP","127.0.0.1",{self.port}'

    def accept(self, receive_buffer: int | None = None) -> socket.socket:
        """The next connection; it is closed at the end."""
        if receive_buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        peer, _ = self._listener.accept()
        peer.settimeout(WITHIN)
        self._peers.append(peer)
        return peer

    def close(self) -> None:
        for each in (self._listener, *self._peers):
            each.close()


def receive(peer: socket.socket, size: int) -> bytes:
    """Exactly ``size`` bytes."""
    peer.settimeout(WITHIN)
    data = b""
    while len(data) < size:
        more = peer.recv(min(65536, size - len(data)))
        assert more, f"closed after {data[-500:]!r}"
        data += more
    return data


class Daemon:
    """One usr7s3d, with its folders in ``home``."""

    def __init__(self, home: Path, program: tuple[str, ...] = ("-m", "usr7s3d")) -> None:
        self.home = home
        self.config = home / "usr7s3d.toml"
        self.state = home / "state"
        self.runtime = home / "run"
        self.saved = self.state / "settings.toml"
        self.program = program
        self.environment: dict[str, str] = {}
        self.notices: list[str] = []  # what systemd was told
        self._process: subprocess.Popen[bytes] | None = None
        self._systemd: socket.socket | None = None
        self._stderr = home / "stderr"  # no pipe: full, it would hold the daemon up

    def configure(self, text: str = "", *, device: str | Path = "", **factory: str) -> None:
        """Write the host configuration; ``factory`` gives AT names and values as AT text."""
        bearer = "" if "[bearer]" in text else '[bearer]\nkind = "host"\n'
        values = "".join(f"{name} = '{value}'\n" for name, value in factory.items())
        self.config.write_text(
            f'{text}\n[uart]\ndevice = "{device}"\n{bearer}[factory]\n{values}', "utf-8"
        )

    def start(self, *arguments: str) -> "Daemon":
        """Start it and wait until it says that it is ready."""
        self.launch(*arguments)
        self.told("READY=1")
        return self

    def launch(self, *arguments: str) -> None:
        """Start it."""
        self.notices = []
        self._systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        address = self.home / "notify"
        address.unlink(missing_ok=True)
        self._systemd.bind(str(address))
        with self._stderr.open("wb") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, *self.program, *self._arguments(), *arguments],
                stdin=subprocess.DEVNULL,
                stderr=stderr,
                env={**os.environ, "NOTIFY_SOCKET": str(address), **self.environment},
            )

    def _arguments(self) -> list[str]:
        folders = ["--state-dir", str(self.state), "--runtime-dir", str(self.runtime)]
        return ["--config", str(self.config), *folders]

    @property
    def process(self) -> "subprocess.Popen[bytes]":
        assert self._process
        return self._process

    @property
    def pid(self) -> int:
        return self.process.pid

    def told(self, wanted: str, within: float = WITHIN) -> str:
        """Wait until systemd is told ``wanted``; the notice in which it stood."""
        assert self._systemd
        deadline = monotonic() + within
        while True:
            assert readable(self._systemd.fileno(), deadline - monotonic()), self.failure(wanted)
            notice = self._systemd.recv(4096).decode()
            self.notices.append(notice)
            if wanted in notice:
                return notice

    def overheard(self) -> list[str]:
        """What systemd has been told and not heard yet."""
        assert self._systemd
        notices = []
        while readable(self._systemd.fileno(), 0):
            notices.append(self._systemd.recv(4096).decode())
        self.notices += notices
        return notices

    def failure(self, wanted: str) -> str:
        return f"{wanted!r} did not come; {self.notices}\n{self.log}"

    @property
    def log(self) -> str:
        """All that was logged up to now, since the last start."""
        return self._stderr.read_text("utf-8")

    def logs(self, wanted: str, within: float = WITHIN) -> str:
        """Wait until ``wanted`` is logged; all the log."""
        deadline = monotonic() + within
        while wanted not in (log := self.log):
            assert self.process.poll() is None, self.failure(wanted)
            assert monotonic() < deadline, self.failure(wanted)
            pause(POLL)
        return log

    def stop(self, number: int = signal.SIGTERM, within: float = WITHIN) -> float:
        """End it; how many seconds that took."""
        began = monotonic()
        self.process.send_signal(number)
        self.process.wait(within)
        return monotonic() - began

    def ended(self, within: float = WITHIN) -> int:
        """Wait for its exit status."""
        return self.process.wait(within)

    def close(self) -> None:
        if self._process:
            if self._process.poll() is None:
                self._process.kill()
            self._process.wait(WITHIN)
        if self._systemd:
            self._systemd.close()

    # -- usr7s3ctl, and the socket that it uses

    def connect(self) -> socket.socket:
        """A client of the control socket; the caller closes it."""
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(WITHIN)
        client.connect(str(self.runtime / "control.sock"))
        return client

    def request(self, **request: object) -> dict[str, Any]:
        """The answer to one request."""
        with self.connect() as client, client.makefile("rb") as lines:
            client.sendall(json.dumps(request).encode() + b"\n")
            answer = json.loads(lines.readline())
        assert isinstance(answer, dict)
        return answer

    def status(self) -> dict[str, Any]:
        return self.request(verb="status")

    def at(self, line: str) -> str:
        """The reply on the control door, its blank lines left out."""
        return str(self.request(verb="at", line=line)["reply"]).replace("\r\n", " ").strip()

    def ctl(
        self, *arguments: str, stdout: int | BinaryIO = subprocess.PIPE
    ) -> "subprocess.CompletedProcess[str]":
        """usr7s3ctl itself."""
        return subprocess.run(
            [sys.executable, "-m", "usr7s3d.ctl", "--runtime-dir", str(self.runtime), *arguments],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            errors="surrogateescape",
            timeout=WITHIN,
            check=False,
        )
