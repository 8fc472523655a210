"""A name server on loopback, UDP and TCP, that makes its answers by hand (RFC 1035).

The first label of a name says what is wrong with the answer:

    silent      there is none            silentaaaa  none about IPv6
    lossy       none to the first query  wrongid     a wrong one comes first, with another id
    nxdomain    servfail  refused        garbage     not DNS at all
    truncated   over UDP                 cut         in the middle of a record
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

A, CNAME, AAAA = 1, 5, 28
RCODES = {"servfail": 2, "nxdomain": 3, "refused": 5}
TRUNCATED = 0x0200
SOMEWHERE_ELSE = "203.0.113.66"  # in the forged answer


class NameServer(asyncio.DatagramProtocol):
    """Knows ``zone``: a name's addresses, or the one name that it is an alias of."""

    port: int
    udp: asyncio.DatagramTransport

    def __init__(self, zone: Mapping[str, list[str]]) -> None:
        self.zone = zone
        self.asked: list[str] = []  # "udp dtu.example 1"
        self.heard = asyncio.Event()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        for reply in self.replies(data, "udp"):
            self.udp.sendto(reply, addr)

    async def on_tcp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while size := int.from_bytes(await reader.read(2)):
            for reply in self.replies(await reader.readexactly(size), "tcp"):
                writer.write(len(reply).to_bytes(2) + reply)
        writer.close()

    def replies(self, query: bytes, over: str) -> list[bytes]:
        name, kind, question = parse(query)
        mood, asked, number = name.split(".")[0], f"{over} {name} {kind}", query[:2]
        self.asked.append(asked)
        self.heard.set()
        replies = [message(number, question, self.records(name, kind), RCODES.get(mood, 0))]
        match mood:
            case "silent":
                replies = []
            case "silentaaaa" if kind == AAAA:
                replies = []
            case "lossy" if self.asked.count(asked) == 1:
                replies = []
            case "garbage":
                replies = [b"\xff" * 40]
            case "cut":
                replies = [replies[0][:-3]]
            case "wrongid":
                forged = [record(name, A, socket.inet_aton(SOMEWHERE_ELSE))]
                replies.insert(0, message(bytes(b ^ 0x55 for b in number), question, forged))
            case "truncated" if over == "udp":
                replies = [message(number, question, [], TRUNCATED)]
        return replies

    def records(self, name: str, kind: int) -> list[bytes]:
        found = []
        for value in self.zone.get(name, []):
            if value in self.zone:
                found += [record(name, CNAME, encoded(value)), *self.records(value, kind)]
            elif (":" in value) == (kind == AAAA):
                family = socket.AF_INET6 if kind == AAAA else socket.AF_INET
                found.append(record(name, kind, socket.inet_pton(family, value)))
        return found


def parse(query: bytes) -> tuple[str, int, bytes]:
    """The name asked, the type, and the question as it stood."""
    labels, at = [], 12
    while size := query[at]:
        labels.append(query[at + 1 : at + 1 + size].decode())
        at += 1 + size
    return ".".join(labels).lower(), int.from_bytes(query[at + 1 : at + 3]), query[12 : at + 5]


def encoded(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def record(name: str, kind: int, data: bytes) -> bytes:
    return encoded(name) + struct.pack(">HHIH", kind, 1, 60, len(data)) + data


def message(number: bytes, question: bytes, records: list[bytes], flags: int = 0) -> bytes:
    counts = struct.pack(">HHHHH", 0x8180 | flags, 1, len(records), 0, 0)
    return number + counts + question + b"".join(records)


@asynccontextmanager
async def serving(zone: Mapping[str, list[str]]) -> AsyncIterator[NameServer]:
    """A name server on a port of its own of 127.0.0.1."""
    server = NameServer(zone)
    tcp = await asyncio.start_server(server.on_tcp, "127.0.0.1", 0)
    server.port = tcp.sockets[0].getsockname()[1]
    server.udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: server, local_addr=("127.0.0.1", server.port)
    )
    try:
        yield server
    finally:
        server.udp.close()
        tcp.close()
