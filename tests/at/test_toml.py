"""Settings as TOML: nothing is lost, nothing is half right, a person's words stay."""

import re
import subprocess
import sys
from dataclasses import fields
from itertools import pairwise

import pytest
from hypothesis import given

from tests.any_settings import any_settings
from usr7s3d.at import toml
from usr7s3d.at.table import PARAMS
from usr7s3d.settings.model import FACTORY, Settings

NEW = FACTORY.put("uart.baud", 9600).put("socket_a.host", "10.0.0.5").put("apn.password", "é")

A_PERSONS_FILE = """\
# Pump house 3, see the binder.  Ask Jo before you change a thing.

note = "key of ours, unknown to usr7s3d"   # kept

# the meter is old
[uart]
baud = 2_400      # it cannot do more
parity = 'EVEN'
  data_bits=7

colour = "grey"   # of the cable

# -- what follows came by SMS --
[ socket_a ]
host = "10.0.0.9"
# port = 9000   until 2025

[foo.bar]  # from another release
list = [
  1,  # one
  2,
]
text = '''
# not a comment
'''
[heartbeat]
period = 0x1E
# goodbye
# end of settings
"""


def template(settings: Settings = FACTORY) -> str:
    return toml.template(settings)


def with_line(path: str, line: str, text: str) -> str:
    """``text`` with ``line`` in place of the one that sets ``path``."""
    section, key = path.split(".")
    head, table = text.split(f"[{section}]\n")
    table = re.sub(rf"^{key} = .*\n", lambda _: line, table, count=1, flags=re.M)
    return f"{head}[{section}]\n{table}"


def comment_lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.startswith("#")]


def unknown(text: str) -> list[object]:
    tables = toml.parse(text)
    return [tables["note"], tables["uart"]["colour"], tables["foo"]]


@given(any_settings)
def test_a_new_file_says_all_that_a_setting_can_be(settings: Settings) -> None:
    assert toml.read(toml.write(settings, None), FACTORY) == toml.Loaded(settings)


@given(any_settings, any_settings)
def test_a_rewritten_file_says_the_new_and_nothing_of_the_old(old: Settings, new: Settings) -> None:
    text = toml.write(new, template(old))
    assert toml.read(text, old) == toml.Loaded(new)
    assert comment_lines(text) == comment_lines(template(new))


@given(any_settings)
def test_a_persons_file_says_all_that_a_setting_can_be(settings: Settings) -> None:
    text = toml.write(settings, A_PERSONS_FILE)
    assert toml.read(text, FACTORY).settings == settings
    assert unknown(text) == unknown(A_PERSONS_FILE)


def test_each_setting_has_a_line_above_it_that_explains_it() -> None:
    lines = template().splitlines()
    for path, (command, _) in PARAMS.items():
        section, key = path.split(".")
        table = lines[lines.index(f"[{section}]") :]
        above = next(above for above, line in pairwise(table)
                     if line.startswith(f"{key} = "))  # fmt: skip
        assert above.startswith(f"# AT+{command.name}: ")
        assert command.manual in above
    assert "# AT+HEARTTM: heartbeat time; 1 to 65535 s (manual 4.2.1.42)\nperiod = 30\n" in (
        template()
    )


def test_a_person_can_read_the_text_and_see_what_they_cannot_type() -> None:
    text = template(FACTORY.put("module.welcome", "Grüße\x85\xa0\\"))
    assert 'welcome = "Grüße\\u0085\\u00a0\\\\"' in text


@pytest.mark.parametrize("text", [template(NEW), A_PERSONS_FILE, toml.write(NEW, A_PERSONS_FILE)])
def test_a_file_cut_at_any_byte_is_whole_or_refused(text: str) -> None:
    whole = toml.read(text, FACTORY)
    mark = text.rindex(toml.END) + len(toml.END)
    for length in range(len(text)):
        if length < mark:
            with pytest.raises(toml.SettingsError):
                toml.read(text[:length], FACTORY)
        else:
            assert toml.read(text[:length], FACTORY) == whole


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\0" * 4096,
        "a = " + "[" * 100_000,
        f"port = {'9' * 5000}",
        "[uart]\n[uart]",
        "baud = ",
        'a = "\x01"',
    ],
)
def test_what_is_no_toml_is_refused_with_or_without_the_mark(text: str) -> None:
    for end in ("", "\n" + toml.END):
        if text or not end:
            with pytest.raises(toml.SettingsError):
                toml.read(text + end, FACTORY)
            assert toml.write(NEW, text + end) == template(NEW)


def test_the_mark_may_have_blanks_and_windows_line_ends_round_it() -> None:
    text = template(NEW).replace("\n", " \r\n") + "\r\n\r\n"
    assert toml.read(text, FACTORY) == toml.Loaded(NEW)
    assert "\r" not in toml.write(FACTORY, text)


def test_text_behind_the_mark_makes_the_file_a_cut_one() -> None:
    with pytest.raises(toml.SettingsError, match="the last line is not '# end of settings'"):
        toml.read(template() + "[uart]\nbaud = 9600\n", FACTORY)


def test_there_is_one_mark_and_it_is_last() -> None:
    old = template().replace("[uart]\n", f"{toml.END}\n[uart]\n")
    text = toml.write(NEW, old)
    assert text.count(toml.END) == 1
    assert text.endswith(f"\n\n{toml.END}\n")


def test_a_missing_key_takes_the_value_of_the_next_set_and_says_so() -> None:
    text = with_line("uart.baud", "", template())
    loaded = toml.read(text, NEW)
    assert loaded.settings == FACTORY.put("uart.baud", 9600)
    assert loaded.notes == ("uart.baud: missing; 9600 is used",)


@pytest.mark.parametrize("path", PARAMS)
def test_a_missing_key_is_written_into_its_own_table(path: str) -> None:
    """Behind the header: tomlkit would put it behind the next table's comment."""
    text = toml.write(NEW, with_line(path, "", template()))
    assert toml.read(text, FACTORY) == toml.Loaded(NEW)
    section, key = path.split(".")
    assert text.split(f"[{section}]\n# ")[1].split("\n")[1].startswith(f"{key} = ")


def test_a_missing_table_is_one_note_not_eight() -> None:
    loaded = toml.read(f"[socket_a]\nenabled = false\n{toml.END}", NEW)
    assert "uart: no such table; the next set's values are used" in loaded.notes
    assert not [note for note in loaded.notes if note.startswith("uart.")]
    assert loaded.settings == NEW.put("socket_a.enabled", False)


@pytest.mark.parametrize(
    ("line", "bad", "note"),
    [
        ("period = 30", "period = 0", "heartbeat.period: not from 1 to 65535; 30 is used"),
        ("period = 30", "period = 30.0", "heartbeat.period: not from 1 to 65535; 30 is used"),
        ("period = 30", "period = true", "heartbeat.period: not from 1 to 65535; 30 is used"),
        ("data_bits = 8", 'data_bits = "8"', "uart.data_bits: not one of 7,8; 8 is used"),
        ("echo = true", "echo = 1", "module.echo: not true or false; true is used"),
        ("stop_bits = 1", "stop_bits = true", "uart.stop_bits: not one of 1,2; 1 is used"),
        ('target = "NET"', "target = 1979-05-27",
         'heartbeat.target: not one of "COM","NET"; "NET" is used'),
        ('welcome = "USR-7S3"', 'welcome = "€"', 'module.welcome: not any text; "USR-7S3" is used'),
    ],
)  # fmt: skip
def test_a_value_out_of_range_costs_itself_and_its_note_says_what_is_accepted(
    line: str, bad: str, note: str
) -> None:
    before = NEW.put("links.cache", False)
    assert line in template(before)
    assert toml.read(template(before).replace(line, bad), before) == toml.Loaded(before, (note,))


@pytest.mark.parametrize("path", PARAMS)
def test_a_bad_value_of_any_setting_leaves_all_the_others(path: str) -> None:
    text = with_line(path, f"{path.partition('.')[2]} = []\n", template(NEW))
    loaded = toml.read(text, FACTORY)
    assert loaded.settings == NEW.put(path, FACTORY.get(path))
    assert [note.partition(":")[0] for note in loaded.notes] == [path]
    assert toml.read(toml.write(NEW, text), FACTORY) == toml.Loaded(NEW)


@pytest.mark.parametrize("value", ["1", "1.0", '"true"'])
def test_what_only_looks_like_the_value_is_written_as_it_should_be(value: str) -> None:
    text = template().replace("echo = true", f"echo = {value}")
    assert toml.write(FACTORY, text) == template()


def test_any_case_of_a_choice_is_right_and_is_written_as_replies_show_it() -> None:
    text = template().replace('flow = "NONE"', 'flow = "none"')
    assert toml.read(text, FACTORY) == toml.Loaded(FACTORY)
    assert toml.write(FACTORY, text) == template()


def test_no_note_and_no_error_tells_a_secret() -> None:
    secrets = [f"{s.name}.{f.name}" for s in fields(FACTORY)
               for f in fields(getattr(FACTORY, s.name)) if not f.repr]  # fmt: skip
    assert secrets
    base = FACTORY
    for path in secrets:
        base = base.put(path, "S3CR3T")
    text = template(base.put("cloud.password", "S3CR3T##")).replace("S3CR3T", 'S3CR3T\\"')
    loaded = toml.read(text, base)
    assert len(loaded.notes) == len(secrets)
    assert "S3CR3T" not in repr(loaded)


def test_what_is_unknown_is_noted_and_kept() -> None:
    loaded = toml.read(A_PERSONS_FILE, FACTORY)
    assert [note for note in loaded.notes if "unknown" in note] == [
        "note: unknown; kept",
        "foo: unknown; kept",
        "uart.colour: unknown; kept",
    ]
    assert unknown(toml.write(NEW, A_PERSONS_FILE)) == unknown(A_PERSONS_FILE)


def test_a_hundred_rewrites_leave_a_persons_words_as_they_were() -> None:
    settings = toml.read(A_PERSONS_FILE, FACTORY).settings
    first = text = toml.write(settings, A_PERSONS_FILE)
    for n in range(100):
        other = settings.put("uart.baud", (9600, 115_200)[n % 2]).put("heartbeat.period", n + 1)
        text = toml.write(other.put("socket_a.host", f"h{n}"), text)
    assert [line for line in A_PERSONS_FILE.split("\n") if line not in text.split("\n")] == [
        "baud = 2_400      # it cannot do more",
        'host = "10.0.0.9"',
        "period = 0x1E",
    ]
    assert "baud = 115200      # it cannot do more\n" in text
    back = toml.write(settings, text)
    plain = {"2_400": "2400", "0x1E": "30"}
    for fancy, value in plain.items():
        first = first.replace(fancy, value)
    assert back == first


def test_a_value_that_is_right_stays_as_the_person_wrote_it() -> None:
    settings = toml.read(A_PERSONS_FILE, FACTORY).settings
    assert "baud = 2_400      # it" in toml.write(settings, A_PERSONS_FILE)
    assert "\nperiod = 0x1E\n" in toml.write(settings.put("uart.baud", 9600), A_PERSONS_FILE)


def test_writing_the_same_again_changes_nothing() -> None:
    text = toml.write(NEW, A_PERSONS_FILE)
    assert toml.write(NEW, text) == text


@pytest.mark.parametrize(
    "old",
    [
        'uart = {baud = 9600, colour = "grey"}\n',
        'uart.baud = 9600\nuart.colour = "grey"\n[links]\ncache = false\n',
        '["uart"]\nbaud = 9600\ncolour = "grey"\n# next\n["links"]\ncache = false\n',
        '\t[ uart ]# x\nbaud = 9600\ncolour = "grey"\n[links.x]\ny = 1\n',
        '[uart]\ncolour = "grey"\n[links]\n[uart.cable]\nlength = 2\n',
    ],
    ids=["inline", "dotted", "quoted", "indented", "in two places"],
)
def test_tables_may_be_written_in_any_way(old: str) -> None:
    text = toml.write(NEW, old + toml.END)
    loaded = toml.read(text, FACTORY)
    assert loaded.settings == NEW
    assert toml.parse(text)["uart"]["colour"] == "grey"


def test_what_is_stranger_than_we_can_edit_gives_way_to_the_template() -> None:
    old = f'text = """\n[uart]\n"""\n[uart]\nbaud = 9600\n{toml.END}'
    assert toml.write(NEW, old) == template(NEW)


@pytest.mark.parametrize("depth", [10, 300, 400])
def test_a_deep_list_does_not_stop_a_save(depth: int) -> None:
    """tomlkit has a limit, or Python has, which tomllib reaches later."""
    text = toml.write(NEW, f"deep = {'[' * depth}{']' * depth}\n{toml.END}")
    assert toml.read(text, FACTORY).settings == NEW


@pytest.mark.parametrize("old", ["uart = 5\n", "[[uart]]\nbaud = 1\n[[uart]]\nbaud = 2\n"])
def test_what_should_be_a_table_and_is_none_is_replaced_by_one(old: str) -> None:
    text = f"{old}[foo]  # stays\nx = 1\n{toml.END}"
    assert "uart: no such table; the next set's values are used" in toml.read(text, NEW).notes
    assert toml.read(toml.write(NEW, text), FACTORY) == toml.Loaded(NEW, ("foo: unknown; kept",))
    assert "[foo]  # stays\n" in toml.write(NEW, text)


def test_reading_does_without_tomlkit() -> None:
    """It costs a start 30 ms and 2 MB, and most starts write nothing."""
    code = (
        "import sys; from usr7s3d.at import toml; from usr7s3d.settings.model import FACTORY;"
        "toml.read(toml.template(FACTORY), FACTORY); sys.exit('tomlkit' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_key_that_a_terminal_would_obey_is_named_harmlessly() -> None:
    text = '"a\\u001b[2J"=1\n[uart]\n"x\\ny"=2\n' + toml.END
    notes = "".join(toml.read(text, FACTORY).notes)
    assert notes.isprintable()
    assert r'uart."x\ny": unknown' in notes
