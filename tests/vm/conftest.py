"""What the stages share: the package, an older build of it, and machines to install them on."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.vm.container import Container
from tests.vm.images import image

ROOT = Path(__file__).parent.parent.parent
OLDER = "0.0.1"
# Beside the package's dependencies, in every disk image: two lists would be two images.
TOOLS = ["iproute2", "modemmanager"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What the tests have measured; their machines are emulated, so real ones are faster."""
    lines = [
        f"{report.nodeid.rpartition('::')[2]}: {what}: {value}"
        for report in terminalreporter.getreports("passed")
        for what, value in report.user_properties
    ]
    if lines:
        terminalreporter.section("measured")
        terminalreporter.write("\n".join(lines) + "\n")


@pytest.fixture(scope="session")
def package() -> Path:
    """The package; ``./test --vm`` has just made it."""
    return max((ROOT / "dist").glob("usr7s3d_*_all.deb"), key=lambda path: path.stat().st_mtime)


@pytest.fixture(scope="session")
def older_package(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with a lower version: what an upgrade does is in the scripts, which are ours."""
    folder = tmp_path_factory.mktemp("older")
    tree, older = folder / "tree", folder / "older.deb"
    subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub("(?m)^Version: .*", f"Version: {OLDER}", control.read_text()))
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, older], check=True)
    return older


@pytest.fixture(scope="session")
def dependencies(package: Path) -> list[str]:
    """What the package needs from the mirror, of alternatives the first."""
    field = subprocess.check_output(["dpkg-deb", "--field", package, "Depends"], text=True)
    return [re.split(r"[\s:|(]", depend.strip())[0] for depend in field.split(",")]


@pytest.fixture(scope="module", params=["bookworm", "trixie"])
def container(
    request: pytest.FixtureRequest, package: Path, older_package: Path, dependencies: list[str]
) -> Iterator[Container]:
    """A fresh Debian with both packages in /tmp; the stages of a file go through it in order."""
    with Container(image("container", request.param, dependencies) / "root") as machine:
        machine.put("/tmp/usr7s3d.deb", package.read_bytes())
        machine.put("/tmp/older.deb", older_package.read_bytes())
        yield machine
