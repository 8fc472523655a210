"""What happens, a line each: for everybody who watches (``usr7s3ctl watch``), and for systemd."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WAITING_LINES = 200  # for one watcher; a slow one loses the oldest and is told


class Watchers(logging.Handler):
    """Hands each log line, and each movement of data, to all who watch.

    ``changed()`` is called soon after any log line: every change of state has one.
    """

    def __init__(self, changed: Callable[[], None] = lambda: None) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(message)s"))
        self._loop = asyncio.get_running_loop()
        self._changed = changed
        self._queues: set[asyncio.Queue[str]] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Take a log line, from any thread."""
        self._loop.call_soon_threadsafe(self._take, self.format(record))

    def _take(self, line: str) -> None:
        self._changed()
        self._put(line)

    def moved(self, source: str, target: str, size: int) -> None:
        """``size`` bytes went from ``source`` to ``target``; what they were is no matter here."""
        if self._queues:
            self._put(f"{source} -> {target}: {size} bytes")

    def _put(self, line: str) -> None:
        for queue in self._queues:
            if queue.full():
                queue.get_nowait()
                queue.get_nowait()
                queue.put_nowait("... lines were lost here")
            queue.put_nowait(line)

    @contextmanager
    def watch(self) -> Iterator[asyncio.Queue[str]]:
        """All lines from now on."""
        queue: asyncio.Queue[str] = asyncio.Queue(WAITING_LINES)
        self._queues.add(queue)
        try:
            yield queue
        finally:
            self._queues.discard(queue)
