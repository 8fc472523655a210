"""What ./demo shows, once, as a process.  (./demo itself would set up first.)"""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.real

DEMO = [sys.executable, "-m", "usr7s3d.simulator.demo"]
LIMIT = 50.0  # s; it takes two

STORY: list[str | re.Pattern[str]] = [
    r"host    ← UART  \r\nUSR-7S3\r\n",  # the welcome text
    r"host    → UART  temperature 21.5\r\n",
    r"server  ← A     temperature 21.5\r\n",
    r"server  → A     valve 3 open\r\n",
    r"host    ← UART  valve 3 open\r\n",
    r"host    → UART  +++",
    r"host    ← UART  a",
    r"host    → UART  a",
    r"host    ← UART  +ok",
    r'host    ← UART  AT+WKMOD?\r\r\n+WKMOD:"NET"\r\n\r\nOK\r\n',
    r"host    ← UART  AT+HEARTTM=60\r\r\nOK\r\n",
    r"host    ← UART  AT+S\r\r\nOK\r\n",
    r"host    ← UART  \r\nUSR-7S3\r\n",  # it has restarted by itself
    r"server  ← A     here again\r\n",
    r"host    ← UART  demo#\r\n+HEARTTM:60\r\n\r\nOK\r\n",  # and what was saved is there
    r"host    → UART  to you both\r\n",  # both sockets
    r"server  ← A     to you both\r\n",
    r"server  ← B     to you both\r\n",
    r"host    ← UART  thank you\r\n",
    r"usr7s3d | WARNING B: stalled and its cache is full: packets are dropped",
    re.compile(r"Server A has all 260000 bytes, after [\d.]+ s\."),
    re.compile(r"B     connected .* 4\.\d kB wait .* dropped"),
    r"host    → UART  and now?\r\n",
    re.compile(r"server  ← B     .*and now\?\\r\\n .*"),
    re.compile(r"A     waiting .* 69 B wait .*"),
    r"server  ← A     "
    r"measured without A: 1\r\nmeasured without A: 2\r\nmeasured without A: 3\r\n",
    r"server  ← A     measured with A\r\n",
    "$ usr7s3ctl at 'AT+CSQ'",
    r"+CSQ: 21,99",
    r"+IMEI:861585040000016",
    r"phone   → SMS   demo#AT+HEARTTM?",
    r"phone   ← SMS   +HEARTTM:60\nOK",
    r"$ modem unplug",
    r"phone   → SMS   demo#AT+VER",
    r"$ modem plug",
    re.compile(r"phone   ← SMS   \+VER:\S+\\nOK"),
    r"server  ← A     100111111000001111110000test",  # the cloud has its login
    r"host    ← UART  usr_cloud_code_0",
    r"server  ← A     temperature 21.6\r\n",
    re.compile(r"server  ← HTTP  GET /1\.php\?data=http://www\.usr\.cn HTTP/1\.1\\r\\nHost: .*"),
    r"host    ← UART  [http://www.usr.cn]",
    r"usr7s3d | daemon: stopped",
]


def demo(folder: Path, *arguments: str, tty: int = subprocess.DEVNULL) -> tuple[int, str]:
    """Run it with ``folder`` for what it puts into /tmp; its exit status and output."""
    done = subprocess.run(
        [*DEMO, *arguments],
        env=os.environ | {"TMPDIR": str(folder), "PYTHONUTF8": "1"},
        stdin=tty,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=LIMIT,
        check=False,
    )
    return done.returncode, done.stdout.decode()


def living_in(folder: Path) -> list[str]:
    """Command lines of processes that name ``folder``."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
        except OSError:  # it has ended meanwhile
            continue
    return [line for line in lines if str(folder) in line]


def test_its_story(tmp_path: Path) -> None:
    status, output = demo(tmp_path, "--once")
    assert status == 0, output
    told = iter(output.splitlines())
    for line in STORY:
        pattern = line if isinstance(line, re.Pattern) else re.compile(re.escape(line))
        assert any(map(pattern.fullmatch, told)), f"{line!r} is not where it belongs in:\n{output}"
    assert "usr7s3d | A: USR Cloud has accepted us\n" in output
    assert not list(tmp_path.iterdir())
    assert not living_in(tmp_path)


def test_nobody_at_the_keyboard_ends_it_after_the_show(tmp_path: Path) -> None:
    status, output = demo(tmp_path)
    assert status == 0
    assert "Your turn" not in output


def test_what_goes_wrong_is_said_in_words(tmp_path: Path) -> None:
    """A path that is too long for a socket stands for all that keeps the daemon from starting."""
    deep = tmp_path / ("long" * 25)
    deep.mkdir()
    status, output = demo(deep, "--once")
    assert status == 1
    assert "path too long" in output
    assert output.endswith("./demo: usr7s3d ended with status 1\n")
    assert not list(deep.iterdir())


def test_a_person_sends_an_sms_and_ctrl_c_clears_everything_away(tmp_path: Path) -> None:
    ours, its = os.openpty()
    shown = ""
    try:
        process = subprocess.Popen(
            DEMO, stdin=its, stdout=its, stderr=its, env=os.environ | {"TMPDIR": str(tmp_path)}
        )
        while "Ctrl-c ends it all" not in shown:
            shown += os.read(ours, 4096).decode("utf-8", "replace")
        os.write(ours, b"sms demo#AT+SOCKB?\n")
        while "SMS   +SOCKB:" not in shown:
            shown += os.read(ours, 4096).decode("utf-8", "replace")
        process.send_signal(signal.SIGINT)
        assert process.wait(LIMIT) == 0
        shown += os.read(ours, 4096).decode("utf-8", "replace")
    finally:
        os.close(ours)
        os.close(its)
    assert re.search(r"picocom -b 115200 \S+/tty", shown)
    assert "everything is cleared away" in shown
    assert not list(tmp_path.iterdir())
    assert not living_in(tmp_path)
