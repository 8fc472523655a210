"""The command line of the benchmark."""

import argparse
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from bench import kernel, report, targets
from bench.bridges import BRIDGES, COMPARED
from bench.plan import FULL, QUICK
from bench.rounds import ALL, Rounds
from bench.session import say


def main() -> int:
    """Measure, print the table; 1 when a target is missed."""
    arguments = _arguments()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)  # also where a shell has it ignored
    bridges = [BRIDGES[name] for name in arguments.bridges]
    plan = QUICK if arguments.quick else FULL
    rounds = Rounds(bridges, plan, quiet=arguments.quiet, patience=arguments.patience)
    results = rounds.results
    with suppress(KeyboardInterrupt), _alone():  # interrupted: what there is so far is shown
        rounds.run(arguments.measures)
    machine = kernel.machine()
    print(f"{machine}\n\n{report.markdown(results)}\n")
    print(f"{results.discarded} cells taken again because other programs were at work")
    print(*results.failures, sep="\n")
    if arguments.json:
        report.save(results, machine, arguments.json)
    if not arguments.check:
        return 0
    good, lines = targets.check(results)
    print("\n".join(lines))
    return 0 if good else 1


@contextmanager
def _alone() -> Iterator[None]:
    """Wait until no other benchmark runs: two would take each other for a disturbance."""
    with socket.socket(socket.AF_UNIX) as lock:
        while True:
            try:
                lock.bind("\0usr7s3d-bench")  # the kernel frees the name, whatever ends us
                break
            except OSError:
                say("another benchmark runs: waiting for it")
                time.sleep(30)
        yield


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="bench/run",
        description="The daemon beside ser2net and socat. See docs/benchmark.md.",
    )
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--check", action="store_true", help="fail when a target is missed")
    parser.add_argument(
        "--bridges",
        type=_names(tuple(BRIDGES)),
        default=COMPARED,
        metavar="NAMES",
        help=f"of {', '.join(BRIDGES)} ({','.join(COMPARED)})",
    )
    parser.add_argument(
        "--measures",
        type=_names(ALL),
        default=ALL,
        metavar="NAMES",
        help=f"of {', '.join(ALL)} (all)",
    )
    parser.add_argument(
        "--quiet",
        type=float,
        default=10,
        metavar="PERCENT",
        help="of a core that other programs may use during a measurement (%(default)s)",
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=300,
        metavar="SECONDS",
        help="to wait for quiet, for each cell (%(default)s)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number there")
    return parser.parse_args()


def _names(known: Sequence[str]) -> Callable[[str], list[str]]:
    """A list of names with commas between them."""

    def parse(text: str) -> list[str]:
        names = text.split(",")
        if unknown := set(names) - set(known):
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(unknown))}")
        return names

    return parse


if __name__ == "__main__":
    sys.exit(main())
