"""Rewrites the pages that are read off the table of AT commands.

python docs/generate.py
"""

from pathlib import Path

from usr7s3d.at import reference

DOCS = Path(__file__).parent
PAGES = {"at-commands.md": reference.commands, "settings.md": reference.settings}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (DOCS / name).write_text(page())
