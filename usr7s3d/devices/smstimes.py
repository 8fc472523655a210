"""When SMS were sent, from one run of the daemon to the next: what they cost has a bound.

In the runtime folder, which is memory: a daemon that is restarted again and again cannot send
without end, and the card is spared.  A power cut, which loses it, takes longer than sending.
"""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

from usr7s3d.devices.files import read_file, write_file

log = logging.getLogger(__name__)

NAME = "sms-sent"
LARGEST = 4 << 20  # bytes; sms_per_day may be 100000


class SmsTimes:
    """The times are the loop's, seconds since the system's start: they go on while we do not."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._told = False

    def load(self, now: float) -> list[float]:
        """What was kept.  Of a file that is damaged, nothing."""
        try:
            times = json.loads(read_file(self._path, LARGEST))
            return [float(time) for time in times if 0 <= float(time) <= now]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError) as error:
            log.warning("SMS: %s: %s: counted from 0", self._path, error)
            return []

    def keep(self, times: Sequence[float]) -> None:
        """Write them, whole or not at all."""
        try:
            write_file(self._path, json.dumps([int(time) for time in times]).encode("ascii"))
        except OSError as error:
            if not self._told:
                log.warning("SMS: %s: %s: a restart counts from 0", self._path, error)
            self._told = True
