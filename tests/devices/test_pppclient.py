"""Asking root for pppd: the real root's part as a child, with a pppd that follows a script."""

import asyncio
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.test_pppstarter import SCRIPTED_PPPD
from usr7s3d.devices import pppclient
from usr7s3d.devices.pppclient import COMMAND, Report, Request, Session, session

pytestmark = pytest.mark.real


@pytest.fixture
def tty() -> Iterator[str]:
    path = Path(f"/tmp/usr7s3d-test-tty-{os.getpid()}")  # short: a request's field is bounded
    path.touch()
    yield str(path)
    path.unlink()
    Path(f"{path}.log").unlink(missing_ok=True)


@pytest.fixture
def _starter(monkeypatch: pytest.MonkeyPatch) -> None:
    starter = f"{sys.executable} -I {pppclient.STARTER} --any-tty --pppd {SCRIPTED_PPPD}"
    monkeypatch.setenv(COMMAND, starter)


def request(tty: str, user: str) -> Request:
    return Request(tty, "IP", "chap", user, "geheim")


async def reports(started: Session, count: int) -> list[Report]:
    async with asyncio.timeout(20):
        return [await started.report() for _ in range(count)]


async def gone(tty: str) -> None:
    """Until pppd has ended, and root's part with it."""
    pid = seen(tty)["pid"]
    async with asyncio.timeout(20):
        while _exists(f"/proc/{pid}") or _children():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def no_children() -> None:
    """Until nobody is left, nor a zombie of him."""
    async with asyncio.timeout(20):
        while _children():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def seen(tty: str) -> dict[str, Any]:
    """What pppd left."""
    left: dict[str, Any] = json.loads(Path(f"{tty}.log").read_text())
    return left


def _exists(path: str) -> bool:
    return Path(path).exists()


def _children() -> str:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text()


@pytest.mark.usefixtures("_starter")
async def test_a_session(tty: str) -> None:
    async with session(request(tty, "up")) as started:
        said = await reports(started, 6)
        assert said[0] == {"interface": "ppp0"}
        assert said[2:] == [
            {"address": "10.64.64.65"},
            {"peer": "10.64.64.64"},
            {"dns": "10.64.64.1"},
            {"dns": "10.64.64.2"},
        ]
        await started.end()
    await gone(tty)
    left = seen(tty)
    assert (left["password"], "refuse-pap" in left["argv"]) == ("geheim", True)


@pytest.mark.usefixtures("_starter")
async def test_whoever_leaves_in_a_hurry_leaves_no_pppd(tty: str) -> None:
    async def hurry() -> NoReturn:
        async with session(request(tty, "up")) as started:
            await reports(started, 3)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await hurry()
    await gone(tty)


@pytest.mark.usefixtures("_starter")
async def test_the_exit_status(tty: str) -> None:
    async with session(request(tty, "auth")) as started:
        assert (await reports(started, 2))[1] == {"exit": 19}
        with pytest.raises(OSError, match="has gone"):
            await started.report()
    await gone(tty)


async def test_a_starter_that_cannot_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(COMMAND, "/nonexistent/starter")
    with pytest.raises(FileNotFoundError):
        async with session(request("/dev/ttyUSB0", "")):
            pass


async def test_no_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pppclient, "SOCKET", tmp_path / "ppp.sock")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(OSError, match=r"usr7s3d-ppp\.socket"):
        async with session(request("/dev/ttyUSB0", "")):
            pass


async def test_over_the_services_socket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readline())
        writer.write(b'{"interface": "ppp7"}\n' + b"x" * 5000)
        await reader.read()
        writer.close()

    monkeypatch.setattr(pppclient, "SOCKET", tmp_path / "ppp.sock")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    async with (
        await asyncio.start_unix_server(serve, tmp_path / "ppp.sock"),
        session(request("/dev/ttyUSB0", "web")) as started,
    ):
        assert await started.report() == {"interface": "ppp7"}
        with pytest.raises(OSError, match="nonsense"):
            await started.report()
    assert sorted(json.loads(heard[0])) == ["auth", "password", "pdp_type", "tty", "user"]


NONSENSE = """
import socket, sys
with socket.socket(fileno=0) as client:
    client.recv(1000)
    client.sendall(bytes.fromhex(sys.argv[1]))
    client.shutdown(socket.SHUT_WR)
    client.recv(1000)
"""


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"{]\n", "nonsense"),
        (b"16\n", "nonsense"),
        (b"null\n", "nonsense"),
        (b"\xff\xfe\n", "nonsense"),
        (b"[" * 1500 + b"\n", "nonsense"),
        (b"x" * 4000 + b"\n", "nonsense"),
        (b'{"exit": 1', "has gone"),  # cut in the middle
        (b"", "has gone"),
    ],
)
async def test_a_starter_that_talks_nonsense(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, said: bytes, words: str
) -> None:
    script = tmp_path / "starter.py"
    script.write_text(NONSENSE)
    monkeypatch.setenv(COMMAND, f"{sys.executable} -I {script} {said.hex()}")
    async with session(request("/dev/ttyUSB0", "web")) as started:
        with pytest.raises(OSError, match=words):
            await started.report()
    await no_children()


async def test_a_report_in_pieces_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Also when nobody had the patience to wait for its second half."""
    go = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'{"addr')
        await go.wait()
        writer.write(b'ess": "10.64.64.65"}\n{"exi')
        await asyncio.sleep(0.01)
        writer.write(b't": 16}\n')
        await reader.read()
        writer.close()

    monkeypatch.setattr(pppclient, "SOCKET", tmp_path / "ppp.sock")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    async with (
        await asyncio.start_unix_server(serve, tmp_path / "ppp.sock"),
        session(request("/dev/ttyUSB0", "web")) as started,
    ):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await started.report()
        go.set()
        assert await reports(started, 2) == [{"address": "10.64.64.65"}, {"exit": 16}]


async def test_a_starter_that_does_not_end_is_waited_for_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pppclient, "END_TIME", 0.3)
    gone = asyncio.Event()

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await gone.wait()
        writer.close()

    monkeypatch.setattr(pppclient, "SOCKET", tmp_path / "ppp.sock")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    clock = asyncio.get_running_loop().time
    async with await asyncio.start_unix_server(serve, tmp_path / "ppp.sock"):
        began = clock()
        async with session(request("/dev/ttyUSB0", "web")) as started:
            await started.end()
        assert 0.25 < clock() - began < 0.55
        gone.set()


async def test_given_up_while_it_is_reached_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """No zombie is left of root's part, nor a descriptor."""

    async def cancelled(**_: object) -> NoReturn:
        raise asyncio.CancelledError

    monkeypatch.setenv(COMMAND, f"{sys.executable} -I -c pass")
    monkeypatch.setattr(asyncio, "open_unix_connection", cancelled)
    with pytest.raises(asyncio.CancelledError):
        async with session(request("/dev/ttyUSB0", "web")):
            pass
    await no_children()
