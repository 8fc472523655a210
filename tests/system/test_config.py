"""usr7s3ctl config: out of one module, into another."""

from pathlib import Path

import pytest

from tests.system.rig import WITHIN, Daemon, Host

pytestmark = pytest.mark.real

WELCOME = b"\r\nUSR-7S3\r\n"


def test_what_was_exported_makes_another_module_the_same(
    module: Daemon, host: Host, tmp_path: Path
) -> None:
    for line in ("AT+HEARTTM=60", 'AT+CMDPW="p, w"', 'AT+STMSG="caf\xe9"', "AT+UARTFT=0"):
        assert module.at(line) == "OK"
    script = tmp_path / "settings.at"
    script.write_text("old")
    script.chmod(0o644)
    assert module.ctl("config", "export", "-o", str(script)).returncode == 0
    assert script.stat().st_mode & 0o777 == 0o600, "it holds passwords"
    text = script.read_bytes()
    assert b'AT+CMDPW="p, w"\n' in text
    assert b'AT+STMSG="caf\xe9"\n' in text, "bytes as on the wire"
    assert module.ctl("config", "export").stdout.encode("utf-8", "surrogateescape") == text
    module.at("AT+CLEAR")
    host.expect(WELCOME)
    result = module.ctl("config", "import", str(script), "--save")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith("settings are set\nand saved; the module restarts\n")
    host.expect(b"\r\ncaf\xe9\r\n")
    assert module.ctl("config", "export").stdout.encode("utf-8", "surrogateescape") == text


def test_a_full_disk_is_told_in_a_line(module: Daemon) -> None:
    with Path("/dev/full").open("wb") as full:
        result = module.ctl("config", "export", stdout=full)
    assert (result.returncode, result.stderr) == (1, "usr7s3ctl: No space left on device\n")


def test_bytes_that_some_take_for_a_line_end_come_back(module: Daemon, tmp_path: Path) -> None:
    assert module.at('AT+STMSG="\xc3\x85ngstr\xc3\xb6m"') == "OK"
    script = tmp_path / "settings.at"
    assert module.ctl("config", "export", "-o", str(script)).returncode == 0
    assert module.ctl("config", "import", str(script)).stderr == ""


def test_the_first_error_stops_it_and_is_named(module: Daemon, tmp_path: Path) -> None:
    script = tmp_path / "settings.at"
    script.write_text('# ours\nAT+HEARTTM=60\nAT+CMDPW="no # please"\nAT+HEARTTM=70\n')
    result = module.ctl("config", "import", str(script), "--save")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"usr7s3ctl: {script}: line 3: AT+CMDPW: +CME ERROR:58; "
        "the line before it is set and not saved: usr7s3ctl restart takes them back\n"
    )
    assert module.at("AT+HEARTTM?") == "+HEARTTM:60  OK"


def test_a_script_that_is_none_sets_nothing(module: Daemon, tmp_path: Path) -> None:
    script = tmp_path / "settings.at"
    script.write_text("AT+HEARTTM=60\nAT+S\n")
    result = module.ctl("config", "import", str(script))
    assert result.stderr == (
        f"usr7s3ctl: {script}: line 2 is not of the form AT+X=...; --save saves; nothing was set\n"
    )
    assert module.ctl("config", "import", str(tmp_path / "no")).stderr.endswith(
        "No such file or directory; nothing was set\n"
    )
    assert module.at("AT+HEARTTM?") == "+HEARTTM:30  OK"


def test_diff(module: Daemon, host: Host) -> None:
    module.at("AT+HEARTTM=60")
    module.at("AT+S")
    host.expect(WELCOME, WITHIN)
    for line in ("AT+CMDPW=mine", "AT+HEARTTM=70"):
        assert module.at(line) == "OK"
    shown = module.ctl("config", "diff").stdout
    assert "mine" not in shown
    assert shown.splitlines() == [
        "AT+CMDPW",
        "    ***  running",
        "    ***  saved, factory",
        "AT+HEARTTM",
        "    70  running",
        "    60  saved",
        "    30  factory",
    ]
