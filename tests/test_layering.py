"""The arrows of docs/architecture.md, enforced.

A test that fails here names the file and the rule.  If the rule is in the way,
it is changed here, in the open, with its reason beside it.
"""

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "usr7s3d"

# What each part may import of ours, besides itself.  Low to high.
MAY_IMPORT: dict[str, set[str]] = {
    "settings": set(),
    "core": set(),
    "modem": {"core"},
    "at": {"core", "settings"},
    "hostconfig": {"at", "settings"},
    "devices": {"core", "settings", "modem", "at", "hostconfig"},
    "services": {"core", "settings", "modem", "at", "hostconfig", "devices"},
    "life": {"core", "settings", "modem", "at", "hostconfig", "devices", "services"},
    "daemon": {"core", "settings", "modem", "at", "hostconfig", "devices", "services", "life"},
    "__main__": {"settings", "hostconfig", "daemon"},
    # A client of the daemon: it talks to the control socket and never opens what the daemon owns.
    "ctl": {"core", "settings", "at", "hostconfig"},
    # Root's part: on its own, run by path.
    "pppstarter": set(),
    # The other side of the wire: shared code would agree with itself.
    "simulator": set(),
}

# Bytes, text and time come in as arguments, so nothing here can reach for them.
PURE = {"core", "settings", "modem", "at"}
IMPURE = {
    "asyncio", "fcntl", "io", "logging", "os", "pathlib", "pty", "random", "select", "selectors",
    "serial", "shutil", "signal", "socket", "ssl", "subprocess", "sys", "tempfile", "termios",
    "threading", "time",
}  # fmt: skip
# The simulated modem's machine is pure, too; these parts around it are not.
SIMULATOR = "usr7s3d.simulator.modem."
SIMULATORS_SHELL = {"__main__", "carrier", "manners", "shell", "wire"}
IMPURE_CALLS = {"input", "open", "print"}

# Outside these the clock is the event loop's, which a test can turn.
MAY_READ_THE_CLOCK = {"ctl", "devices", "pppstarter"}
CLOCK_CALLS = {"datetime.now", "datetime.today", "datetime.utcnow", "date.today"}

FILE_LINES = 400  # what a person reads in one sitting; a longer file has two subjects
FUNCTION_LINES = 60  # a screen; median and ninth decile should be far below (8 and 30)


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def layer(module: str) -> str:
    """``usr7s3d.at.table`` -> ``at``; of the package itself, ``""``."""
    return [*module.split("."), ""][1]


FILES = sorted(PACKAGE.rglob("*.py"))
MODULES = {module_name(path) for path in FILES}

every_file = pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(PACKAGE)))


def imports(path: Path) -> Iterator[str]:
    """Every module that the file imports anywhere, in full."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute"
            for alias in node.names:
                full = f"{node.module}.{alias.name}"
                yield full if full in MODULES else str(node.module)


def calls(path: Path) -> Iterator[str]:
    """Every function called by a plain or dotted name: ``open``, ``datetime.now``."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def ours(path: Path) -> set[str]:
    return {name for name in imports(path) if name.split(".")[0] == PACKAGE.name}


@every_file
def test_imports_point_one_way(path: Path) -> None:
    here = layer(module_name(path))
    if here == "":
        assert not ours(path)
        return
    assert here in MAY_IMPORT, f"{here} is new: give it a row in MAY_IMPORT"
    assert {layer(name) for name in ours(path)} <= MAY_IMPORT[here] | {here, ""}


def test_imports_make_no_circle() -> None:
    graph = {module_name(path): ours(path) for path in FILES}
    TopologicalSorter(graph).prepare()  # raises CycleError, which lists them


def is_pure(module: str) -> bool:
    if module.startswith(SIMULATOR):
        return module.removeprefix(SIMULATOR) not in SIMULATORS_SHELL
    return layer(module) in PURE


@every_file
def test_pure_code_touches_no_clock_and_no_device(path: Path) -> None:
    if is_pure(module_name(path)):
        assert not {name.split(".")[0] for name in imports(path)} & IMPURE
        assert not set(calls(path)) & IMPURE_CALLS


@every_file
def test_the_clock_is_the_loops(path: Path) -> None:
    if layer(module_name(path)) not in MAY_READ_THE_CLOCK:
        assert "time" not in set(imports(path))
        assert not {".".join(name.split(".")[-2:]) for name in calls(path)} & CLOCK_CALLS


@every_file
def test_a_time_limit_holds_in_a_clean_up_too(path: Path) -> None:
    """asyncio's own does not on bookworm's Python; see devices/limit.py."""
    if layer(module_name(path)) != "simulator":
        theirs = {"asyncio.timeout", "asyncio.timeout_at", "asyncio.wait_for"}
        assert not theirs & set(calls(path))


def test_tls_has_one_home() -> None:
    """And is imported when used: the ssl module costs 4 MB."""
    users = [module_name(path) for path in FILES if "ssl" in set(imports(path))]
    assert len(users) <= 1, users


@every_file
def test_files_and_functions_stay_readable(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= FILE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines <= FUNCTION_LINES, f"{node.name} has {lines} lines"


def test_no_test_sleeps() -> None:
    """A sleep is too short on a slow machine and too long on all others; wait for the thing."""
    files = sorted(set(TESTS.rglob("*.py")) - set(TESTS.glob("vm/*")))  # machines have to be polled
    sleepers = [path.name for path in files if "time.sleep" in calls(path)]
    assert not sleepers
