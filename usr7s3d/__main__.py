"""The command line of the daemon."""

import gc
import logging
import os
import sys
from dataclasses import dataclass
from pathlib import Path

# asyncio and hashlib load OpenSSL (8 MB, a third of what we are) when they can.  The module
# speaks no TLS, and hashlib has its own SHA-2.  None is Python's way to say "not to be had".
for _name in ("ssl", "_hashlib"):
    sys.modules[_name] = None  # type: ignore[assignment]

from usr7s3d import __version__  # noqa: E402
from usr7s3d.hostconfig import check, load  # noqa: E402

FAILED = 1
WIDTH = 80  # of the help
NOT_ROOT = "; use sudo, or give it folders of yours by --state-dir and --runtime-dir"
PRIORITIES = {"DEBUG": 7, "INFO": 6, "WARNING": 4, "ERROR": 3, "CRITICAL": 2}  # syslog(3)


@dataclass(frozen=True, slots=True)
class Arguments:
    """The command line."""

    config: Path
    state_dir: Path
    runtime_dir: Path
    check: bool
    verbose: bool


def main() -> None:
    """Entry point of ``usr7s3d``."""
    arguments = _arguments()
    if arguments.check:
        lines, code = check(arguments.config)
        print("\n".join(lines))
        sys.exit(code)
    _log_to_stderr(logging.DEBUG if arguments.verbose else logging.INFO)
    _forget_argparse()
    sys.exit(_run(arguments))


def _forget_argparse() -> None:
    """Leave its 0.4 MB to what is imported next: it has done its work."""
    for name in ("argparse", "gettext"):
        del sys.modules[name]
    gc.collect()


def _arguments() -> Arguments:
    import argparse  # noqa: PLC0415 - and nothing of it stays; see _forget_argparse

    def formatter(prog: str) -> argparse.HelpFormatter:
        # To look how wide the terminal is, it would load shutil and its archivers: 0.5 MB.
        return argparse.HelpFormatter(prog, width=WIDTH)

    parser = argparse.ArgumentParser(
        prog="usr7s3d",
        formatter_class=formatter,
        description="A Raspberry Pi, a USB modem and a UART HAT as a USR-GPRS232-7S3 module.",
    )
    parser.add_argument(
        "--config",
        type=Path,
        default=Path("/etc/usr7s3d/usr7s3d.toml"),
        metavar="FILE",
        help="host configuration (%(default)s)",
    )
    for name, fallback, words in (
        ("state", "/var/lib/usr7s3d", "saved settings"),
        ("runtime", "/run/usr7s3d", "control socket"),
    ):
        parser.add_argument(
            f"--{name}-dir",
            type=Path,
            default=Path(os.environ.get(f"{name.upper()}_DIRECTORY", fallback)),
            metavar="DIR",
            help=f"{words} (%(default)s)",
        )
    parser.add_argument("--check", action="store_true", help="check the configuration and exit")
    parser.add_argument("--verbose", action="store_true", help="log what it does in detail")
    parser.add_argument("--version", action="version", version=f"usr7s3d {__version__}")
    return Arguments(**vars(parser.parse_args()))


def _log_to_stderr(level: int) -> None:
    handler = logging.StreamHandler()
    if _stderr_is_the_journal():
        handler.setFormatter(_JournalFormatter("%(message)s"))
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])


def _stderr_is_the_journal() -> bool:
    """By systemd.exec(5); the variable alone may come from a desktop's session."""
    stderr = os.fstat(sys.stderr.fileno())
    return os.environ.get("JOURNAL_STREAM") == f"{stderr.st_dev}:{stderr.st_ino}"


class _JournalFormatter(logging.Formatter):
    """Each line with its priority in front, as the journal reads it (sd-daemon(3))."""

    def format(self, record: logging.LogRecord) -> str:
        mark = f"<{PRIORITIES.get(record.levelname, 6)}>"
        return "\n".join(mark + line for line in super().format(record).splitlines())


def _run(arguments: Arguments) -> int:
    # Not before: --check and --help need none of it.
    import asyncio  # noqa: PLC0415

    from usr7s3d.daemon import Places, run  # noqa: PLC0415

    log = logging.getLogger("usr7s3d")
    parsed = load(arguments.config)
    about = ": ".join(filter(None, (str(arguments.config), parsed.note)))
    log.info("daemon: usr7s3d %s, %s", __version__, about)
    for problem in parsed.lines:
        log.error("%s", problem)
    try:
        places = Places(arguments.config, arguments.state_dir, arguments.runtime_dir)
        asyncio.run(run(places, parsed))
    except OSError as error:  # the folders: not to be made, or another daemon's
        hint = NOT_ROOT if isinstance(error, PermissionError) and os.geteuid() else ""
        log.error("daemon: %s%s", error, hint)
        return FAILED
    except Exception:
        log.critical("daemon: a part has failed; all others are closed", exc_info=True)
        return FAILED
    return 0


if __name__ == "__main__":
    main()
