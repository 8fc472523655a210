"""Asks root for pppd on a line that we have dialled, and hears how it goes.

Root's part (pppstarter.py) is a service behind a socket.  Where that is not installed and we
are root ourselves, or where ``USR7S3D_PPP_STARTER`` names a command (tests, the demo), it is a
child at the other end of a socket pair: the same program, the same words.

The session lasts as long as the socket: whatever becomes of us, pppd ends.
"""

import asyncio
import json
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from usr7s3d.devices.limit import TimeLimit

SOCKET = Path("/run/usr7s3d-ppp.sock")
STARTER = Path(__file__).parent.parent / "pppstarter.py"
COMMAND = "USR7S3D_PPP_STARTER"
LONGEST = 2048  # bytes of a report; root's part sends less
END_TIME = 12.0  # s for pppd to end; root's part kills it after 8

NONSENSE = "the PPP starter talks nonsense"

Report = dict[str, str | int]


@dataclass(frozen=True, slots=True)
class Request:
    """What root's part wants to know, by its names."""

    tty: str
    pdp_type: str
    auth: str
    user: str
    password: str = field(repr=False)


class Session:
    """A pppd that runs, or is about to."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._ended = False

    async def report(self) -> Report:
        """The next one; ``exit`` or ``refused`` is the last.  Raises OSError."""
        try:
            line = await self._reader.readline()
        except ValueError as error:  # longer than any of root's
            raise OSError(NONSENSE) from error
        if not line.endswith(b"\n"):
            raise OSError("the PPP starter has gone")
        try:
            return dict(json.loads(line))
        except (ValueError, TypeError, RecursionError) as error:
            raise OSError(NONSENSE) from error

    async def end(self) -> None:
        """Have pppd end, and wait until it has, or for long enough; safe to call twice."""
        if self._writer.transport.is_closing() or self._ended:
            return
        self._ended = True
        try:
            self._writer.write_eof()
            async with TimeLimit(END_TIME):
                while await self._reader.read(LONGEST):
                    pass
        except (OSError, TimeoutError):
            pass  # it ends when the socket is closed, at the latest


@asynccontextmanager
async def session(request: Request) -> AsyncIterator[Session]:
    """Run pppd for as long as the block lasts.  Raises OSError."""
    sock, child = await _reach()
    try:
        reader, writer = await asyncio.open_unix_connection(sock=sock, limit=LONGEST)
    except BaseException:
        sock.close()
        if child:
            child.wait_soon()
        raise
    try:
        writer.write(_line(request))
        started = Session(reader, writer)
        yield started
        await started.end()
    finally:
        writer.close()
        if child:
            child.wait_soon()


def _line(request: Request) -> bytes:
    """As root's part reads it: the device, not a link in /dev/serial/by-id."""
    asked = asdict(request) | {"tty": os.path.realpath(request.tty)}
    return json.dumps(asked).encode() + b"\n"


class _Child:
    """Root's part as a process of ours."""

    def __init__(self, command: list[str], theirs: socket.socket) -> None:
        self._process = subprocess.Popen(  # noqa: S603
            command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL
        )

    def wait_soon(self) -> None:
        """It ends by itself, now that the socket is closed; the loop hears of it."""
        process = self._process
        loop = asyncio.get_running_loop()
        end = os.pidfd_open(process.pid)

        def ended() -> None:
            loop.remove_reader(end)
            os.close(end)
            process.wait()

        loop.add_reader(end, ended)


async def _reach() -> tuple[socket.socket, _Child | None]:
    command = _command()
    if command:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                child = _Child(command, theirs)
            except BaseException:
                ours.close()
                raise
        return ours, child
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.setblocking(False)
        await asyncio.get_running_loop().sock_connect(sock, str(SOCKET))
    except BaseException as error:
        sock.close()
        if isinstance(error, FileNotFoundError):
            raise OSError(f"{SOCKET} is not there: is usr7s3d-ppp.socket started?") from error
        raise
    return sock, None


def _command() -> list[str]:
    """The child to start; empty: there is the service."""
    if told := os.environ.get(COMMAND):
        return shlex.split(told)
    if os.geteuid() == 0 and not SOCKET.exists():
        return [sys.executable, "-I", str(STARTER)]
    return []
