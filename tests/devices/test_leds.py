"""Lights: a kernel LED's folder, a GPIO line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.devices.fake_gpio import FakeGpio, Pin
from usr7s3d.devices import gpio
from usr7s3d.devices.leds import GpioLamp, LedLamp


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"brightness": "0\n", "max_brightness": "255\n"}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "trigger").write_text("none [mmc0] timer\n")
    return tmp_path


def test_a_kernel_led(folder: Path) -> None:
    lamp = LedLamp(folder)
    assert (folder / "trigger").read_text().startswith("none")
    lamp.set(True)
    assert (folder / "brightness").read_text().startswith("255")
    lamp.close()
    assert (folder / "brightness").read_text().startswith("0")


def test_the_kernels_timer(folder: Path) -> None:
    lamp = LedLamp(folder)
    assert lamp.blink(1.0) is False  # the kernel makes the files now, udev hands them over
    (folder / "trigger").write_text("none mmc0 [timer]\n")
    for name in ("delay_on", "delay_off"):
        (folder / name).write_text("500\n")
    assert lamp.blink(1.0) is True
    assert (folder / "delay_on").read_text() == "1000"
    assert (folder / "delay_off").read_text() == "1000"


def test_no_led_of_that_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        LedLamp(tmp_path / "PWR")
    assert not (tmp_path / "PWR").exists()


@pytest.fixture
def chip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Pin]]:
    kernel = FakeGpio(tmp_path)
    monkeypatch.setattr(gpio, "ioctl", kernel.ioctl)
    yield kernel.add("gpiochip0", "pinctrl-bcm2835", [Pin("GPIO0"), Pin("GPIO1")])
    kernel.close()


@pytest.mark.parametrize("active_low", [False, True])
def test_a_gpio_line(tmp_path: Path, chip: list[Pin], active_low: bool) -> None:
    lamp = GpioLamp(gpio.open_output("", "1", active_low=active_low, dev=tmp_path))
    lamp.set(True)
    lamp.set(False)
    lamp.set(True)
    lamp.close()
    lit = [False, True, False, True, False]
    assert chip[1].history == [level != active_low for level in lit]
    assert lamp.blink(1.0) is None
