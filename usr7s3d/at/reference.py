"""The reference pages ``docs/at-commands.md`` and ``docs/settings.md``, read off the table.

Pure: ``docs/generate.py`` writes what the functions here return.
"""

from usr7s3d.at import basic
from usr7s3d.at.fields import OnOff
from usr7s3d.at.table import GROUPS, PARAMS, Command, Group, Param
from usr7s3d.at.toml import END, SECTIONS
from usr7s3d.settings.model import FACTORY

COMMANDS_HEAD = """\
# AT commands

Every command of the module's manual, the extensions of usr7s3d (no manual section), and the basic
commands of a modem that firmware asks for. `AT+H` prints the list; all doors know all commands.

| door | in | out |
|---|---|---|
| UART, command mode | `+++`, module: `a`, `a`, module: `+ok`, then `AT+VER` CR | echo, reply |
| UART, in the data | `usr.cn#AT+VER` CR (`UATEN`, `CMDPW`) | `usr.cn#`, reply |
| network, in the data | the same, on socket A or B (`NATEN`, `CMDPW`) | the same, on that socket |
| SMS | the same, as a text | an SMS with the reply |
| this computer | `usr7s3ctl at 'AT+VER'` | the reply |

The network and SMS doors stay shut while the password is `usr.cn` or empty.

| form | does | reply |
|---|---|---|
| `AT+X`, `AT+X?` | query | CR LF `+X:values` CR LF CR LF `OK` CR LF |
| `AT+X`, `AT+X?` | execute | CR LF `OK` CR LF |
| `AT+X=?` | tell the range | CR LF `+X:<range>` CR LF CR LF `OK` CR LF |
| `AT+X=value,value` | set | CR LF `OK` CR LF |

A line ends at CR, with or without LF, and has at most 1024 characters. Names and fixed values may
be in any case, texts with or without quotes; a comma belongs to a text inside quotes only.
`AT+X=""` sets an empty text.

| error | means |
|---|---|
| `+CME ERROR:58` | unknown command, bad form, bad value; nothing was changed |
| `+CME ERROR:50` | understood, but what it needs is not there: modem, SIM, room on the disk |

A query shows a set at once. The module acts on it **at once** where the tables say so, otherwise
from the next **restart**, and what was not saved is gone then: `AT+S` saves and restarts.
"""

SETTINGS_HEAD = f"""\
# Settings

What AT commands set is kept in the state folder, `/var/lib/usr7s3d`, as TOML:

| set | file | written by | taken by |
|---|---|---|---|
| running | (memory) | every set | queries; `AT+S`, `AT+CFGTF` |
| saved | `settings.toml` | `AT+S`, `AT+RELD`, `AT+CLEAR` | every restart |
| user default | `user-default.toml` | `AT+CFGTF` | `AT+RELD` |
| factory | (built in, and `[factory]` of the host configuration) | | `AT+CLEAR` |

Whatever a file lacks, or has a bad value for, comes from the next set: saved, user default,
factory. A file that is cut is set aside whole as `NAME.bad-N`; so that this is noticed, the last
line of each is `{END}`.

The files may be edited while usr7s3d is stopped, or before `systemctl reload usr7s3d`, which reads
them again; a restart of the module alone (`AT+Z`) does not. Comments, order and unknown keys stay
when it writes them. The values below are those of the factory.
"""


def commands() -> str:
    """``docs/at-commands.md``."""
    return "\n".join([COMMANDS_HEAD, *map(_group, GROUPS), _basic()])


def settings() -> str:
    """``docs/settings.md``."""
    return "\n".join([SETTINGS_HEAD, *map(_section, SECTIONS)])


def _group(group: Group) -> str:
    rows = "".join(map(_command, group.commands))
    return (
        f"## {group.title}\n\n"
        "| command | does | values | factory | acts | manual |\n"
        "|---|---|---|---|---|---|\n"
        f"{rows}"
    )


def _command(command: Command) -> str:
    names = ", ".join(f"`{name}`" for name in (command.name, *command.aliases))
    shown = ",".join(p.field.format(FACTORY.get(p.setting)) for p in command.params)
    factory = f"`{shown}`" if shown else ""
    row = (names, command.summary, _values(command), factory, _acts(command), command.manual)
    return f"| {' | '.join(row)} |\n"


def _values(command: Command) -> str:
    """What a set takes, a line for each value."""
    if command.params:
        return "<br>".join(map(_range, command.params))
    return "<br>".join(field.range for field in command.arguments)


def _range(param: Param) -> str:
    return "; ".join(filter(None, (param.field.range, param.note)))


def _acts(command: Command) -> str:
    if command.action:
        return command.action.value
    if not command.params:
        return "query"
    return "at once" if command.at_once else "restart"


def _basic() -> str:
    rows = [f"| `{b.name}` | {b.summary} |" for b in basic.BASIC]
    rows += [f"| `{name}` | {words} |" for name, words in (basic.SESSION | basic.SMS).items()]
    return "\n".join([
        "## Basic commands",
        "",
        "Answered by usr7s3d from what it knows of the modem, spelt as modems do (`+CSQ: 23,99`).",
        "Those from `CMEE` on are for command mode, and last until it is left.",
        "Besides: `AT` answers OK, `ATE0` and `ATE1` set the echo, `ATI` shows the version.",
        "",
        "| command | does |",
        "|---|---|",
        *rows,
        "",
    ])  # fmt: skip


def _section(section: str) -> str:
    rows = "".join(_key(f"{section}.{key}") for key in SECTIONS[section])
    return (
        f"## [{section}]\n\n{getattr(FACTORY, section).__doc__}\n\n"
        "| key | AT | factory | values |\n"
        "|---|---|---|---|\n"
        f"{rows}"
    )


def _key(path: str) -> str:
    command, param = PARAMS[path]
    key, value = path.partition(".")[2], FACTORY.get(path)
    if isinstance(param.field, OnOff):
        shown, values = str(value).lower(), "true or false"
    else:
        shown, values = param.field.format(value), _range(param)
    return f"| `{key}` | `{command.name}` | `{shown}` | {values} |\n"
