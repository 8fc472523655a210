"""Who has the line after CONNECT: a coroutine with a socket, or a command with stdin and stdout."""

import asyncio
import os
import shlex
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress

# Gets its end of the line and owns it; when it returns, the carrier has hung up.
Carrier = Callable[[socket.socket], Awaitable[None]]

END = 3.0  # s for a command to end by itself when the line has gone


async def nobody(line: socket.socket) -> None:
    """Swallow everything until the line is closed."""
    loop = asyncio.get_running_loop()
    with line:
        while await loop.sock_recv(line, 4096):
            pass


def command(text: str) -> Carrier:
    """A program, such as ``pppd notty ...``; it is told of the hang-up by the end of its stdin."""

    async def run(line: socket.socket) -> None:
        line.setblocking(True)  # as programs expect their stdin
        with line:
            process = await asyncio.create_subprocess_exec(
                *shlex.split(text),
                stdin=line.fileno(),
                stdout=line.fileno(),
                start_new_session=True,
            )
        try:
            await process.wait()
        finally:
            await _end(process)

    return run


async def _end(process: asyncio.subprocess.Process) -> None:
    for number in (signal.SIGHUP, signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(TimeoutError):
            async with asyncio.timeout(END):
                await process.wait()
