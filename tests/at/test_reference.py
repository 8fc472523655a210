"""The generated pages are those of the table of today."""

from pathlib import Path

import pytest

from usr7s3d.at import reference
from usr7s3d.at.table import COMMANDS, PARAMS

DOCS = Path(__file__).parent.parent.parent / "docs"


@pytest.mark.parametrize(
    ("name", "page"),
    [("at-commands.md", reference.commands()), ("settings.md", reference.settings())],
)
def test_the_page_is_not_stale(name: str, page: str) -> None:
    assert (DOCS / name).read_text() == page, "python docs/generate.py"


def test_every_command_and_every_setting_is_there() -> None:
    commands, settings = reference.commands(), reference.settings()
    for command in COMMANDS:
        assert f"| `{command.name}`" in commands
    for path in PARAMS:
        assert f"| `{path.partition('.')[2]}` |" in settings


@pytest.mark.parametrize("page", [reference.commands(), reference.settings()])
def test_tables_are_whole(page: str) -> None:
    """A bar in a value would cut a row."""
    columns = 0
    for line in page.splitlines():
        here = line.count("|")
        assert here in (0, columns) or columns == 0, line
        columns = here
