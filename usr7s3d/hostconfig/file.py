"""Reads the host configuration from its file: at boot, at reload, for ``--check``."""

from pathlib import Path

from usr7s3d.hostconfig.parse import LONGEST, Parsed, Problem, parse


def load(path: Path | str) -> Parsed:
    """Read the file; one that is not there means all defaults, one we cannot read is a problem."""
    name = str(path)
    try:
        with Path(path).open("rb") as file:
            data = file.read(4 * LONGEST + 1)  # bytes enough to be too long in any UTF-8
    except FileNotFoundError:
        return Parsed(name=name, note="there is no such file; every key has its default")
    except OSError as error:
        return _unreadable(name, None, f"cannot be read: {error.strerror}")
    try:
        return parse(data.decode(), name)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _unreadable(name, line, f"byte {data[error.start]:02X} is not UTF-8")


def _unreadable(name: str, line: int | None, message: str) -> Parsed:
    problem = Problem(line, "", f"{message}; a boot uses nothing", shuts=True)
    return Parsed(name=name, problems=(problem,))


def check(path: Path | str) -> tuple[list[str], int]:
    """What ``usr7s3d --check`` prints, and its exit status."""
    parsed = load(path)
    if not parsed.problems:
        return [f"{parsed.name}: {parsed.note or 'good'}"], 0
    shut = "as it stands, the network and SMS doors stay shut"
    return [*parsed.lines, *([f"{parsed.name}: {shut}"] if parsed.doors_shut else [])], 2
