"""Which USB device is taken from ModemManager, and which is left to it."""

from pathlib import Path

import pytest

from usr7s3d.devices import claim

QUECTEL = (0x2C7C, 0x0125)
FTDI = (0x0403, 0x6001)


@pytest.mark.parametrize(
    ("configuration", "device", "ours"),
    [
        ({}, QUECTEL, True),
        ({}, FTDI, False),
        ({"modem": {"usb": ""}}, QUECTEL, True),
        ({"modem": {"usb": "1-1.2"}}, FTDI, True),
        ({"modem": {"usb": "1-1.3"}}, QUECTEL, False),
        ({"modem": {"usb": "0403:6001"}}, FTDI, True),
        ({"modem": {"usb": "2C7C:0125"}}, QUECTEL, True),
        ({"modem": {"usb": "0403:6001"}}, QUECTEL, False),
        ({"modem": {"at_port": "none"}}, QUECTEL, False),
        ({"modem": {"data_port": "none"}}, QUECTEL, False),
        ({"bearer": {"kind": "host"}}, QUECTEL, False),
        ({"bearer": {"kind": "host"}, "modem": {"usb": "2c7c:0125"}}, QUECTEL, True),
        ({"modem": "not a table"}, QUECTEL, True),
    ],
)
def test_ours(configuration: dict[str, object], device: tuple[int, int], ours: bool) -> None:
    assert claim.is_ours(configuration, "1-1.2", *device) is ours


@pytest.mark.parametrize(
    ("uhubctl", "device", "ours"),
    [("1-1/2", "1-1", True), ("1-1/2", "1-1.2", False), ("2/1", "usb2", True), ("", "1-1", False)],
)
def test_the_hub_that_uhubctl_switches(uhubctl: str, device: str, ours: bool) -> None:
    assert claim.is_hub({"modem": {"uhubctl": uhubctl}}, device) is ours


def test_configurations_of_enabled_services_only(tmp_path: Path) -> None:
    for unit in ("usr7s3d.service", "usr7s3d@rs485.service", "ModemManager.service"):
        (tmp_path / unit).symlink_to("/dev/null")
    assert list(claim.configurations(Path("/etc/usr7s3d"), tmp_path)) == [
        Path("/etc/usr7s3d/usr7s3d.toml"),
        Path("/etc/usr7s3d/rs485.toml"),
    ]


@pytest.mark.parametrize("content", [None, b"[modem", b"\xff", b"usb = 1"])
def test_a_broken_configuration_is_an_empty_one(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "usr7s3d.toml"
    if content is not None:
        path.write_bytes(content)
    assert not claim.is_ours(claim.read(path), "1-1", *FTDI)


def test_asked_by_udev(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "idVendor").write_text("2c7c\n")
    (tmp_path / "idProduct").write_text("0125\n")
    monkeypatch.setattr(claim, "configurations", lambda: [tmp_path / "missing.toml"])
    assert claim.main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == "USR7S3D_MODEM=1\n"
