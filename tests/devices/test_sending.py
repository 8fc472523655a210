"""The process that sends: a PTY for the tty, and for the pin the window size of another one."""

import asyncio
import os
import pty
import signal
import socket
import struct
import subprocess
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import suppress
from fcntl import ioctl
from time import monotonic

import pytest

from usr7s3d.devices import sender, sending
from usr7s3d.devices.sending import Pin, SendingProcess

pytestmark = pytest.mark.real

REQUEST = bytes.fromhex("010300000001840a")
AT_2400 = 10 / 2400
SIZE = struct.Struct("4H")
ON, OFF = (SIZE.pack(rows, 0, 0, 0) for rows in (1, 0))


class Rig:
    """What stands round the process: the host's end of the line, and the pin."""

    def __init__(self) -> None:
        self.host, self.tty = pty.openpty()
        tty.setraw(self.tty)
        for fd in (self.host, self.tty):
            os.set_blocking(fd, False)
        self._other, self._pin = pty.openpty()
        calls = ((termios.TIOCSWINSZ, ON), (termios.TIOCSWINSZ, OFF))
        self.pin = Pin(self._pin, *calls)
        self.lost: list[OSError | None] = []
        self.changed = asyncio.Event()

    def start(self, character: float = AT_2400, after: float = 0.0) -> SendingProcess:
        process = SendingProcess(self.tty, self.pin, (character, 0.0, after))
        process.attach(self.changed.set, self._lose)
        return process

    def _lose(self, error: OSError | None) -> None:
        self.lost.append(error)
        self.changed.set()

    @property
    def sending(self) -> bool:
        """The pin's level."""
        return ioctl(self._pin, termios.TIOCGWINSZ, bytes(SIZE.size)) == ON

    async def read(self, count: int) -> bytes:
        data, ready = b"", asyncio.Event()
        asyncio.get_running_loop().add_reader(self.host, ready.set)
        while len(data) < count:
            await ready.wait()
            ready.clear()
            with suppress(BlockingIOError):
                data += os.read(self.host, 4096)
        asyncio.get_running_loop().remove_reader(self.host)
        return data

    async def until_idle(self, process: SendingProcess) -> None:
        async with asyncio.timeout(10):
            while process.busy:
                self.changed.clear()
                await self.changed.wait()

    async def until_taken(self, process: SendingProcess) -> None:
        async with asyncio.timeout(10):
            while process.unsent:
                self.changed.clear()
                await self.changed.wait()

    async def until_lost(self) -> None:
        async with asyncio.timeout(10):
            while not self.lost:
                self.changed.clear()
                await self.changed.wait()

    def close(self) -> None:
        for fd in (self.host, self.tty, self._other, self._pin):
            with suppress(OSError):
                os.close(fd)


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    rig.close()


async def test_the_pin_is_on_from_before_the_first_byte_to_behind_the_last(rig: Rig) -> None:
    process = rig.start(after=0.01)
    began = monotonic()
    process.write(REQUEST)
    assert await rig.read(8) == REQUEST
    assert rig.sending  # the PTY is done, the line would not be
    assert process.busy
    await rig.until_idle(process)
    assert monotonic() - began >= 8 * AT_2400 + 0.01
    assert not rig.sending
    assert (process.unsent, process.lateness.count) == (0, 1)
    process.detach()
    process.close()


async def test_more_than_the_kernel_takes_waits_and_can_be_taken_back(rig: Rig) -> None:
    process = rig.start(10 / 921600)
    data = bytes(range(256)) * 100
    process.write(data)
    first = await rig.read(8192)
    got = first + await rig.read(len(data) - len(first))
    assert got == data
    await rig.until_idle(process)
    while process.unsent < 1:  # nobody reads at the other end any more
        process.write(data)
        await asyncio.sleep(0)
    left = process.take_back()
    assert left
    assert data.endswith(left[-256:])
    process.detach()
    process.close()


async def test_another_rate_from_the_next_byte_on(rig: Rig) -> None:
    process = rig.start(10 / 921600)
    process.set_character_time(AT_2400)
    began = monotonic()
    process.write(REQUEST)
    await rig.read(8)
    await rig.until_idle(process)
    assert monotonic() - began >= 8 * AT_2400
    process.detach()
    process.close()


async def test_ended_it_lets_the_line_go_first(rig: Rig) -> None:
    process = rig.start()
    process.write(REQUEST)
    await rig.read(8)
    process.detach()
    process.close()
    assert not rig.sending


async def test_a_process_that_dies_is_a_line_that_is_lost(rig: Rig) -> None:
    process = rig.start()
    process.write(REQUEST)
    await rig.read(8)
    os.kill(process.pid, signal.SIGKILL)
    await rig.until_lost()
    process.write(b"into the void")  # nobody is hurt
    process.close()


async def test_a_tty_that_hangs_up_ends_it(rig: Rig) -> None:
    process = rig.start()
    os.close(rig.host)
    process.write(REQUEST)
    await rig.until_lost()
    process.close()


async def test_the_daemon_goes_in_the_middle_of_a_long_frame(rig: Rig) -> None:
    """Its socket ends; 4 s of line time are not waited for."""
    process = rig.start(10 / 1200)
    process.write(bytes(500))
    await rig.read(500)
    assert rig.sending
    process.detach()
    began = monotonic()
    process.close()
    assert monotonic() - began < sender.LAST_WORDS + 0.4
    assert process._process.returncode == 0, "it was not killed"
    assert not rig.sending


async def test_the_tty_goes_in_the_middle_of_a_frame(rig: Rig) -> None:
    """The process lets the line go by itself; the daemon may be gone, too."""
    process = rig.start(10 / 1200)
    process.write(REQUEST)
    await rig.read(8)
    assert rig.sending
    os.close(rig.host)
    process.write(REQUEST)
    await rig.until_lost()
    assert not rig.sending
    process.close()


@pytest.mark.limit(30)
async def test_one_that_is_stopped_is_ended_and_nothing_is_lost(rig: Rig) -> None:
    """By hand, or by a debugger that died: it would hold the line for ever."""
    process = rig.start(10 / 1200)
    process.write(REQUEST)
    await rig.read(8)
    await rig.until_taken(process)
    os.kill(process.pid, signal.SIGSTOP)
    process.write(b"waits")
    await rig.until_lost()
    assert process.take_back() == b"waits"
    process.close()


async def test_one_that_has_long_to_send_is_asked_and_left_alone(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "ANSWER_LIMIT", 0.2)
    process = rig.start(10 / 1200)
    process.write(bytes(100))
    await rig.read(100)
    await rig.until_idle(process)
    assert not rig.lost
    assert (process.lateness.count, process.busy) == (1, False)
    process.detach()
    process.close()


async def test_its_report_waits_for_a_daemon_that_is_behind(rig: Rig) -> None:
    """Or the daemon would think for ever that the line is held."""
    process = rig.start(10 / 921600)
    await asyncio.sleep(0.2)
    asyncio.get_running_loop().remove_reader(process._sock.fileno())
    process._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    for _ in range(400):  # each is a report, and they have room for fewer
        process.write(b"x")
        await asyncio.sleep(0.001)
    process.attach(rig.changed.set, rig._lose)
    await rig.until_idle(process)
    assert (process.unsent, rig.sending) == (0, False)
    process.detach()
    process.close()


async def test_another_rate_reaches_one_that_is_behind(rig: Rig) -> None:
    process = rig.start(10 / 921600)
    os.kill(process.pid, signal.SIGSTOP)
    for _ in range(2000):
        process.write(b"x" * 100)
        if process._handed < process.unsent:
            break
    process.set_character_time(AT_2400)
    assert process._character_time == AT_2400, "it has no room for that now"
    os.kill(process.pid, signal.SIGCONT)
    await rig.read(process.unsent)
    await rig.until_taken(process)
    assert process._character_time is None
    process.detach()
    process.close()


async def test_a_hundred_in_a_row_leave_no_descriptor(rig: Rig) -> None:
    before = set(os.listdir("/proc/self/fd"))
    for _ in range(100):
        process = rig.start()
        process.write(b"x")
        process.detach()
        process.close()
        assert not rig.sending
    assert set(os.listdir("/proc/self/fd")) == before


def test_one_that_cannot_be_started_leaves_no_descriptor(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    before = set(os.listdir("/proc/self/fd"))
    with pytest.raises(OSError, match="nowhere"):
        SendingProcess(rig.tty, rig.pin, (AT_2400, 0.0, 0.0))
    assert set(os.listdir("/proc/self/fd")) == before


async def test_signals_for_the_whole_service_do_not_end_it(rig: Rig) -> None:
    """systemd ends all at once, and the last words have yet to leave."""
    process = rig.start()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        os.kill(process.pid, number)
    process.write(REQUEST)
    await rig.read(8)
    await rig.until_idle(process)
    process.detach()
    process.close()


def test_it_imports_next_to_nothing() -> None:
    """It is a second Python on a machine of 512 MB: each module is memory."""
    program = f"import sys, runpy; runpy.run_path({sender.__file__!r}, run_name='__main__')"
    script = f"import sys; sys.argv = ['x']\ntry:\n exec({program!r})\nexcept IndexError: pass\n"
    script = script + "print(*sorted(m for m in sys.modules if '.' not in m))"
    output = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False
    )
    for heavy in ("typing", "dataclasses", "re", "enum", "asyncio", "socket", "subprocess"):
        assert heavy not in output.stdout.split()
