"""Lights and keys on a GPIO chip of Debian's arm64 kernel; QEMU's trace tells what the pins do.

Line 3 of the chip is the machine's power key: QEMU holds it low, and raises it for a moment.
"""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vm.board import Board
from tests.vm.images import image

pytestmark = [pytest.mark.real, pytest.mark.limit(400)]

POWER, LINKA, DATA, WORK = 0, 1, 4, 5

CONFIG = f"""
[uart]
device = "/dev/ttyAMA0"
[bearer]
kind = "host"
[leds]
power = "gpio:gpiochip0/{POWER}"
linka = "gpio:gpiochip0/{LINKA},active_low"
data = "gpio:gpiochip0/{DATA}"
work = "gpio:gpiochip0/{WORK}"
[pins]
reset = "gpio:gpiochip0/3"
[factory]
SOCKA = '"TCP","127.0.0.1",9000'
HEARTEN = "off"
STMSG = '""'
"""

SERVER = b"import socket\nsocket.create_server(('127.0.0.1', 9000)).accept()[0].recv(99999)\n" * 2


@pytest.fixture(scope="module")
def board(
    package: Path, dependencies: list[str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Board]:
    """With a GPIO chip, and the package's files."""
    files = tmp_path_factory.mktemp("files")
    subprocess.run(["dpkg-deb", "--extract", package, files], check=True)
    compiling = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    subprocess.run([*compiling, files / "usr/lib/python3"], check=False)
    python = [name for name in dependencies if name.startswith("python3-")]
    with Board(image("board", "bookworm", python), "virt", files) as machine:
        yield machine


def levels(trace: Path, line: int) -> str:
    """What a pin was set to, in order."""
    found = re.findall(rf"pl061_set_output .*\b{line} to (\d)", trace.read_text())
    return "".join(found)


def shown(trace: Path, line: int, pattern: str) -> None:
    """Wait until the pin has gone through ``pattern``."""
    end = time.monotonic() + 60
    while not re.fullmatch(pattern, levels(trace, line)):
        assert time.monotonic() < end, (line, pattern, levels(trace, line))
        time.sleep(0.2)


def test_lights_and_a_key(board: Board, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    board.human(f"logfile {trace}")
    board.human("trace-event pl061_set_output on")
    board.put("/tmp/config.toml", CONFIG.encode())
    board.put("/tmp/server.py", SERVER)
    folders = "--config /tmp/config.toml --state-dir /var/lib/u --runtime-dir /run/u"
    board.run(f"usr7s3d {folders} >/run/log 2>&1 & echo $! >/run/daemon")
    board.until("grep -q 'module: start' /run/log", 120)
    shown(trace, POWER, "[01]*1")
    assert not levels(trace, LINKA).endswith("0")
    board.run("python3 /tmp/server.py >/dev/null 2>&1 &")
    board.until("grep -q 'A: connected' /run/log", 120)
    shown(trace, LINKA, "[01]*0")  # lit: it is active low
    assert "1" not in levels(trace, DATA)
    board.uart.sendall(b"data")
    shown(trace, DATA, "0*10")
    shown(trace, WORK, "0*(1+0+){2,}1*")

    board.monitor("system_powerdown")
    board.until("grep -q 'pin reset: pressed' /run/log", 60)
    board.until('[ "$(grep -c "module: start" /run/log)" = 2 ]', 60)

    board.run("kill $(cat /run/daemon)")
    board.until("grep -q 'daemon: stopped' /run/log", 60)
    for line, level in ((POWER, 0), (LINKA, 1), (DATA, 0), (WORK, 0)):
        shown(trace, line, f"[01]*{level}")
