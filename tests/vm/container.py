"""A Debian under systemd-nspawn: one second to boot, nothing left of it afterwards."""

import os
import signal
import socket
import subprocess
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from tests.vm.machine import ENVIRONMENT, Machine, Result

BOOT_TIME = 60.0  # s


class Container(Machine):
    """Boots a folder as it is; what it changes there is kept in memory and lost."""

    def __init__(self, root: Path) -> None:
        with (
            TemporaryDirectory() as folder,
            socket.socket(type=socket.SOCK_DGRAM, family=socket.AF_UNIX) as notify,
        ):
            notify.bind(f"{folder}/notify")
            notify.settimeout(BOOT_TIME)
            self._nspawn = subprocess.Popen(
                [
                    *("systemd-nspawn", "--quiet", f"--directory={root}", "--volatile=overlay"),
                    *("--boot", "--notify-ready=yes", "--private-network", "--hostname=debian"),
                    f"--machine=debian-{os.getpid()}-{id(self)}",  # several run at once
                    *("--register=no", "--keep-unit", "--console=pipe", "--link-journal=no"),
                ],
                env={"PATH": os.environ["PATH"], "NOTIFY_SOCKET": f"{folder}/notify"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            self._leader = 0
            try:
                self._wait_for_boot(notify)
            except BaseException:
                self.close()
                raise

    def _wait_for_boot(self, notify: socket.socket) -> None:
        said = ""
        while "READY=1" not in said:
            said = notify.recv(4096).decode()
            for line in said.splitlines():
                if line.startswith("X_NSPAWN_LEADER_PID="):
                    self._leader = int(line.partition("=")[2])

    def attempt(self, command: str, timeout: float = 60.0) -> Result:
        """Run a shell command as root."""
        environment = [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        enter = ["nsenter", "--all", f"--target={self._leader}", "env", "-i", *environment]
        done = subprocess.run(
            [*enter, "sh", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout,
            check=False,
        )
        return Result(done.returncode, done.stdout.decode(errors="replace"))

    def put(self, path: str, content: bytes) -> None:
        """Write a file."""
        Path(f"/proc/{self._leader}/root{path}").write_bytes(content)

    def close(self) -> None:
        """Pull the plug."""
        with suppress(ProcessLookupError):
            os.kill(self._leader or self._nspawn.pid, signal.SIGKILL)
        self._nspawn.wait(20)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()
