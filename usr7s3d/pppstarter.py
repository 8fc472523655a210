"""Root's only part: runs pppd for whoever holds the socket, and ends it with the socket.

    module --- {"tty": ..., "pdp_type": ..., "auth": ..., "user": ..., "password": ...}
                     |
                     v
               here, as root --> pppd
                     |
           <-- {"interface": ...} {"address": ...} {"dns": ...} {"log": ...} {"exit": 16}

The socket is descriptor 0, one JSON object a line.  systemd starts one of these for each
connection (usr7s3d-ppp@.service); tests and demo start it as a child over a socketpair, with
another pppd.  The line is connected when we get it: whoever asks has dialled.

Standard library only, and nothing of the package: what runs as root is read on this page.
"""

import argparse
import contextlib
import json
import os
import re
import selectors
import socket
import stat
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

REQUEST_LIMIT = 512  # bytes
REQUEST_TIME = 5.0  # s; also for a report that nobody takes
FIELDS = ["auth", "password", "pdp_type", "tty", "user"]
FIELD_LIMIT = 64  # characters; APN knows 20
UDEV_TIME = 5.0  # s
LINE_LIMIT = 200  # bytes of a line of pppd's
END_TIME = 8.0  # s; pppd asks the other side twice, 3 s apart, before it gives up
TTY = re.compile(r"/dev/tty(?:USB|ACM)[0-9]{1,3}")
USB_MAJORS = (188, 166)  # ttyUSB, ttyACM

OPTIONS = [
    *("nodetach", "local", "noauth", "hide-password", "lock", "noipdefault", "noccp"),
    # Behind every other way out: the LAN keeps its traffic, the links bind to the interface.
    *("defaultroute", "defaultroute-metric", "9999"),
    # Asks for DNS.  /etc/resolv.conf stays as it is: Debian's ip-up would rewrite it.
    *("usepeerdns", "ip-up-script", "/bin/true", "ip-down-script", "/bin/true"),
    *("lcp-echo-interval", "20", "lcp-echo-failure", "3"),
    *("plugin", "passwordfd.so"),
]

# How to show the user and the password; what is refused, the other side must not ask for.
AUTH = {
    "pap": ["refuse-chap", "refuse-mschap", "refuse-mschap-v2", "refuse-eap"],
    "chap": ["refuse-pap", "refuse-eap"],
    "none": ["refuse-pap", "refuse-chap", "refuse-mschap", "refuse-mschap-v2", "refuse-eap"],
}
PDP_TYPES = {"IP": ["noipv6"], "IPV6": ["+ipv6", "noip"], "IPV4V6": ["+ipv6"]}

# What pppd prints, and what we make of it.
REPORTS = {
    "Using interface": "interface",
    "local IP address": "address",
    "remote IP address": "peer",
    "local LL address": "address6",
    "primary DNS address": "dns",
    "secondary DNS address": "dns",
}


class RefusedError(Exception):
    """The request is not one we carry out."""


@dataclass(frozen=True, slots=True)
class Request:
    """What may be chosen; all else is fixed in OPTIONS."""

    tty: str
    pdp_type: str
    auth: str
    user: str
    password: str

    @property
    def options(self) -> list[str]:
        """For pppd, but the password."""
        auth = AUTH[self.auth] if self.user or self.auth == "none" else []
        return [self.tty, *OPTIONS, *PDP_TYPES[self.pdp_type], *auth, "user", self.user]


def parse(line: bytes) -> Request:
    """Read a request; pure.  Its texts are never repeated in the error: one is a password."""
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        raise RefusedError("not a line of JSON") from None
    if not isinstance(fields, dict) or sorted(fields) != FIELDS:
        raise RefusedError(f"not exactly {', '.join(FIELDS)}")
    for name, text in fields.items():
        if not isinstance(text, str) or len(text) > FIELD_LIMIT:
            raise RefusedError(f"{name} is not a text of at most {FIELD_LIMIT} characters")
        if not (text.isascii() and text.isprintable()):
            raise RefusedError(f"{name} has characters other than printable ASCII")
    if fields["auth"] not in AUTH or fields["pdp_type"] not in PDP_TYPES:
        raise RefusedError("auth or pdp_type is none that we know")
    return Request(**fields)


def check_tty(path: str, root: Path = Path("/")) -> None:
    """Refuse what is not a port of a modem that udev has marked as ours (systemd/usr7s3d.rules)."""
    if not TTY.fullmatch(path):
        raise RefusedError("tty is not a USB serial port")
    try:
        status = os.lstat(root / path[1:])
    except OSError as error:
        raise RefusedError(f"tty: {error.strerror}") from None
    number = status.st_rdev
    if not stat.S_ISCHR(status.st_mode) or os.major(number) not in USB_MAJORS:
        raise RefusedError("tty is not the device it is called")
    port = (root / f"sys/dev/char/{os.major(number)}:{os.minor(number)}").resolve()
    for folder in port.parents:
        if (folder / "idVendor").exists():
            if "USR7S3D_MODEM=1" not in udev_properties(folder):
                raise RefusedError("tty is of a USB device that is not the modem; see [modem] usb")
            return
    raise RefusedError("tty is not below a USB device")


def udev_properties(device: Path) -> list[str]:
    """What udev's rules found out about a device, NAME=value each."""
    query = ["udevadm", "info", "--query=property", f"--path={device}"]
    try:
        answer = subprocess.run(  # noqa: S603
            query, stdout=subprocess.PIPE, errors="replace", timeout=UDEV_TIME, check=False
        )
    except subprocess.TimeoutExpired:
        raise RefusedError("udev does not tell whose the tty is") from None
    return answer.stdout.splitlines()


def report(line: str) -> dict[str, str]:
    """Understand a line of pppd's; pure."""
    what, _, value = " ".join(line.split()).rpartition(" ")
    name = REPORTS.get(what)
    return {name: value[:LINE_LIMIT]} if name else {"log": line[:LINE_LIMIT]}


def read_request(client: socket.socket) -> bytes:
    """One line, bounded in size and time, and nothing behind it."""
    end = time.monotonic() + REQUEST_TIME
    line = b""
    while b"\n" not in line and len(line) <= REQUEST_LIMIT:
        client.settimeout(max(0.001, end - time.monotonic()))
        try:
            received = client.recv(REQUEST_LIMIT)
        except TimeoutError:
            raise RefusedError("no whole request in time") from None
        if not received:
            raise RefusedError("closed before a whole request")
        line += received
    if len(line) > REQUEST_LIMIT or not line.endswith(b"\n") or line.count(b"\n") > 1:
        raise RefusedError(f"not one line of at most {REQUEST_LIMIT} bytes")
    return line


def start(pppd: str, request: Request) -> subprocess.Popen[bytes]:
    """Run pppd; the password goes through a pipe, for a command line can be read by anyone."""
    password, write = os.pipe()
    os.write(write, request.password.encode())
    os.close(write)
    try:
        return subprocess.Popen(  # noqa: S603
            [pppd, *request.options, "passwordfd", str(password)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[password],
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
    finally:
        os.close(password)


def watch(client: socket.socket, output: int) -> None:
    """Pass on what pppd prints until it ends or the client has gone."""
    held = b""
    with selectors.DefaultSelector() as selector:
        selector.register(client, selectors.EVENT_READ)
        selector.register(output, selectors.EVENT_READ)
        while True:
            if client.fileno() in [key.fd for key, _ in selector.select()]:
                return  # closed, or a second request: either ends it
            received = os.read(output, 4096)
            if not received:
                return
            *lines, held = (held[-LINE_LIMIT:] + received).split(b"\n")
            for line in lines:
                send(client, report(line.decode("ascii", "replace").strip()))


def end(process: subprocess.Popen[bytes]) -> int:
    """Stop pppd, gently if it listens; its exit status (a signal is negative)."""
    process.terminate()
    try:
        return process.wait(END_TIME)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def send(client: socket.socket, message: dict[str, str] | dict[str, int]) -> None:
    """Tell the client; raise OSError when it has gone or takes nothing."""
    client.settimeout(REQUEST_TIME)
    client.sendall(json.dumps(message).encode() + b"\n")


def serve(client: socket.socket, pppd: str, any_tty: bool) -> None:
    """Carry out one request."""
    try:
        request = parse(read_request(client))
        if not any_tty:
            check_tty(request.tty)
        process = start(pppd, request)
    except (RefusedError, OSError) as error:
        print(f"ppp: refused: {error}", flush=True)
        send(client, {"refused": str(error)})
        return
    with process:
        try:
            watch(client, process.stdout.fileno())  # type: ignore[union-attr]
        finally:
            process.stdout.close()  # type: ignore[union-attr]  # nobody reads: it must not wait
            status = end(process)
    send(client, {"exit": status})


def main() -> None:
    """Serve the socket on descriptor 0."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    # For tests and demo, which run us as a plain user.  No request can choose these.
    parser.add_argument("--pppd", default="/usr/sbin/pppd")
    parser.add_argument("--any-tty", action="store_true")
    options = parser.parse_args()
    with socket.socket(fileno=0) as client, contextlib.suppress(ConnectionError, TimeoutError):
        serve(client, options.pppd, options.any_tty)


if __name__ == "__main__":
    main()
