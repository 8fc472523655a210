"""Reading the file, and ``usr7s3d --check``."""

from pathlib import Path

import pytest

from usr7s3d.hostconfig import HostConfig, check, load


def test_a_good_file(tmp_path: Path) -> None:
    path = tmp_path / "usr7s3d.toml"
    path.write_text('[uart]\ndevice = "/dev/ttyS0"\n')
    assert load(path).config.uart.device == "/dev/ttyS0"
    assert check(path) == ([f"{path}: good"], 0)


def test_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "usr7s3d.toml"
    path.write_text('[uart]\ndevcie = "/dev/ttyS0"\n')
    assert check(path) == ([f"{path}:2: uart.devcie: unknown key; did you mean device?"], 2)


def test_a_mistake_that_shuts_the_doors_says_so(tmp_path: Path) -> None:
    path = tmp_path / "usr7s3d.toml"
    path.write_text("[safety]\nallow_default_password = 1\n")
    lines, status = check(path)
    assert lines[1:] == [f"{path}: as it stands, the network and SMS doors stay shut"]
    assert status == 2


def test_no_file_is_no_mistake(tmp_path: Path) -> None:
    parsed = load(tmp_path / "none.toml")
    assert (parsed.config, parsed.problems, parsed.doors_shut) == (HostConfig(), (), False)
    lines, status = check(tmp_path / "none.toml")
    assert lines == [f"{tmp_path}/none.toml: there is no such file; every key has its default"]
    assert status == 0


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    parsed = load(tmp_path)
    assert parsed.config == HostConfig()
    assert parsed.doors_shut
    assert check(tmp_path)[0][0] == (
        f"{tmp_path}: cannot be read: Is a directory; a boot uses nothing"
    )


def test_a_file_we_may_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    assert "cannot be read: Permission denied" in check(tmp_path / "f")[0][0]
    assert load(tmp_path / "f").doors_shut


def test_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    path = tmp_path / "usr7s3d.toml"
    path.write_bytes('[uart]\n# für\ndevice = "x"\n'.encode("latin-1"))
    assert check(path)[0][0] == f"{path}:2: byte FC is not UTF-8; a boot uses nothing"


def test_a_megabyte_of_noise(tmp_path: Path) -> None:
    path = tmp_path / "noise"
    path.write_bytes(bytes(range(256)) * 4096)
    assert check(path)[1] == 2


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/null"])
def test_a_file_without_end_or_content(device: str) -> None:
    assert load(device).config == HostConfig()


def test_cut_anywhere_it_is_still_read(tmp_path: Path) -> None:
    """A boot goes on.  What the cut took has its default, what it left is as written."""
    whole = (
        '[uart]\nescape_quiet_ms = 300\n[modem]\nsms_allow = [\n  "+49170123",\n]\npin = "1234"\n'
    )
    path = tmp_path / "usr7s3d.toml"
    for end in range(len(whole)):
        path.write_text(whole[:end])
        parsed = load(path)
        assert parsed.config.uart.escape_quiet_ms in {3, 30, 300, 200}
        assert parsed.config.modem.sms_allow in {(), ("+49170123",)}
        assert bool(parsed.problems) == (check(path)[1] == 2)
