"""usr7s3ctl before daemons that answer, and others."""

import grp
import os
import pwd
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from usr7s3d.ctl import client
from usr7s3d.ctl.client import NoAnswer, ask, stream

pytestmark = pytest.mark.real

Handler = Callable[[socket.socket], object]


@contextmanager
def daemon(folder: Path, handle: Handler) -> Iterator[None]:
    """One that treats its only client with ``handle``."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "control.sock"))
        listener.listen()

        def serve() -> None:
            with listener.accept()[0] as peer:
                handle(peer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            thread.join()


def says(answer: bytes) -> Handler:
    def handle(peer: socket.socket) -> None:
        peer.recv(4096)
        with suppress(ConnectionError):  # a client may have had enough
            peer.sendall(answer)

    return handle


def test_answer(tmp_path: Path) -> None:
    with daemon(tmp_path, says(b'{"ok": true}\n')):
        assert ask(tmp_path, {"verb": "x"}) == {"ok": True}


def test_lines_of_a_stream(tmp_path: Path) -> None:
    with daemon(tmp_path, says(b'{}\n{"line": "a"}\n{"line": "b"}\n')):
        assert list(stream(tmp_path, {})) == [{}, {"line": "a"}, {"line": "b"}]


@pytest.mark.parametrize(
    ("handle", "words"),
    [
        (says(b'{"error": "no such verb"}\n'), "no such verb"),
        (says(b""), "usr7s3d ended before it answered"),
        (says(b'{"reply": "\\r\\nO'), "usr7s3d ended before it answered"),
        # One that is busy says so without having read the request.
        (lambda peer: peer.sendall(b'{"error": "16 clients"}\n'), "16 clients"),
        (lambda peer: None, "usr7s3d ended before it answered"),
    ],
)
def test_no_answer(tmp_path: Path, handle: Handler, words: str) -> None:
    with daemon(tmp_path, handle), pytest.raises(NoAnswer, match=words):
        ask(tmp_path, {"verb": "x"})


def test_daemon_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TIMEOUT", 0.1)
    gone = threading.Event()
    with daemon(tmp_path, lambda _: gone.wait()):
        with pytest.raises(NoAnswer, match=r"usr7s3d did not answer in 0\.1 s"):
            ask(tmp_path, {"verb": "x"})
        gone.set()


def test_nobody_there(tmp_path: Path) -> None:
    with pytest.raises(NoAnswer, match="usr7s3d is not running"):
        ask(tmp_path, {})
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(tmp_path / "control.sock"))
    with pytest.raises(NoAnswer, match="usr7s3d is not running"):
        ask(tmp_path, {})


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Refused(socket.socket):
        def connect(self, _: object) -> None:
            raise PermissionError

    monkeypatch.setattr(socket, "socket", Refused)
    monkeypatch.setattr(grp, "getgrnam", {}.__getitem__)
    with pytest.raises(NoAnswer, match=r"control\.sock; use sudo$"):
        ask(tmp_path, {})
    monkeypatch.setattr(grp, "getgrnam", str)
    me = pwd.getpwuid(os.getuid()).pw_name
    with pytest.raises(NoAnswer, match=f"sudo adduser {me} usr7s3d\n"):
        ask(tmp_path, {})


def ctl(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "usr7s3d.ctl", "--runtime-dir", str(folder), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_reply_as_it_is(tmp_path: Path) -> None:
    """Exit status 0 for OK, 1 for an error reply."""
    with daemon(tmp_path, says(b'{"reply": "\\r\\nOK\\r\\n", "ok": true}\n')):
        result = subprocess.run(
            [sys.executable, "-m", "usr7s3d.ctl", "--runtime-dir", str(tmp_path), "at", "AT"],
            capture_output=True,
            check=False,
        )
    assert (result.returncode, result.stdout) == (0, b"\r\nOK\r\n")


def test_error_reply(tmp_path: Path) -> None:
    with daemon(tmp_path, says(b'{"reply": "\\r\\n+CME ERROR:58\\r\\n", "ok": false}\n')):
        result = ctl(tmp_path, "at", "AT+X")
    assert (result.returncode, result.stdout.strip()) == (1, "+CME ERROR:58")
    assert result.stderr.startswith("usr7s3ctl: 58 is: not understood or not allowed; ")


def test_the_runtime_folder_may_stand_behind_the_verb(tmp_path: Path) -> None:
    with daemon(tmp_path, says(b'{"reply": "\\r\\nOK\\r\\n", "ok": true}\n')):
        result = ctl(tmp_path / "elsewhere", "at", "--runtime-dir", str(tmp_path), "AT")
    assert result.returncode == 0


def test_watch_ends_with_the_daemon(tmp_path: Path) -> None:
    with daemon(tmp_path, says(b'{}\n{"line": "A: connected"}\n')):
        result = ctl(tmp_path, "watch")
    assert result.stdout == "watching; stop with ctrl-c\nA: connected\n"
    assert (result.returncode, result.stderr) == (1, "usr7s3d has ended\n")


def test_words_for_a_person(tmp_path: Path) -> None:
    result = ctl(tmp_path, "status")
    assert result.returncode == 1
    assert result.stderr == (
        f"usr7s3ctl: usr7s3d is not running (nobody answers at {tmp_path}/control.sock)\n"
    )


@pytest.mark.parametrize("verb", ["status", "watch"])
def test_reader_of_the_output_that_leaves(tmp_path: Path, verb: str) -> None:
    """As ``usr7s3ctl status --json | head -1``: no traceback."""
    long = b'{"line": "' + b"x" * 100_000 + b'"}\n'
    reader, writer = os.pipe()
    os.close(reader)
    with daemon(tmp_path, says(long * 2)), os.fdopen(writer, "wb") as output:
        arguments = [verb, "--json"] if verb == "status" else [verb]
        result = subprocess.run(
            [sys.executable, "-m", "usr7s3d.ctl", "--runtime-dir", str(tmp_path), *arguments],
            stdout=output,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (result.returncode, result.stderr) == (1, b"")
