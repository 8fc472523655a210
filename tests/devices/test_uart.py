"""The serial line, on PTYs."""

import asyncio
import errno
import os
import pty
import stat
import struct
import sys
import termios
import tty
from collections.abc import Iterator
from contextlib import closing, contextmanager
from fcntl import ioctl
from pathlib import Path

import pytest

from usr7s3d.at.table import BAUD_RATES
from usr7s3d.core.halfduplex import NOTHING, Unseen
from usr7s3d.core.line import LineSettings
from usr7s3d.devices import rs485
from usr7s3d.devices.rs485 import Choice, Direction
from usr7s3d.devices.termios2 import TCGETS2, TERMIOS2
from usr7s3d.devices.uart import TIOCSERGETLSR, Uart, header_uart, open_uart
from usr7s3d.hostconfig import Rs485

pytestmark = pytest.mark.real

PLAIN = LineSettings(115200)


@contextmanager
def pty_pair() -> Iterator[tuple[int, int, str]]:
    """Master, slave and the slave's name."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    try:
        yield master, slave, os.ttyname(slave)
    finally:
        os.close(master)
        os.close(slave)


@contextmanager
def opened(line: LineSettings = PLAIN) -> Iterator[tuple[int, int, Uart]]:
    """Master, slave (a handle of our own) and the Uart."""
    with pty_pair() as (master, slave, name), closing(open_uart(name, line)) as uart:
        yield master, slave, uart


def rate(fd: int) -> int:
    """As the kernel has it, bit/s."""
    *_, speed = TERMIOS2.unpack(ioctl(fd, TCGETS2, bytes(TERMIOS2.size)))
    return int(speed)


@pytest.mark.parametrize("baud", BAUD_RATES)
@pytest.mark.manual("2.3", "UART 2400 to 921600 bit/s")
@pytest.mark.manual("4.2.1.22", "baud rate")
def test_every_rate_of_the_manual(baud: int) -> None:
    with opened(LineSettings(baud)) as (_, slave, uart):
        assert rate(slave) == baud
        assert uart.line().baud == baud


def test_standard_rates_read_as_such() -> None:
    """stty and picocom know nothing of BOTHER."""
    with opened(LineSettings(9600)) as (_, slave, _uart):
        assert termios.tcgetattr(slave)[4:6] == [termios.B9600, termios.B9600]


@pytest.mark.parametrize("stop_bits", [1, 2])
@pytest.mark.parametrize("flow", ["NONE", "CRTS"])
@pytest.mark.manual("4.2.1.22", "stop bits and flow control")
@pytest.mark.manual("2.2", "flow control: RTS/CTS")
def test_stop_bits_and_flow(stop_bits: int, flow: str) -> None:
    line = LineSettings(9600, stop_bits=stop_bits, flow=flow)
    with opened(line) as (_, slave, uart):
        flags = termios.tcgetattr(slave)[2]
        assert bool(flags & termios.CSTOPB) == (stop_bits == 2)
        assert bool(flags & termios.CRTSCTS) == (flow == "CRTS")
        assert uart.line() == line


def asked_of_the_kernel(monkeypatch: pytest.MonkeyPatch, line: LineSettings) -> int:
    """The control flags with which TCSETS2 is called for ``line``."""
    calls = []

    def recording(fd: int, request: int, words: bytes) -> bytes:
        calls.append((request, words))
        return ioctl(fd, request, words)

    with opened() as (_, _slave, uart):
        monkeypatch.setattr("fcntl.ioctl", recording)
        uart.set_line(line)
        monkeypatch.undo()
    assert len(calls) == 2
    return int(TERMIOS2.unpack(calls[-1][1])[2])


@pytest.mark.parametrize(
    ("parity", "bits"),
    [
        ("NONE", 0),
        ("ODD", termios.PARENB | termios.PARODD),
        ("EVEN", termios.PARENB),
        ("MARK", termios.PARENB | termios.PARODD | 0o10000000000),
        ("SPACE", termios.PARENB | 0o10000000000),
    ],
)
@pytest.mark.manual("4.2.1.22", "parity")
def test_parity(monkeypatch: pytest.MonkeyPatch, parity: str, bits: int) -> None:
    """A PTY has none, so the call is looked at."""
    flags = asked_of_the_kernel(monkeypatch, LineSettings(9600, parity))
    assert flags & (termios.PARENB | termios.PARODD | 0o10000000000) == bits


@pytest.mark.parametrize(
    ("data_bits", "size"),
    [(5, termios.CS5), (6, termios.CS6), (7, termios.CS7), (8, termios.CS8)],
)
@pytest.mark.manual("4.2.1.22", "data bits")
def test_data_bits(monkeypatch: pytest.MonkeyPatch, data_bits: int, size: int) -> None:
    flags = asked_of_the_kernel(monkeypatch, LineSettings(9600, data_bits=data_bits))
    assert flags & termios.CSIZE == size


@pytest.mark.parametrize("baud", [9600, 14400])
def test_what_a_pty_lacks_is_left_out(baud: int) -> None:
    """Each time: the second opening changes nothing, which tcsetattr(3) calls EINVAL."""
    asked = LineSettings(baud, "EVEN", 7, 2)
    with pty_pair() as (_, _slave, name):
        for _ in range(3):
            with closing(open_uart(name, asked)) as uart:
                assert uart.line() == LineSettings(baud, "NONE", 8, 2)
                uart.set_line(PLAIN)
                assert uart.line() == PLAIN
                uart.set_line(asked)


async def test_bytes_pass_as_they_are() -> None:
    """No character is special: not CR, LF, XON, XOFF, nor control-C."""
    every = bytes(range(256))
    with opened() as (master, _, uart):
        came, enough = bytearray(), asyncio.Event()

        def received(data: bytes) -> None:
            came.extend(data)
            if len(came) == len(every):
                enough.set()

        stream = uart.attach(received, lambda: None, lambda _: None)
        stream.resume_reading()
        os.write(master, every)
        async with asyncio.timeout(10):
            await enough.wait()
        assert came == every
        stream.write(every)
        assert os.read(master, 1000) == every
        uart.detach()


def test_second_user_is_told_so() -> None:
    with opened() as (_, slave, _uart), pytest.raises(OSError, match="another program has it") as e:
        open_uart(os.ttyname(slave), PLAIN)
    assert e.value.errno == errno.EBUSY


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/dev/no-such-tty", "No such file or directory"),
        ("/dev/null", "Inappropriate ioctl for device"),
    ],
)
def test_no_tty(path: str, words: str) -> None:
    with pytest.raises(OSError, match=words):
        open_uart(path, PLAIN)


async def test_what_was_written_before_close_arrives() -> None:
    with pty_pair() as (master, _, name):
        uart = open_uart(name, PLAIN)
        uart.attach(lambda _: None, lambda: None, lambda _: None).write(b"last words")
        uart.detach()
        uart.close()
        assert os.read(master, 100) == b"last words"


async def test_nothing_waits_for_a_full_pty_to_close() -> None:
    with pty_pair() as (_, _slave, name):
        uart = open_uart(name, PLAIN)
        uart.attach(lambda _: None, lambda: None, lambda _: None).write(bytes(100_000))
        assert uart.unsent() > 0
        uart.detach()
        uart.close()


@pytest.mark.parametrize(
    ("mode", "device", "unseen"),
    [
        (stat.S_IFCHR, (204, 64), Unseen(characters=16)),
        (stat.S_IFCHR, (241, 0), Unseen(characters=16)),
        (stat.S_IFCHR, (188, 0), Unseen(seconds=0.016)),
        (stat.S_IFCHR, (136, 3), NOTHING),
        (stat.S_IFSOCK, (0, 0), NOTHING),
    ],
    ids=["ttyAMA0", "ttySC0", "ttyUSB0", "a PTY", "a test's"],
)
def test_for_how_long_the_hardware_may_keep_bytes_to_itself(
    monkeypatch: pytest.MonkeyPatch, mode: int, device: tuple[int, int], unseen: Unseen
) -> None:
    status = os.stat_result((mode, *(0,) * 9), {"st_rdev": os.makedev(*device)})
    with opened() as (_, _slave, uart):
        monkeypatch.setattr("os.fstat", lambda _: status)
        assert uart.unseen() == unseen
        monkeypatch.undo()


@pytest.mark.parametrize(("register", "left"), [(0, 1), (1, 0), (None, 0)])
def test_what_a_fifo_holds_has_not_left(
    monkeypatch: pytest.MonkeyPatch, register: int | None, left: int
) -> None:
    """Another rate would spoil up to 64 characters; a PTY cannot be asked."""

    def asked(fd: int, request: int, words: bytes) -> bytes:
        if request != TIOCSERGETLSR:
            return ioctl(fd, request, words)
        if register is None:
            raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")
        return register.to_bytes(4, sys.byteorder)

    with opened() as (_, _slave, uart):
        monkeypatch.setattr("fcntl.ioctl", asked)
        assert uart.unsent() == left
        monkeypatch.undo()


class TestPtyOfOurOwn:
    async def test_a_program_opens_the_link(self, tmp_path: Path) -> None:
        link = tmp_path / "tty"
        with closing(open_uart(f"pty:{link}", LineSettings(9600))) as uart:
            program = os.open(link, os.O_RDWR | os.O_NOCTTY)
            assert rate(program) == 9600
            stream = uart.attach(lambda _: None, lambda: None, lambda _: None)
            stream.write(b"welcome\r\n")
            assert os.read(program, 100) == b"welcome\r\n"
            os.close(program)
            uart.detach()
        assert not link.is_symlink()

    async def test_programs_come_and_go(self, tmp_path: Path) -> None:
        link = tmp_path / "tty"
        with closing(open_uart(f"pty:{link}", PLAIN)) as uart:
            lost: list[object] = []
            got: asyncio.Queue[bytes] = asyncio.Queue()
            stream = uart.attach(got.put_nowait, lambda: None, lost.append)
            stream.resume_reading()
            for word in (b"one", b"two"):
                program = os.open(link, os.O_RDWR | os.O_NOCTTY)
                os.write(program, word)
                async with asyncio.timeout(10):
                    assert await got.get() == word
                os.close(program)
            assert not lost
            uart.detach()

    def test_a_stale_link_is_replaced(self, tmp_path: Path) -> None:
        link = tmp_path / "tty"
        link.symlink_to("/dev/pts/99999")
        with closing(open_uart(f"pty:{link}", PLAIN)):
            assert link.exists()

    def test_a_link_to_a_terminal_that_is_younger_is_stale(self, tmp_path: Path) -> None:
        link = tmp_path / "tty"
        with pty_pair() as (_, _slave, name):
            link.symlink_to(name)
            before = os.stat(name).st_ctime_ns - 1
            os.utime(link, ns=(before, before), follow_symlinks=False)
            with closing(open_uart(f"pty:{link}", PLAIN)):
                assert os.readlink(link) != name

    def test_the_link_of_a_living_daemon_is_left_alone(self, tmp_path: Path) -> None:
        link = tmp_path / "tty"
        with closing(open_uart(f"pty:{link}", PLAIN)):
            target = os.readlink(link)
            with pytest.raises(OSError, match="another program has it"):
                open_uart(f"pty:{link}", PLAIN)
            assert os.readlink(link) == target

    def test_a_file_in_its_place_is_left_alone(self, tmp_path: Path) -> None:
        link = tmp_path / "tty"
        link.write_text("mine")
        with pytest.raises(FileExistsError):
            open_uart(f"pty:{link}", PLAIN)
        assert link.read_text() == "mine"

    def test_a_link_that_leads_elsewhere_by_now_is_left_alone(self, tmp_path: Path) -> None:
        link = tmp_path / "tty"
        uart = open_uart(f"pty:{link}", PLAIN)
        link.unlink()
        link.symlink_to("/dev/null")
        uart.close()
        assert os.readlink(link) == "/dev/null"


@pytest.mark.parametrize(
    ("model", "device"),
    [
        ("Raspberry Pi 5 Model B Rev 1.0\0", "/dev/ttyAMA0"),
        ("Raspberry Pi 4 Model B Rev 1.5\0", "/dev/serial0"),
        (None, "/dev/serial0"),
    ],
)
def test_the_uart_of_the_header(
    monkeypatch: pytest.MonkeyPatch, model: str | None, device: str
) -> None:
    def read_text(_path: Path, *_: object) -> str:
        if model is None:
            raise FileNotFoundError
        return model

    monkeypatch.setattr(Path, "read_text", read_text)
    assert header_uart() == device


def test_struct_of_the_kernel() -> None:
    assert TERMIOS2.size == 44 == (TCGETS2 >> 16) & 0x3FFF
    assert struct.calcsize("4I 20s 2I") == 44


def test_who_switches_writes_where_we_would(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Of a PTY that we made that is the other end than the one with the line settings."""
    opened_on: list[int] = []

    def note(tty: int, line: LineSettings, config: Rs485) -> Direction:
        opened_on.append(tty)
        return Direction(Choice("hardware", "as configured"))

    monkeypatch.setattr(rs485, "open_direction", note)
    line = LineSettings(9600, flow="RS485")
    with closing(open_uart(f"pty:{tmp_path}/link", line, Rs485())) as uart:
        assert opened_on == [uart._fd]
    with pty_pair() as (_, _slave, name), closing(open_uart(name, line, Rs485())) as uart:
        assert opened_on[1:] == [uart._port.fd]
    with pty_pair() as (_, _slave, name), closing(open_uart(name, PLAIN, Rs485())) as uart:
        assert uart.direction is None


def test_a_transceiver_that_cannot_be_switched_closes_the_tty(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: object) -> Direction:
        raise OSError(errno.EBUSY, "line 4 of gpiochip0 belongs to w1")

    monkeypatch.setattr(rs485, "open_direction", fails)
    with pty_pair() as (_, _slave, name), pytest.raises(OSError, match="belongs to w1"):
        open_uart(name, LineSettings(9600, flow="RS485"), Rs485(direction="gpio"))
