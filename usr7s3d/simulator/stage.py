"""What the scenes of the demo have in common: who is there, and what they do to each other."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from usr7s3d.simulator.ends import Host, NothingCame, Server
from usr7s3d.simulator.phone import Phone
from usr7s3d.simulator.process import Module
from usr7s3d.simulator.show import Show

QUIET = 0.3  # s; above T1, the silence before +++ (manual 4.1.1)
LOOKS = 200  # at the status, some 50 ms each


@dataclass(frozen=True, slots=True)
class Stage:
    """All that a scene needs."""

    show: Show
    module: Module
    host: Host
    a: Server
    b: Server
    phone: Phone

    async def to_servers(self, data: bytes, *servers: Server) -> None:
        """The host sends, and each of ``servers`` has it."""
        self.show.sent("host", "UART", data)
        await self.host.send(data)
        for server in servers:
            self.show.came("server", server.name, await server.inbox.expect(data))

    async def to_host(self, server: Server, data: bytes) -> None:
        """The server sends, and the host has it."""
        self.show.sent("server", server.name, data)
        server.send(data)
        self.show.came("host", "UART", await self.host.inbox.expect(data))

    async def welcomed(self) -> None:
        """The module has started: the host reads its welcome text."""
        self.show.came("host", "UART", await self.host.inbox.expect(b"USR-7S3\r\n"))

    async def into_command_mode(self) -> None:
        """The handshake of manual 4.1.1."""
        await asyncio.sleep(QUIET)
        await self.ask(b"+++", b"a")
        await self.ask(b"a", b"+ok")

    async def at(self, line: str, end: str = "OK\r\n") -> None:
        """The host sends a command, and has the reply."""
        await self.ask(line.encode() + b"\r", end.encode())

    async def ask(self, data: bytes, end: bytes) -> None:
        """The host sends ``data``, and has what comes up to ``end``."""
        self.show.sent("host", "UART", data)
        await self.host.send(data)
        self.show.came("host", "UART", await self.host.inbox.expect(end))

    async def link(self, name: str, state: str) -> None:
        """Wait until the daemon says that its link ``name`` is in ``state``."""
        await self.until(lambda status: status["links"][name]["state"], state)

    async def until(self, part: Callable[[Any], Any], wanted: object) -> None:
        """Wait until this part of the daemon's status is as wanted.  Raises NothingCame."""
        for _ in range(LOOKS):
            found = part(await self.module.status())
            if found == wanted:
                return
        raise NothingCame(f"{found!r} in the status did not become {wanted!r}")

    async def ctl(self, *arguments: str) -> None:
        """A person asks the daemon."""
        quoted = " ".join(f"'{a}'" if a.startswith("AT") else a for a in arguments)
        self.show.typed(f"usr7s3ctl {quoted}")
        self.show.say((await self.module.ctl(*arguments)).rstrip())

    def modem(self, line: str) -> None:
        """Something befalls the modem; see its ``help``."""
        self.show.typed(f"modem {line}")
        self.phone.modem.obey(line)
