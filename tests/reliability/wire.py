"""A cable between the daemon and its servers, which can be cut.

Two network namespaces without names, joined by a veth pair: nothing of it is seen
outside, and the kernel takes it down with the last process in it.  The cable is cut by
a wrong hardware address for the other end: the packets leave and nobody takes them,
as behind a NAT that has forgotten us.  It needs neither a firewall nor kernel modules.
"""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

CLONE_NEWNET = 0x40000000
DAEMON, SERVER, NOBODY = "10.77.0.1", "10.77.0.2", "10.77.0.9"
HARDWARE = {DAEMON: "02:00:00:00:00:01", SERVER: "02:00:00:00:00:02"}
WRONG = "02:00:00:00:00:99"
CARD = "wire"  # the interface, at either end


def missing() -> str:
    """Why there can be no wire here; "" = there can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    if not shutil.which("ip"):
        return "network namespaces need ip (iproute2)"
    here = _here()
    try:
        _call("unshare", CLONE_NEWNET)
    except OSError as error:
        return f"no network namespaces here: {error.strerror}"
    else:
        _call("setns", here, CLONE_NEWNET)
        return ""
    finally:
        os.close(here)


class Wire:
    """While it is open, this thread is at the servers' end, and so are their sockets."""

    def __init__(self) -> None:
        self._home = _here()
        self._ends: dict[str, int] = {}
        try:
            for address in (DAEMON, SERVER):
                _call("unshare", CLONE_NEWNET)
                self._ends[address] = _here()
            self._plug()
        except BaseException:
            self.close()
            raise

    def _plug(self) -> None:
        far = f"/proc/{os.getpid()}/fd/{self._ends[DAEMON]}"
        near_card = f"link add {CARD} address {HARDWARE[SERVER]} type veth".split()
        far_card = f"peer name {CARD} address {HARDWARE[DAEMON]} netns".split()
        _ip(*near_card, *far_card, far)
        for address in (SERVER, DAEMON):
            with self.at(address):
                _ip(*f"address add {address}/24 dev {CARD}".split())
                _ip("link", "set", CARD, "up")
                _ip("link", "set", "lo", "up")
        self.cut(DAEMON, NOBODY)
        self.mend()

    @contextmanager
    def at(self, address: str) -> Iterator[None]:
        """Be at that end: what is opened or started within stays there."""
        _call("setns", self._ends[address], CLONE_NEWNET)
        try:
            yield
        finally:
            _call("setns", self._ends[SERVER], CLONE_NEWNET)

    def cut(self, source: str, target: str) -> None:
        """Packets from ``source`` no longer reach ``target``."""
        self._neighbour(source, target, WRONG)

    def mend(self) -> None:
        """Both ways again."""
        self._neighbour(DAEMON, SERVER, HARDWARE[SERVER])
        self._neighbour(SERVER, DAEMON, HARDWARE[DAEMON])

    def cut_both(self) -> None:
        self.cut(DAEMON, SERVER)
        self.cut(SERVER, DAEMON)

    def _neighbour(self, source: str, target: str, hardware: str) -> None:
        with self.at(source):
            _ip(*f"neighbour replace {target} lladdr {hardware} dev {CARD} nud permanent".split())

    def close(self) -> None:
        _call("setns", self._home, CLONE_NEWNET)
        for fd in (self._home, *self._ends.values()):
            os.close(fd)
        self._ends.clear()


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=10)


def _here() -> int:
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def _call(name: str, *arguments: int) -> None:
    """unshare(2) and setns(2), which Python has from 3.12 on."""
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*arguments):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
