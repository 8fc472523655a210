"""The control socket, before clients of every kind."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.services.parts import running
from usr7s3d.core.liveness import GRACE, Liveness
from usr7s3d.services.control import CLIENTS, PATIENCE, VERB_LIMIT, Control, Request, Verb
from usr7s3d.services.watch import Watchers


async def echo(request: Request) -> Request:
    return {"got": request}


async def never(_: Request) -> Request:
    await asyncio.get_running_loop().create_future()
    return {}


async def long(_: Request) -> Request:
    return {"got": "x" * 10_000_000}


class Place:
    """A control socket that is served, and its clients."""

    def __init__(self, folder: Path) -> None:
        self.path = str(folder / "control.sock")
        self.watchers = Watchers()
        self.liveness = Liveness(asyncio.get_running_loop().time)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(64)
        verbs: dict[str, Verb] = {"echo": echo, "never": never, "long": long}
        self.control = Control(self.listener, verbs, self.watchers)

    def client(self, data: bytes = b"") -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.setblocking(False)
        client.connect(self.path)
        client.send(data)
        return client


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Place]:
    place = Place(folder)
    with place.listener:
        async with running(place.control, liveness=place.liveness):
            yield place


async def answers(client: socket.socket) -> list[Any]:
    """All lines up to the end of the connection; a reset, when not all we sent was read."""
    data = b""
    with suppress(ConnectionResetError):
        while more := await asyncio.get_running_loop().sock_recv(client, 65536):
            data += more
    return [json.loads(line) for line in data.splitlines()]


async def test_request_and_answer(tmp_path: Path) -> None:
    async with served(tmp_path) as place:
        with place.client(b'{"verb": "echo", "x": "\xc3\xa9"}\n') as client:
            assert await answers(client) == [{"got": {"verb": "echo", "x": "é"}}]


async def test_request_in_pieces(tmp_path: Path) -> None:
    async with served(tmp_path) as place:
        with place.client() as client:
            for byte in b'{"verb": "echo"}\n':
                client.send(bytes([byte]))
                await asyncio.sleep(1)
            assert await answers(client) == [{"got": {"verb": "echo"}}]


@pytest.mark.parametrize(
    ("sent", "error"),
    [
        (b"status\n", "the request is not a line of JSON"),
        (b"\xff\xfe\n", "the request is not a line of JSON"),
        (b"[" * 4000 + b"\n", "the request is not a line of JSON"),
        (b"9" * 4095 + b"\n", "the request is not a JSON object"),
        (b"\n", "the request is not a line of JSON"),
        (b"[1]\n", "the request is not a JSON object"),
        (b"{}\n", "no such verb"),
        (b'{"verb": ["echo"]}\n', "no such verb"),
        (b'{"verb": "ECHO"}\n', "no such verb"),
        (b"x" * 100_000, "the request is longer than 4096 bytes"),
    ],
)
async def test_bad_request_is_told_so(tmp_path: Path, sent: bytes, error: str) -> None:
    async with served(tmp_path) as place:
        with place.client(sent) as client:
            assert await answers(client) == [{"error": error}]


async def test_client_that_says_nothing_is_let_go(tmp_path: Path) -> None:
    clock = asyncio.get_running_loop().time
    async with served(tmp_path) as place:
        with place.client() as client:
            assert await answers(client) == []
            assert clock() == pytest.approx(PATIENCE)
            assert not place.liveness.late()


async def test_what_is_being_carried_out_is_late_but_never_cut_short(tmp_path: Path) -> None:
    async with served(tmp_path) as place:
        with place.client(b'{"verb": "never"}\n') as client:
            await asyncio.sleep(VERB_LIMIT + GRACE - 1)
            assert not place.liveness.late()
            await asyncio.sleep(2)
            assert list(place.liveness.late()) == ["control"]
            await asyncio.sleep(VERB_LIMIT)
            with pytest.raises(BlockingIOError):
                client.recv(1)


async def test_client_that_does_not_take_its_answer_is_let_go(tmp_path: Path) -> None:
    async with served(tmp_path) as place:
        with place.client(b'{"verb": "long"}\n'):
            await asyncio.sleep(PATIENCE - 1)
            assert place.control.clients == 1
            await asyncio.sleep(2)
            assert place.control.clients == 0
            assert not place.liveness.late()


async def test_too_many_clients_are_told_so(tmp_path: Path) -> None:
    async with served(tmp_path) as place:
        clients = [place.client() for _ in range(CLIENTS)]
        await asyncio.sleep(1)
        with place.client(b'{"verb": "echo"}\n') as one_more:
            assert await answers(one_more) == [{"error": "16 clients are connected already"}]
        clients.pop().close()
        await asyncio.sleep(1)
        with place.client(b'{"verb": "echo"}\n') as client:
            assert await answers(client) == [{"got": {"verb": "echo"}}]
        for each in clients:
            each.close()


async def test_watch(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with served(tmp_path) as place:
        with place.client(b'{"verb": "watch"}\n') as client:
            assert await loop.sock_recv(client, 100) == b"{}\n", "it has begun"
            place.watchers.moved("UART", "A", 5)
            assert await loop.sock_recv(client, 100) == b'{"line": "UART -> A: 5 bytes"}\n'


@pytest.mark.parametrize("lines", [0, 1, 10_000])
async def test_watcher_that_goes_away(tmp_path: Path, lines: int) -> None:
    """Whatever is on its way to it just then."""
    async with served(tmp_path) as place:
        with place.client(b'{"verb": "watch"}\n'):
            await asyncio.sleep(1)
            for number in range(lines):
                place.watchers.moved("UART", "A", number)
        await asyncio.sleep(1)
        with place.client(b'{"verb": "echo"}\n') as client:
            assert await answers(client) == [{"got": {"verb": "echo"}}]


async def test_watcher_that_never_reads_delays_nobody(tmp_path: Path) -> None:
    async with served(tmp_path) as place:
        with place.client(b'{"verb": "watch"}\n') as lazy:
            await asyncio.sleep(1)
            for number in range(20_000):
                place.watchers.moved("UART", "A", number)
                if not number % 100:
                    await asyncio.sleep(0)
            with place.client(b'{"verb": "echo"}\n') as client:
                assert await answers(client) == [{"got": {"verb": "echo"}}]
            assert lazy.recv(3) == b"{}\n"


async def test_end_with_clients_connected(tmp_path: Path) -> None:
    clock = asyncio.get_running_loop().time
    async with served(tmp_path) as place:
        clients = [place.client(), place.client(b'{"verb": "watch"}\n')]
        clients.append(place.client(b'{"verb": "never"}\n'))
        await asyncio.sleep(1)
        before = clock()
    assert clock() == before
    for each in clients:
        each.close()


async def test_bug_in_a_verb_is_let_through(tmp_path: Path) -> None:
    async def broken(_: Request) -> Request:
        raise ZeroDivisionError

    place = Place(tmp_path)
    place.control = Control(place.listener, {"echo": broken}, place.watchers)
    with (
        place.listener,
        place.client(b'{"verb": "echo"}\n'),
        pytest.raises(ExceptionGroup) as caught,
    ):
        await place.control.run(place.liveness)
    assert caught.group_contains(ZeroDivisionError)


async def test_verb_that_hangs_is_late(tmp_path: Path) -> None:
    """One that swallows its time-out: then the watchdog is told."""
    stop = asyncio.Event()

    async def stubborn(_: Request) -> Request:
        while not stop.is_set():
            try:
                await stop.wait()
            except asyncio.CancelledError:
                continue
        return {}

    place = Place(tmp_path)
    place.control = Control(place.listener, {"echo": stubborn}, place.watchers)
    with place.listener:
        async with running(place.control, liveness=place.liveness):
            with place.client(b'{"verb": "echo"}\n') as client:
                await asyncio.sleep(PATIENCE + 15)
                assert set(place.liveness.late()) == {"control"}
                stop.set()
                await answers(client)


async def test_no_descriptor_left(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    place = Place(tmp_path)
    accept = place.listener.accept
    failures = [OSError(24, "Too many open files")]

    class Listener(socket.socket):
        def accept(self) -> Any:
            if failures:
                raise failures.pop()
            return accept()

    listener = Listener(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=place.listener.detach())
    accept = super(Listener, listener).accept
    place.control = Control(listener, {"echo": echo}, place.watchers)
    with listener:
        async with running(place.control):
            with place.client(b'{"verb": "echo"}\n') as client:
                assert await answers(client) == [{"got": {"verb": "echo"}}]
    assert caplog.messages == ["control: no client can come in: [Errno 24] Too many open files"]
