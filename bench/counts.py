"""What a chunk costs, counted: system calls by strace, user instructions by callgrind.

Lockstep: one chunk goes in, all of it comes out, then the next.  So the counts hold
on a busy machine too.  A pause between two chunks keeps the rate low: this is the cost
of a chunk that is passed on at once.
"""

import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.bridges import Bridge
from bench.plan import Plan
from bench.session import Session, Stalled, running, say
from bench.tape import UP

SIZES = (16, 512)  # bytes
SLOW = 6000  # bytes/s: so little that each chunk is passed on at once (core/pace.py)
GIVE_UP = 30.0  # s; callgrind is slow
CALL = re.compile(r"^(?:\d+ +)?(\w+)\(")
RARE = 0.1  # a call seldom made is not a chunk's

Ways = dict[str, Callable[[Session, int], None]]


def _up(session: Session, size: int) -> None:
    session.uart_write(UP.piece(0, size))
    _await(session.net_read, size)
    time.sleep(size / SLOW)


def _down(session: Session, size: int) -> None:
    session.net_write(UP.piece(0, size))
    _await(session.uart_read, size)
    time.sleep(size / SLOW)


WAYS: Ways = {"up": _up, "down": _down}


def _await(read: Callable[[], bytes], size: int) -> None:
    end = time.monotonic() + GIVE_UP
    while size > 0:
        size -= len(read())
        if time.monotonic() > end:
            raise Stalled(f"{size} bytes of a chunk did not come")


def system_calls(bridge: Bridge, plan: Plan) -> dict[str, float]:
    """System calls for each chunk."""
    result: dict[str, float] = {}
    with ExitStack() as stack:
        trace = Path(stack.enter_context(TemporaryDirectory(prefix="bench-"))) / "trace"
        under = ["strace", "--interruptible=never", "-f", "-o", str(trace)]
        session = stack.enter_context(running(bridge, under=under, patience=GIVE_UP))
        for way, chunk in WAYS.items():
            for size in SIZES:
                start = trace.stat().st_size
                for _ in range(plan.chunks):
                    chunk(session, size)
                with trace.open() as lines:
                    lines.seek(start)
                    calls = Counter(m[1] for line in lines if (m := CALL.match(line)))
                result[f"{way}_{size}"] = calls.total() / plan.chunks
                say(f"  {way} {size}: {_each(calls, plan.chunks)}")
    return result


def _each(calls: Counter[str], chunks: int) -> str:
    """The calls that each chunk needs."""
    often = [(name, count / chunks) for name, count in calls.most_common()]
    return ", ".join(f"{name} {count:.3g}" for name, count in often if count > RARE)


def instructions(bridge: Bridge, plan: Plan) -> dict[str, float]:
    """Thousands of instructions in user mode for each chunk."""
    result: dict[str, float] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="bench-")))
        under = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder / 'out'}"]
        session = stack.enter_context(running(bridge, under=under, patience=2 * GIVE_UP))
        dumps = 0
        for way, chunk in WAYS.items():
            for size in SIZES:
                chunk(session, size)
                _dump(session)
                for _ in range(plan.chunks):
                    chunk(session, size)
                _dump(session)
                dumps += 2
                result[f"{way}_{size}_kinstr"] = _total(folder, dumps) / plan.chunks / 1000
    return result


def _dump(session: Session) -> None:
    """Have callgrind write what it has counted, and begin anew."""
    subprocess.run(["vgdb", f"--pid={session.pid}", "dump"], check=True, capture_output=True)


def _total(folder: Path, dump: int) -> int:
    found = re.search(r"^(?:summary|totals): (\d+)", (folder / f"out.{dump}").read_text(), re.M)
    if not found:
        raise Stalled("callgrind has written no total")
    return int(found[1])
