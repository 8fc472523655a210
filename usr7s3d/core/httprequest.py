"""Builds the request of HTTPD mode, byte for byte (manual 3.2.2).

    GET <url><packet> HTTP/1.1          POST <url> HTTP/1.1
    Host: name                          Host: name
    <head>                              <head>
                                        Content-Length: n

                                        <packet>

Every client library would spell these bytes its own way; servers behind fielded
modules were written against this one.
"""

import re
from dataclasses import dataclass

CRLF = b"\r\n"
HTTP_PORT = 80  # the one that Host does not name

# What no request line may contain: controls, blanks, and bytes with the eighth bit.
_FORBIDDEN = re.compile(rb"[\x00-\x20\x7f-\xff]")

# What would end the head early, and make another request of the rest.
_EMPTY_LINES = re.compile(rb"(\n)(?:[ \t\r]*\n)+")


@dataclass(frozen=True, slots=True)
class Form:
    """What all requests have in common; ``[hh]`` is decoded already."""

    method: str  # GET or POST
    host: str  # a name, IPv4, or IPv6 without brackets
    port: int
    url: bytes
    head: bytes  # lines of the owner's own

    @property
    def server(self) -> str:
        """As ``Host`` names it: with its port unless that is 80, IPv6 in brackets."""
        name = f"[{self.host.partition('%')[0]}]" if ":" in self.host else self.host
        return name if self.port == HTTP_PORT else f"{name}:{self.port}"

    @property
    def keeps_alive(self) -> bool:
        """Whether we want the connection for the next request, too.

        Not where the owner's head says how long the body is: if that is not so, the rest
        would be taken for the beginning of the next request.
        """
        if _has(self.head, b"content-length") or _has(self.head, b"transfer-encoding"):
            return False
        options = _values(self.head, b"connection")
        return b"close" not in {option.strip() for option in options.lower().split(b",")}


def request(form: Form, packet: bytes) -> bytes:
    """The request that carries ``packet``: in the URL, or as the body of a POST."""
    posts = form.method == "POST"
    target = _FORBIDDEN.sub(_percent, form.url if posts else form.url + packet) or b"/"
    lines = [b"%s %s HTTP/1.1" % (form.method.encode(), target)]
    if not _has(form.head, b"host"):
        lines.append(b"Host: " + form.server.encode("latin-1"))
    if head := _EMPTY_LINES.sub(rb"\1", form.head.strip(b" \t" + CRLF)):
        lines.append(head)
    if posts and not _has(form.head, b"content-length"):
        lines.append(b"Content-Length: %d" % len(packet))
    return CRLF.join([*lines, b"", packet if posts else b""])


def _percent(found: re.Match[bytes]) -> bytes:
    return b"%%%02X" % found[0][0]


def _lines(head: bytes, name: bytes) -> list[bytes]:
    """The values of every line of ``head`` that is called ``name``."""
    return re.findall(rb"(?im)^" + name + rb"[ \t]*:([^\r\n]*)", head)


def _has(head: bytes, name: bytes) -> bool:
    return bool(_lines(head, name))


def _values(head: bytes, name: bytes) -> bytes:
    return b",".join(_lines(head, name))
