"""Real modems' answers and messages, kept outside the project; without them tests skip."""

import json
from pathlib import Path
from typing import Any

import pytest

Case = dict[str, Any]


def shared() -> Path:
    """The folder ``shared`` beside the project; skips the test when there is none."""
    for parent in Path(__file__).resolve().parents:
        if (parent / "shared" / "corpus").is_dir():
            return parent / "shared"
    pytest.skip("no folder shared/corpus beside the project")


def cases(*kinds: str, files: str = "*.json") -> list[Case]:
    """Every case of these kinds."""
    paths = sorted((shared() / "corpus").glob(files))
    loaded = [case for path in paths for case in json.loads(path.read_text())]
    return [case for case in loaded if not kinds or case.get("kind") in kinds]
