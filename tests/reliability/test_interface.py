"""``[bearer] interface``: the links leave by that interface, whatever the routes say."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reliability import wire
from tests.reliability.rows import lasting
from tests.reliability.stage import Stage, stage
from tests.reliability.wire import CARD, DAEMON, SERVER
from tests.system.rig import until


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Stage]:
    if reason := wire.missing():
        pytest.skip(reason)
    with stage(tmp_path) as there:
        with there.wire.at(DAEMON):  # a route that leads astray, as that of a LAN may
            for route in (f"{SERVER}/32 dev lo", f"default dev {CARD}"):
                subprocess.run(["ip", "route", "add", *route.split()], check=True, timeout=10)
        yield there


@pytest.mark.real
def test_a_link_leaves_by_its_interface(there: Stage) -> None:
    there.start(f'[bearer]\nkind = "host"\ninterface = "{CARD}"\n')  # returns when A is connected
    status = there.daemon.status()
    assert status["links"]["a"]["state"] == "connected"
    assert status["bearer"]["state"] == "up"
    assert status["bearer"]["interface"] == CARD
    assert status["bearer"]["address"] == DAEMON


@pytest.mark.real
def test_without_it_the_routes_decide(there: Stage) -> None:
    there.start(SOCKA=there.a.setting)
    until(lambda: there.daemon.status()["links"]["a"]["state"] == "connecting")
    assert lasting(there, lambda: there.daemon.status()["links"]["a"]["connects"]) == 0
