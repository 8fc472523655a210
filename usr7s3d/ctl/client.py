"""The other end of the control socket."""

import contextlib
import grp
import json
import os
import pwd
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

GROUP = "usr7s3d"
TIMEOUT = 70.0  # s; the daemon gives up first


class NoAnswer(Exception):
    """What to tell the person when the daemon cannot be asked."""


class NotRunning(NoAnswer):
    """There is no daemon at this place."""


def ask(runtime: Path, request: dict[str, Any]) -> dict[str, Any]:
    """The daemon's answer to ``request``.  Raises NoAnswer."""
    for answer in stream(runtime, request):
        return answer
    raise NoAnswer("usr7s3d ended before it answered")


def stream(runtime: Path, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every line of the answer, as it comes.  Raises NoAnswer."""
    with _connected(runtime / "control.sock") as sock, sock.makefile("rb") as file:
        # A busy daemon answers without having read the request.
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            sock.sendall(json.dumps(request).encode() + b"\n")
        while (line := _next(file)).endswith(b"\n"):
            answer = json.loads(line)
            if "error" in answer:
                raise NoAnswer(answer["error"])
            sock.settimeout(None)  # the daemon lives; what follows comes when it happens
            yield answer


def _next(file: BinaryIO) -> bytes:
    """The next line; it has no end when the daemon has ended."""
    try:
        return file.readline()
    except TimeoutError:
        raise NoAnswer(f"usr7s3d did not answer in {TIMEOUT:g} s") from None
    except ConnectionResetError:
        return b""


def _connected(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(TIMEOUT)
    try:
        sock.connect(str(path))
    except PermissionError:
        sock.close()
        raise NoAnswer(f"no permission for {path}; {_remedy()}") from None
    except (FileNotFoundError, ConnectionRefusedError):
        sock.close()
        raise NotRunning(f"usr7s3d is not running (nobody answers at {path})") from None
    except OSError as error:
        sock.close()
        raise NoAnswer(f"{path}: {error.strerror or error}") from None
    return sock


def _remedy() -> str:
    """What lets this user in; only the package makes the group."""
    try:
        grp.getgrnam(GROUP)
        me = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return "use sudo"
    return f"use sudo, or join its group:\n    sudo adduser {me} {GROUP}\nthen log in again"
