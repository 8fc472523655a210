"""Print where each dependency comes from; fail unless it is Debian's.

``./test --debian`` runs this first.  A venv that sees the system's packages
quietly prefers its own, and then the tests would prove nothing.
"""

import sys
from collections.abc import Iterator
from importlib.metadata import distribution

from packaging.requirements import Requirement

DEBIAN = "/usr/lib/python3/dist-packages"
NOT_IN_DEBIAN = {"python-gsmmodem-2025"}  # the .deb carries it


def dependencies(name: str) -> Iterator[str]:
    """Whatever is needed to run ``name``, and what that needs in turn."""
    for requirement in map(Requirement, distribution(name).requires or ()):
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement.name
            yield from dependencies(requirement.name)


def main() -> int:
    foreign = []
    for name in sorted(set(dependencies("usr7s3d"))):
        place = str(distribution(name).locate_file(""))
        print(f"{name} {distribution(name).version} from {place}")
        if place != DEBIAN and name not in NOT_IN_DEBIAN:
            foreign.append(name)
    if foreign:
        print(f"not Debian's: {', '.join(foreign)}; remove .venv-debian and try again")
    return 1 if foreign else 0


if __name__ == "__main__":
    sys.exit(main())
