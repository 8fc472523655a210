"""What a container and a virtual machine have in common: they run commands."""

from abc import ABC, abstractmethod
from typing import NamedTuple

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENVIRONMENT = {
    "PATH": PATH,
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "DEBIAN_FRONTEND": "noninteractive",
}


class Result(NamedTuple):
    """How a command ended, and all it printed."""

    status: int
    output: str


class Machine(ABC):
    """A Debian with systemd."""

    @abstractmethod
    def attempt(self, command: str, timeout: float = 60.0) -> Result:
        """Run a shell command as root."""

    @abstractmethod
    def put(self, path: str, content: bytes) -> None:
        """Write a file."""

    def run(self, command: str, timeout: float = 60.0) -> str:
        """Run a command that must succeed; what it printed, without the last newline."""
        status, output = self.attempt(f"set -e; {command}", timeout)
        assert status == 0, f"{command}\nended with {status}:\n{output}"
        return output.rstrip("\n")

    def until(self, command: str, timeout: float = 20.0) -> None:
        """Repeat a command until it succeeds."""
        loop = f"end=$(($(date +%s) + {timeout:.0f})); until {command}; do "
        loop += '[ "$(date +%s)" -lt "$end" ] || exit 1; sleep 0.2; done'
        status, output = self.attempt(loop, timeout + 30)
        assert status == 0, f"not within {timeout} s: {command}\n{output}"

    def log(self, unit: str) -> str:
        """What a unit has said since it was first started."""
        return self.run(f"journalctl --no-pager --output=cat --unit={unit}")
