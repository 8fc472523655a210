"""A modem as a script: what it answers to which line, at once or after a while."""

import asyncio
from collections.abc import Callable

from usr7s3d.services.mobile.conversation import Port


def ok(*lines: str) -> bytes:
    """An answer as modems write it."""
    return b"".join(f"\r\n{line}\r\n".encode() for line in (*lines, "OK"))


class FakeModem:
    """A modem that is asked over any number of ports.

    ``answers`` has raw bytes by command line; what is not in it is answered OK.  ``dumb``: nothing
    is answered.  ``delay`` in s.
    """

    def __init__(self) -> None:
        self.answers: dict[str, bytes | Callable[[], bytes]] = {}
        self.heard: list[str] = []
        self.opened: list[str] = []
        self.ports: list[FakePort] = []
        self.missing: OSError | None = None
        self.dumb = False
        self.delay = 0.0
        self.mute: set[str] = set()  # paths that answer nothing

    async def open(
        self,
        path: str,
        received: Callable[[bytes], None],
        lost: Callable[[OSError | None], None],
    ) -> Port:
        self.opened.append(path)
        if self.missing:
            raise self.missing
        port = FakePort(self, path, received, lost)
        self.ports.append(port)
        return port

    @property
    def port(self) -> "FakePort":
        """The latest one."""
        return self.ports[-1]

    def is_registered(self) -> None:
        """With a SIM, at home, on LTE."""
        self.answers |= {
            "AT+CGMI": ok("SIMCOM INCORPORATED"),
            "AT+CGMM": ok("SIMCOM_SIM7600E"),
            "AT+CGSN": ok("867584030000001"),
            "AT+CPIN?": ok("+CPIN: READY"),
            "AT+CCID": ok("+CCID: 8949020000012345678"),
            "AT+CIMI": ok("262020000000001"),
            "AT+CNUM": ok('+CNUM: "","+491700000001",145'),
            "AT+CSQ": ok("+CSQ: 23,99"),
            "AT+CREG?": ok("+CREG: 1,1"),
            "AT+CGREG?": ok("+CGREG: 1,1"),
            "AT+CEREG?": ok('+CEREG: 1,1,"1A2B","0102030A",7'),
            "AT+CGATT?": ok("+CGATT: 1"),
            "AT+COPS?": ok('+COPS: 0,0,"Vodafone.de",7'),
        }

    def says(self, *lines: str) -> None:
        """Unasked."""
        for line in lines:
            self.port.received(f"\r\n{line}\r\n".encode())

    def unplug(self, error: OSError | None = None) -> None:
        self.missing = FileNotFoundError(2, "No such file or directory")
        for port in self.ports:
            port.lose(error)

    def plug(self) -> None:
        self.missing = None

    def answer(self, line: str) -> bytes:
        answer = self.answers.get(line, ok())
        return answer() if callable(answer) else answer

    def count(self, start: str) -> int:
        """How often a line that starts so was heard."""
        return sum(line.startswith(start) for line in self.heard)


class FakePort:
    """One opening of one of its ports."""

    def __init__(
        self,
        modem: FakeModem,
        path: str,
        received: Callable[[bytes], None],
        lost: Callable[[OSError | None], None],
    ) -> None:
        self.path = path
        self.received = received
        self.written = b""
        self.last_words: bytes | None = None  # of close
        self.handed_over = False
        self._modem = modem
        self._lost = lost
        self._line = b""
        self._open = True
        self._prompt = False

    def write(self, data: bytes) -> None:
        self.written += data
        for octet in data:
            self._octet(octet)

    def _octet(self, octet: int) -> None:
        if octet == 0x1B:
            if self._prompt:
                self._prompt = False
                self._reply(ok())
            self._line = b""
        elif octet in (0x0D, 0x1A):
            line, self._line = self._line.decode(), b""
            self._prompt = False
            self._heard(line)
        else:
            self._line += bytes([octet])

    def _heard(self, line: str) -> None:
        self._modem.heard.append(line)
        if self._modem.dumb or self.path in self._modem.mute:
            return
        self._reply(self._modem.answer(line))

    def _reply(self, data: bytes) -> None:
        self._prompt = data.endswith(b"> ")
        loop = asyncio.get_running_loop()
        loop.call_later(self._modem.delay, self._deliver, data)

    def _deliver(self, data: bytes) -> None:
        if self._open:
            self.received(data)

    def hand_over(self) -> int:
        self.handed_over = True
        return 99

    def lose(self, error: OSError | None = None) -> None:
        if self._open:
            self._open = False
            self._lost(error)

    async def close(self, last_words: bytes = b"") -> None:
        self._open = False
        self.last_words = last_words
