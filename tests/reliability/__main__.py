"""Play the scenes and print the table of docs/reliability.md.

python -m tests.reliability [part of a scene's name]
"""

import sys
import tempfile
from pathlib import Path

from tests.reliability import wire
from tests.reliability.rows import Row
from tests.reliability.scenes import SCENES, Scene
from tests.reliability.stage import stage

HEAD = ("scene", "way", "sent", "lost", "doubled", "reordered", "s", "RSS KB", "in flight")


def line(scene: Scene, row: Row) -> str:
    audit = row.audit
    seconds = "" if row.recovered is None else f"{row.recovered:.1f}"
    cells = (
        *(
            scene.name,
            row.way,
            audit.sent,
            audit.lost,
            audit.doubled,
            audit.reordered + audit.broken,
        ),
        *(seconds, row.growth // 1024, row.in_flight),
    )
    return f"| {' | '.join(map(str, cells))} |"


def main(wanted: str) -> int:
    if reason := wire.missing():
        print(reason, file=sys.stderr)
        return 2
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}", flush=True)
    failed = 0
    for scene in SCENES:
        if wanted not in scene.name:
            continue
        with tempfile.TemporaryDirectory() as folder, stage(Path(folder)) as there:
            try:
                for row in scene.play(there):
                    print(line(scene, row), flush=True)
            except AssertionError as error:
                failed += 1
                print(f"FAILED {scene.name}: {error}", file=sys.stderr, flush=True)
    return min(failed, 1)


sys.exit(main(" ".join(sys.argv[1:])))
