"""The simulated modem on real ttys and sockets."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from usr7s3d.simulator.modem import carrier, manners, wire
from usr7s3d.simulator.modem.shell import Simulator

pytestmark = pytest.mark.real

PROGRAM = [sys.executable, "-m", "usr7s3d.simulator.modem"]
QUICK = manners.parse("echo off\nregisters 0\nrestarts 0.05")


class Client:
    """Somebody at the other side of a tty."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self._came = asyncio.Queue[bytes]()
        self.data = b""
        self._wire = wire.Wire(self._fd, self._came.put_nowait, self.close)

    def write(self, data: bytes) -> None:
        self._wire.write(data)

    async def expect(self, end: bytes) -> bytes:
        async with asyncio.timeout(10):
            while end not in self.data:
                self.data += await self._came.get()
        before, found, self.data = self.data.partition(end)
        return before + found

    async def asks(self, command: str) -> bytes:
        self.write(command.encode() + b"\r")
        return await self.expect(b"OK\r\n")

    def close(self) -> None:
        self._wire.close()
        self._came.put_nowait(b"<gone>")


class Told:
    """What a person at the prompt would read."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._more = asyncio.Event()

    def tell(self, line: str) -> None:
        self.lines.append(line)
        self._more.set()

    async def until(self, line: str) -> None:
        async with asyncio.timeout(10):
            while line not in self.lines:
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def client(path: Path) -> AsyncIterator[Client]:
    opened = Client(path)
    try:
        yield opened
    finally:
        opened.close()


def simulator(
    folder: Path, told: Told | None = None, who: carrier.Carrier = carrier.nobody
) -> Simulator:
    ends = {name: wire.end(str(folder / name)) for name in ("at", "data")}
    return Simulator(QUICK, ends, carrier=who, tell=(told or Told()).tell)


async def echo(line: socket.socket) -> None:
    """A carrier that sends everything back, until it hears Q."""
    loop = asyncio.get_running_loop()
    with line:
        while (data := await loop.sock_recv(line, 4096)) and data != b"Q":
            await loop.sock_sendall(line, data)


async def test_both_ports_answer_and_vanish(tmp_path: Path) -> None:
    async with simulator(tmp_path) as modem:
        for name in ("at", "data"):
            async with client(tmp_path / name) as at:
                assert await at.asks("AT+CSQ") == b"\r\n+CSQ: 21,99\r\n\r\nOK\r\n"
        modem.obey("unplug")
        assert not os.listdir(tmp_path)
        modem.obey("plug")
        async with client(tmp_path / "at") as at:
            await at.asks("AT")
            modem.obey("unplug")
            await at.expect(b"<gone>")
    assert not os.listdir(tmp_path)


async def test_a_restart_comes_back_by_itself(tmp_path: Path) -> None:
    told = Told()
    async with simulator(tmp_path, told) as modem:
        async with client(tmp_path / "at") as at:
            await at.asks("AT+CFUN=1,1")
            await at.expect(b"<gone>")
        await told.until("restarted")
        async with client(tmp_path / "at") as at:
            await at.asks("AT")
        modem.obey("status")
    assert told.lines[-1].startswith("Modem, plugged, SIM READY, home")


async def test_messages_both_ways(tmp_path: Path) -> None:
    told = Told()
    async with simulator(tmp_path, told) as modem, client(tmp_path / "at") as at:
        modem.obey("sms +491701234567 good morning")
        await at.expect(b'+CMTI: "SM",0\r\n')
        await at.asks("AT+CMGF=1")
        assert b"\r\ngood morning\r\n" in await at.asks("AT+CMGR=0")
        at.write(b'AT+CMGS="+491701234567"\r')
        await at.expect(b"> ")
        at.write(b"thank you\x1a")
        await at.expect(b"+CMGS: 1\r\n\r\nOK\r\n")
    assert told.lines[0] == "SMS to +491701234567: thank you"


async def test_the_carrier_has_the_line_until_it_hangs_up(tmp_path: Path) -> None:
    async with simulator(tmp_path, who=echo), client(tmp_path / "data") as data:
        data.write(b"ATD*99#\r")
        await data.expect(b"CONNECT 150000000\r\n")
        big = bytes(range(256)) * 1000 + b"end"
        data.write(big)
        assert await data.expect(b"end") == big
        data.write(b"Q")
        assert await data.expect(b"NO CARRIER\r\n") == b"\r\nNO CARRIER\r\n"
        await data.asks("AT")


async def test_who_leaves_the_port_has_hung_up(tmp_path: Path) -> None:
    told = Told()
    async with simulator(tmp_path, told, echo):
        async with client(tmp_path / "data") as data:
            data.write(b"ATD*99#\r")
            await data.expect(b"CONNECT 150000000\r\n")
            data.write(b"x")
            await data.expect(b"x")
        await told.until("data call: over")
        async with client(tmp_path / "data") as data:
            assert await data.asks("AT") == b"\r\nOK\r\n"


async def test_a_command_as_carrier(tmp_path: Path) -> None:
    cat = carrier.command("cat")
    async with simulator(tmp_path, who=cat) as modem, client(tmp_path / "data") as data:
        for _ in range(2):
            data.write(b"ATD*99#\r")
            await data.expect(b"CONNECT 150000000\r\n")
            data.write(b"to the cat")
            await data.expect(b"to the cat")
            modem.obey("drop")
            await data.expect(b"NO CARRIER\r\n")


async def test_a_socket_that_its_other_side_closes(tmp_path: Path) -> None:
    told, guest = Told(), asyncio.Queue[asyncio.StreamWriter]()
    server = await asyncio.start_unix_server(lambda _, w: guest.put_nowait(w), tmp_path / "s")
    async with server, asyncio.timeout(10):
        ends = {"at": wire.end(f"unix:{tmp_path}/s")}
        async with Simulator(QUICK, ends, tell=told.tell) as modem:
            for _ in range(2):
                writer = await guest.get()
                told.lines.clear()
                writer.close()
                await told.until("at: its other side has closed: unplugged")
                modem.obey("plug")
            (await guest.get()).close()


async def test_a_socket_in_place_of_a_tty(tmp_path: Path) -> None:
    """As QEMU listens for one end of a serial port."""
    guest = asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]]()
    server = await asyncio.start_unix_server(lambda r, w: guest.put_nowait((r, w)), tmp_path / "s")
    async with server, asyncio.timeout(10):
        async with Simulator(QUICK, {"at": wire.end(f"unix:{tmp_path}/s")}):
            reader, writer = await guest.get()
            writer.write(b"AT+CSQ\r")
            assert await reader.readuntil(b"OK\r\n") == b"\r\n+CSQ: 21,99\r\n\r\nOK\r\n"
        assert await reader.read() == b""
        writer.close()
        await writer.wait_closed()


def test_as_a_program_with_a_script(tmp_path: Path) -> None:
    done = subprocess.run(
        [*PROGRAM, "--at", str(tmp_path / "at")],
        input=b"sms 123 hello\nwait 0.5\nstore\nquit\n",
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.decode() == f"ready: {tmp_path}/at\nSM 0: 123: hello\n"
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("from_file", [True, False])
def test_it_stays_after_a_script_until_it_is_told_to_end(tmp_path: Path, from_file: bool) -> None:
    script = tmp_path / "script"
    script.write_text("say +HELLO\nstatus\n")
    with script.open("rb") if from_file else open(os.devnull, "rb") as stdin:
        process = subprocess.Popen(
            [*PROGRAM, "--at", str(tmp_path / "at")], stdin=stdin, stdout=subprocess.PIPE
        )
    try:
        assert process.stdout
        assert process.stdout.readline().startswith(b"ready: ")
        if from_file:
            assert process.stdout.readline().startswith(b"Modem, plugged")
    finally:
        process.terminate()
        rest, _ = process.communicate(timeout=30)
    assert (process.returncode, rest) == (0, b"")
    assert os.listdir(tmp_path) == ["script"]


def test_a_shell_that_put_it_into_the_background_can_end_it(tmp_path: Path) -> None:
    """Where SIGINT is ignored from the start."""
    command = ["env", "--ignore-signal=INT", *PROGRAM, "--at", str(tmp_path / "at")]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        assert process.stdout
        assert process.stdout.readline().startswith(b"ready: ")
        process.terminate()
        process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    assert not list(tmp_path.iterdir())


def test_a_person_at_a_terminal(tmp_path: Path) -> None:
    """Ctrl-d ends it."""
    ours, its = os.openpty()
    try:
        process = subprocess.Popen(
            [*PROGRAM, "--at", str(tmp_path / "at")], stdin=its, stdout=subprocess.PIPE
        )
        os.write(ours, b"nonsense\n\x04")
        told, _ = process.communicate(timeout=30)
    finally:
        os.close(ours)
        os.close(its)
    assert told.decode().splitlines()[1] == "no such rule: nonsense  (`help` lists what there is)"
    assert process.returncode == 0


def test_a_mistake_in_its_manners_is_told(tmp_path: Path) -> None:
    (tmp_path / "m.txt").write_text("colour red\n")
    done = subprocess.run(
        [*PROGRAM, "--at", str(tmp_path / "at"), "--manners", str(tmp_path / "m.txt")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.decode().startswith("simulator: line 1: what is `colour`?")
