"""The parts of the rig as fixtures; what a test has taken is ended for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.system.rig import Daemon, Host, Server


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    """Not started."""
    daemon = Daemon(tmp_path)
    yield daemon
    daemon.close()


@pytest.fixture
def host() -> Iterator[Host]:
    host = Host()
    yield host
    host.unplug()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def module(daemon: Daemon, host: Host, server: Server) -> Daemon:
    """A daemon that runs, its welcome said, socket A pointed at ``server``."""
    daemon.configure(device=host.path, SOCKA=server.setting)
    daemon.start()
    host.expect(b"\r\nUSR-7S3\r\n")
    return daemon
