"""The daemon as a child, with its configuration, state and control socket in one folder."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from usr7s3d.simulator.phone import PORTS

START = 15.0  # s until the control socket is there
STOP = 5.0  # s for it to end by itself
PASSWORD = "demo"  # noqa: S105 - the printed one would open no door but the UART's
LOOK = 0.02  # s between two looks for the control socket

CONFIG = """\
[uart]
device = "pty:{tty}"

[bearer]
kind = "host"

[modem]
at_port = "{at}"
data_port = "{data}"

[factory]
CMDPW = '"{password}"'
SOCKA = '"TCP","127.0.0.1",{port}'
"""


class NotRunning(Exception):
    """The daemon did not start, or has ended."""


class Module:
    """A running daemon."""

    def __init__(self, folder: Path, process: asyncio.subprocess.Process) -> None:
        self.folder = folder
        self.tty = folder / "tty"
        self.runtime = folder / "run"
        self.process = process

    async def status(self) -> dict[str, Any]:
        """What ``usr7s3ctl status --json`` prints."""
        status: dict[str, Any] = json.loads(await self.ctl("status", "--json"))
        return status

    async def ctl(self, *arguments: str) -> str:
        """What usr7s3ctl prints.  Raises NotRunning."""
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "usr7s3d.ctl", "--runtime-dir", str(self.runtime), *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await child.communicate()
        if child.returncode:
            raise NotRunning(output.decode().strip())
        return output.decode()


@asynccontextmanager
async def running(folder: Path, port: int, log: Callable[[str], None]) -> AsyncIterator[Module]:
    """The daemon, up, with socket A going to ``port``; stopped when the block ends."""
    config = folder / "usr7s3d.toml"
    values = {"tty": folder / "tty", "port": port, "password": PASSWORD}
    config.write_text(
        CONFIG.format(**values, **{name: folder / tail for name, tail in PORTS.items()})
    )
    process = await asyncio.create_subprocess_exec(
        *(*_dies_with_us(), sys.executable, "-m", "usr7s3d"),
        *("--config", str(config)),
        *("--state-dir", str(folder / "state"), "--runtime-dir", str(folder / "run")),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={k: v for k, v in os.environ.items() if k not in FROM_SYSTEMD},
        start_new_session=True,  # ctrl-c is for us: we stop it in order
    )
    reader = asyncio.create_task(_read_log(process.stderr, log), name="log")
    try:
        module = Module(folder, process)
        await _up(module)
        yield module
    finally:
        await _stop(process)
        await reader


FROM_SYSTEMD = {"JOURNAL_STREAM", "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"}


def _dies_with_us() -> list[str]:
    """A prefix that ends the daemon even when we are killed outright (setpriv(1))."""
    return ["setpriv", "--pdeathsig", "TERM"] if shutil.which("setpriv") else []


async def _read_log(stream: asyncio.StreamReader | None, log: Callable[[str], None]) -> None:
    while stream and (line := await stream.readline()):
        # Date, time, level, text: of the first three only a bad level is of use here.
        log(line.decode(errors="replace").rstrip().split(" ", 2)[-1].removeprefix("INFO "))


async def _up(module: Module) -> None:
    """Wait for the tty and the control socket."""
    try:
        async with asyncio.timeout(START):
            while not ((module.runtime / "control.sock").exists() and module.tty.exists()):
                if module.process.returncode is not None:
                    raise NotRunning(f"usr7s3d ended with status {module.process.returncode}")
                await asyncio.sleep(LOOK)
    except TimeoutError:
        raise NotRunning(f"usr7s3d was not up after {START:g} s") from None


async def _stop(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
