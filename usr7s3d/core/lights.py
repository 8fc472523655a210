"""What the lights show (manual 3.7)."""

from collections.abc import Mapping

DATA_TIME = 0.050  # s that DATA is lit for each run of bytes
WORK_TIME = 1.0  # s between two toggles of WORK


def steady(attached: bool, links: Mapping[str, str]) -> dict[str, bool]:
    """The lights that follow a state; ``links`` has each link's, by its name."""
    return {
        "power": True,
        "gprs": attached,
        "linka": links.get("A") == "connected",
        "linkb": links.get("B") == "connected",
    }


class Flash:
    """DATA: lit from the first byte of a run until nothing moved for ``DATA_TIME``."""

    def __init__(self) -> None:
        self._until: float | None = None

    def traffic(self, now: float) -> bool:
        """Bytes moved; whether it goes on with them."""
        begins = self._until is None
        self._until = now + DATA_TIME
        return begins

    def deadline(self) -> float | None:
        """When to call :meth:`expire`; it only moves later while it is lit."""
        return self._until

    def expire(self, now: float) -> bool:
        """Whether it goes off."""
        if self._until is None or now < self._until:
            return False
        self._until = None
        return True
