"""The four sets of settings: running, saved, user default, factory.

AT commands change and show *running*; a restart starts from *saved*; CFGTF and RELD
work on the *user default*, CLEAR on *factory*.  What the module acts on is a fifth
view: as it started, but for the commands that act at once.
"""

from collections.abc import Callable

from usr7s3d.at.table import in_force
from usr7s3d.settings.model import Settings


class Levels:
    """All sets; every one is a frozen value that is replaced whole."""

    def __init__(self, factory: Settings, user_default: Settings | None, saved: Settings) -> None:
        self.factory = factory
        self.user_default = user_default
        self.saved = saved
        self.changed: Callable[[], None] = lambda: None  # after a set, for what acts at once
        self.restart()

    def restart(self) -> None:
        """Begin with the saved settings; what was not saved is gone."""
        self.running = self.start = self.in_force = self.saved

    def change(self, running: Settings) -> None:
        """Take over what a command has set."""
        if running != self.running:
            self.running = running
            self.in_force = in_force(self.start, running)
            self.changed()

    @property
    def default(self) -> Settings:
        """What RELD restores: the user default, or factory when there is none."""
        return self.user_default or self.factory
