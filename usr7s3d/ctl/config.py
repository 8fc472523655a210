"""``usr7s3ctl config``: the settings as an AT script, out and in, and what differs."""

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from usr7s3d.at.table import Command
from usr7s3d.ctl import script, view
from usr7s3d.ctl.client import NoAnswer, ask

FAILED = 1
WIRE = "latin-1"  # each character is one byte, as on the UART


def add_to(verbs: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Describe the verb on the command line."""
    config = verbs.add_parser("config", help="the settings as an AT script; what differs")
    whats = config.add_subparsers(dest="what", required=True, metavar="WHAT")
    export = whats.add_parser("export", help="the running settings as AT+X=... lines")
    export.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="into FILE, which only you may read"
    )
    load = whats.add_parser("import", help="carry such lines out, up to the first error")
    load.add_argument("file", metavar="FILE", help="- is standard input")
    load.add_argument("--save", action="store_true", help="AT+S behind the last line")
    whats.add_parser("diff", help="what is not the same in running, saved, user default, factory")
    for what in whats.choices.values():
        what.add_argument(
            "--runtime-dir", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )


def run(arguments: argparse.Namespace) -> int:
    """Carry the verb out; the exit status.  Raises NoAnswer."""
    what = {"export": _export, "import": _import, "diff": _diff}
    return what[arguments.what](arguments)


def _at(runtime: Path, line: str) -> dict[str, Any]:
    return ask(runtime, {"verb": "at", "line": line})


def _export(arguments: argparse.Namespace) -> int:
    def value(command: Command) -> str:
        reply = str(_at(arguments.runtime_dir, f"AT+{command.name}?")["reply"])
        _, found, rest = reply.partition(f"+{command.name}:")
        if not found:
            raise NoAnswer(f"the daemon does not know AT+{command.name}; is it another version?")
        return rest.partition("\r\n")[0]

    text = script.export(value).encode(WIRE)
    if arguments.output is None:
        sys.stdout.buffer.write(text)
        return 0
    try:
        _write(arguments.output, text)
    except OSError as error:
        raise NoAnswer(f"{arguments.output}: {error.strerror}") from None
    return 0


def _write(path: Path, text: bytes) -> None:
    """Only for its owner, also when it was there before: it holds passwords."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.truncate()
        file.write(text)


def _import(arguments: argparse.Namespace) -> int:
    try:
        lines = script.parse(_read(arguments.file))
    except (OSError, script.BadScript) as error:
        words = error.strerror if isinstance(error, OSError) else error
        raise NoAnswer(f"{arguments.file}: {words}; nothing was set") from None
    for done, line in enumerate(lines):
        answer = _at(arguments.runtime_dir, line.text)
        if not answer["ok"]:
            reply = str(answer["reply"]).strip()
            raise NoAnswer(
                f"{arguments.file}: line {line.number}: {line.name}: {reply}; {_undo(done)}"
            )
    print(f"{len(lines)} settings are set")
    if not arguments.save:
        print("they act and stay after: usr7s3ctl at AT+S")
        return 0
    answer = _at(arguments.runtime_dir, "AT+S")
    if not answer["ok"]:
        raise NoAnswer("they could not be saved: " + str(answer["reply"]).strip())
    print("and saved; the module restarts")
    return 0


def _undo(done: int) -> str:
    """What became of the lines before the one that was refused."""
    if not done:
        return "nothing was set"
    before = "the line before it is" if done == 1 else f"the {done} lines before it are"
    return f"{before} set and not saved: usr7s3ctl restart takes them back"


def _read(name: str) -> str:
    raw = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    return raw.decode(WIRE)


def _diff(arguments: argparse.Namespace) -> int:
    print(view.differences(ask(arguments.runtime_dir, {"verb": "diff"})))
    return 0
