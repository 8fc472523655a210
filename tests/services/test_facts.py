"""What AT queries show that is no setting."""

import pytest

from usr7s3d.hostconfig import parse
from usr7s3d.modem.network import Registration, Signal
from usr7s3d.modem.seen import ABSENT, REGISTERED, SIM, Seen
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
    found = facts.gather(config, "0" * 20, {}, Seen())
    assert asked == ["wlan0"]
    seen = (found.signal, found.registration, found.attached, found.sim)
    assert seen == ((31, 1, True, "READY") if online else (99, 0, False, None))
    assert (found.link_a, found.link_b) == ("disconnected", "disconnected")
    assert (found.imei, found.iccid, found.number) == (None, None, None)


@pytest.mark.manual("4.2.1.19", "the code, where there is no modem")
@pytest.mark.manual("4.2.1.20", "the code, where there is no modem")
def test_identities_of_the_host_configuration() -> None:
    text = '[identity]\nimei = "490154203237518"\niccid = "8949020000012345678"\ncnum = "+49170"\n'
    found = facts.gather(parse(text, "test").config, "0" * 20, {}, Seen())
    assert (found.imei, found.number) == ("490154203237518", "+49170")


PPP = parse('[bearer]\nkind = "ppp"\n', "test").config
WORKING = Seen(
    state=REGISTERED,
    imei="867584030000001",
    sim="READY",
    iccid="8949020000012345678",
    imsi="262020000000001",
    number="",
    signal=Signal(23),
    dbm=-67,
    registration=Registration(5),
    attached=True,
    operator="Vodafone.de",
)


@pytest.mark.parametrize("kind", ["ppp", "host"])
@pytest.mark.manual("4.2.1.19", "the code of the SIM")
@pytest.mark.manual("4.2.1.20", "the code of the modem")
@pytest.mark.manual("4.2.1.21", "empty where the SIM does not tell it")
def test_a_modem_tells_the_facts_on_either_bearer(kind: str) -> None:
    config = parse(f'[bearer]\nkind = "{kind}"\n', "test").config
    found = facts.gather(config, "0" * 20, {}, WORKING)
    assert (found.imei, found.iccid, found.imsi) == (WORKING.imei, WORKING.iccid, WORKING.imsi)
    assert (found.number, found.sim, found.operator) == ("", "READY", "Vodafone.de")
    assert (found.signal, found.registration, found.attached) == (23, 5, True)


def test_while_the_modem_is_away_nothing_is_registered_on_ppp() -> None:
    found = facts.gather(PPP, "0" * 20, {}, Seen(state=ABSENT))
    assert (found.signal, found.registration, found.attached) == (99, 0, False)
    assert (found.imei, found.iccid, found.number, found.sim) == (None, None, None, None)


def test_what_the_modem_does_not_know_the_host_configuration_may() -> None:
    text = '[identity]\nimei = "490154203237518"\ncnum = "+49170"\n'
    found = facts.gather(parse(text, "test").config, "0" * 20, {}, WORKING)
    assert (found.imei, found.number) == (WORKING.imei, "+49170")


def test_a_sim_that_is_not_there_is_an_error_one_that_is_locked_a_state() -> None:
    def sim(state: str) -> str | None:
        return facts.gather(PPP, "0" * 20, {}, Seen(state=SIM, sim=state)).sim

    assert [sim("NOT INSERTED"), sim("SIM PIN"), sim("")] == [None, "SIM PIN", None]


def test_csq_where_the_modem_tells_dbm_only() -> None:
    seen = Seen(state=REGISTERED, signal=Signal(99), dbm=-97, registration=Registration(10))
    found = facts.gather(PPP, "0" * 20, {}, seen)
    assert (found.signal, found.registration) == (8, 5)
