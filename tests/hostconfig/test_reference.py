"""The example file and the page say what the list of keys says."""

import re
from dataclasses import replace
from pathlib import Path

from usr7s3d.hostconfig import HostConfig, parse, reference

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "etc" / "usr7s3d.toml"


def test_the_example_is_not_stale() -> None:
    assert EXAMPLE.read_text() == reference.example(), "python -m usr7s3d.hostconfig.reference"


def test_the_page_is_not_stale() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    assert page == reference.page(), "python -m usr7s3d.hostconfig.reference"


def test_the_example_changes_nothing_as_it_is() -> None:
    parsed = parse(EXAMPLE.read_text(), "F")
    assert (parsed.lines, parsed.config) == ([], HostConfig())


def test_the_example_with_every_key_in_use_is_good() -> None:
    text = re.sub(r"^#(?=\w+ = )", "", EXAMPLE.read_text(), flags=re.MULTILINE)
    parsed = parse(text, "F")
    assert parsed.lines == []
    assert (parsed.config.link.keepalive_s, parsed.config.factory.socket_a.host) == (
        240,
        "10.0.0.5",
    )
    default = HostConfig()
    assert replace(parsed.config, link=default.link, factory=default.factory) == default
