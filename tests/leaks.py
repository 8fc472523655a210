"""What a test may leave behind: nothing.

The daemon runs for years; a descriptor lost at every reconnect ends it in a
week.  So each test is checked for open files, threads, children, and for what
asyncio can only log: a task destroyed while pending, an exception nobody saw.
"""

import gc
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# pycares ends its channels in one thread, started at the first and kept for good.
KEPT_THREADS = "_run_safe_shutdown_loop"

LAST_WORDS = 1.0  # s a thread that has done its work gets to end


@contextmanager
def nothing_left_behind() -> Iterator[None]:
    """Raise AssertionError if the block leaves something open, running or unseen."""
    before = _everything()
    old_threads = set(threading.enumerate())
    complaints = _Complaints()
    logger = logging.getLogger("asyncio")
    logger.addHandler(complaints)
    try:
        yield
        gc.collect()  # cycles hold descriptors, and tasks complain when they are destroyed
        for thread in set(threading.enumerate()) - old_threads:
            if KEPT_THREADS not in thread.name:
                thread.join(LAST_WORDS)
    finally:
        logger.removeHandler(complaints)
    left = sorted(_everything() - before) + complaints.seen
    assert not left, "left behind:\n  " + "\n  ".join(left)


def _everything() -> set[str]:
    return _threads() | _children() | _open_files()


def _open_files() -> set[str]:
    found = set()
    for entry in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the descriptor that listdir itself had open
            found.add(f"fd {entry}: {os.readlink(f'/proc/self/fd/{entry}')}")
    return found


def _threads() -> set[str]:
    found = set()
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and KEPT_THREADS not in thread.name:
            found.add(f"thread {thread.ident}: {thread.name}")
    return found


def _children() -> set[str]:
    """The children of this process, zombies too."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return set()
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            pid, rest = stat.read_text().split(" (", 1)
            name, fields = rest.rsplit(") ", 1)
            if int(fields.split()[1]) == os.getpid():
                found.add(f"child {pid}: {name}")
    return found


class _Complaints(logging.Handler):
    """Collects what asyncio logs as an error; it does so where nobody can catch it."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.seen.append(f"asyncio: {record.getMessage()}")
