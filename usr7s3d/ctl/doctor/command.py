"""The verb ``doctor`` of ``usr7s3ctl``."""

import argparse
import time
from pathlib import Path

from usr7s3d.ctl.client import NoAnswer, NotRunning, ask
from usr7s3d.ctl.doctor import checks
from usr7s3d.ctl.doctor.checks import CHECKS, Finding, Level, Status
from usr7s3d.ctl.doctor.host import look
from usr7s3d.hostconfig import HostConfig, Parsed, load

FAILED = 1
CONFIGURATION, STATE = Path("/etc/usr7s3d/usr7s3d.toml"), Path("/var/lib/usr7s3d")


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the verb on the command line."""
    doctor = verbs.add_parser("doctor", help="what is wrong here, and what to do about it")
    doctor.add_argument(
        "--config", type=Path, default=CONFIGURATION, metavar="FILE", help="of the daemon"
    )
    doctor.add_argument(
        "--state-dir", type=Path, default=STATE, metavar="DIR", help="of the daemon"
    )
    doctor.add_argument(
        "--echo", action="store_true", help="send 8 bytes to the UART and hear if they come back"
    )


def run(arguments: argparse.Namespace, root: Path = Path("/")) -> int:
    """Examine; 1 when something is bad.  Raises NoAnswer for the echo test only."""
    parsed = load(arguments.config)
    findings = [Finding(Level.BAD, "file", line) for line in parsed.lines]
    status, silence = _status(arguments.runtime_dir)
    findings += silence
    findings += examine(root, arguments.state_dir, parsed, status)
    if arguments.echo:
        findings.append(checks.echo(ask(arguments.runtime_dir, {"verb": "echo-test"})))
    print("\n".join(shown(finding) for finding in findings))
    return FAILED if any(finding.level is Level.BAD for finding in findings) else 0


def _status(runtime: Path) -> tuple[Status, list[Finding]]:
    """What the daemon says, or why it says nothing."""
    try:
        return ask(runtime, {"verb": "status"}), []
    except NoAnswer as failure:
        words = str(failure).splitlines()[0]
        absent = isinstance(failure, NotRunning)
        remedy = "systemctl start usr7s3d; or its --runtime-dir" if absent else ""
        return None, [Finding(Level.BAD, "daemon", words, remedy)]


def examine(root: Path, state: Path, parsed: Parsed, status: Status) -> list[Finding]:
    """Every check, in order."""
    config = parsed.config
    pid = status.get("pid", 0) if status else 0
    device = _device(root, config, status)
    host = look(root, device, state, year=time.gmtime().tm_year, daemon=pid)
    findings = [finding for check in CHECKS for finding in check(host, config, device, status)]
    return findings + checks.warnings(status)


def _device(root: Path, config: HostConfig, status: Status) -> str:
    """The tty that the daemon uses, or would."""
    if status:
        return str(status["uart"]["device"])
    model = root / "proc/device-tree/model"
    pi5 = model.exists() and "Raspberry Pi 5" in model.read_text("utf-8", "replace")
    return config.uart.device or ("/dev/ttyAMA0" if pi5 else "/dev/serial0")


def shown(finding: Finding) -> str:
    """A finding as a person reads it, its remedy on a line of its own."""
    line = f"{finding.level.value:<5}{finding.about:<9}{finding.words}"
    return f"{line}\n{'':14}-> {finding.remedy}" if finding.remedy else line
