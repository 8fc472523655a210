"""The state folder: what the module remembers over a power cut.

    settings.toml       saved: what the next restart starts from
    user-default.toml   what AT+CFGTF kept and AT+RELD brings back
    device.toml         the serial number, made once
    modem.toml          what was done to the modem and its SIM and must not be done twice
    NAME.new            being written; after a power cut a leftover, and never read
    NAME.bad-N          set aside because it was broken

A file is written whole: under another name, to the medium, then renamed.  A
power cut at any place leaves the old file or the new one.
"""

import hashlib
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from usr7s3d.at import toml
from usr7s3d.at.fields import Text
from usr7s3d.devices.files import read_file
from usr7s3d.settings.model import Settings

log = logging.getLogger(__name__)

SAVED = "settings.toml"
USER_DEFAULT = "user-default.toml"
DEVICE = "device.toml"

# The first broken files tell how it began, the ninth is the newest: it gets replaced.
BAD_FILES = 9

LARGEST = 1 << 20  # bytes; a hundred times what we write, comments of a person included

# The Pi's own number, which other boards lack; else the number of this Debian.
IDENTITIES = (Path("/proc/device-tree/serial-number"), Path("/etc/machine-id"))

SERIAL_NUMBER = Text("code", 20, 20, "[!#-~]*", "printable characters")


class Disk:
    """The kernel calls of the store, one method each; tests put in one that fails."""

    def read(self, path: Path) -> bytes:
        """All of a file, but for a byte more than is read from one of ours."""
        return read_file(path, LARGEST + 1)

    def exists(self, path: Path) -> bool:
        """Whether the name is taken."""
        return path.exists()

    def make_folder(self, path: Path) -> None:
        """See that the folder is there; systemd has made it, --state-dir may name a new one."""
        if not path.is_dir():
            path.mkdir(mode=0o750, parents=True)
            self.sync_folder(path.parent)

    def create(self, path: Path) -> int:
        """An empty file, for us and our group alone: it will hold passwords.

        It replaces what has the name: a FIFO would block us, a symlink lead elsewhere.
        """
        path.unlink(missing_ok=True)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)

    def write(self, file: int, data: bytes) -> int:
        """Write some of ``data``; return how much."""
        return os.write(file, data)

    def sync(self, file: int) -> None:
        """Return when the data is on the medium."""
        os.fsync(file)

    def close(self, file: int) -> None:
        """Give the descriptor back."""
        os.close(file)

    def rename(self, old: Path, new: Path) -> None:
        """Give a file another name, over what has it now."""
        old.replace(new)

    def sync_folder(self, path: Path) -> None:
        """Return when the names are on the medium."""
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def remove(self, path: Path) -> None:
        """Take the name away."""
        path.unlink()


DISK = Disk()


@dataclass(frozen=True, slots=True)
class Stored:
    """What a start finds, and what a person should hear about it, a warning each."""

    saved: Settings
    user_default: Settings | None  # None: AT+CFGTF was never used
    notes: tuple[str, ...] = ()


class Store:
    """Reads and writes the state folder.  Every call may block for as long as the disk does."""

    def __init__(
        self, folder: Path, disk: Disk = DISK, identities: tuple[Path, ...] = IDENTITIES
    ) -> None:
        self._folder = folder
        self._disk = disk
        self._identities = identities

    def load(self, factory: Settings) -> Stored:
        """Find the sets to start from.  Raises nothing: a broken one costs itself only."""
        notes: list[str] = []
        default = self._load(USER_DEFAULT, factory, "the factory values are used", notes)
        if default is None:
            saved = self._load(SAVED, factory, "the factory values are used", notes)
        else:
            saved = self._load(SAVED, default, "the user default is used", notes)
        return Stored(factory if saved is None else saved, default, tuple(notes))

    def save(self, settings: Settings) -> None:
        """Make ``settings`` what the next start finds; they are on the medium on return.

        Raises:
            OSError: The old file is still there, and no other; but when it was
                the very last step that failed, the next start finds either.
        """
        self._save(SAVED, settings)

    def save_user_default(self, settings: Settings) -> None:
        """The same for what AT+RELD brings back."""
        self._save(USER_DEFAULT, settings)

    def serial_number(self) -> str:
        """20 characters for the life of the folder (AT+SN, manual 4.2.1.18)."""
        try:
            return SERIAL_NUMBER.check(toml.parse(self._read(DEVICE)).get("serial_number"))
        except FileNotFoundError:
            pass
        except OSError as error:
            # The file may be good, and the trouble pass: nothing is written over it.
            log.warning("%s: cannot be read: %s; the number is made anew", DEVICE, error)
            return self._make_serial_number()
        except ValueError as error:
            log.warning("%s: %s; %s", DEVICE, error, self._set_aside(DEVICE))
        number = self._make_serial_number()
        self._keep_serial_number(number)
        return number

    def notes(self, name: str) -> dict[str, dict[str, str]]:
        """The tables that :meth:`keep_notes` wrote; none when there is no such file.

        Raises OSError.  A broken file is set aside, with a warning.
        """
        try:
            tables = toml.parse(self._read(name))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            log.warning("%s: %s; %s", name, error, self._set_aside(name))
            return {}
        return {
            table: {key: value for key, value in rows.items() if isinstance(value, str)}
            for table, rows in tables.items()
            if isinstance(rows, dict)
        }

    def keep_notes(self, name: str, words: str, tables: Mapping[str, Mapping[str, str]]) -> None:
        """Write tables of plain text, below a line of ``words``.

        They are on the medium on return.  Raises OSError; then the old file is still there.
        """
        parts = [f"# {words}"]
        for table, rows in tables.items():
            parts += [f"\n[{table}]", *(f'"{key}" = "{value}"' for key, value in rows.items())]
        self._replace(name, "\n".join([*parts, "", toml.END, ""]))
        self._disk.sync_folder(self._folder)

    def _load(self, name: str, below: Settings, instead: str, notes: list[str]) -> Settings | None:
        """The set in file ``name``; ``below`` when it is lost; None when there never was one."""
        try:
            loaded = toml.read(self._read(name), below)
        except FileNotFoundError:
            if not self._bad_files(name):
                return None
            notes.append(f"{name}: missing since it was set aside; {instead} until one is saved")
        except OSError as error:
            # The file may be good, and the trouble pass: it stays where it is.
            notes.append(f"{name}: cannot be read: {error}; {instead}")
        except ValueError as error:
            notes.append(f"{name}: {error}; {self._set_aside(name)}; {instead}")
        else:
            notes += [f"{name}: {note}" for note in loaded.notes]
            return loaded.settings
        return below

    def _read(self, name: str) -> str:
        """The text of a file; raises OSError, or ValueError when it is no text of ours."""
        data = self._disk.read(self._folder / name)
        if len(data) > LARGEST:
            raise ValueError(f"longer than {LARGEST} bytes")
        return data.decode("utf-8-sig")

    def _bad_files(self, name: str) -> list[Path]:
        paths = [self._folder / f"{name}.bad-{n}" for n in range(1, BAD_FILES + 1)]
        return [path for path in paths if self._disk.exists(path)]

    def _set_aside(self, name: str) -> str:
        """Keep a broken file for a person to look at; say in a few words where it is."""
        taken = {path.name for path in self._bad_files(name)}
        names = (f"{name}.bad-{n}" for n in range(1, BAD_FILES))
        aside = next((n for n in names if n not in taken), f"{name}.bad-{BAD_FILES}")
        try:
            self._disk.rename(self._folder / name, self._folder / aside)
            self._disk.sync_folder(self._folder)
        except OSError as error:
            return f"it cannot be set aside: {error}"
        return f"set aside as {aside}"

    def _save(self, name: str, settings: Settings) -> None:
        old = None
        with suppress(OSError, ValueError):  # then there is nothing of it to keep
            old = self._read(name)
        new = toml.write(settings, old)
        if new != old:  # some hosts send AT+S at each of their starts; spare the card
            self._replace(name, new)
        self._disk.sync_folder(self._folder)

    def _replace(self, name: str, text: str) -> None:
        """Put ``text`` in place of a file; the caller syncs the folder."""
        self._disk.make_folder(self._folder)
        new = self._folder / f"{name}.new"
        try:
            self._write(new, text.encode())
            self._disk.rename(new, self._folder / name)
        except OSError:
            with suppress(OSError):
                self._disk.remove(new)
            raise

    def _write(self, path: Path, data: bytes) -> None:
        """Fill a new file and see it on the medium: only then may a rename point to it."""
        file = self._disk.create(path)
        try:
            while data:
                data = data[self._disk.write(file, data) :]
            self._disk.sync(file)
        finally:
            self._disk.close(file)

    def _keep_serial_number(self, number: str) -> None:
        head = "# Which device this is, as AT+SN shows it.  Made once."
        try:
            self._replace(DEVICE, f'{head}\nserial_number = "{number}"\n\n{toml.END}\n')
            self._disk.sync_folder(self._folder)
        except OSError as error:
            log.warning("%s: cannot be written: %s; the number is made anew", DEVICE, error)

    def _make_serial_number(self) -> str:
        """Digits that come from the hardware: the same each time, and no way back to its number.

        Without any identity they are random.
        """
        identity = next(filter(None, map(_identity, self._identities)), os.urandom(32))
        digest = hashlib.sha256(b"usr7s3d " + identity).digest()
        return f"{int.from_bytes(digest) % 10**20:020}"


def _identity(path: Path) -> bytes:
    with suppress(OSError):
        number = path.read_bytes().strip(b"\0\n")
        return number if number.strip(b"0") else b""  # boards without one show zeros
    return b""
