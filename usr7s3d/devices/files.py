"""Reads files in folders that others can write to."""

import contextlib
import errno
import os
import stat
from pathlib import Path


def read_file(path: Path, most: int) -> bytes:
    """All of a file, or its first ``most`` bytes.  Raises OSError.

    Never waits: a FIFO in its place, which would until somebody writes, is an error.
    """
    with open(path, "rb", opener=_open) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return file.read(most)


def _open(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NONBLOCK)


def write_file(path: Path, content: bytes) -> None:
    """Fill a file whole or not at all, and for nobody else to read.  Raises OSError.

    For folders in memory: nothing is synced.
    """
    path.unlink(missing_ok=True)
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    try:
        with open(new, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(content)
        new.rename(path)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
        raise
