"""The main job at once, without hardware; ``./demo`` runs this.

    host  <-- PTY -->  usr7s3d  <-- 127.0.0.1 -->  servers A and B
                          ^
                          +-- PTYs -->  modem  <-- SMS -->  phone

All but the daemon is this program, the daemon is its child.  It plays the SCENES,
then stays for a person to try things, until ctrl-c.
"""

import argparse
import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path

from usr7s3d.simulator.cloud import ACCEPTED, LOGIN, Cloud
from usr7s3d.simulator.ends import Host, NothingCame, Server
from usr7s3d.simulator.phone import NUMBER, modem_at
from usr7s3d.simulator.process import PASSWORD, Module, NotRunning, running
from usr7s3d.simulator.show import Show
from usr7s3d.simulator.stage import QUIET, Stage

BREATH = 0.6  # s between two scenes, for the eye
MEMBER = {"10011111100000111111": "0000test"}  # of the cloud; both are the manual's (3.5.2)
HEARTBEAT = b"www.usr.cn"  # as the factory settings have it
FLOOD = 260_000  # bytes; far more than a socket that nobody reads can hold
INTERRUPTED = 130  # the shell's status for ctrl-c


async def starts(stage: Stage) -> None:
    """The module starts: it says so on the UART, and connects socket A."""
    await stage.welcomed()
    await stage.a.has_client()


async def bytes_cross(stage: Stage) -> None:
    """What the host sends comes to the server, and back: any bytes, as they are."""
    await stage.to_servers(b"temperature 21.5\r\n", stage.a)
    await stage.to_host(stage.a, b"valve 3 open\r\n")
    await stage.to_servers(bytes(range(0x00, 0x100, 0x11)), stage.a)


async def command_mode(stage: Stage) -> None:
    """The handshake into command mode, and a look round (manual 4.1.1)."""
    await stage.into_command_mode()
    for query in ("AT+VER", "AT+WKMOD?", "AT+UART?", "AT+SOCKA?", "AT+SOCKALK", "AT+HEARTTM=?"):
        await stage.at(query)
    await stage.at("AT+HEARTTM=0", end="58\r\n")


async def set_and_save(stage: Stage) -> None:
    """A set, saved: the module restarts by itself and says its welcome text."""
    await stage.at("AT+HEARTTM=60")
    await stage.at("AT+S")
    await stage.welcomed()
    await stage.to_servers(b"here again\r\n", stage.a)


async def password_command(stage: Stage) -> None:
    """One command in the middle of the data, by its password (manual 4.1.2)."""
    await asyncio.sleep(QUIET)
    await stage.ask(f"{PASSWORD}#AT+HEARTTM?\r".encode(), b"OK\r\n")


async def both_sockets(stage: Stage) -> None:
    """Socket B as well: both servers get what the host sends."""
    await stage.into_command_mode()
    await stage.at(f'AT+SOCKB="TCP","127.0.0.1",{stage.b.port}')
    await stage.at('AT+SOCKBEN="on"')
    await stage.at("AT+S")
    await stage.welcomed()
    await stage.b.has_client()
    await stage.to_servers(b"to you both\r\n", stage.a, stage.b)
    await stage.to_host(stage.b, b"thank you\r\n")


async def b_stands_still(stage: Stage) -> None:
    """Server B reads no more.  Server A must not notice."""
    stage.b.read(False)
    lines = b"".join(b"line %06d\r\n" % number for number in range(FLOOD // 13))
    stage.show.sent("host", "UART", lines)
    began = asyncio.get_running_loop().time()
    await stage.host.send(lines)
    came = await stage.a.inbox.expect_bytes(len(lines))
    if came != lines:
        raise NothingCame("server A got other bytes than the host sent")
    took = asyncio.get_running_loop().time() - began
    stage.show.came("server", "A", came)
    stage.show.say(f"Server A has all {len(lines)} bytes, after {took:.1f} s.")
    await stage.ctl("status")


async def b_reads_again(stage: Stage) -> None:
    """Server B reads again: it gets what had left, the newest 4 kB that waited, and goes on."""
    stage.b.read(True)
    await stage.to_servers(b"and now?\r\n", stage.a, stage.b)


async def a_goes_away(stage: Stage) -> None:
    """Server A goes away.  What the host sends meanwhile waits in A's cache."""
    stage.a.close()
    await stage.link("a", "waiting")
    for number in range(1, 4):
        await stage.to_servers(b"measured without A: %d\r\n" % number, stage.b)
    await stage.ctl("status")


async def a_comes_back(stage: Stage) -> None:
    """Server A is back: first what waited, in order, then what is new."""
    await stage.a.open()
    await stage.a.has_client()
    stage.show.came("server", "A", await stage.a.inbox.expect(b": 3\r\n"))
    await stage.to_servers(b"measured with A\r\n", stage.a, stage.b)


async def the_modem(stage: Stage) -> None:
    """The modem has found its network meanwhile, and the module asks it what it needs."""
    await stage.status(lambda status: status["modem"], "registered")
    await stage.ctl("at", "AT+CSQ")
    await stage.ctl("at", "AT+IMEI?")


async def command_by_sms(stage: Stage) -> None:
    """A command by SMS, with its password: the answer is an SMS, too (manual 4.1.4)."""
    stage.phone.write(f"{PASSWORD}#AT+HEARTTM?")
    await stage.phone.read("OK")


async def joins_the_cloud(stage: Stage) -> None:
    """USR Cloud: socket A logs in there, and the answer reaches the host (manual 3.5)."""
    cloud = Cloud("A", MEMBER)
    await cloud.open()
    try:
        await stage.into_command_mode()
        await stage.at("AT+CFGTF")  # these settings come back by RELD, two scenes on
        for device_id, password in MEMBER.items():
            await stage.at(f'AT+CLOUDID="{device_id}"')
            await stage.at(f'AT+CLOUDPA="{password}"')
        await stage.at('AT+CLOUDEN="on"')
        await stage.at(f'AT+SOCKA="TCP","127.0.0.1",{cloud.port}')
        await stage.at("AT+S")
        await stage.welcomed()
        stage.show.came("server", "A", await cloud.inbox.expect_bytes(LOGIN))
        stage.show.came("host", "UART", await stage.host.inbox.expect(ACCEPTED))
        await stage.to_servers(b"temperature 21.6\r\n", cloud)
    finally:
        cloud.close()


async def asks_a_web_server(stage: Stage) -> None:
    """HTTPD mode: what the host sends becomes a request, the answer comes back (manual 3.2.2)."""
    await stage.into_command_mode()
    await stage.at('AT+WKMOD="HTTPD"')
    await stage.at(f'AT+HTPSV="127.0.0.1",{stage.b.port}')
    await stage.at("AT+S")
    await stage.welcomed()
    stage.b.inbox.take()
    stage.show.sent("host", "UART", b"data=http://www.usr.cn")
    await stage.host.send(b"data=http://www.usr.cn")
    stage.show.came("server", "HTTP", await stage.b.inbox.expect(b"\r\n\r\n"))
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n[http://www.usr.cn]"
    stage.show.sent("server", "HTTP", answer)
    stage.b.send(answer)
    stage.show.came("host", "UART", await stage.host.inbox.expect(b"[http://www.usr.cn]"))


async def as_before(stage: Stage) -> None:
    """The user default brings the first settings back."""
    await stage.into_command_mode()
    await stage.at("AT+RELD")
    await stage.welcomed()
    await stage.a.has_client()


async def from_a_shell(stage: Stage) -> None:
    """The same daemon from a shell."""
    await stage.ctl("at", "AT+SOCKALK?")
    await stage.ctl("status")


SCENES: tuple[Callable[[Stage], Awaitable[None]], ...] = (
    starts,
    bytes_cross,
    command_mode,
    set_and_save,
    password_command,
    both_sockets,
    b_stands_still,
    b_reads_again,
    a_goes_away,
    a_comes_back,
    the_modem,
    joins_the_cloud,
    asks_a_web_server,
    as_before,
    from_a_shell,
)


async def play(stage: Stage, breath: float) -> None:
    """All scenes, one after the other."""
    for scene in SCENES:
        stage.show.scene((scene.__doc__ or "").strip())
        await scene(stage)
        await asyncio.sleep(breath)


TRY = """
== It stays up.  Your turn, in another terminal:

  picocom -b 115200 {tty}
      You are the host (no picocom: sudo apt install picocom; it ends by ctrl-a ctrl-x).
      Server A echoes what you type.  Commands have to come in one go: paste +++, wait for
      the a, type a, then AT+H and return, and AT+ENTM at the end.  Or paste, and return:
      {password}#AT+VER
  {ctl} status
  {ctl} watch
  {ctl} at 'AT+SOCKA?'
  {ctl} restart

  What you type here, server A sends to the UART, except:

  sms {password}#AT+SOCKA?
      An SMS from the phone, {number}.  Any text will do.
  modem status
      Who the modem is, and how it is; `modem help` says what can befall it:
      `modem unplug`, `modem denied`, `modem fault AT+CMGS +CMS ERROR: 38 x2` ...

  Ctrl-c ends it all.
"""


async def stay(stage: Stage) -> None:
    """Echo for a person until they have seen enough; returns when the daemon has ended."""
    show = stage.show

    def echo(server: Server, data: bytes) -> None:
        show.came("server", server.name, data)
        if server is stage.a and data != HEARTBEAT:
            server.send(data)

    stage.host.close()  # the tty is the person's now
    for server in (stage.a, stage.b):
        server.inbox.seen = partial(echo, server)
    stage.phone.inbox.seen = partial(show.came, "phone", "SMS")
    ctl = _ctl_command(stage.module)
    show.say(TRY.format(tty=stage.module.tty, ctl=ctl, password=PASSWORD, number=NUMBER))
    loop = asyncio.get_running_loop()
    loop.add_reader(sys.stdin.fileno(), lambda: _typed(stage))
    try:
        await stage.module.process.wait()
    finally:
        loop.remove_reader(sys.stdin.fileno())


def _typed(stage: Stage) -> None:
    """A person has typed a line here, or ctrl-d."""
    data = os.read(sys.stdin.fileno(), 4096)
    if not data:
        raise_interrupt()
        return
    word, _, rest = data.decode(errors="replace").strip().partition(" ")
    if word == "sms" and rest:
        stage.phone.write(rest)
        return
    if word == "modem" and rest:
        stage.phone.modem.obey(rest)
        return
    data = data.replace(b"\n", b"\r\n")
    stage.show.sent("server", "A", data)
    stage.a.send(data)


def raise_interrupt() -> None:
    """End as ctrl-c does."""
    os.kill(os.getpid(), signal.SIGINT)


def _ctl_command(module: Module) -> str:
    program = Path(sys.executable).parent / "usr7s3ctl"
    with suppress(ValueError):
        program = program.relative_to(Path.cwd())
    return f"{program} --runtime-dir {module.runtime}"


class Demo:
    """One run; ``once`` ends after the scenes."""

    def __init__(self, *, once: bool) -> None:
        self._once = once
        self._show = Show()
        self.played = False

    async def run(self) -> None:
        """Set the stage, play, stay, and clear everything away."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, raise_interrupt)
        async with AsyncExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="usr7s3d-")))
            a, b = Server("A"), Server("B")
            for server in (a, b):
                await server.open()
                stack.callback(server.close)
            phone = await stack.enter_async_context(modem_at(folder, self._show))
            module = await stack.enter_async_context(running(folder, a.port, self._show.logged))
            host = Host(module.tty)
            stack.callback(host.close)
            stage = Stage(self._show, module, host, a, b, phone)
            await play(stage, 0 if self._once else BREATH)
            self.played = True
            if self._once:
                return
            await stay(stage)
            raise NotRunning("usr7s3d has ended")


def main() -> int:
    """Entry point; the exit status."""
    parser = argparse.ArgumentParser(prog="./demo", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--once", action="store_true", help="end after the show")
    arguments = parser.parse_args()
    demo = Demo(once=arguments.once or not sys.stdin.isatty())
    try:
        asyncio.run(demo.run())
    except KeyboardInterrupt:
        print("\n./demo: ended, everything is cleared away", flush=True)
        return 0 if demo.played else INTERRUPTED
    except (NotRunning, NothingCame, OSError) as trouble:
        print(f"\n./demo: {trouble}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
