"""Reads files in folders that others can write to."""

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
