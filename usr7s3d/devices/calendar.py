"""The date, for what is counted by month."""

import time


def month() -> str:
    """``2026-11``, by the system's clock; a Pi without one knows better some time after a boot."""
    return time.strftime("%Y-%m", time.gmtime())
