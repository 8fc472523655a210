"""What waits for the servers, from one run of the daemon to the next.

A stop leaves the links' caches in the runtime folder, the next start takes them from
there.  A file that is damaged in any place is no use: half of a measurement, or the
wrong order, is worse than none.  A power cut loses it, like all that was in memory.
"""

import binascii
import json
import logging
from collections.abc import Mapping
from pathlib import Path

from usr7s3d.core.cache import Address, Cache
from usr7s3d.devices.files import read_file, write_file

log = logging.getLogger(__name__)

NAME = "caches"
LARGEST = 256 * 1024  # bytes; both links at their limits make less than half of it


def leave(folder: Path, caches: Mapping[Address, Cache]) -> None:
    """Write what waits, if anything does."""
    waiting = [(address, cache.packets()) for address, cache in caches.items() if cache]
    if not waiting:
        return
    rows = [[*address, *(packet.hex() for packet in packets)] for address, packets in waiting]
    body = json.dumps(rows).encode("ascii")
    try:
        write_file(folder / NAME, b"%08x\n" % binascii.crc32(body) + body)
    except OSError as error:
        log.warning("links: what waits for the servers is lost: %s", error)


def take(folder: Path) -> dict[Address, Cache]:
    """Read what the run before left, and remove it, so that it is sent once."""
    path = folder / NAME
    try:
        content = read_file(path, LARGEST + 1)
        path.unlink()
    except FileNotFoundError:
        return {}
    except OSError as error:
        log.warning("links: %s: %s", path, error)
        return {}
    try:
        return _parse(content)
    except (ValueError, TypeError):
        log.warning("links: %s is damaged and ignored", path)
        return {}


def _parse(content: bytes) -> dict[Address, Cache]:
    """Raises ValueError or TypeError."""
    check, _, body = content.partition(b"\n")
    if len(content) > LARGEST or int(check, 16) != binascii.crc32(body):
        raise ValueError("not as it was written")
    caches = {}
    for link, protocol, host, port, *packets in json.loads(body):
        caches[link, protocol, host, port] = Cache(bytes.fromhex(packet) for packet in packets)
    return caches
