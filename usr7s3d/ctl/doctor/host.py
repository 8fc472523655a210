"""What this machine is, read from its files; ``root`` stands for ``/`` and is a folder in tests.

Only files are read.  Nothing is opened that the daemon owns; of that the daemon tells.
"""

import grp
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

MEBI = 2**20
HEADER_TTYS = ("ttyAMA0", "ttyS0")
# config.txt is here since bookworm, there before.
BOOT = ("boot/firmware", "boot")
SYNCHRONIZED = "run/systemd/timesync/synchronized"


@dataclass(frozen=True, slots=True)
class Tty:
    """A device in /dev; ``users`` are other programs that have it open."""

    path: str
    group: str = ""
    group_may: bool = False
    users: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """All that the checks look at."""

    model: str = ""  # "Raspberry Pi 4 Model B Rev 1.4"; empty on others
    kernel: str = ""
    cmdline: str = ""
    config_txt: tuple[str, ...] = ()  # its lines without comments and blanks
    getty_on: tuple[str, ...] = ()  # ttys with a login that starts at boot
    serial0: str = ""  # where /dev/serial0 leads
    ttys: dict[str, Tty] = field(default_factory=dict)
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)  # and who is in them
    year: int = 0
    clock_synchronized: bool = False
    free_bytes: int | None = None  # where the settings are kept

    @property
    def pi5(self) -> bool:
        """Whether the header's UART is that of an RP1."""
        return "Raspberry Pi 5" in self.model or "Compute Module 5" in self.model

    def configured(self, *words: str) -> bool:
        """Whether a line of config.txt has all of ``words``."""
        return any(all(word in line for word in words) for line in self.config_txt)

    def resolve(self, device: str) -> str:
        """The kernel's name of a tty, ``ttyAMA0``."""
        return self.serial0 if device == "/dev/serial0" else Path(device).name


def look(root: Path, device: str, state: Path, *, year: int, daemon: int = 0) -> Host:
    """Read it all; ``daemon`` is a process that may have the device."""
    return Host(
        model=_text(root / "proc/device-tree/model").rstrip("\0"),
        kernel=_text(root / "proc/sys/kernel/osrelease").strip(),
        cmdline=_text(root / "proc/cmdline").strip(),
        config_txt=_config_txt(root),
        getty_on=_gettys(root),
        serial0=_link(root / "dev/serial0"),
        ttys=_ttys(root, device, daemon),
        groups=_groups(root),
        year=year,
        clock_synchronized=(root / SYNCHRONIZED).exists(),
        free_bytes=_free(state),
    )


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _link(path: Path) -> str:
    try:
        return Path(os.readlink(path)).name
    except OSError:
        return ""


def _config_txt(root: Path) -> tuple[str, ...]:
    for folder in BOOT:
        if text := _text(root / folder / "config.txt"):
            lines = (line.partition("#")[0].strip() for line in text.splitlines())
            return tuple(line for line in lines if line)
    return ()


def _gettys(root: Path) -> tuple[str, ...]:
    wanted = (root / "etc/systemd/system").glob("*.wants/serial-getty@*.service")
    return tuple(sorted(path.stem.partition("@")[2] for path in wanted))


def _ttys(root: Path, device: str, daemon: int) -> dict[str, Tty]:
    found = {}
    for path in {f"/dev/{name}" for name in HEADER_TTYS} | {device}:
        file = root / path.lstrip("/")
        try:
            info = file.stat()
        except OSError:
            continue
        name = _group_name(info.st_gid)
        users = _users(root, str(file.resolve()), daemon)
        found[path] = Tty(path, name, info.st_mode & 0o060 == 0o060, users)
    return found


def _group_name(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _users(root: Path, target: str, daemon: int) -> tuple[str, ...]:
    """The programs that have it open; those of other people show to root only."""
    users = set()
    for folder in (root / "proc").glob("[0-9]*"):
        stat = _text(folder / "stat").rpartition(")")[2].split()
        parent = stat[1] if len(stat) > 1 else "0"
        if str(daemon) in (folder.name, parent) and daemon:
            continue
        try:
            if any(os.readlink(fd) == target for fd in (folder / "fd").iterdir()):
                users.add(f"{_text(folder / 'comm').strip()} ({folder.name})")
        except OSError:
            continue  # it has ended, or is not ours to look at
    return tuple(sorted(users))


def _groups(root: Path) -> dict[str, tuple[str, ...]]:
    lines = (line.split(":") for line in _text(root / "etc/group").splitlines())
    return {line[0]: tuple(filter(None, line[3].split(","))) for line in lines if len(line) > 3}


def _free(state: Path) -> int | None:
    try:
        return shutil.disk_usage(state).free
    except OSError:
        return None
