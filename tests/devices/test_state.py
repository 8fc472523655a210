"""The state folder: whatever fails, a start finds the old settings or the new ones."""

import errno
import logging
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.at.test_toml import A_PERSONS_FILE
from tests.devices.paper_disk import Fault, PaperDisk, PowerCut
from usr7s3d.at import toml
from usr7s3d.devices.state import Disk, Store
from usr7s3d.settings.model import FACTORY, Settings

FOLDER = Path("state")
SETTINGS = FOLDER / "settings.toml"
USER_DEFAULT = FOLDER / "user-default.toml"
DEVICE = FOLDER / "device.toml"

OLD = FACTORY.put("uart.baud", 9600).put("links.cache", False).put("module.welcome", "old")
NEW = FACTORY.put("uart.baud", 2400).put("links.show_id", True).put("cloud.password", "12345678")
DEFAULT = FACTORY.put("uart.baud", 19200).put("module.welcome", "default")
PERSONS = toml.read(A_PERSONS_FILE, FACTORY).settings

FAULTS = [OSError(number, os.strerror(number)) for number in (errno.EIO, errno.ENOSPC, errno.EROFS)]

Files = dict[Path, bytes]


def file(settings: Settings) -> bytes:
    return toml.template(settings).encode()


def cut(settings: Settings) -> bytes:
    return file(settings)[:2000]


def store(files: Files | PaperDisk, *identities: Path) -> Store:
    disk = files if isinstance(files, PaperDisk) else PaperDisk(files)
    return Store(FOLDER, disk, identities)


def found(files: Files) -> Settings:
    return store(files).load(FACTORY).saved


def every_fault(
    files: Files,
    fault: Fault,
    work: Callable[[Store], object],
    store: Callable[[PaperDisk], Store] = store,
) -> Iterator[tuple[PaperDisk, bool]]:
    """The disk after the first call failed, the second, ... and whether the work was done."""
    for number in count(1):
        disk = PaperDisk(files, number, fault)
        try:
            work(store(disk))
        except (OSError, PowerCut):
            yield disk, False
        else:
            yield disk, True
            if not disk.failed:
                assert number > 4, "the work makes hardly a call: what was tested?"
                return


before_the_save = pytest.mark.parametrize(
    ("files", "old"),
    [
        ({}, FACTORY),
        ({SETTINGS: file(OLD)}, OLD),
        ({SETTINGS: A_PERSONS_FILE.encode()}, PERSONS),
        ({SETTINGS: file(OLD), FOLDER / "settings.toml.new": cut(DEFAULT)}, OLD),
        ({SETTINGS: file(OLD), USER_DEFAULT: file(DEFAULT)}, OLD),
    ],
    ids=["nothing", "a file", "a person's file", "a leftover", "a user default"],
)


@before_the_save
def test_a_power_cut_anywhere_in_a_save_leaves_the_old_or_the_new(
    files: Files, old: Settings
) -> None:
    seen = set()
    for disk, done in every_fault(files, PowerCut(), lambda s: s.save(NEW)):
        for after in disk.after_power_cut():
            stored = store(after).load(FACTORY)
            assert stored.saved in ({NEW} if done else {old, NEW})
            assert not [note for note in stored.notes if "aside" in note]
            assert after.get(USER_DEFAULT) == files.get(USER_DEFAULT)
            seen.add(stored.saved)
    assert seen == {old, NEW}


@before_the_save
@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_failed_save_is_told_and_leaves_the_old_or_the_new(
    files: Files, old: Settings, fault: OSError
) -> None:
    for disk, done in every_fault(files, fault, lambda s: s.save(NEW)):
        assert found(disk.files) in ({NEW} if done else {old, NEW})
        for after in disk.after_power_cut():
            assert found(after) in ({NEW} if done else {old, NEW})


@before_the_save
def test_a_save_that_cannot_write_leaves_the_old_file_and_no_other(
    files: Files, old: Settings
) -> None:
    for disk, done in every_fault(files, FAULTS[1], lambda s: s.save(NEW)):
        if not done and found(disk.files) == old:
            assert disk.files.get(SETTINGS) == files.get(SETTINGS)
            assert set(disk.files) <= set(files)


@pytest.mark.parametrize("fault", [*FAULTS, PowerCut()], ids=str)
def test_a_save_after_a_failed_one_holds(fault: Fault) -> None:
    """Also when the failed one got as far as the rename: the folder is synced again."""
    for disk, done in every_fault({SETTINGS: file(OLD)}, fault, lambda s: s.save(NEW)):
        if done:
            continue
        again = disk if isinstance(fault, OSError) else PaperDisk(disk.files)
        store(again).save(NEW)
        assert {found(after) for after in again.after_power_cut()} == {NEW}


def test_saving_the_user_default_is_as_safe_and_touches_nothing_else() -> None:
    files = {SETTINGS: file(OLD), USER_DEFAULT: file(DEFAULT)}
    for disk, done in every_fault(files, PowerCut(), lambda s: s.save_user_default(NEW)):
        for after in disk.after_power_cut():
            stored = store(after).load(FACTORY)
            assert (stored.saved, stored.notes) == (OLD, ())
            assert stored.user_default in ({NEW} if done else {DEFAULT, NEW})


def test_a_hundred_power_cuts_leave_one_file_behind() -> None:
    files = {SETTINGS: file(OLD)}
    for _ in range(100):
        disk = PaperDisk(files, fail_at=5, fault=PowerCut())
        with pytest.raises(PowerCut):
            store(disk).save(NEW)
        files = disk.files
    assert set(files) == {SETTINGS, FOLDER / "settings.toml.new"}


def test_saving_what_is_there_writes_nothing() -> None:
    """Some hosts send AT+S at each of their starts, and flash wears out."""
    disk = PaperDisk({SETTINGS: file(OLD)})
    store(disk).save(OLD)
    assert disk.changes == []


def test_a_save_keeps_what_a_person_wrote_since_the_start() -> None:
    disk = PaperDisk({SETTINGS: A_PERSONS_FILE.encode("utf-8-sig")})
    store(disk).save(NEW)
    assert b"# Pump house 3, see the binder." in disk.files[SETTINGS]
    assert found(disk.files) == NEW


def test_the_first_start_finds_factory_values_and_writes_nothing() -> None:
    disk = PaperDisk({})
    stored = store(disk).load(DEFAULT)
    assert (stored.saved, stored.user_default, stored.notes) == (DEFAULT, None, ())
    assert disk.changes == []


def test_a_user_default_alone_is_not_what_a_start_takes() -> None:
    """AT+CFGTF without AT+S: what was not saved is gone, RELD brings back the rest."""
    stored = store({USER_DEFAULT: file(DEFAULT)}).load(FACTORY)
    assert (stored.saved, stored.user_default, stored.notes) == (FACTORY, DEFAULT, ())


def test_starts_write_one_file_once() -> None:
    disk = PaperDisk({SETTINGS: file(OLD), USER_DEFAULT: file(DEFAULT)})
    for _ in range(3):
        store(disk).load(FACTORY)
        store(disk).serial_number()
    assert disk.changes == ["create device.toml.new", "rename device.toml.new device.toml"]


@pytest.mark.parametrize(
    ("files", "taken", "words"),
    [
        ({}, FACTORY, "the factory values are used"),
        ({USER_DEFAULT: file(DEFAULT)}, DEFAULT, "the user default is used"),
    ],
)
@pytest.mark.parametrize(
    ("broken", "cause"),
    [
        (cut(OLD), "the last line is not '# end of settings'"),
        (b"", "the last line is not '# end of settings'"),
        (b"\0" * 4096, "the last line is not '# end of settings'"),
        (b"\xff\xfe" + file(OLD), "can't decode byte 0xff in position 0"),
        (file(OLD).replace(b"[uart]", b"[uart"), "at line"),
    ],
    ids=["cut", "empty", "zeros", "not UTF-8", "no TOML"],
)
def test_a_broken_file_is_set_aside_and_the_next_set_taken(
    files: Files, taken: Settings, words: str, broken: bytes, cause: str
) -> None:
    disk = PaperDisk({SETTINGS: broken, **files})
    stored = store(disk).load(FACTORY)
    assert stored.saved == taken
    (note,) = stored.notes
    assert note.startswith("settings.toml: ")
    assert cause in note
    assert note.endswith(f"; set aside as settings.toml.bad-1; {words}")
    assert disk.files[FOLDER / "settings.toml.bad-1"] == broken
    assert SETTINGS not in disk.files


def test_the_starts_after_take_the_same_set_and_say_so_until_one_is_saved() -> None:
    disk = PaperDisk({SETTINGS: cut(OLD), USER_DEFAULT: file(DEFAULT)})
    store(disk).load(FACTORY)
    stored = store(disk).load(FACTORY)
    assert stored.saved == DEFAULT
    assert stored.notes == (
        "settings.toml: missing since it was set aside; "
        "the user default is used until one is saved",
    )
    store(disk).save(NEW)
    assert store(disk).load(FACTORY).notes == ()


def test_a_broken_user_default_is_the_factory_values() -> None:
    stored = store({SETTINGS: cut(OLD), USER_DEFAULT: cut(DEFAULT)}).load(FACTORY)
    assert (stored.saved, stored.user_default) == (FACTORY, FACTORY)
    assert [note.partition(":")[0] for note in stored.notes] == [
        "user-default.toml",
        "settings.toml",
    ]


def test_a_settings_file_cut_anywhere_is_never_half_taken() -> None:
    whole = toml.write(OLD, A_PERSONS_FILE).encode()
    for length in range(len(whole)):
        assert found({SETTINGS: whole[:length]}) == (FACTORY if length < len(whole) - 1 else OLD)


def test_a_missing_key_comes_from_the_next_set_and_the_file_is_named() -> None:
    text = toml.template(OLD).replace('welcome = "old"\n', "")
    stored = store({SETTINGS: text.encode(), USER_DEFAULT: file(DEFAULT)}).load(FACTORY)
    assert stored.saved == OLD.put("module.welcome", "default")
    assert stored.notes == ('settings.toml: module.welcome: missing; "default" is used',)


def test_broken_files_are_kept_up_to_nine_the_first_ones_and_the_newest() -> None:
    disk = PaperDisk({})
    for n in range(12):
        files = {**disk.files, SETTINGS: b"broken %d" % n}
        disk = PaperDisk(files)
        assert found(files) == store(disk).load(FACTORY).saved == FACTORY
    kept = [disk.files[FOLDER / f"settings.toml.bad-{n}"] for n in range(1, 10)]
    assert kept == [b"broken %d" % n for n in (0, 1, 2, 3, 4, 5, 6, 7, 11)]
    assert len(disk.files) == 9


def test_a_broken_file_that_cannot_be_set_aside_does_not_stop_the_start() -> None:
    read_only = FAULTS[2]
    for disk, done in every_fault(
        {SETTINGS: cut(OLD), USER_DEFAULT: file(OLD)}, read_only, lambda s: s.load(FACTORY)
    ):
        assert done
        assert found(disk.files) == OLD  # at the next start, when all is well again
    disk = PaperDisk({SETTINGS: cut(OLD)}, fail_at=3, fault=read_only)
    (note,) = store(disk).load(FACTORY).notes
    assert "it cannot be set aside: [Errno 30] Read-only file system" in note


def test_a_power_cut_while_a_broken_file_is_set_aside_changes_nothing() -> None:
    files = {SETTINGS: cut(OLD), USER_DEFAULT: file(DEFAULT)}
    for disk, _ in every_fault(files, PowerCut(), lambda s: s.load(FACTORY)):
        assert {found(after) for after in disk.after_power_cut()} == {DEFAULT}


def test_a_file_that_cannot_be_read_stays_where_it_is() -> None:
    disk = PaperDisk({SETTINGS: file(OLD)}, fail_at=2, fault=FAULTS[0])
    stored = store(disk).load(FACTORY)
    assert stored.saved == FACTORY
    assert stored.notes == (
        "settings.toml: cannot be read: [Errno 5] Input/output error; the factory values are used",
    )
    assert found(disk.files) == OLD


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """As a Pi shows its number."""
    path = tmp_path / "serial-number"
    path.write_bytes(b"10000000abcdef01\0")
    return path


@pytest.mark.manual("4.2.1.18", "the SN code")
def test_the_serial_number_is_twenty_digits_of_the_board(board: Path) -> None:
    number = store({}, board).serial_number()
    assert len(number) == 20
    assert number.isdecimal()
    assert number == store({}, board).serial_number()
    for other in (b"10000000abcdef02\0", b"0000000abcdef010\0", b"000000abcdef0100\0"):
        board.write_bytes(other)
        assert number != (number := store({}, board).serial_number())


def test_the_serial_number_stays_when_the_board_is_changed(board: Path) -> None:
    disk = PaperDisk({})
    number = store(disk, board).serial_number()
    board.write_bytes(b"10000000abcdef02\0")
    assert store(disk, board).serial_number() == number


@pytest.mark.parametrize("fault", [*FAULTS, PowerCut()], ids=str)
def test_the_serial_number_is_the_same_whatever_fails(board: Path, fault: Fault) -> None:
    number = store({}, board).serial_number()

    def work(store: Store) -> None:
        assert store.serial_number() == number

    def with_board(disk: PaperDisk) -> Store:
        return store(disk, board)

    for disk, done in every_fault({}, fault, work, with_board):
        assert done or isinstance(fault, PowerCut)
        for after in disk.after_power_cut():
            assert store(after, board).serial_number() == number


def test_a_serial_number_that_cannot_be_kept_is_said(
    board: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk = PaperDisk({}, fail_at=3, fault=FAULTS[2])
    assert store(disk, board).serial_number() == store({}, board).serial_number()
    assert caplog.messages == [
        "device.toml: cannot be written: [Errno 30] Read-only file system; the number is made anew"
    ]
    assert caplog.records[0].levelno == logging.WARNING


def test_a_broken_device_file_is_set_aside_and_made_again(
    board: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk = PaperDisk({})
    number = store(disk, board).serial_number()
    disk = PaperDisk({DEVICE: disk.files[DEVICE][:90]})
    assert store(disk, board).serial_number() == number
    assert caplog.messages == [
        "device.toml: the last line is not '# end of settings'; set aside as device.toml.bad-1"
    ]
    assert disk.files[DEVICE].endswith(b"# end of settings\n")


def test_without_a_number_of_the_hardware_a_random_one_is_kept(board: Path) -> None:
    board.write_bytes(b"0000000000000000\0")  # as boards show it that have none
    disk = PaperDisk({})
    number = store(disk, board).serial_number()
    for after in disk.after_power_cut():
        assert store(after, board).serial_number() == number
    assert store({}, board).serial_number() != number


# From here on the disk is a real one.


def test_settings_come_back_from_a_real_folder_that_had_to_be_made(tmp_path: Path) -> None:
    folder = tmp_path / "lib" / "usr7s3d"
    assert Store(folder).load(FACTORY).notes == ()
    assert list(tmp_path.iterdir()) == []
    Store(folder).save(NEW)
    Store(folder).save_user_default(DEFAULT)
    number = Store(folder).serial_number()
    assert Store(folder).load(FACTORY).saved == NEW
    assert Store(folder).load(FACTORY).user_default == DEFAULT
    assert Store(folder).serial_number() == number
    assert sorted(path.name for path in folder.iterdir()) == [
        "device.toml",
        "settings.toml",
        "user-default.toml",
    ]


def test_files_with_passwords_are_not_for_everyone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        Store(tmp_path / "state").save(NEW)
    finally:
        os.umask(before)
    assert (tmp_path / "state" / "settings.toml").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o750


def test_a_file_that_may_not_grow_is_an_error_and_the_old_one_stays(tmp_path: Path) -> None:
    Store(tmp_path).save(OLD)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            Store(tmp_path).save(NEW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir()] == ["settings.toml"]
    assert Store(tmp_path).load(FACTORY).saved == OLD


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Room for one settings file and a half."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=12k", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("may not mount a small disk")
    yield tmp_path
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_full_disk_is_an_error_and_the_old_file_stays(small_disk: Path) -> None:
    Store(small_disk).save(OLD)
    with pytest.raises(OSError, match="No space left on device"):
        Store(small_disk).save(NEW)
    assert [path.name for path in small_disk.iterdir()] == ["settings.toml"]
    assert Store(small_disk).load(FACTORY).saved == OLD


SAVE_FOR_EVER = """
import sys
from pathlib import Path
from itertools import cycle
from usr7s3d.devices.state import Store
from usr7s3d.settings.model import FACTORY
for baud in cycle((9600, 2400)):
    Store(Path(sys.argv[1])).save(FACTORY.put("uart.baud", baud).put("links.show_id", baud == 2400))
    print(flush=True)
"""


@pytest.mark.real
@pytest.mark.parametrize("saves", [1, 8, 31])
def test_a_killed_process_leaves_one_set_or_the_other(tmp_path: Path, saves: int) -> None:
    command = [sys.executable, "-c", SAVE_FOR_EVER, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        assert child.stdout
        for _ in range(saves):
            child.stdout.readline()
        child.send_signal(signal.SIGKILL)
    stored = Store(tmp_path).load(FACTORY)
    assert stored.notes == ()
    assert (stored.saved.uart.baud, stored.saved.links.show_id) in ((9600, False), (2400, True))


def test_the_disk_on_paper_has_the_calls_of_the_real_one() -> None:
    calls = {name for name in vars(Disk) if not name.startswith("_")}
    assert calls <= set(vars(PaperDisk))


def test_a_fifo_and_a_folder_in_place_of_a_file_do_not_hold_us_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / SETTINGS.name)
    (tmp_path / USER_DEFAULT.name).mkdir()
    os.mkfifo(tmp_path / DEVICE.name)
    kept = Store(tmp_path)
    stored = kept.load(FACTORY)
    assert stored.saved == FACTORY
    assert "not a regular file" in " ".join(stored.notes)
    assert len(kept.serial_number()) == 20
    kept.save(NEW)
    assert kept.load(FACTORY).saved == NEW


def test_a_leftover_is_replaced_whatever_it_is(tmp_path: Path) -> None:
    new, precious = tmp_path / "settings.toml.new", tmp_path / "precious"
    precious.write_text("of somebody else")
    os.mkfifo(new)
    Store(tmp_path).save(NEW)
    assert Store(tmp_path).load(FACTORY).saved == NEW
    new.symlink_to(precious)
    Store(tmp_path).save(OLD)
    assert Store(tmp_path).load(FACTORY).saved == OLD
    assert precious.read_text() == "of somebody else"


def test_a_huge_file_is_set_aside_and_not_read_whole(tmp_path: Path) -> None:
    with (tmp_path / SETTINGS.name).open("wb") as huge:
        huge.truncate(1 << 40)
    stored = Store(tmp_path).load(FACTORY)
    assert stored.saved == FACTORY
    assert "longer than" in stored.notes[0]
    assert (tmp_path / "settings.toml.bad-1").exists()


# Notes: what was done to the modem.


def test_notes_are_read_as_they_were_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.notes("modem.toml") == {}
    tables = {"pin": {"ab12": "trying"}, "rat": {"8675": "4g"}, "empty": {}}
    store.keep_notes("modem.toml", "What was done.", tables)
    assert store.notes("modem.toml") == tables
    assert (tmp_path / "modem.toml").read_text().startswith("# What was done.\n\n[pin]\n")


def test_broken_notes_are_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "modem.toml").write_text('[pin]\n"ab12" = "tryi')
    assert Store(tmp_path).notes("modem.toml") == {}
    assert (tmp_path / "modem.toml.bad-1").exists()
    assert "set aside as modem.toml.bad-1" in caplog.text


def test_notes_of_a_form_that_is_not_ours_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "modem.toml").write_text('x = 1\n[pin]\na = 1\nb = "c"\n\n# end of settings\n')
    assert Store(tmp_path).notes("modem.toml") == {"pin": {"b": "c"}}
