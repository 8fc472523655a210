"""What AT queries show that is no setting."""

import pytest

from usr7s3d.hostconfig import parse
from usr7s3d.services import facts


@pytest.mark.parametrize("online", [True, False])
def test_network_of_the_system_stands_in_for_the_mobile_one(
    monkeypatch: pytest.MonkeyPatch, online: bool
) -> None:
    asked: list[str] = []

    def default_route(interface: str) -> bool:
        asked.append(interface)
        return online

    monkeypatch.setattr(facts, "default_route", default_route)
    config = parse('[bearer]\nkind = "host"\ninterface = "wlan0"\n', "test").config
    found = facts.gather(config, "0" * 20, {})
    assert asked == ["wlan0"]
    seen = (found.signal, found.registration, found.attached, found.sim)
    assert seen == ((31, 1, True, "READY") if online else (99, 0, False, None))
    assert (found.link_a, found.link_b) == ("disconnected", "disconnected")
    assert (found.imei, found.iccid, found.number) == (None, None, None)


def test_identities_of_the_host_configuration() -> None:
    text = '[identity]\nimei = "490154203237518"\niccid = "8949020000012345678"\ncnum = "+49170"\n'
    found = facts.gather(parse(text, "test").config, "0" * 20, {})
    assert (found.imei, found.number) == ("490154203237518", "+49170")
