"""What differs between the sets of settings."""

from usr7s3d.at.compare import differences
from usr7s3d.at.levels import Levels
from usr7s3d.settings.model import FACTORY, is_secret


def test_nothing_differs_at_first() -> None:
    assert differences(Levels(FACTORY, None, FACTORY)) == []


def test_each_value_and_who_has_it() -> None:
    levels = Levels(FACTORY, FACTORY, FACTORY.put("heartbeat.period", 60))
    levels.change(levels.running.put("socket_a.port", 9000))
    assert differences(levels) == [
        (
            "SOCKA",
            [
                ('"TCP","test.usr.cn",9000', ["running"]),
                ('"TCP","test.usr.cn",2317', ["saved", "user default", "factory"]),
            ],
        ),
        ("HEARTTM", [("60", ["running", "saved"]), ("30", ["user default", "factory"])]),
    ]


def test_without_a_user_default_there_is_none_to_compare() -> None:
    levels = Levels(FACTORY, None, FACTORY.put("module.echo", False))
    assert differences(levels) == [("E", [('"off"', ["running", "saved"]), ('"on"', ["factory"])])]


def test_a_secret_differs_or_not_and_is_never_told() -> None:
    levels = Levels(
        FACTORY, None, FACTORY.put("commands.password", "mine").put("apn.password", "too")
    )
    assert differences(levels) == [
        ("CMDPW", [("***", ["running", "saved"]), ("***", ["factory"])]),
        ("APN", [('"CMNET",***,***', ["running", "saved"]), ('"CMNET",***,***', ["factory"])]),
    ]


def test_these_are_the_secrets() -> None:
    secret = {"commands.password", "apn.user", "apn.password", "cloud.password"}
    from usr7s3d.at.table import PARAMS

    assert {path for path in PARAMS if is_secret(path)} == secret
