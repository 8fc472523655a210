"""The runtime folder: one daemon at a time, and its control socket."""

import contextlib
import fcntl
import grp
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CONTROL_SOCKET = "control.sock"
GROUP = "usr7s3d"  # who may use usr7s3ctl


class Occupied(OSError):
    """Another daemon lives in this folder."""


@contextmanager
def only_one(folder: Path) -> Iterator[None]:
    """Make ``folder`` and hold it.  Raises Occupied, or OSError when it cannot be made.

    The lock is on the folder itself, so nothing stale can be left behind.
    """
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Occupied(f"another usr7s3d runs in {folder}") from None
        yield
    finally:
        os.close(handle)


@contextmanager
def control_socket(folder: Path) -> Iterator[socket.socket]:
    """The socket that ``usr7s3ctl`` connects to; a stale one is replaced."""
    path = folder / CONTROL_SOCKET
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(str(path))
        except OSError as error:  # of a path that is too long it does not say which
            raise type(error)(f"{path}: {error.strerror or error}") from error
        listener.listen()
        path.chmod(0o660)
        # Without the group (no package, no root) the socket stays the owner's.
        with contextlib.suppress(KeyError, PermissionError):
            os.chown(path, -1, grp.getgrnam(GROUP).gr_gid)
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)
