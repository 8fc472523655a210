"""Rewrites the pages that are read off the table of AT commands, and off the tests.

python docs/generate.py
"""

import sys
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent))

from docs import conformance  # noqa: E402
from usr7s3d.at import reference  # noqa: E402

PAGES = {
    "at-commands.md": reference.commands,
    "settings.md": reference.settings,
    "conformance.md": conformance.page,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page())
