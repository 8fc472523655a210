"""A link's socket as a script: how much the kernel takes, what the server acknowledges."""

import asyncio
import math
from collections.abc import Callable
from functools import partial

from usr7s3d.core.backoff import Backoff
from usr7s3d.core.cache import Cache
from usr7s3d.core.register import RegisterPacket
from usr7s3d.services.links.connection import Counters, Rules
from usr7s3d.services.links.link import Link


class FakeChannel:
    """One connection.  ``room`` = bytes that the kernel takes, ``acks`` = acknowledgements come."""

    def __init__(
        self,
        received: Callable[[bytes], None] = lambda _: None,
        sent: Callable[[], None] = lambda: None,
        *,
        room: float = math.inf,
        acks: bool = True,
    ) -> None:
        loop = asyncio.get_running_loop()
        self.deliver = received  # call it to play the server
        self._sent = sent
        self.lost: asyncio.Future[OSError | None] = loop.create_future()
        self.room = room
        self.acks = acks
        self.writes: list[tuple[float, bytes]] = []
        self.taken = 0  # bytes that the kernel has
        self.acknowledged = 0
        self.fails = False  # each send
        self.reading = False
        self.parting_takes = 0.0  # s
        self.ended: list[str] = []
        self._waiting = bytearray()
        self._clock = loop.time

    @property
    def data(self) -> bytes:
        """Everything written, taken by the kernel or not."""
        return b"".join(data for _, data in self.writes)

    @property
    def unsent(self) -> int:
        return len(self._waiting)

    def write(self, data: bytes) -> None:
        self.writes.append((self._clock(), data))
        self._waiting += data
        self._take()

    def _take(self) -> int:
        size = int(min(self.room, len(self._waiting)))
        del self._waiting[:size]
        self.room -= size
        self.taken += size
        if self.acks:
            self.acknowledged = self.taken
        return size

    def take(self, size: float = math.inf) -> None:
        """The kernel has room for ``size`` bytes more."""
        self.room += size
        if self._take():
            self._sent()

    def unacknowledged(self) -> int:
        return self.taken - self.acknowledged + len(self._waiting)

    def failed(self) -> bool:
        return self.fails

    def resume_reading(self) -> None:
        self.reading = True

    def pause_reading(self) -> None:
        self.reading = False

    def lose(self, error: OSError | None = None) -> None:
        """The connection breaks; None = the server closes it."""
        self.lost.set_result(error)

    async def finish(self) -> None:
        self.ended.append("finish")
        await asyncio.sleep(self.parting_takes)

    def close(self, *, abort: bool = False) -> None:
        self.ended.append("abort" if abort else "close")


class Server:
    """What a link can connect to; each attempt takes the next answer, or the last one for good."""

    def __init__(self, *answers: "OSError | float | Callable[..., FakeChannel]") -> None:
        self.answers = list(answers) or [FakeChannel]
        self.attempts: list[float] = []
        self.channels: list[FakeChannel] = []

    @property
    def channel(self) -> FakeChannel:
        """The latest connection."""
        return self.channels[-1]

    async def open(
        self, received: Callable[[bytes], None], sent: Callable[[], None]
    ) -> FakeChannel:
        self.attempts.append(asyncio.get_running_loop().time())
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, OSError):
            raise answer
        if isinstance(answer, float):  # s of silence, then a refusal
            await asyncio.sleep(answer)
            raise ConnectionRefusedError(111, "Connection refused")
        self.channels.append(answer(received, sent))
        return self.channel


NO_REGISTER_PACKET = RegisterPacket()
REFUSED = ConnectionRefusedError(111, "Connection refused")
slow = partial(FakeChannel, room=0.0)  # a server that takes nothing yet
deaf = partial(FakeChannel, acks=False)  # one whose acknowledgements are lost


def make_link(
    server: Server,
    *,
    cache: Cache | None = None,
    register: RegisterPacket = NO_REGISTER_PACKET,
    backoff: Backoff | None = None,
    caching: bool = True,
    resend: bool = True,
    short_timeout: float | None = None,
    beat: bytes = b"",
    beat_period: float = 30.0,
    patience: float = 0.25,
) -> Link:
    """A link to ``server`` under these rules."""

    async def identify() -> RegisterPacket:
        return register

    return Link(
        "A",
        Rules(
            peer="server:9000",
            caching=caching,
            resend=resend and caching,
            short_timeout=short_timeout,
            beat=beat,
            beat_period=beat_period,
            patience=patience,
        ),
        Cache() if cache is None else cache,
        Counters(),
        backoff or Backoff(1, 60, lambda: 0.0),
        open_channel=server.open,
        identify=identify,
    )
