"""Does this HAT hear itself?  A few bytes go out, and what comes back is looked at."""

import asyncio

from usr7s3d.services.port import Port

# No address of Modbus (248 and up are reserved), no command, and each bit both ways.
PATTERN = bytes.fromhex("ff55aa00ff55aa00")
LEAVE_LIMIT = 5.0  # s for them to leave
LISTEN = 0.1  # s behind them; a USB adapter hands over every 16 ms


async def echo_test(port: Port) -> dict[str, bool]:
    """Send, and listen.  What others said meanwhile goes its way."""
    before = port.echo_bytes
    heard = bytearray()
    with port.overheard(heard.extend):
        port.say(PATTERN, unasked=True)
        await port.sent(LEAVE_LIMIT)
        await asyncio.sleep(LISTEN)
    dropped = port.echo_bytes - before
    back = PATTERN in heard
    port.hand_on(bytes(heard).replace(PATTERN, b"", 1))
    return {"heard": back or dropped > 0, "configured": port.rs485.echo}
