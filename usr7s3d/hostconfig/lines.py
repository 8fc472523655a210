"""On which line of a TOML text a key stands; tomllib does not say.

For text that tomllib has read, so every quote and bracket closes.  A key inside
an inline table is found at the key that the table belongs to.
"""

import re
import tomllib

Path = tuple[str, ...]

_NAME = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_DOTTED = rf"{_NAME}(?:[ \t]*\.[ \t]*{_NAME})*"
_HEADER = re.compile(rf"[ \t]*\[\[?[ \t]*({_DOTTED})[ \t]*\]")
_PAIR = re.compile(rf"[ \t]*({_DOTTED})[ \t]*=")
_REST = re.compile(  # what a value is made of; texts and comments whole, so that they hide the rest
    r'"""(?:\\.|[^\\])*?"""(?!")'
    r"|'''.*?'''(?!')"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|#[^\n]*"
    r"|(?P<open>[\[{])|(?P<close>[\]}])|(?P<end>\n)"
    r"|.",
    re.DOTALL,
)


def places(text: str) -> dict[Path, int]:
    """The line, from 1, on which each table and key of ``text`` first stands."""
    found: dict[Path, int] = {}
    table: Path = ()
    at, line = 0, 1
    while at < len(text):
        path: Path = ()
        if statement := _HEADER.match(text, at):
            path = table = _path(statement[1])
        elif statement := _PAIR.match(text, at):
            path = table + _path(statement[1])
        for length in range(1, len(path) + 1):
            found.setdefault(path[:length], line)
        end = _next_statement(text, statement.end() if statement else at)
        line += text.count("\n", at, end)
        at = end
    return found


def line_of(path: Path, found: dict[Path, int]) -> int | None:
    """The line of ``path``, or of the nearest thing round it that has one."""
    while path and path not in found:
        path = path[:-1]
    return found.get(path)


def _path(dotted: str) -> Path:
    names: list[str] = []
    rest = tomllib.loads(f"{dotted} = 0")
    while isinstance(rest, dict):
        name, rest = next(iter(rest.items()))
        names.append(name)
    return tuple(names)


def _next_statement(text: str, at: int) -> int:
    """Where the statement that goes on at ``at`` has ended, brackets and texts being closed."""
    depth = 0
    while at < len(text) and (token := _REST.match(text, at)):
        at = token.end()
        depth += bool(token["open"]) - bool(token["close"])
        if token["end"] and depth <= 0:
            break
    return at
