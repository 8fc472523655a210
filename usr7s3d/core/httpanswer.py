"""Reads the answer to one request of HTTPD mode (manual 3.2.2).  h11 knows the grammar.

Its length is told by Content-Length, by chunks, or by the end of the connection;
1xx answers before it are passed over.  Nothing is given away before all of it is there.
"""

from typing import Any

MIB = 1024 * 1024
LIMIT = MIB  # bytes of an answer that are kept; a longer one is refused
HEAD_LIMIT = 16 * 1024  # bytes of status line and headers, and of any other line
WASTE_LIMIT = MIB  # bytes beside them: 1xx answers, the sizes of chunks
BODILESS = (204, 304)  # whatever length they tell, as 304 does of what it does not send


class BadAnswer(Exception):
    """Why there is no answer, in words for the log; never with the server's own."""


class Answer:
    """What comes back for a request of ``method``.

    ``body_only`` (HTPPK) keeps the body, decoded; without it every byte from the status
    line to the end is kept as received.  ``keep_alive`` = our request leaves the
    connection open.
    """

    def __init__(self, method: str, *, body_only: bool, keep_alive: bool) -> None:
        import h11  # noqa: PLC0415 - 0.6 MB, for those who use it

        self._h11 = h11
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
        self._body_only = body_only
        self._received = 0
        self.begun = False  # a byte of it has come
        self.complete = False
        self.reusable = False  # the server keeps the connection open, too
        self.content = bytearray()
        # The bytes of our request went out without h11, which only has to know its kind.
        headers = [("Host", "x"), ("Content-Length", "0")]
        if not keep_alive:
            headers.append(("Connection", "close"))
        self._connection.send(h11.Request(method=method, target="/", headers=headers))
        self._connection.send(h11.EndOfMessage())

    def receive(self, data: bytes) -> bool:
        """Take what came, at least a byte; whether the answer is complete.  Raises BadAnswer."""
        self.begun = True
        self._received += len(data)
        if not self._body_only:
            self.content += data
        self._feed(data)
        waste = self._received - len(self.content)
        if len(self.content) > LIMIT or waste > WASTE_LIMIT:
            raise BadAnswer("the answer is longer than 1 MiB")
        return self.complete

    def end(self) -> None:
        """The server has closed; that completes some answers.  Raises BadAnswer."""
        if not self.begun:
            raise BadAnswer("closed without an answer")
        self._feed(b"")
        self.reusable = False

    def _feed(self, data: bytes) -> None:
        try:
            self._connection.receive_data(data)
            while not self.complete:
                event = self._connection.next_event()
                if event is self._h11.NEED_DATA:
                    return
                self._take(event)
        except self._h11.RemoteProtocolError:
            words = "is not HTTP as we know it" if data else "ends in the middle"
            raise BadAnswer(f"the answer {words}") from None

    def _take(self, event: Any) -> None:
        """Act on one event of h11."""
        h11 = self._h11
        match event:
            case h11.InformationalResponse():
                self._cut(-len(self._rest))  # it was none of the answer
            case h11.Response() if event.status_code not in BODILESS:
                self._check_length(event.headers)
            case h11.Data() if self._body_only:
                self.content += event.data
            case h11.EndOfMessage():
                self.complete = True
                rest = self._rest
                states = {self._connection.our_state, self._connection.their_state}
                self.reusable = not rest and states == {h11.DONE}
                if not self._body_only and rest:
                    del self.content[-len(rest) :]

    @property
    def _rest(self) -> bytes:
        """What came behind the event that h11 has just told."""
        return bytes(self._connection.trailing_data[0])

    def _cut(self, end: int) -> None:
        """Drop what was kept, up to ``end`` as in a slice."""
        if not self._body_only:
            del self.content[: end or None]

    def _check_length(self, headers: Any) -> None:
        """Refuse at once what says that it is too long."""
        lengths = [value for name, value in headers if name == b"content-length"]
        if lengths and int(lengths[0]) > LIMIT:
            raise BadAnswer("the answer is longer than 1 MiB")
