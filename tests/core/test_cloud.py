"""The login to USR Cloud: what is sent, what counts as an answer (manual 3.5)."""

import pytest

from usr7s3d.core.cloud import Login, fill_in

VALUES = {"CLOUDID": "10011111100000111111", "CLOUDPA": "0000test"}
OTHER = "the answer to the login is {}, not usr_cloud_code_0"


@pytest.mark.parametrize(
    ("template", "login"),
    [
        (b"{CLOUDID}{CLOUDPA}", b"100111111000001111110000test"),
        (b"\x01{CLOUDPA},{CLOUDID}\r\n", b"\x010000test,10011111100000111111\r\n"),
        (b"{x}{CLOUDID", b"{x}{CLOUDID"),  # [7B] in the host configuration is a brace
        (b"", b""),
    ],
)
def test_the_template_says_what_is_sent(template: bytes, login: bytes) -> None:
    assert fill_in(template, VALUES) == login


def test_a_value_that_looks_like_a_stand_in_is_a_value() -> None:
    assert fill_in(b"{CLOUDID}", {"CLOUDID": "{CLOUDPA}", "CLOUDPA": "secret"}) == b"{CLOUDPA}"


def test_usr_cloud_code_0_of_manual_3_5_2_however_it_is_cut() -> None:
    answer = b"usr_cloud_code_0"
    for cut in range(len(answer)):
        login = Login(0.0)
        login.receive(answer[:cut])
        assert not login.over
        login.receive(answer[cut:])
        assert (login.over, login.complaint) == (True, "")


def test_what_follows_in_the_same_read_is_no_matter() -> None:
    login = Login(0.0)
    login.receive(b"usr_cloud_code_0\r\nhello")
    assert (login.over, login.complaint) == (True, "")


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"usr_cloud_code_1", "usr_cloud_code_1"),
        (b"usr_cloud_code_17", "usr_cloud_code_17"),
        (b"usr_cloud_code_01", "usr_cloud_code_01"),
        (b"who is 10011111100000111111 0000test?", "something else"),
        (b"usr_cloud_code_x0000test", "something else"),
    ],
)
def test_another_answer_is_told_without_what_may_be_secret(answer: bytes, told: str) -> None:
    login = Login(0.0)
    login.receive(answer)
    assert (login.over, login.complaint) == (True, OTHER.format(told))


def test_it_waits_5_s() -> None:
    login = Login(100.0)
    assert login.deadline() == 105.0
    login.expire(104.999)
    assert not login.over
    login.expire(105.0)
    assert (login.over, login.complaint) == (True, "no answer to the login in 5 s")
    assert login.deadline() is None
    login.receive(b"usr_cloud_code_0")
    assert login.complaint
