"""USR Cloud, as much of it as the module meets (manual 3.5): a login, and its answer.

The vendor's format is not public; this one takes what the daemon sends by default.
"""

import asyncio

from usr7s3d.simulator.ends import Server

LOGIN = 28  # bytes: a device ID of 20 and a password of 8
ACCEPTED = b"usr_cloud_code_0"  # manual 3.5.2
REFUSED = b"usr_cloud_code_1"


class Cloud(Server):
    """A server that asks who is there.  ``members`` are device IDs and their passwords."""

    def __init__(self, name: str, members: dict[str, str]) -> None:
        super().__init__(name)
        self._logins = {f"{who}{password}".encode() for who, password in members.items()}
        self._heard = b""

    def accepted(self, client: asyncio.Transport) -> None:
        """A client is here, and has yet to say who it is."""
        self._heard = b""
        super().accepted(client)

    def received(self, data: bytes) -> None:
        """Take what came; the answer follows the last byte of the login."""
        super().received(data)
        if len(self._heard) < LOGIN:
            self._heard = (self._heard + data)[:LOGIN]
            if len(self._heard) == LOGIN:
                self.send(ACCEPTED if self._heard in self._logins else REFUSED)
