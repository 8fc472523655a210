"""What kind of file system a folder lies on."""

from pathlib import Path

VOLATILE = {"tmpfs", "ramfs", "overlay"}  # gone with the power, on a Pi whose root is read-only
MOUNTS = Path("/proc/self/mountinfo")
POINT, KIND = 4, 0  # columns left and right of the dash, proc_pid_mountinfo(5)


def volatile(folder: Path, mounts: Path = MOUNTS) -> str:
    """The file system under ``folder`` when it does not survive power-off, else ""."""
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    place = folder.resolve()
    deepest, kind = -1, ""
    for line in lines:
        left, _, right = line.partition(" - ")
        point = Path(_unescaped(left.split(" ")[POINT]))
        if place.is_relative_to(point) and len(point.parts) >= deepest:
            deepest, kind = len(point.parts), right.split(" ")[KIND]
    return kind if kind in VOLATILE else ""


def _unescaped(point: str) -> str:
    """The kernel writes blank, tab, line feed and backslash in octal."""
    for octal in ("040", "011", "012", "134"):
        point = point.replace(f"\\{octal}", chr(int(octal, 8)))
    return point
