"""usr7s3ctl: status, at, watch, restart, config."""

import argparse
import json
import os
import sys
from pathlib import Path

from usr7s3d import __version__
from usr7s3d.ctl import config, view
from usr7s3d.ctl.client import NoAnswer, ask, stream
from usr7s3d.ctl.doctor import command as doctor

FAILED = 1
ERRORS = {
    58: "not understood or not allowed; 'AT+H' lists the commands, 'AT+NAME=?' the values",
    50: "understood, but what it needs is not there; the log may say what",
}


def main() -> None:
    """Entry point of ``usr7s3ctl``."""
    arguments = _arguments()
    try:
        code = VERBS[arguments.verb](arguments)
        sys.stdout.flush()
        sys.exit(code)
    except NoAnswer as failure:
        print(f"usr7s3ctl: {failure}", file=sys.stderr)
        sys.exit(FAILED)
    except (KeyboardInterrupt, BrokenPipeError):
        _give_up_output()  # whose reader has left
        sys.exit(FAILED)
    except OSError as failure:  # a full disk behind ">"
        print(f"usr7s3ctl: {failure.strerror}", file=sys.stderr)
        _give_up_output()
        sys.exit(FAILED)


def _give_up_output() -> None:
    """Python would complain about it once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="usr7s3ctl", description="Talks to a running usr7s3d.")
    parser.add_argument(
        "--runtime-dir",
        type=Path,
        default=Path("/run/usr7s3d"),
        metavar="DIR",
        help="of the daemon (%(default)s)",
    )
    parser.add_argument("--version", action="version", version=f"usr7s3ctl {__version__}")
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    status = verbs.add_parser("status", help="how it is")
    status.add_argument("--json", action="store_true", help="for programs")
    at = verbs.add_parser("at", help="carry out an AT command")
    at.add_argument("line", metavar="COMMAND", help="as in 'AT+SOCKA?'")
    verbs.add_parser("watch", help="what happens, as it happens")
    verbs.add_parser("restart", help="restart the module, as AT+Z does")
    config.add_to(verbs)
    doctor.add_to(verbs)
    for verb in verbs.choices.values():  # people write it behind the verb as well
        verb.add_argument(
            "--runtime-dir", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )
    return parser.parse_args()


def _status(arguments: argparse.Namespace) -> int:
    answer = ask(arguments.runtime_dir, {"verb": "status"})
    print(json.dumps(answer, indent=2) if arguments.json else view.status(answer))
    return 0


def _at(arguments: argparse.Namespace) -> int:
    answer = ask(arguments.runtime_dir, {"verb": "at", "line": arguments.line})
    sys.stdout.buffer.write(answer["reply"].encode("latin-1"))
    sys.stdout.flush()
    for code, meaning in ERRORS.items():
        if answer["reply"].strip().endswith(f"+CME ERROR:{code}"):
            print(f"usr7s3ctl: {code} is: {meaning}", file=sys.stderr)
    return 0 if answer["ok"] else FAILED


def _watch(arguments: argparse.Namespace) -> int:
    for answer in stream(arguments.runtime_dir, {"verb": "watch"}):
        print(answer.get("line", "watching; stop with ctrl-c"), flush=True)
    print("usr7s3d has ended", file=sys.stderr)
    return FAILED


def _restart(arguments: argparse.Namespace) -> int:
    ask(arguments.runtime_dir, {"verb": "restart"})
    return 0


VERBS = {
    "status": _status,
    "at": _at,
    "watch": _watch,
    "restart": _restart,
    "config": config.run,
    "doctor": doctor.run,
}


if __name__ == "__main__":
    main()
