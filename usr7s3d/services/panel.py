"""What a person sees and presses: the lights and the keys that the host configuration names.

Nothing is named: nothing runs, and nobody wakes up.
"""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import fields
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

from usr7s3d.core.backoff import Backoff
from usr7s3d.core.liveness import Liveness
from usr7s3d.hostconfig import HostConfig

if TYPE_CHECKING:  # they cost 0.3 MB, in most places for nothing
    from usr7s3d.devices.leds import Lamp
    from usr7s3d.services.lights import Lights
    from usr7s3d.services.pins import Line, Pin

FIRST_LOOK, LAST_LOOK = 1.0, 60.0  # s between looks for what is not there
RELOAD_TIME = 3.0  # s that RELOAD has to be held

OpenLamp = Callable[[Any], "Lamp"]
OpenPin = Callable[[Any], "Line"]


class Panel:
    """The lights and the keys of one life."""

    def __init__(
        self,
        config: HostConfig,
        *,
        facts: Callable[[], dict[str, bool]],
        reset: Callable[[], None],
        reload: Callable[[], None],
        open_lamp: OpenLamp,
        open_pin: OpenPin,
        jitter: Callable[[], float],
    ) -> None:
        self._jitter = jitter
        lamps = {
            each.name: partial(open_lamp, place)
            for each in fields(config.leds)
            if (place := getattr(config.leds, each.name))
        }
        self.lights = self._new_lights(lamps, facts) if lamps else None
        keys = {
            "reset": (config.pins.reset, 0.0, reset),
            "reload": (config.pins.reload, RELOAD_TIME, reload),
        }
        self._pins = [
            self._new_pin(name, hold, act, partial(open_pin, place))
            for name, (place, hold, act) in keys.items()
            if place
        ]

    def _new_lights(
        self, lamps: Mapping[str, Callable[[], "Lamp"]], facts: Callable[[], dict[str, bool]]
    ) -> "Lights":
        from usr7s3d.services.lights import Lights  # noqa: PLC0415

        return Lights(lamps, facts, self._backoff())

    def _new_pin(
        self, name: str, hold: float, act: Callable[[], None], open_line: Callable[[], "Line"]
    ) -> "Pin":
        from usr7s3d.services.pins import Pin  # noqa: PLC0415

        return Pin(name, hold, act, open_line, self._backoff())

    def _backoff(self) -> Backoff:
        return Backoff(FIRST_LOOK, LAST_LOOK, self._jitter)

    def refresh(self) -> None:
        """A state that a light shows may have changed."""
        if self.lights:
            self.lights.refresh()

    def parts(self, liveness: Liveness) -> dict[str, Coroutine[None, None, NoReturn]]:
        """What has to run, by its name."""
        parts = {f"pin {pin.name}": pin.run(liveness) for pin in self._pins}
        if self.lights:
            parts["lights"] = self.lights.run(liveness)
        return parts
