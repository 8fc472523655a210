"""GPIO lines, on chips in a folder."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.devices.fake_gpio import FakeGpio, Pin
from usr7s3d.devices import gpio

pytestmark = pytest.mark.real


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeGpio]:
    """A Pi 5 of the early kind: an expander first, the header as chip 4."""
    kernel = FakeGpio(tmp_path)
    kernel.add("gpiochip0", "gpio-brcmstb@107d508500", [Pin() for _ in range(4)])
    kernel.add("gpiochip4", "pinctrl-rp1", [Pin(f"GPIO{n}") for n in range(28)])
    kernel.add("gpiochip10", "expander", [Pin("DE"), Pin("DE2")])
    monkeypatch.setattr(gpio, "ioctl", kernel.ioctl)
    yield kernel
    kernel.close()


def test_the_headers_chip_comes_first_the_others_by_number(kernel: FakeGpio) -> None:
    names = [chip.name for chip in gpio.chips(kernel.dev)]
    assert names == ["gpiochip4", "gpiochip0", "gpiochip10"]


def test_what_is_no_chip_is_passed_over(kernel: FakeGpio) -> None:
    (kernel.dev / "gpiochip7").touch()
    assert len(gpio.chips(kernel.dev)) == 3


def test_a_chip_of_two_names_is_one(kernel: FakeGpio) -> None:
    """As Raspberry Pi OS has it: gpiochip4 leads to gpiochip0."""
    (kernel.dev / "gpiochip11").symlink_to(kernel.dev / "gpiochip10")
    assert len(gpio.chips(kernel.dev)) == 3


@pytest.mark.parametrize(
    ("chip", "line", "found"),
    [
        ("", "17", ("gpiochip4", 17)),
        ("", "GPIO17", ("gpiochip4", 17)),
        ("", "DE2", ("gpiochip10", 1)),
        ("gpiochip0", "3", ("gpiochip0", 3)),
        ("pinctrl-rp1", "GPIO4", ("gpiochip4", 4)),
        ("expander", "0", ("gpiochip10", 0)),
    ],
)
def test_a_line_by_number_or_name(
    kernel: FakeGpio, chip: str, line: str, found: tuple[str, int]
) -> None:
    place = gpio.find(chip, line, kernel.dev)
    assert (place.chip.name, place.offset) == found


@pytest.mark.parametrize(
    ("chip", "line", "words"),
    [
        ("gpiochip9", "1", "no GPIO chip gpiochip9"),
        ("gpiochip0", "4", "gpiochip0 has lines 0 to 3"),
        ("", "GPIO99", "no GPIO line GPIO99 on gpiochip4, gpiochip0, gpiochip10"),
    ],
)
def test_what_is_not_there_is_named(kernel: FakeGpio, chip: str, line: str, words: str) -> None:
    with pytest.raises(OSError, match=words):
        gpio.find(chip, line, kernel.dev)


def test_without_chips(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="no GPIO chip that we may open"):
        gpio.find("", "17", tmp_path)


def test_a_number_without_a_header(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = FakeGpio(tmp_path)
    kernel.add("gpiochip0", "expander", [Pin("DE")])
    monkeypatch.setattr(gpio, "ioctl", kernel.ioctl)
    with pytest.raises(OSError, match="name the chip"):
        gpio.find("", "0", tmp_path)


@pytest.mark.parametrize("active_low", [False, True])
def test_an_output_has_its_level_from_the_first_moment(kernel: FakeGpio, active_low: bool) -> None:
    pin = kernel.add("gpiochip20", "leds", [Pin()])[0]
    with gpio.open_output("leds", "0", active_low=active_low, dev=kernel.dev) as line:
        assert not line.get()
        line.set(True)
        assert line.get()
        line.set(False)
    levels = [active != active_low for active in (False, True, False)]
    assert (pin.history, pin.user) == (levels, "usr7s3d")


def test_an_input_tells_of_its_edges(kernel: FakeGpio) -> None:
    """A key against ground: pressed is active."""
    pin = kernel.add("gpiochip20", "keys", [Pin(level=True)])[0]
    with gpio.open_input("keys", "0", dev=kernel.dev) as line:
        assert pin.flags & gpio.BIAS_PULL_UP
        assert (line.get(), line.edges()) == (False, [])
        pin.drive(False)
        assert line.get()
        pin.drive(True)
        assert line.edges() == [gpio.Edge(True, 1.5), gpio.Edge(False, 1.5)]
        assert line.edges() == []


def test_a_line_of_somebody_else_is_refused_with_his_name(kernel: FakeGpio) -> None:
    kernel.add("gpiochip20", "taken", [Pin(user="w1")])
    with pytest.raises(OSError, match="line 0 of gpiochip20 belongs to w1") as caught:
        gpio.open_output("taken", "0", dev=kernel.dev)
    assert caught.value.errno == errno.EBUSY


def test_closing_twice_is_once(kernel: FakeGpio) -> None:
    line = gpio.open_output("expander", "DE", dev=kernel.dev)
    line.close()
    line.close()
