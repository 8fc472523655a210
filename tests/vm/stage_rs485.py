"""RS485 on the UARTs of a Raspberry Pi: Debian's arm64 kernel, and QEMU's trace of the registers.

The trace is read as a row of letters: d a byte for the transmitter, D and L the transceiver
switched to sending and to listening.  Each request has to be D, its bytes, L.
"""

import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vm.board import Board
from tests.vm.images import image

pytestmark = [pytest.mark.real, pytest.mark.limit(400)]

REQUEST = bytes.fromhex("010300000001840a")
ANSWER = bytes.fromhex("0103020064b9af")
TURNS = 5
FRAMES = f"D{'d' * len(REQUEST)}L" * TURNS

# A master on the network: it sends the request and waits for the answer.
MASTER = b"""
import socket, sys
server = socket.create_server(("127.0.0.1", 9000))
client = server.accept()[0]
client.settimeout(60)
open("/run/connected", "w").close()
while True:
    request = sys.stdin.buffer.read(8)
    if not request:
        break
    client.sendall(request)
    got = b""
    while len(got) < 7:
        got += client.recv(100)
    print(got.hex(), flush=True)
"""

CONFIG = """
[uart]
device = "{device}"
[bearer]
kind = "host"
[rs485]
{rs485}
[factory]
SOCKA = '"TCP","127.0.0.1",9000'
UART = '9600,NONE,8,1,RS485'
HEARTEN = "off"
STMSG = '""'
UARTFT = "50"
"""


@pytest.fixture(scope="module")
def files(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is in the package."""
    folder = tmp_path_factory.mktemp("files")
    subprocess.run(["dpkg-deb", "--extract", package, folder], check=True)
    # The same Python there starts it in a fifth of the time.
    compiling = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*compiling, folder / "usr/lib/python3"], check=False)
    return folder


def board_image(dependencies: list[str]) -> Path:
    python = [name for name in dependencies if name.startswith("python3-")]
    return image("board", "bookworm", python)


@pytest.fixture(scope="module")
def board(files: Path, dependencies: list[str]) -> Iterator[Board]:
    """With a PL011 and a GPIO chip."""
    with Board(board_image(dependencies), "virt", files) as machine:
        yield machine


@pytest.fixture(scope="module")
def pi3(files: Path, dependencies: list[str]) -> Iterator[Board]:
    """With the mini UART."""
    with Board(board_image(dependencies), "raspi3b", files) as machine:
        yield machine


def start(board: Board, rs485: str, device: str = "/dev/ttyAMA0") -> str:
    """Start the daemon and a master behind socket A; what it said of RS485."""
    board.attempt("kill $(cat /run/daemon) $(cat /run/master); rm -rf /run/connected /var/lib/u")
    board.put("/tmp/config.toml", CONFIG.format(device=device, rs485=rs485).encode())
    board.put("/tmp/master.py", MASTER)
    requests = REQUEST * TURNS
    board.put("/tmp/requests", requests)
    board.run("python3 /tmp/master.py </tmp/requests >/run/answers 2>&1 & echo $! >/run/master")
    folders = "--config /tmp/config.toml --state-dir /var/lib/u --runtime-dir /run/u"
    board.run(f"usr7s3d {folders} >/run/log 2>&1 & echo $! >/run/daemon")
    board.until("grep -q 'RS485 direction' /run/log", 120)
    return board.run("grep 'RS485 direction' /run/log")


def slave(line: socket.socket) -> None:
    """Answer each request, a while after its last byte."""
    line.settimeout(120)
    for _ in range(TURNS):
        got = b""
        while not got.endswith(REQUEST):  # of a UART that starts something may be left
            got += line.recv(100)
        assert len(got) <= len(REQUEST) + 2
        time.sleep(0.5)
        line.sendall(ANSWER)


def traced(board: Board, trace: Path, events: list[str], rs485: str) -> tuple[str, str]:
    """What the daemon said, and what was written to the registers while requests went out."""
    board.human(f"logfile {trace}")
    for event in events:
        board.human(f"trace-event {event} on")
    said = start(board, rs485)
    slave(board.uart)
    board.until(f'[ "$(grep -c {ANSWER.hex()} /run/answers)" = {TURNS} ]', 60)
    for event in events:
        board.human(f"trace-event {event} off")
    return said, trace.read_text()


def pl011(trace: str, sending: int) -> str:
    """Register 0 takes bytes; bit 11 of register 0x30 is RTS, on is a low pin."""
    letters, rts = "", None
    for address, value in re.findall(r"pl011_write addr 0x(\w+) value 0x(\w+)", trace):
        if int(address, 16) == 0:
            letters += "d"
        elif int(address, 16) == 0x30:
            now = int(value, 16) >> 11 & 1
            if now != rts:
                letters += "D" if now == sending else "L"
            rts = now
    return letters


@pytest.mark.parametrize(("active_low", "rts"), [("false", 0), ("true", 1)])
def test_the_pl011s_driver_switches_rts(
    board: Board, tmp_path: Path, active_low: str, rts: int
) -> None:
    """TIOCSRS485 is set and read back, RTS stands round the bytes of every frame."""
    config = f'direction = "kernel"\nactive_low = {active_low}'
    said, trace = traced(board, tmp_path / "trace", ["pl011_write"], config)
    assert "by kernel (the driver took it and reads it back)" in said
    assert pl011(trace, rts).endswith(FRAMES), pl011(trace, rts)


@pytest.mark.parametrize(("active_low", "rts"), [("false", 0), ("true", 1)])
def test_we_switch_rts(board: Board, tmp_path: Path, active_low: str, rts: int) -> None:
    config = f'direction = "rts"\nactive_low = {active_low}'
    said, trace = traced(board, tmp_path / "trace", ["pl011_write"], config)
    assert "by rts" in said
    assert pl011(trace, rts).endswith(FRAMES), pl011(trace, rts)


@pytest.mark.parametrize("rts", [0, 1])
@pytest.mark.parametrize("direction", ["rts", "kernel"])
@pytest.mark.parametrize("number", ["TERM", "KILL"])
def test_the_line_listens_when_the_daemon_has_gone(
    board: Board, tmp_path: Path, direction: str, rts: int, number: str
) -> None:
    """The kernel closes the tty; left alone it turns RTS off, its pin high."""
    trace = tmp_path / "trace"
    start(board, f'direction = "{direction}"\nactive_low = {"true" if rts else "false"}')
    slave(board.uart)
    board.until(f'[ "$(grep -c {ANSWER.hex()} /run/answers)" = {TURNS} ]', 60)
    board.human(f"logfile {trace}")
    board.human("trace-event pl011_write on")
    board.run(f"kill -{number} $(cat /run/daemon)")
    # Of a process that has ended nothing is left there, though nobody may have fetched it.
    board.until("! grep -q '[s]ender.py\\|[u]sr7s3d' /proc/[0-9]*/cmdline", 60)
    board.human("trace-event pl011_write off")
    letters = pl011(trace.read_text(), rts)
    assert letters.endswith("L"), letters


@pytest.mark.parametrize("active_low", ["false", "true"])
def test_we_switch_a_gpio_line(board: Board, tmp_path: Path, active_low: str) -> None:
    config = (
        f'direction = "gpio"\ngpio_chip = "gpiochip0"\ngpio_line = 5\nactive_low = {active_low}'
    )
    events = ["pl011_write", "pl061_set_output"]
    said, trace = traced(board, tmp_path / "trace", events, config)
    assert "by gpio (line 5 of gpiochip0)" in said
    letters = ""
    for uart, level in re.findall(r"(pl011_write addr 0x0+ )|pl061_set_output .*5 to (\d)", trace):
        letters += "d" if uart else ("D" if (level == "1") != (active_low == "true") else "L")
    assert letters.endswith(FRAMES), letters


def test_auto_takes_the_driver(board: Board) -> None:
    assert "by kernel" in start(board, 'direction = "auto"')
    slave(board.uart)


def test_the_sending_process_is_small(board: Board) -> None:
    start(board, 'direction = "rts"')
    slave(board.uart)
    pid = board.run("grep -l sender.py /proc/[0-9]*/cmdline | grep -v self | cut -d / -f 3")
    rss = board.run(f"grep VmRSS /proc/{pid.split()[0]}/status")
    assert int(re.findall(r"\d+", rss)[0]) < 12_000  # kB


def test_the_mini_uart(pi3: Board) -> None:
    """A Pi 3 with Bluetooth left where it is; QEMU does not show this one's RTS."""
    said = start(pi3, 'direction = "kernel"', "/dev/ttyS1")
    assert "by kernel (the driver took it and reads it back)" in said
    slave(pi3.uart)
    pi3.until(f'[ "$(grep -c {ANSWER.hex()} /run/answers)" = {TURNS} ]', 60)
