"""HTTPD mode with a real server, good and hostile (manual 3.2.2)."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.system.rig import WITHIN, Daemon, Host, until

pytestmark = pytest.mark.real

MIB = 1024 * 1024
RSS_LIMIT = 26 * 1024  # kB; 24 MB, h11, and what a test machine makes of it
GROWTH_LIMIT = 5 * 1024  # kB, for an answer of 1 MiB, its parser, and what the allocator keeps
OK = b"HTTP/1.1 200 OK\r\n"

Handler = Callable[[socket.socket], None]


class HttpServer:
    """Treats each connection with ``handle``, one after the other."""

    def __init__(self) -> None:
        self.handle: Handler = lambda _: None
        self.requests: list[bytes] = []
        self.connections = 0
        self._peer: socket.socket | None = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                self._peer, _ = self._listener.accept()
            except OSError:  # closed
                return
            with self._peer:
                self._peer.settimeout(WITHIN)
                self.connections += 1
                while request := head(self._peer):
                    self.requests.append(request)
                    try:
                        self.handle(self._peer)
                    except OSError:  # the daemon has had enough
                        break

    def close(self) -> None:
        """Hang up in the middle of whatever it is doing."""
        self._listener.shutdown(socket.SHUT_RDWR)
        if self._peer:
            with suppress(OSError):
                self._peer.shutdown(socket.SHUT_RDWR)
        self._thread.join(WITHIN)
        self._listener.close()


def head(peer: socket.socket) -> bytes:
    """A request without body; empty when there is none."""
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        try:
            more = peer.recv(1)
        except OSError:
            return b""
        if not more:
            return b""
        data += more
    return data


def says(data: bytes) -> Handler:
    return lambda peer: peer.sendall(data)


def closes_after(data: bytes) -> Handler:
    def handle(peer: socket.socket) -> None:
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)

    return handle


def repeats(start: bytes, filler: bytes) -> Handler:
    def handle(peer: socket.socket) -> None:
        peer.sendall(start)
        while True:
            peer.sendall(filler)

    return handle


@pytest.fixture
def http() -> Iterator[HttpServer]:
    server = HttpServer()
    yield server
    server.close()


@pytest.fixture
def module(daemon: Daemon, host: Host, http: HttpServer) -> Daemon:
    daemon.configure(
        device=host.path,
        WKMOD='"HTTPD"',
        HTPSV=f'"127.0.0.1",{http.port}',
        HTPHD='"User-Agent: test"',
        HTPTO="1",
        UARTFT="20",
    )
    daemon.start()
    host.expect(b"\r\nUSR-7S3\r\n")
    return daemon


def answered(module: Daemon, http: HttpServer, host: Host) -> None:
    """A request of today is answered."""
    http.handle = says(OK + b"Content-Length: 5\r\n\r\nagain")
    host.write(b"data=2")
    host.expect(b"again")


def memory(daemon: Daemon, what: str = "VmRSS") -> int:
    """Resident memory in kB; ``VmHWM`` is the most it has ever been."""
    lines = Path(f"/proc/{daemon.pid}/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith(what)))


@pytest.mark.manual("3.2.2.2", "data=http://www.usr.cn comes back in brackets")
@pytest.mark.manual("2.3", "network protocol HTTP")
def test_request_and_answer_and_the_connection_is_kept(
    module: Daemon, http: HttpServer, host: Host
) -> None:
    http.handle = says(OK + b"Content-Length: 19\r\n\r\n[http://www.usr.cn]")
    for _ in range(3):
        host.write(b"data=http://www.usr.cn")
        host.expect(b"[http://www.usr.cn]")
    assert http.requests == 3 * [
        b"GET /1.php?data=http://www.usr.cn HTTP/1.1\r\n"
        b"Host: 127.0.0.1:%d\r\nUser-Agent: test\r\n\r\n" % http.port
    ]
    assert http.connections == 1
    status = module.status()
    assert (status["mode"], status["http"]["state"]) == ("HTTPD", "idle")
    assert (status["http"]["requests"], status["http"]["answers"]) == (3, 3)
    assert "3 of 3 requests answered" in module.ctl("status").stdout


def test_chunks_and_the_close_end_an_answer(module: Daemon, http: HttpServer, host: Host) -> None:
    http.handle = says(OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    host.write(b"1")
    host.expect(b"abcde")
    http.handle = closes_after(OK + b"\r\nto the close")
    host.write(b"2")
    host.expect(b"to the close")


@pytest.mark.parametrize(
    ("handle", "words"),
    [
        (says(b""), "no answer in 1 s (HTPTO)"),
        (says(OK + b"Content-Length: 100\r\n\r\nless"), "no answer in 1 s (HTPTO)"),
        (closes_after(OK + b"Content-Length: 100\r\n\r\nless"), "the answer ends in the middle"),
        (closes_after(b""), "closed without an answer"),
        (repeats(OK, b"X-Filler: endless\r\n"), "the answer is not HTTP as we know it"),
        (repeats(OK + b"\r\n", b"x" * 65536), "the answer is longer than 1 MiB"),
        # Which of the two bounds comes first is a matter of the machine.
        (repeats(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100), ""),
        (says(OK + b"Content-Length: 9999999999\r\n\r\n"), "the answer is longer than 1 MiB"),
        (says(OK + b"Transfer-Encoding: chunked\r\n\r\nno size\r\n"),
         "the answer is not HTTP as we know it"),
    ],
    ids=["silence", "too little", "cut", "closed", "headers", "body", "1xx", "huge", "chunks"],
)  # fmt: skip
def test_hostile_answers_leave_nothing_and_the_next_request_works(
    module: Daemon, http: HttpServer, host: Host, handle: Handler, words: str
) -> None:
    http.handle = handle
    host.write(b"data=1")
    module.logs(f"http: 127.0.0.1:{http.port}: request failed: {words}")
    assert host.read(within=0.05) == b""
    answered(module, http, host)
    status = module.status()["http"]
    assert (status["requests"], status["failures"], status["answers"]) == (2, 1, 1)
    assert module.log.count("request failed") == 1


def test_nobody_there(module: Daemon, http: HttpServer, host: Host) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        free = listener.getsockname()[1]
    host.command_mode()
    assert host.ask(f'AT+HTPSV="127.0.0.1",{free}') == "OK"
    assert host.ask("AT+S") == "OK"
    host.expect(b"\r\nUSR-7S3\r\n")
    host.write(b"data=1")
    module.logs("request failed: Connect call failed")
    assert host.read(within=0.05) == b""


def test_1_mib_reaches_a_slow_host_whole_and_memory_stays_bounded(
    module: Daemon, http: HttpServer, host: Host
) -> None:
    body = bytes(range(256)) * (MIB // 256)
    http.handle = closes_after(OK + b"Content-Length: %d\r\n\r\n" % MIB + body)
    before = memory(module)
    host.write(b"data=1")
    until(lambda: module.status()["http"]["state"] == "answering")
    host.write(b"data=2")
    assert host.take(MIB) == body
    assert host.take(MIB) == body
    assert module.status()["http"]["rx_bytes"] == 2 * MIB
    grown = memory(module, "VmHWM") - before
    print(f"grown by {grown} kB")
    assert grown < GROWTH_LIMIT


def test_memory_in_httpd_mode(module: Daemon, http: HttpServer, host: Host) -> None:
    answered(module, http, host)
    size = memory(module)
    print(f"RSS {size} kB")
    assert size < RSS_LIMIT
