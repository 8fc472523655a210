"""The tree of services: who stops whom, and what starves the watchdog.

On the virtual clock; the control socket is a real one, but within this process.
"""

import asyncio
import json
import logging
import os
import signal
import socket
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

from tests.services.fake_channel import FakeChannel
from tests.services.fake_lamps import FakeKey, FakeLamp
from tests.services.parts import Tty, at_once, no_jitter, settle
from usr7s3d.core.line import LineSettings
from usr7s3d.core.liveness import GRACE
from usr7s3d.daemon import Daemon, Places
from usr7s3d.devices.dial import Received, Sent
from usr7s3d.devices.notify import Notifier
from usr7s3d.devices.uart import NO_RS485, Uart
from usr7s3d.hostconfig import Rs485, parse
from usr7s3d.hostconfig.kinds import GpioLine, KernelLed
from usr7s3d.life import Outside
from usr7s3d.services.commander import Commander
from usr7s3d.services.control import PATIENCE
from usr7s3d.services.module import REPLY_LIMIT
from usr7s3d.services.port import OPEN_LIMIT, Port

OK = b"\r\nOK\r\n"
CONFIG = """\
[uart]
device = "/dev/tty"
[bearer]
kind = "host"
[factory]
SOCKAEN = "on"
SOCKBEN = "on"
SOCKB = '"TCP","b.usr.cn",2317'
HEARTEN = "off"
RSTIM = "0"
"""


class Wedge:
    """A call that never returns: not even its own time-out gets out of it."""

    def __init__(self) -> None:
        self._pulled = False

    async def __call__(self, *_: object) -> NoReturn:
        while True:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                if self._pulled:
                    raise

    def pull(self) -> None:
        self._pulled = True


class Systemd(Notifier):
    """Notes what it is told, and when it was fed last."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.fed_at = -1.0

    @property
    def watchdog(self) -> float | None:
        return 30.0

    def status(self, text: str) -> None:
        self.said.append(text)

    def ready(self) -> None:
        self.said.append("ready")

    def reloading(self) -> None:
        self.said.append("reloading")

    def stopping(self) -> None:
        self.said.append("stopping")

    def alive(self) -> None:
        self.fed_at = asyncio.get_running_loop().time()

    def close(self) -> None:
        pass


class Dialer:
    """Nobody can be reached; of the host in ``wedged`` not even that is found out."""

    def __init__(self, wedge: Wedge) -> None:
        self._wedge = wedge
        self.wedged = ""

    async def tcp(self, host: str, *_: object) -> Any:
        if host == self.wedged:
            await self._wedge()
        raise ConnectionRefusedError("refused")

    async def udp(self, host: str, *_: object) -> Any:
        return await self.tcp(host)


class Place:
    """A daemon with fakes round it."""

    def __init__(self, home: Path, config: str = CONFIG) -> None:
        self.places = Places(home / "usr7s3d.toml", home / "state", home / "run")
        self.places.config.write_text(config)
        self.places.runtime.mkdir(exist_ok=True)
        self.tty = Tty()
        self.wedge = Wedge()
        self.dialer = Dialer(self.wedge)
        self.systemd = Systemd()
        self.lamps: dict[str, FakeLamp] = defaultdict(FakeLamp)
        self.keys: dict[str, FakeKey] = {}
        self.in_thread: Callable[..., Awaitable[Any]] = at_once
        self._clock = asyncio.get_running_loop().time

    def daemon(self) -> Daemon:
        def dialer(*_: object) -> Dialer:
            return self.dialer

        outside = Outside(
            self.tty.open, dialer, self._in_thread, no_jitter, self._open_lamp, self._open_key
        )
        text = self.places.config.read_text()
        return Daemon(self.places, parse(text, "test"), self.systemd, outside)

    def _open_lamp(self, place: KernelLed) -> FakeLamp:
        return self.lamps[place.name].open()

    def _open_key(self, place: GpioLine) -> FakeKey:
        return self.keys[place.line]

    def _in_thread(self, *arguments: Any) -> Awaitable[Any]:
        return self.in_thread(*arguments)

    async def ask(self, data: bytes, wait: float = 0.1) -> bytes:
        self.tty.write(data)
        await asyncio.sleep(wait)
        return self.tty.read()

    async def command_mode(self) -> None:
        await asyncio.sleep(1)
        self.tty.read()
        assert await self.ask(b"+++") == b"a"
        assert await self.ask(b"a") == b"+ok"

    def client(self, **request: object) -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.connect(str(self.places.runtime / "control.sock"))
        client.setblocking(False)
        client.send(json.dumps(request).encode() + b"\n")
        return client

    def starved_for(self) -> float:
        return self._clock() - self.systemd.fed_at


@asynccontextmanager
async def running(place: Place) -> AsyncIterator[None]:
    """The daemon beside the block; it is stopped behind it, as by systemd."""
    task = asyncio.create_task(place.daemon().run())
    await settle()
    try:
        yield
    finally:
        place.wedge.pull()
        os.kill(os.getpid(), signal.SIGTERM)
        await task


@pytest.fixture(autouse=True)
def _info(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


async def test_life_and_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    clock = asyncio.get_running_loop().time
    place = Place(tmp_path)
    async with running(place):
        await place.command_mode()
        assert await place.ask(b"AT\r") == b"AT\r" + OK
        before = clock()
    assert clock() - before < 2
    assert place.systemd.said[0] == "ready"
    assert "stopping" in place.systemd.said
    assert place.tty.history == ["open", "close"]
    assert caplog.messages[-1] == "daemon: stopped"
    assert not (place.places.runtime / "control.sock").exists()


async def test_stop_that_comes_with_ready(tmp_path: Path) -> None:
    """The signal handlers are in place before systemd hears that we are up."""
    place = Place(tmp_path)
    place.systemd.ready = lambda: os.kill(os.getpid(), signal.SIGTERM)  # type: ignore[method-assign]
    await place.daemon().run()
    assert "stopping" in place.systemd.said
    assert place.tty.history in ([], ["open", "close"])


async def test_bug_in_one_service_stops_the_others_and_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bug(*_: object) -> NoReturn:
        raise ZeroDivisionError

    place = Place(tmp_path)
    monkeypatch.setattr(Port, "_begin", bug)
    with pytest.raises(ExceptionGroup) as caught:
        await place.daemon().run()
    assert caught.group_contains(ZeroDivisionError)
    assert not (place.places.runtime / "control.sock").exists()
    assert place.tty.history == ["open", "close"]


async def test_status_line_follows_every_change(tmp_path: Path) -> None:
    place = Place(tmp_path)
    async with running(place):
        await asyncio.sleep(5)
        assert place.systemd.said[-1] == "mode NET, UART open, A waiting, B waiting"
        place.tty.hang_up()
        await asyncio.sleep(5)
        assert place.systemd.said[-1].startswith("mode NET, UART waiting for /dev/tty")


PANEL = """
[leds]
power = "led:PWR"
linka = "led:A"
data = "led:D"
[pins]
reset = "gpio:/5"
reload = "gpio:/6"
"""


async def test_lights_and_keys(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    place = Place(tmp_path, CONFIG + PANEL)
    place.keys = {"5": FakeKey(), "6": FakeKey()}

    async def connect(host: str, port: int, received: Received, sent: Sent) -> FakeChannel:
        return FakeChannel(received, sent)

    place.dialer.tcp = connect  # type: ignore[assignment]
    async with running(place):
        await asyncio.sleep(1)
        assert (place.lamps["PWR"].levels, place.lamps["A"].levels) == ([True], [True])
        assert place.lamps["D"].levels == []
        place.tty.write(b"data")
        await asyncio.sleep(1)
        assert place.lamps["D"].levels == [True, False]
        place.tty.read()
        place.keys["5"].press(True)
        await asyncio.sleep(2)
        assert place.tty.read() == b"\r\nUSR-7S3\r\n"
        assert place.lamps["A"].levels == [True, False, True]
        await place.command_mode()
        assert OK in await place.ask(b"AT+HEARTTM=77\r")
        place.keys["6"].press(True)
        await asyncio.sleep(4)
        assert b"USR-7S3" in place.tty.read()
    assert (
        "control: asks to set everything to factory" in caplog.text or "pin reload" in caplog.text
    )
    assert place.lamps["PWR"].levels == [True, "closed"]


async def test_reload(tmp_path: Path) -> None:
    """It restarts the module, and the tty stays open."""
    place = Place(tmp_path)
    async with running(place):
        await asyncio.sleep(1)
        assert place.tty.read() == b"\r\nUSR-7S3\r\n"
        place.places.config.write_text(CONFIG + "STMSG = '\"again\"'\n")
        place.tty.write(b"+++ not yet")
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(1)
        assert place.tty.read() == b"\r\nagain\r\n"
        assert place.tty.history == ["open"]
        told = [word for word in place.systemd.said if word in {"ready", "reloading"}]
        assert told == ["ready", "reloading", "ready"]


async def test_reload_with_another_way_to_switch_rs485_opens_the_tty_anew(tmp_path: Path) -> None:
    place = Place(tmp_path)
    async with running(place):
        await asyncio.sleep(1)
        assert place.tty.rs485 == NO_RS485
        place.places.config.write_text('[rs485]\ndirection = "rts"\n' + CONFIG)
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(1)
        assert place.tty.rs485 == Rs485(direction="rts")
        assert place.tty.history == ["open", "close", "open"]


async def test_reload_with_another_device_keeps_what_waits_for_the_uart(tmp_path: Path) -> None:
    place = Place(tmp_path)
    open_tty, channels = place.tty.open, []

    def only_other(device: str, line: LineSettings, rs485: Rs485 = NO_RS485) -> Uart:
        if device != "/dev/other":
            raise FileNotFoundError(2, "No such file or directory")
        return open_tty(device, line)

    async def connect(host: str, port: int, received: Received, sent: Sent) -> FakeChannel:
        channels.append(FakeChannel(received, sent))
        return channels[-1]

    place.tty.open = only_other  # type: ignore[method-assign]
    place.dialer.tcp = connect  # type: ignore[assignment]
    async with running(place):
        await asyncio.sleep(1)
        channels[0].deliver(b"answer")
        place.places.config.write_text(CONFIG.replace("/dev/tty", "/dev/other"))
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(1)
        assert place.tty.read() == b"answer\r\nUSR-7S3\r\n"


async def test_reload_lets_a_save_end_first(tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def slow_disk(call: Callable[[], Any], discard: object = None) -> Any:
        if "save" in repr(call):
            await gate.wait()
        return call()

    place = Place(tmp_path)
    place.in_thread = slow_disk
    async with running(place):
        await place.command_mode()
        await place.ask(b"AT+HEARTTM=77\rAT+S\r")
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(5)
        gate.set()
        await asyncio.sleep(1)
        await place.command_mode()
        assert b"+HEARTTM:77" in await place.ask(b"AT+HEARTTM?\r")


async def test_all_is_well_for_a_day(tmp_path: Path) -> None:
    """With a tty that is missing, and servers that are down: that is no hang."""
    place = Place(tmp_path)
    place.tty.missing = FileNotFoundError(2, "No such file or directory")
    async with running(place):
        for _ in range(100):
            await asyncio.sleep(800)
            assert place.starved_for() <= 10


# One who never returns, for each service: the watchdog starves, and the log names it.


class Stuck:
    """In place of a thread: calls in which ``word`` occurs do not return."""

    def __init__(self, word: str) -> None:
        self._word = word

    async def __call__(self, call: Callable[[], Any], discard: object = None) -> Any:
        if self._word in repr(call):
            await asyncio.get_running_loop().create_future()
        return call()


async def open_of_the_tty(place: Place, _: pytest.MonkeyPatch) -> None:
    place.in_thread = Stuck("Tty.open")
    place.tty.hang_up()
    await asyncio.sleep(OPEN_LIMIT)


async def save_of_the_console(place: Place, _: pytest.MonkeyPatch) -> None:
    place.in_thread = Stuck("Store.save")
    await place.command_mode()
    await place.ask(b"AT+S\r", wait=60)


async def connect_of_a(place: Place, _: pytest.MonkeyPatch) -> None:
    place.dialer.wedged = "test.usr.cn"
    await asyncio.sleep(60)


async def connect_of_b(place: Place, _: pytest.MonkeyPatch) -> None:
    await place.command_mode()
    place.dialer.wedged = "other"
    await place.ask(b"AT+SOCKB=UDP,other,1\rAT+S\r", wait=60)


async def verb_of_control(place: Place, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Commander, "execute", place.wedge)
    with place.client(verb="at", line="AT"):
        await asyncio.sleep(PATIENCE)


async def drain_of_the_module(place: Place, patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Port, "sent", place.wedge)
    with place.client(verb="restart"):
        await asyncio.sleep(REPLY_LIMIT)


WEDGES = {
    "UART": open_of_the_tty,
    "console": save_of_the_console,
    "A": connect_of_a,
    "B": connect_of_b,
    "control": verb_of_control,
    "module": drain_of_the_module,
}


@pytest.mark.parametrize("name", WEDGES)
async def test_wedged_service_starves_the_watchdog(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    place = Place(tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        async with running(place):
            await asyncio.sleep(5)
            await WEDGES[name](place, patch)
            await asyncio.sleep(GRACE + 30)
            assert place.starved_for() > 10
            hung = [line for line in caplog.messages if "hangs" in line]
            assert [line.split()[1] for line in hung] == [name]
            patch.undo()
