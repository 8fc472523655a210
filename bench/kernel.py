"""What the kernel tells about a process and about the machine."""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

MIB = 1024  # KiB


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process has used since it began."""

    cpu: float  # s
    waits: int  # times that it went to sleep by itself

    def since(self, before: "Usage") -> "Usage":
        """What it has used since ``before``."""
        return Usage(self.cpu - before.cpu, self.waits - before.waits)


def usage(pid: int) -> Usage:
    """The sum over the threads of ``pid``."""
    cpu, waits = 0, 0
    for thread in Path(f"/proc/{pid}/task").iterdir():
        cpu += int((thread / "schedstat").read_text().split()[0])
        waits += _field(thread / "status", "voluntary_ctxt_switches")
    return Usage(cpu / 1e9, waits)


@dataclass(frozen=True, slots=True)
class Memory:
    """In MiB.  PSS shares what is shared among its users, USS leaves it out."""

    rss: float
    pss: float
    uss: float


def memory(pid: int) -> Memory:
    """What ``pid`` has in memory now."""
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    own = _field(rollup, "Private_Clean") + _field(rollup, "Private_Dirty")
    return Memory(_field(rollup, "Rss") / MIB, _field(rollup, "Pss") / MIB, own / MIB)


def _field(path: Path, name: str) -> int:
    for line in path.read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    raise LookupError(f"{path} has no {name}")


def foreign() -> float:
    """Seconds in user mode of everything but this process and the children it has waited for.

    System time is left out: it holds the kernel's own work on our bytes.
    """
    _, user, nice, *_ = Path("/proc/stat").read_text().split(maxsplit=3)
    ours = os.times()
    return (int(user) + int(nice)) / os.sysconf("SC_CLK_TCK") - ours.user - ours.children_user


def machine() -> str:
    """This machine in a line."""
    cpu = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        key, _, value = line.partition(":")
        if key.strip() in {"model name", "Model"}:
            cpu = value.strip()
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    return f"{cpu}, {os.cpu_count()} cores, {system}, Python {platform.python_version()}"
