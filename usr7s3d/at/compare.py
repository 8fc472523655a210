"""What differs between the sets of settings, for ``usr7s3ctl config diff``.  Pure."""

from usr7s3d.at.levels import Levels
from usr7s3d.at.table import COMMANDS, Command
from usr7s3d.settings.model import Settings, is_secret

Difference = tuple[str, list[tuple[str, list[str]]]]  # a command; each value, and who has it


def differences(levels: Levels) -> list[Difference]:
    """Each command whose value is not the same in all sets; a secret one is told as ``***``."""
    sets = {"running": levels.running, "saved": levels.saved}
    if levels.user_default:
        sets["user default"] = levels.user_default
    sets["factory"] = levels.factory
    found = ((each.name, _values(each, sets)) for each in COMMANDS if each.params)
    return [(name, values) for name, values in found if len(values) > 1]


def _values(command: Command, sets: dict[str, Settings]) -> list[tuple[str, list[str]]]:
    """The different values of ``command``, and in which of ``sets`` they stand."""
    holders: dict[tuple[object, ...], list[str]] = {}
    for name, settings in sets.items():
        values = tuple(settings.get(param.setting) for param in command.params)
        holders.setdefault(values, []).append(name)
    return [(_shown(command, values), names) for values, names in holders.items()]


def _shown(command: Command, values: tuple[object, ...]) -> str:
    return ",".join(
        "***" if is_secret(param.setting) else param.field.format(value)
        for param, value in zip(command.params, values, strict=True)
    )
