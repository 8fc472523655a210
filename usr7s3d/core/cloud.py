"""The login to USR Cloud on socket A (manual 3.5).

    module  CLOUDID CLOUDPA  ------------------------->  cloud
            usr_cloud_code_0  <------------------------
            register packet, data, as on any link

The vendor's format is not public: what we send is a template of the owner's, and
whatever comes back, or nothing in 5 s, opens the data path.
"""

import re
from collections.abc import Mapping

ACCEPTED = b"usr_cloud_code_0"  # manual 3.5.2
PATIENCE = 5.0  # s for the answer
_CODE = re.compile(rb"usr_cloud_code_[0-9]{1,4}")  # in the log this tells no secret


def fill_in(template: bytes, values: Mapping[str, str]) -> bytes:
    """``template`` with each ``{NAME}`` of ``values`` replaced by its value, once."""
    names = "|".join(map(re.escape, values))

    def value(found: re.Match[bytes]) -> bytes:
        return values[found[1].decode()].encode("latin-1")

    return re.sub(rf"\{{({names})\}}".encode(), value, template)


class Login:
    """Waits for the answer to a login that was sent at ``now``."""

    def __init__(self, now: float) -> None:
        self._deadline = now + PATIENCE
        self._heard = b""
        self.over = False
        self.complaint = ""  # why it is over, unless the cloud has accepted

    def deadline(self) -> float | None:
        """When to call :meth:`expire`."""
        return None if self.over else self._deadline

    def receive(self, data: bytes) -> None:
        """Look at what the server sent; it is data as well, for the UART."""
        if self.over:
            return
        self._heard = (self._heard + data)[: len(ACCEPTED) + 4]
        if self._heard.startswith(ACCEPTED):
            self._end("" if not _more_digits(self._heard) else self._words())
        elif not ACCEPTED.startswith(self._heard):
            self._end(self._words())

    def expire(self, now: float) -> None:
        """Give up waiting."""
        if not self.over and now >= self._deadline:
            self._end(f"no answer to the login in {PATIENCE:g} s")

    def _end(self, complaint: str) -> None:
        self.over = True
        self.complaint = complaint

    def _words(self) -> str:
        code = _CODE.match(self._heard)
        what = code[0].decode() if code else "something else"
        return f"the answer to the login is {what}, not {ACCEPTED.decode()}"


def _more_digits(heard: bytes) -> bool:
    return heard[len(ACCEPTED) :][:1].isdigit()
