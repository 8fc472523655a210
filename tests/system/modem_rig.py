"""The simulator's modem as a process, obeying lines."""

import re
import subprocess
import sys
from pathlib import Path

from tests.system.rig import WITHIN, Daemon, readable


class Simulator:
    """A modem behind two ttys."""

    def __init__(self, folder: Path, manners: str = "sim7600", *, ports: int = 2) -> None:
        self.at, self.data = folder / "modem-at", folder / "modem-data"
        places = ["--at", str(self.at), *(["--data", str(self.data)] if ports > 1 else [])]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "usr7s3d.simulator.modem", *places, "--manners", manners],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.tells("ready")

    @property
    def config(self) -> str:
        """The [modem] table that leads to it."""
        return f'[modem]\nat_port = "{self.at}"\ndata_port = "{self.data}"\n'

    def obey(self, *lines: str) -> None:
        assert self._process.stdin
        self._process.stdin.write("".join(f"{line}\n" for line in lines).encode())
        self._process.stdin.flush()

    def tells(self, wanted: str, within: float = WITHIN) -> str:
        """The next line in which that stands."""
        assert self._process.stdout
        while True:
            assert readable(self._process.stdout.fileno(), within), f"{wanted!r} was not told"
            line = self._process.stdout.raw.readline().decode()  # type: ignore[attr-defined]
            assert line, "the simulator has ended"
            if wanted in line:
                return str(line)

    def close(self) -> None:
        for stream in (self._process.stdin, self._process.stdout):
            assert stream
            stream.close()
        self._process.terminate()
        self._process.wait(WITHIN)


def figure(daemon: Daemon, key: str) -> int:
    """A line of /proc/PID/status: kB, or a count."""
    found = re.search(rf"^{key}:\s+(\d+)", Path(f"/proc/{daemon.pid}/status").read_text(), re.M)
    assert found
    return int(found[1])
