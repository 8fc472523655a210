"""A modem for the daemon, or for a person with a terminal program.

    python -m usr7s3d.simulator.modem --at /tmp/modem --data /tmp/modem-data --manners sim7600

Then say `help`.  Lines may come from a script as well; at its end the modem stays.
"""

import argparse
import asyncio
import os
import signal
import stat
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress

from usr7s3d.simulator.modem import carrier, manners, wire
from usr7s3d.simulator.modem.shell import Simulator


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m usr7s3d.simulator.modem",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    place = "where to link its tty, or unix:PATH of a socket to connect to"
    parser.add_argument("--at", required=True, metavar="PATH", help=place)
    parser.add_argument("--data", metavar="PATH", help="the same for its second port, if any")
    known = ", ".join(manners.names())
    parser.add_argument("--manners", metavar="FILE", help=f"{known}, or a file; see manners.py")
    parser.add_argument(
        "--carrier", metavar="COMMAND", help="what answers ATD*99#, as in: pppd notty nodetach ..."
    )
    return parser.parse_args()


async def _typed() -> AsyncGenerator[str, None]:
    """The lines of stdin."""
    mode = os.fstat(0).st_mode
    if not (os.isatty(0) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        for line in sys.stdin:  # a file, or /dev/null: nothing that a loop could wait for
            yield line
        return
    reader = asyncio.StreamReader()
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(os.dup(0), "rb")
    )
    try:
        while line := (await reader.readline()).decode(errors="replace"):
            yield line
    finally:
        transport.close()


async def _obey(simulator: Simulator) -> None:
    """Stdin's lines; at the end of a script the modem stays."""
    async with aclosing(_typed()) as lines:
        async for line in lines:
            word, _, rest = line.strip().partition(" ")
            if word == "quit":
                return
            if word == "wait":
                with suppress(ValueError):
                    await asyncio.sleep(float(rest))
            else:
                simulator.obey(line)
    if not sys.stdin.isatty():
        await asyncio.get_running_loop().create_future()


async def _run(arguments: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, os.kill, os.getpid(), signal.SIGINT)
    places = {"at": arguments.at, "data": arguments.data}
    ends = {name: wire.end(place) for name, place in places.items() if place}
    simulator = Simulator(
        manners.load(arguments.manners) if arguments.manners else manners.Manners(),
        ends,
        carrier=carrier.command(arguments.carrier) if arguments.carrier else carrier.nobody,
        tell=lambda text: print(text, flush=True),
    )
    async with simulator:
        print(f"ready: {' '.join(filter(None, places.values()))}", flush=True)
        await _obey(simulator)


def main() -> int:
    """Entry point; the exit status."""
    arguments = _arguments()
    # A shell has those in its background ignore it, and we end by it, whoever asks.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        asyncio.run(_run(arguments))
    except KeyboardInterrupt:
        return 0
    except (OSError, ValueError) as trouble:
        print(f"simulator: {trouble}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
