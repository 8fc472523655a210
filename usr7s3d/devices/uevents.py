"""Tells when something is plugged or pulled, by the kernel's own messages (netlink(7))."""

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Callable, Iterator

log = logging.getLogger(__name__)

NETLINK_KOBJECT_UEVENT = 15
FROM_THE_KERNEL = 1  # group; what udev adds is on another one
_OURS = (b"SUBSYSTEM=usb", b"SUBSYSTEM=tty", b"SUBSYSTEM=usb-serial")
_LONGEST = 8192  # bytes of a message; the kernel's limit is 2048 of values


@contextlib.contextmanager
def plugs(changed: Callable[[], None]) -> Iterator[bool]:
    """Call ``changed`` whenever a USB device or a tty came or went, during the block.

    Yields whether that works: not in every container.
    """
    try:
        netlink = _open()
    except OSError as error:
        log.info("modem: no news of what is plugged in (%s): looking for it now and then", error)
        yield False
        return
    loop = asyncio.get_running_loop()
    loop.add_reader(netlink, _look, netlink, changed)
    try:
        yield True
    finally:
        loop.remove_reader(netlink)
        netlink.close()


def _open() -> socket.socket:
    netlink = socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT
    )
    try:
        netlink.bind((0, FROM_THE_KERNEL))
    except BaseException:
        netlink.close()
        raise
    return netlink


def _look(netlink: socket.socket, changed: Callable[[], None]) -> None:
    """Read all there is, so that a storm of messages is one change."""
    ours = False
    while True:
        try:
            message, sender = netlink.recvfrom(_LONGEST)
        except BlockingIOError:
            break
        except OSError as error:  # some were lost, and may have been ours
            ours = True
            if error.errno == errno.ENOBUFS:
                continue
            break
        ours = ours or (sender[0] == 0 and is_plug(message))
    if ours:
        changed()


def is_plug(message: bytes) -> bool:
    """Whether a message tells of a USB device or a tty: ``add@/devices``, then ``KEY=value``."""
    return not {*_OURS}.isdisjoint(message.split(b"\0"))
