"""A disk on paper: what the kernel shows, what the medium has, and the power switch.

Until a file is synced, the medium may have any part of it; until its folder is
synced, the medium may have the names as they were at any time since the last
sync.  ``after_power_cut`` gives all of these.
"""

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from usr7s3d.devices.state import Disk

WRITE_SIZE = 3000  # bytes taken by one write: kernels may take less than they are given


class PowerCut(BaseException):
    """No Exception: nobody catches it, as nobody runs on without power."""


Fault = OSError | PowerCut


@dataclass(eq=False)
class _File:
    data: bytes = b""
    on_medium: bytes | None = b""  # None: never synced

    def after_power_cut(self) -> set[bytes]:
        if self.data == self.on_medium:
            return {self.data}
        size = len(self.data)
        cuts = {self.data[:length] for length in (0, 1, size // 2, max(0, size - 1), size)}
        return cuts | {bytes(size), self.on_medium or b""}  # zeros: the length came first


class PaperDisk(Disk):
    """Fails at call number ``fail_at`` with ``fault``; a power cut ends all later ones, too."""

    def __init__(
        self, files: dict[Path, bytes], fail_at: int = 0, fault: Fault | None = None
    ) -> None:
        names = {path: _File(data, data) for path, data in files.items()}
        self._history = [names]  # since the last sync of the folder, the newest last
        self._open: dict[int, _File] = {}
        self._calls = 0
        self._fail_at = fail_at
        self._fault = fault
        self.failed = False
        self.changes: list[str] = []

    @property
    def files(self) -> dict[Path, bytes]:
        return {path: file.data for path, file in self._history[-1].items()}

    def after_power_cut(self) -> Iterator[dict[Path, bytes]]:
        for names in self._history:
            for data in product(*(file.after_power_cut() for file in names.values())):
                yield dict(zip(names, data, strict=True))

    def _call(self, change: str = "") -> None:
        self._calls += 1
        dead = self.failed and isinstance(self._fault, PowerCut)
        if self._fault and (dead or self._calls == self._fail_at):
            self.failed = True
            raise self._fault
        if change:
            self.changes.append(change)

    def _find(self, path: Path) -> _File:
        try:
            return self._history[-1][path]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, "No such file", str(path)) from None

    def read(self, path: Path) -> bytes:
        self._call()
        return self._find(path).data

    def exists(self, path: Path) -> bool:
        return path in self._history[-1]

    def make_folder(self, path: Path) -> None:
        self._call()

    def create(self, path: Path) -> int:
        self._call(f"create {path.name}")
        file = self._history[-1].get(path)
        if file is None:
            file = _File(on_medium=None)
            self._history.append({**self._history[-1], path: file})
        file.data = b""
        self._open[len(self._open)] = file
        return len(self._open) - 1

    def write(self, file: int, data: bytes) -> int:
        try:
            self._call()
        except OSError:
            self._open[file].data += data[: WRITE_SIZE // 2]
            raise
        self._open[file].data += data[:WRITE_SIZE]
        return len(data[:WRITE_SIZE])

    def sync(self, file: int) -> None:
        self._call()
        self._open[file].on_medium = self._open[file].data

    def close(self, file: int) -> None:
        self._call()

    def rename(self, old: Path, new: Path) -> None:
        file = self._find(old)
        self._call(f"rename {old.name} {new.name}")
        names = {**self._history[-1], new: file}
        del names[old]
        self._history.append(names)

    def sync_folder(self, path: Path) -> None:
        self._call()
        del self._history[:-1]

    def remove(self, path: Path) -> None:
        self._find(path)
        self._call(f"remove {path.name}")
        self._history.append({p: f for p, f in self._history[-1].items() if p != path})
