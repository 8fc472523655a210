"""Both ends of the wire: the serial device (``Host``) and the servers behind the sockets.

Whatever comes is kept until somebody expects it.  ``seen`` is called with each
piece as it comes, once nobody does any more.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import cast

PATIENCE = 15.0  # s for anything that should happen


class NothingCame(Exception):
    """What was expected, and what was there instead."""


class Inbox:
    """Bytes from one direction, and who waits for them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.data = bytearray()
        self.seen: Callable[[bytes], None] | None = None
        self._changed = asyncio.Event()

    def put(self, data: bytes) -> None:
        """Take what came."""
        if self.seen:
            self.seen(data)
            return
        self.data += data
        self._changed.set()

    async def expect(self, end: bytes) -> bytes:
        """Everything up to ``end``, which must come in time.  Raises NothingCame."""
        await self._until(lambda: end in self.data, repr(end))
        return self.take(self.data.find(end) + len(end))

    async def expect_bytes(self, size: int) -> bytes:
        """The next ``size`` bytes.  Raises NothingCame."""
        await self._until(lambda: len(self.data) >= size, f"{size} bytes")
        return self.take(size)

    def take(self, size: int | None = None) -> bytes:
        """What is there, at most ``size`` bytes of it."""
        taken = bytes(self.data[:size])
        del self.data[:size]
        return taken

    async def _until(self, there: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while not there():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            last = bytes(self.data[-80:])
            raise NothingCame(
                f"{self.name} waited {PATIENCE:g} s for {what}, and had {last!r}"
            ) from None


class Host:
    """The serial device: one fd on the tty."""

    def __init__(self, tty: Path) -> None:
        self.inbox = Inbox("the host")
        self._loop = asyncio.get_running_loop()
        # The daemon has set the line; touching it here could flush its welcome message.
        self._fd = os.open(tty, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self._loop.add_reader(self._fd, self._readable)

    def _readable(self) -> None:
        try:
            data = os.read(self._fd, 4096)
        except OSError:
            data = b""  # the daemon has ended
        if data:
            self.inbox.put(data)
        else:
            self._loop.remove_reader(self._fd)

    async def send(self, data: bytes) -> None:
        """Write all of ``data``, as fast as the module reads it.  Raises NothingCame."""
        try:
            async with asyncio.timeout(PATIENCE):
                while data := data[self._write(data) :]:
                    await self._writable()
        except TimeoutError:
            raise NothingCame(f"the UART took nothing for {PATIENCE:g} s") from None

    def _write(self, data: bytes) -> int:
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0

    async def _writable(self) -> None:
        ready = asyncio.Event()
        self._loop.add_writer(self._fd, ready.set)
        try:
            await ready.wait()
        finally:
            self._loop.remove_writer(self._fd)

    def close(self) -> None:
        """Leave the tty.  Safe to call twice."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1


class Server:
    """A TCP server for one client at a time, on a port of 127.0.0.1 that it keeps.

    Its receive buffer is small, so that a server which stops reading is felt soon.
    """

    BUFFER = 4096  # bytes

    def __init__(self, name: str) -> None:
        self.name = name
        self.inbox = Inbox(f"server {name}")
        self.connected = asyncio.Event()
        self._reading = True
        self._client: asyncio.Transport | None = None
        self._server: asyncio.Server | None = None
        self.port = 0

    async def open(self) -> None:
        """Listen, on the same port as the last time."""
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.BUFFER)
        sock.bind(("127.0.0.1", self.port))
        self.port = sock.getsockname()[1]
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Client(self), sock=sock)

    def accepted(self, client: asyncio.Transport) -> None:
        """A client is here; it takes the place of the one before."""
        self._client = client
        self.read(self._reading)
        self.connected.set()

    def received(self, data: bytes) -> None:
        """The client has sent ``data``."""
        self.inbox.put(data)

    def left(self, client: asyncio.Transport) -> None:
        """A client has gone."""
        if client is self._client:
            self._client = None
            self.connected.clear()

    async def has_client(self) -> None:
        """Wait until somebody is connected.  Raises NothingCame."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self.connected.wait()
        except TimeoutError:
            raise NothingCame(f"nobody connected to {self.inbox.name}") from None

    def send(self, data: bytes) -> None:
        """Send to the client, if there is one."""
        if self._client:
            self._client.write(data)

    def read(self, reading: bool) -> None:
        """Take what comes, or leave it until the client cannot send any more."""
        self._reading = reading
        if self._client and reading:
            self._client.resume_reading()
        elif self._client:
            self._client.pause_reading()

    def close(self) -> None:
        """Stop listening and hang up."""
        if self._server:
            self._server.close()
            self._server = None
        if self._client:
            self._client.abort()


class _Client(asyncio.Protocol):
    """asyncio's callbacks, handed to the server."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._server.accepted(self._transport)

    def data_received(self, data: bytes) -> None:
        self._server.received(data)

    def connection_lost(self, _: Exception | None) -> None:
        self._server.left(self._transport)
