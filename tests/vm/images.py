"""Minimal Debians, made once for each recipe and kept outside the checkout."""

import fcntl
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

BUILDER = Path(__file__).with_name("build-image")
# What the builder puts into a board.
PARTS = [BUILDER.with_name("board-init"), BUILDER.with_name("agent.py")]
BUILD_TIME = 600.0  # s; 20-60 usual


def image(kind: str, suite: str, packages: list[str]) -> Path:
    """The folder of an image, as ``build-image`` describes it; made if its recipe has changed."""
    recipe = f"{kind} {suite} {sorted(packages)}".encode() + BUILDER.read_bytes()
    if kind == "board":
        recipe += b"".join(part.read_bytes() for part in PARTS)
    name = f"{kind}-{suite}-"
    folder = _cache() / (name + hashlib.sha256(recipe).hexdigest()[:16])
    with open(_cache() / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            for old in _cache().glob(name + "*"):
                if old.is_dir():  # and not the log of a build that failed
                    shutil.rmtree(old)
            _build(kind, suite, folder, packages)
    return folder


def _build(kind: str, suite: str, folder: Path, packages: list[str]) -> None:
    # A log, not a pipe: what a broken build leaves running must not hold us.
    with open(_cache() / f"{folder.name}.log", "w") as log:
        command = ["nice", str(BUILDER), kind, suite, str(folder), *packages]
        subprocess.run(command, stdout=log, stderr=log, check=True, timeout=BUILD_TIME)
    (folder / "complete").touch()


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    cache = Path(base) / "usr7s3d-vm"
    cache.mkdir(parents=True, exist_ok=True)
    return cache
