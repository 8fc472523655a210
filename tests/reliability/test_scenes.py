"""The scenes of docs/reliability.md, smaller: 8 MB are 1, and five seconds half a one."""

from pathlib import Path

import pytest

from tests.reliability import wire
from tests.reliability.scenes import SCENES, Scene
from tests.reliability.stage import stage

QUICK = [scene for scene in SCENES if scene.quick is not None]


@pytest.mark.real
@pytest.mark.parametrize("scene", QUICK, ids=lambda scene: scene.name)
def test_scene(scene: Scene, tmp_path: Path) -> None:
    if reason := wire.missing():
        pytest.skip(reason)
    with stage(tmp_path) as there:
        scene.play(there, **(scene.quick or {}))
