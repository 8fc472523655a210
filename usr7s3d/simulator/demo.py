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
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path

from usr7s3d.simulator.ends import Host, NothingCame, Server
from usr7s3d.simulator.phone import NUMBER, modem_at
from usr7s3d.simulator.process import PASSWORD, Module, NotRunning, running
from usr7s3d.simulator.scenes import SCENES
from usr7s3d.simulator.show import Show
from usr7s3d.simulator.stage import Stage

BREATH = 0.6  # s between two scenes, for the eye
HEARTBEAT = b"www.usr.cn"  # as the factory settings have it
INTERRUPTED = 130  # the shell's status for ctrl-c


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
      Who the modem is, and how it is; `modem watch` shows its AT commands, `modem help` what can
      befall it: `modem unplug`, `modem denied`, `modem fault AT+CMGS +CMS ERROR: 38 x2` ...

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
        stage.modem(rest)
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
    # A shell has those in its background ignore it, and we end by it, whoever asks.
    signal.signal(signal.SIGINT, signal.default_int_handler)
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
