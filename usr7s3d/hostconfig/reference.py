"""The example file and the reference page, written from the list in ``model.py``.

python -m usr7s3d.hostconfig.reference example > etc/usr7s3d.toml
python -m usr7s3d.hostconfig.reference page > docs/configuration.md
python -m usr7s3d.hostconfig.reference man      the tables of usr7s3d.toml(5), for scdoc
"""

import json
import re
import sys
import textwrap
from dataclasses import Field, fields
from typing import Any

from usr7s3d.at.fields import OnOff
from usr7s3d.hostconfig.model import TABLES, about
from usr7s3d.hostconfig.names import FACTORY_NAMES

FACTORY_EXAMPLES = {"SOCKA": """'"TCP","10.0.0.5",9000'""", "UARTFT": '"0"'}
FACTORY_WORDS = (
    "Other factory values than the manual's, for people who ship many units: AT names, and as "
    "text what stands behind the = of the command. They hold until AT+S has saved others, and "
    "AT+CLEAR goes back to them."
)

EXAMPLE_TOP = """\
# usr7s3d: how this Raspberry Pi is the DTU. What the DTU does (sockets, heartbeat,
# packets ...) is set by AT commands, not here.
#
# Every key stands here with its default: take the # in front of it away to change it.
# Then: "usr7s3d --check" says what is wrong and where, "systemctl reload usr7s3d"
# restarts the DTU with it, in under a second.
"""

PAGE_TOP = """\
# Host configuration

`/etc/usr7s3d/usr7s3d.toml` says how this Raspberry Pi is the DTU: which tty, which modem, which
pins. What the DTU *does* (sockets, heartbeat, packets) is set by AT commands and is kept elsewhere;
`AT+S` never writes this file. It is [TOML](https://toml.io): tables in square brackets, texts in
quotes. Every key is optional, and so is the file.

After a change:

    sudo usr7s3d --check            # what is wrong, as FILE:LINE: key: message; exit status 0 or 2
    sudo systemctl reload usr7s3d   # restarts the DTU with it, in under a second

| | with a mistake in the file |
|---|---|
| `--check` | names every mistake, each with the nearest right name, never a value |
| reload | keeps the configuration as it was |
| boot | starts without the keys that are wrong and logs each; one that may have been meant to shut a door (any in `[safety]`, `sms_*`, `NATEN`, `CMDPW`, or a name like these) keeps the network and SMS doors shut |
| not TOML, cut | `--check` and reload as above; a boot takes what stands above the place and keeps the doors shut |
| no such file | every key has its default |
| not readable | a boot takes the defaults, and keeps the doors shut |

A GPIO line is written `gpio:CHIP/LINE`. CHIP is a name or label (`gpiochip0`, `pinctrl-rp1`), or
nothing for the chip of the 40-pin header (`gpio:/17`), which is another one on a Pi 5 than before;
LINE is a number or a name (`GPIO17`). Behind an output, `,active_low` turns its sense round.
A kernel LED is written `led:NAME`, its folder's name in `/sys/class/leds`.
"""  # noqa: E501 - a row of a Markdown table is one line


def example() -> str:
    """Make the text of ``etc/usr7s3d.toml``, which changes nothing as it is."""
    lines = [EXAMPLE_TOP]
    for table, default in TABLES.items():
        lines += [*_comment(_docstring(default)), f"[{table}]"]
        said = ""
        for key in fields(default):
            lines += [*_comment(about(key).words), *_values(key, said)]
            lines += [f"#{key.name} = {_toml(key)}", ""]
            said = about(key).kind.range
    lines += [*_comment(FACTORY_WORDS), "[factory]"]
    lines += [f"#{name} = {text}" for name, text in FACTORY_EXAMPLES.items()]
    return "\n".join(lines) + "\n"


def page() -> str:
    """Make the text of ``docs/configuration.md``."""
    lines = [PAGE_TOP]
    for table, default in TABLES.items():
        lines += [f"## [{table}]", "", _docstring(default), ""]
        lines += ["| key | default | values | meaning |", "|---|---|---|---|"]
        lines += [_row(key) for key in fields(default)]
        lines.append("")
    lines += ["## [factory]", "", FACTORY_WORDS, "", "```toml", "[factory]"]
    lines += [f"{name} = {text}" for name, text in FACTORY_EXAMPLES.items()]
    names = ", ".join(f"`{name}`" for name in FACTORY_NAMES)
    lines += ["```", "", *textwrap.wrap(f"Names: {names}.", 100)]
    return "\n".join(lines) + "\n"


def man() -> str:
    """Make the second half of ``docs/man/usr7s3d.toml.5.scd``."""
    lines = []
    for table, default in TABLES.items():
        lines += [f"# [{table}]", "", *_scdoc(_docstring(default)), ""]
        for key in fields(default):
            lines += [f"*{_escape(key.name)}* = {_escape(_toml(key))}"]
            lines += [f"\t{line}" for line in _scdoc(about(key).words)]
            lines += [f"\t{line}" for line in _scdoc(f"Values: {about(key).kind.range}.")] + [""]
    return "\n".join([*lines, "# [factory]", "", *_scdoc(FACTORY_WORDS)]) + "\n"


def _scdoc(words: str) -> list[str]:
    return textwrap.wrap(_escape(words), 92)


def _escape(words: str) -> str:
    """Keep scdoc from reading marks into ``allow_default_password``."""
    return re.sub(r"([\\_*`<>~#])", r"\\\1", words.replace("`", ""))


def _values(key: "Field[Any]", said: str) -> list[str]:
    """The range in a comment, unless it goes without saying or has just been said."""
    kind = about(key).kind
    if isinstance(kind, OnOff) or kind.range == said:
        return []
    return _comment(f"Values: {kind.range.replace('`', '')}")


def _row(key: "Field[Any]") -> str:
    default = "not set" if about(key).example else f"`{_toml(key)}`"
    return f"| `{key.name}` | {default} | {about(key).kind.range} | {about(key).words} |"


def _toml(key: "Field[Any]") -> str:
    """The default as it is written; no LED, no line is an empty text."""
    if about(key).example:
        return about(key).example
    default = "" if key.default is None else key.default
    return json.dumps(default)


def _comment(words: str) -> list[str]:
    return textwrap.wrap(words, 92, initial_indent="# ", subsequent_indent="# ")


def _docstring(table: object) -> str:
    return str(type(table).__doc__)


if __name__ == "__main__":
    sys.stdout.write({"example": example, "page": page, "man": man}[sys.argv[1]]())
