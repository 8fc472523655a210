"""A Modbus master on the network, the daemon, and a slave on its serial line.

    pymodbus client -- TCP -- relay -- TCP, socket A -- daemon -- PTY=wire=PTY -- pymodbus server

The wire passes bytes at the pace of the line.  Ten thousand polls at each rate, with the times:

    .venv/bin/python -m tests.system.modbus --polls 10000
"""

import argparse
import asyncio
import math
import os
import statistics
import tempfile
import tty
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from pymodbus import FramerType
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from tests.system.rig import Daemon

REGISTERS = 4
VALUES = [1000 + number for number in range(REGISTERS)]
REQUEST, ANSWER = 8, 5 + 2 * REGISTERS  # bytes
UARTFT = {9600: 10, 115200: 5}  # ms; a PTY has no FIFO, see docs/hats.md
TURN = 0.002  # s; a slave thinks for longer than the silence before it speaks


class Wire:
    """Two PTYs, and between them the bytes at the pace of ``baud``.

    On a busy machine it may itself tear an answer apart, for ``silence`` s or more; it counts that.
    """

    def __init__(self, baud: int, silence: float) -> None:
        self._character = 10 / baud
        self._fds = [os.openpty(), os.openpty()]
        for master, slave in self._fds:
            tty.setraw(slave)
            os.set_blocking(master, False)
        self.ends = [os.ttyname(slave) for _, slave in self._fds]
        self.writes: list[int] = []  # bytes of each write of end 0
        self.torn = 0  # silences in what end 0 got, long enough to end a packet there
        self._silence = silence
        self._written_since = math.inf  # when the part before was written at the earliest
        self._queues: list[deque[tuple[float, int]]] = [deque(), deque()]
        self._loop = asyncio.get_running_loop()
        for end in (0, 1):
            self._loop.add_reader(self._fds[end][0], self._read, end)

    def _read(self, end: int) -> None:
        data = os.read(self._fds[end][0], 4096)
        if end == 0:
            self.writes.append(len(data))
        queue, now = self._queues[end], self._loop.time()
        idle = not queue
        at = now if idle else queue[-1][0]
        for byte in data:
            at += self._character
            queue.append((at, byte))
        if idle:
            self._loop.call_at(queue[0][0], self._pass_on, end)

    def _pass_on(self, end: int) -> None:
        queue, now = self._queues[end], self._loop.time()
        due = bytearray()
        while queue and queue[0][0] <= now:
            due.append(queue.popleft()[1])
        os.write(self._fds[1 - end][0], due)
        if end == 1:
            self._count_torn(now, last=not queue)
        if queue:
            self._loop.call_at(queue[0][0], self._pass_on, end)

    def _count_torn(self, before: float, *, last: bool) -> None:
        """A part of an answer was written, not before ``before``; the next one may be late."""
        after = self._loop.time()
        if after - self._written_since >= self._silence:
            self.torn += 1
        self._written_since = math.inf if last else before

    def close(self) -> None:
        """Cut it."""
        for pair in self._fds:
            self._loop.remove_reader(pair[0])
            for fd in pair:
                os.close(fd)


@dataclass
class Relay:
    """Joins the daemon, which calls, and the master, which calls too."""

    packets: list[int] = field(default_factory=list)  # bytes of each read from the daemon
    ports: list[int] = field(default_factory=list)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Relay"]:
        """Listen on two ports, the first for the daemon."""
        writers: list[asyncio.Future[asyncio.StreamWriter]] = [
            asyncio.get_running_loop().create_future() for _ in range(2)
        ]
        servers, serving = [], list[asyncio.Task[None]]()
        for side in (0, 1):

            async def serve(
                reader: asyncio.StreamReader, writer: asyncio.StreamWriter, side: int = side
            ) -> None:
                writers[side].set_result(writer)
                if task := asyncio.current_task():
                    serving.append(task)
                other = await writers[1 - side]
                while data := await reader.read(4096):
                    if side == 0:
                        self.packets.append(len(data))
                    other.write(data)

            servers.append(await asyncio.start_server(serve, "127.0.0.1", 0))
        self.ports = [server.sockets[0].getsockname()[1] for server in servers]
        try:
            yield self
        finally:
            for future in writers:
                if future.done():
                    future.result().close()
            for server in servers:
                server.close()
            await asyncio.gather(*serving, return_exceptions=True)


@dataclass
class Result:
    """What came of it."""

    turns: list[float]  # s for each poll, from request to answer
    errors: int
    writes: list[int]  # sizes of what the daemon wrote to the line
    packets: list[int]  # and of what it sent to the server
    torn: int  # silences that the wire made in answers


async def poll(home: Path, baud: int, polls: int) -> Result:
    """Poll the slave; one that does not answer rightly counts as an error."""
    wire = Wire(baud, UARTFT[baud] / 1000)
    registers = SimData(0, values=VALUES, datatype=DataType.REGISTERS)
    slave = ModbusSerialServer(
        SimDevice(id=1, simdata=[registers]),
        framer=FramerType.RTU,
        port=wire.ends[1],
        baudrate=baud,
    )
    daemon = Daemon(home)
    try:
        async with Relay().running() as relay:
            await slave.serve_forever(background=True)
            line = {"UART": f"{baud},NONE,8,1,RS485", "UARTFT": str(UARTFT[baud])}
            socket = f'"TCP","127.0.0.1",{relay.ports[0]}'
            daemon.configure(device=wire.ends[0], SOCKA=socket, HEARTEN="off", STMSG='""', **line)
            await asyncio.to_thread(daemon.start)
            client = AsyncModbusTcpClient(
                "127.0.0.1", port=relay.ports[1], framer=FramerType.RTU, timeout=5, retries=0
            )
            await client.connect()
            turns, errors = await _poll(client, polls)
            client.close()
            return Result(turns, errors, wire.writes, relay.packets, wire.torn)
    finally:
        await slave.shutdown()  # type: ignore[no-untyped-call]
        daemon.close()
        wire.close()


async def _poll(client: AsyncModbusTcpClient, polls: int) -> tuple[list[float], int]:
    turns, errors = [], 0
    for _ in range(polls):
        began = monotonic()
        try:
            answer = await client.read_holding_registers(0, count=REGISTERS, device_id=1)
            errors += answer.registers != VALUES
        except Exception as error:  # whatever a master makes of a bad answer
            print(error)
            errors += 1
        turns.append(monotonic() - began)
        await asyncio.sleep(TURN)
    return turns, errors


def report(baud: int, result: Result) -> str:
    """A row: polls, errors, and times in ms beside those of the bytes alone."""
    line = 1e3 * (REQUEST + ANSWER) * 10 / baud + UARTFT[baud]
    cuts = statistics.quantiles(result.turns, n=1000)
    times = " | ".join(f"{1e3 * cuts[at - 1]:.1f}" for at in (500, 990, 999))
    polls = len(result.turns)
    return f"| {baud} | {polls} | {result.errors} | {line:.1f} | {times} |"


async def main() -> None:
    """Both rates at once: neither needs much of a core."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.system.modbus")
    parser.add_argument("--polls", type=int, default=10_000)
    polls = parser.parse_args().polls
    with tempfile.TemporaryDirectory() as home:
        folders = {baud: Path(home) / str(baud) for baud in UARTFT}
        for folder in folders.values():
            folder.mkdir()
        results = await asyncio.gather(*(poll(folders[baud], baud, polls) for baud in UARTFT))
    print("| baud | polls | errors | line + UARTFT ms | p50 ms | p99 ms | p99.9 ms |")
    print("|---|---|---|---|---|---|---|")
    for baud, result in zip(UARTFT, results, strict=True):
        print(report(baud, result))


if __name__ == "__main__":
    asyncio.run(main())
