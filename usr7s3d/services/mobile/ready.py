"""An event whose end can be waited for, too."""

import asyncio


class Ready(asyncio.Event):
    """Set while something is ready; :attr:`gone` is set while it is not."""

    def __init__(self) -> None:
        super().__init__()
        self.gone = asyncio.Event()
        self.gone.set()
        self.times = 0  # how often it became ready

    def set(self) -> None:
        """It is ready."""
        self.times += not self.is_set()
        super().set()
        self.gone.clear()

    def clear(self) -> None:
        """It is not."""
        super().clear()
        self.gone.set()


async def either(*events: asyncio.Event, within: float) -> None:
    """Wait until one of ``events`` is set, or for ``within`` s."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=within, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
