"""News of what is plugged in, from the kernel."""

import asyncio
import errno
import socket

import pytest

from usr7s3d.devices import uevents
from usr7s3d.devices.uevents import is_plug, plugs

USB = b"add@/devices/platform/usb1/1-1\0ACTION=add\0DEVPATH=/devices/x\0SUBSYSTEM=usb\0SEQNUM=1\0"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (USB, True),
        (USB.replace(b"SUBSYSTEM=usb", b"SUBSYSTEM=tty"), True),
        (USB.replace(b"add", b"remove"), True),
        (USB.replace(b"SUBSYSTEM=usb", b"SUBSYSTEM=block"), False),
        (USB.replace(b"SUBSYSTEM=usb", b"SUBSYSTEM=usb2"), False),
        (b"", False),
        (b"libudev\0\xfe\xed", False),
    ],
)
def test_which_messages_are_ours(message: bytes, expected: bool) -> None:
    assert is_plug(message) is expected


@pytest.mark.real
async def test_a_storm_is_one_change(monkeypatch: pytest.MonkeyPatch) -> None:
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    near.setblocking(False)
    monkeypatch.setattr(uevents, "_open", lambda: FromKernel(near))
    changes: list[bool] = []
    with plugs(lambda: changes.append(True)) as told:
        assert told
        for _ in range(20):
            far.send(USB)
        far.send(b"add@/x\0SUBSYSTEM=block\0")
        await asyncio.sleep(0.05)
    far.close()
    assert changes == [True]


class FromKernel:
    """A socket whose sender is the kernel, process 0."""

    def __init__(self, socket: socket.socket) -> None:
        self._socket = socket
        self.fileno = socket.fileno
        self.close = socket.close

    def recvfrom(self, size: int) -> tuple[bytes, tuple[int, int]]:
        return self._socket.recv(size), (0, 1)


@pytest.mark.real
async def test_where_there_is_no_such_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> socket.socket:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(uevents, "_open", refused)
    with plugs(lambda: None) as told:
        assert not told


@pytest.mark.real
async def test_the_kernels_own_socket() -> None:
    """It opens where the kernel lets us, and closes; what it brings takes a USB port."""
    with plugs(lambda: None):
        await asyncio.sleep(0)


@pytest.mark.real
async def test_a_socket_that_has_failed_does_not_hold_the_loop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    near.setblocking(False)
    kernel = FromKernel(near)
    errors = [OSError(errno.ENOBUFS, "lost some"), OSError(errno.ENETDOWN, "down")]

    def recvfrom(size: int) -> tuple[bytes, tuple[int, int]]:
        if errors:
            raise errors.pop(0)
        return near.recv(size), (0, 1)

    monkeypatch.setattr(kernel, "recvfrom", recvfrom)
    monkeypatch.setattr(uevents, "_open", lambda: kernel)
    changes: list[bool] = []
    with plugs(lambda: changes.append(True)):
        far.send(b"add@/x\0SUBSYSTEM=block\0")
        await asyncio.sleep(0.05)
    far.close()
    assert changes == [True], "some were lost, and may have been ours"
