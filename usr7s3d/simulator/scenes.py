"""The scenes of the demo, in their order; the first line of each says what is seen."""

import asyncio
from collections.abc import Awaitable, Callable

from usr7s3d.simulator.cloud import ACCEPTED, LOGIN, Cloud
from usr7s3d.simulator.ends import NothingCame
from usr7s3d.simulator.process import PASSWORD
from usr7s3d.simulator.stage import QUIET, Stage

MEMBER = {"10011111100000111111": "0000test"}  # of the cloud; both are the manual's (3.5.2)
FLOOD = 260_000  # bytes; far more than a socket that nobody reads can hold


async def starts(stage: Stage) -> None:
    """The module starts: it says so on the UART, and connects socket A."""
    await stage.welcomed()
    await stage.a.has_client()


async def bytes_cross(stage: Stage) -> None:
    """What the host sends comes to the server, and back: any bytes, as they are."""
    await stage.to_servers(b"temperature 21.5\r\n", stage.a)
    await stage.to_host(stage.a, b"valve 3 open\r\n")
    await stage.to_servers(bytes(range(0x00, 0x100, 0x11)), stage.a)


async def command_mode(stage: Stage) -> None:
    """The handshake into command mode, and a look round (manual 4.1.1)."""
    await stage.into_command_mode()
    for query in ("AT+VER", "AT+WKMOD?", "AT+UART?", "AT+SOCKA?", "AT+SOCKALK", "AT+HEARTTM=?"):
        await stage.at(query)
    await stage.at("AT+HEARTTM=0", end="58\r\n")


async def set_and_save(stage: Stage) -> None:
    """A set, saved: the module restarts by itself and says its welcome text."""
    await stage.at("AT+HEARTTM=60")
    await stage.at("AT+S")
    await stage.welcomed()
    await stage.to_servers(b"here again\r\n", stage.a)


async def password_command(stage: Stage) -> None:
    """One command in the middle of the data, by its password (manual 4.1.2)."""
    await asyncio.sleep(QUIET)
    await stage.ask(f"{PASSWORD}#AT+HEARTTM?\r".encode(), b"OK\r\n")


async def both_sockets(stage: Stage) -> None:
    """Socket B as well: both servers get what the host sends."""
    await stage.into_command_mode()
    await stage.at(f'AT+SOCKB="TCP","127.0.0.1",{stage.b.port}')
    await stage.at('AT+SOCKBEN="on"')
    await stage.at("AT+S")
    await stage.welcomed()
    await stage.b.has_client()
    await stage.to_servers(b"to you both\r\n", stage.a, stage.b)
    await stage.to_host(stage.b, b"thank you\r\n")


async def b_stands_still(stage: Stage) -> None:
    """Server B reads no more.  Server A must not notice."""
    stage.b.read(False)
    lines = b"".join(b"line %06d\r\n" % number for number in range(FLOOD // 13))
    stage.show.sent("host", "UART", lines)
    began = asyncio.get_running_loop().time()
    await stage.host.send(lines)
    came = await stage.a.inbox.expect_bytes(len(lines))
    if came != lines:
        raise NothingCame("server A got other bytes than the host sent")
    took = asyncio.get_running_loop().time() - began
    stage.show.came("server", "A", came)
    stage.show.say(f"Server A has all {len(lines)} bytes, after {took:.1f} s.")
    await stage.ctl("status")


async def b_reads_again(stage: Stage) -> None:
    """Server B reads again: it gets what had left, the newest 4 kB that waited, and goes on."""
    stage.b.read(True)
    await stage.to_servers(b"and now?\r\n", stage.a, stage.b)


async def a_goes_away(stage: Stage) -> None:
    """Server A goes away.  What the host sends meanwhile waits in A's cache."""
    stage.a.close()
    await stage.link("a", "waiting")
    for number in range(1, 4):
        await stage.to_servers(b"measured without A: %d\r\n" % number, stage.b)
    await stage.ctl("status")


async def a_comes_back(stage: Stage) -> None:
    """Server A is back: first what waited, in order, then what is new."""
    await stage.a.open()
    await stage.a.has_client()
    stage.show.came("server", "A", await stage.a.inbox.expect(b": 3\r\n"))
    await stage.to_servers(b"measured with A\r\n", stage.a, stage.b)


async def the_modem(stage: Stage) -> None:
    """The modem has found its network meanwhile, and the module asks it what it needs."""
    await stage.until(lambda status: status["modem"]["state"], "registered")
    await stage.ctl("at", "AT+CSQ")
    await stage.ctl("at", "AT+IMEI?")


async def command_by_sms(stage: Stage) -> None:
    """A command by SMS, with its password: the answer is an SMS, too (manual 4.1.4)."""
    stage.phone.write(f"{PASSWORD}#AT+HEARTTM?")
    await stage.phone.read("OK")


async def modem_away(stage: Stage) -> None:
    """The modem is pulled out; the network keeps what the phone sends until it is back."""
    await stage.until(lambda status: status["sms"]["sent"], 1)  # else the answer comes again
    stage.modem("unplug")
    await stage.until(lambda status: status["modem"]["state"], "absent")
    stage.phone.write(f"{PASSWORD}#AT+VER")
    stage.modem("plug")
    await stage.phone.read("OK")


async def joins_the_cloud(stage: Stage) -> None:
    """USR Cloud: socket A logs in there, and the answer reaches the host (manual 3.5)."""
    cloud = Cloud("A", MEMBER)
    await cloud.open()
    try:
        await stage.into_command_mode()
        await stage.at("AT+CFGTF")  # these settings come back by RELD, two scenes on
        for device_id, password in MEMBER.items():
            await stage.at(f'AT+CLOUDID="{device_id}"')
            await stage.at(f'AT+CLOUDPA="{password}"')
        await stage.at('AT+CLOUDEN="on"')
        await stage.at(f'AT+SOCKA="TCP","127.0.0.1",{cloud.port}')
        await stage.at("AT+S")
        await stage.welcomed()
        stage.show.came("server", "A", await cloud.inbox.expect_bytes(LOGIN))
        stage.show.came("host", "UART", await stage.host.inbox.expect(ACCEPTED))
        await stage.to_servers(b"temperature 21.6\r\n", cloud)
    finally:
        cloud.close()


async def asks_a_web_server(stage: Stage) -> None:
    """HTTPD mode: what the host sends becomes a request, the answer comes back (manual 3.2.2)."""
    await stage.into_command_mode()
    await stage.at('AT+WKMOD="HTTPD"')
    await stage.at(f'AT+HTPSV="127.0.0.1",{stage.b.port}')
    await stage.at("AT+S")
    await stage.welcomed()
    stage.b.inbox.take()
    stage.show.sent("host", "UART", b"data=http://www.usr.cn")
    await stage.host.send(b"data=http://www.usr.cn")
    stage.show.came("server", "HTTP", await stage.b.inbox.expect(b"\r\n\r\n"))
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\n[http://www.usr.cn]"
    stage.show.sent("server", "HTTP", answer)
    stage.b.send(answer)
    stage.show.came("host", "UART", await stage.host.inbox.expect(b"[http://www.usr.cn]"))


async def as_before(stage: Stage) -> None:
    """The user default brings the first settings back."""
    await stage.into_command_mode()
    await stage.at("AT+RELD")
    await stage.welcomed()
    await stage.a.has_client()


async def from_a_shell(stage: Stage) -> None:
    """The same daemon from a shell."""
    await stage.ctl("at", "AT+SOCKALK?")
    await stage.ctl("status")


SCENES: tuple[Callable[[Stage], Awaitable[None]], ...] = (
    starts,
    bytes_cross,
    command_mode,
    set_and_save,
    password_command,
    both_sockets,
    b_stands_still,
    b_reads_again,
    a_goes_away,
    a_comes_back,
    the_modem,
    command_by_sms,
    modem_away,
    joins_the_cloud,
    asks_a_web_server,
    as_before,
    from_a_shell,
)
