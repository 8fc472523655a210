"""Where a key stands, in all the ways TOML has to write one."""

import tomllib
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usr7s3d.hostconfig.lines import line_of, places


@pytest.mark.parametrize(
    ("text", "path", "line"),
    [
        ("[a]\nb = 1", ("a", "b"), 2),
        ("\n# [a]\n[ a ] # b = 1\n\n  b=1", ("a", "b"), 5),
        ("a.b = 1", ("a", "b"), 1),
        ("a . b = 1", ("a", "b"), 1),
        ("[\"a\"]\n'b' = 1", ("a", "b"), 2),
        ('[a]\n"\\u0062" = 1', ("a", "b"), 2),
        ("[x]\nb = 1\n[a.c]\nb = 1", ("a", "c", "b"), 4),
        ("[[a]]\nb = 1", ("a", "b"), 2),
        ("a = { x = 1, b = 2 }", ("a", "b"), 1),
        ('[x]\nt = """\n[a]\nb = 1\n"""\n[a]\nb = 1', ("a", "b"), 7),
        ("[x]\nt = '''\n[a]\nb = 1'''\n[a]\nb = 1", ("a", "b"), 6),
        ('[x]\nt = """a\\""""\n[a]\nb = 1', ("a", "b"), 4),
        ('[x]\nt = """""a"""""\n[a]\nb = 1', ("a", "b"), 4),
        ("[x]\nt = [ # [\n[1],\n]\n[a]\nb = 1", ("a", "b"), 6),
        ("[x]\nt = '[' # '\n[a]\nb = 1", ("a", "b"), 4),
        ('[x]\nt = "\\"["\n[a]\nb = "]"', ("a", "b"), 4),
        ("[a]\nc = 1", ("a", "b"), 1),
        ("c = 1", ("a", "b"), None),
    ],
)
def test_line_of(text: str, path: tuple[str, ...], line: int | None) -> None:
    assert line_of(path, places(text)) == line


PIECES = st.sampled_from(
    [
        "[a]\n", "[b.a]\n", "a = 1\n", "b.a = 'x'\n", '"a" = ', "'''", '"""', '"', "'", "[a]", "\n",
        "# ", "= 1\n", "c = [\n", "]", ",", "1", "x = ", '"\\""', "\t", "\\", " . ", "d",
    ]
)  # fmt: skip


@given(st.lists(PIECES, max_size=14).map("".join))
def test_it_finds_the_keys_that_tomllib_finds(text: str) -> None:
    try:
        document = tomllib.loads(text)
    except ValueError:
        return
    assert set(places(text)) == set(_paths(document))


def _paths(table: object, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(table, dict):
        for key, value in table.items():
            yield (*above, key)
            yield from _paths(value, (*above, key))
