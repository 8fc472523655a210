"""When the register packet goes out (manual 3.3, REGSND)."""

import pytest

from usr7s3d.core.register import RegisterPacket, register_packet


@pytest.mark.parametrize(
    ("send", "packet"),
    [
        ("link", RegisterPacket(on_connect=b"www.usr.cn")),
        ("data", RegisterPacket(on_data=b"www.usr.cn")),
        ("link&data", RegisterPacket(on_connect=b"www.usr.cn", on_data=b"www.usr.cn")),
    ],
)
@pytest.mark.manual("4.2.1.38", "link, data, link&data")
def test_regsnd(send: str, packet: RegisterPacket) -> None:
    assert register_packet(b"www.usr.cn", send) == packet


def test_it_has_no_terminator_and_may_be_empty() -> None:
    assert register_packet(b"\x00\xff", "link").on_connect == b"\x00\xff"
    assert register_packet(b"", "link&data") == RegisterPacket()
