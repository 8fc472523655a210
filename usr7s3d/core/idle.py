"""Restarts a module on which nothing has arrived for long (RSTIM, manual 4.2.1.12)."""

SHORTEST = 60.0  # s; a shorter RSTIM would restart faster than a mobile network connects


def idle_until(period: int, last_byte_at: float) -> float | None:
    """When the module restarts if nothing comes; None = never.  ``period`` as RSTIM has it."""
    return last_byte_at + max(period, SHORTEST) if period else None
