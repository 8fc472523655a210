"""Does the HAT hear itself?"""

import asyncio

import pytest

from tests.services.parts import Tty, port_on, running
from tests.services.test_port import User
from usr7s3d.core.line import LineSettings
from usr7s3d.hostconfig import Rs485
from usr7s3d.services.echotest import PATTERN, echo_test

LINE = LineSettings(9600, flow="RS485")


@pytest.mark.parametrize("echo", [False, True])
@pytest.mark.parametrize("configured", [False, True])
async def test_it_sends_and_listens(echo: bool, configured: bool) -> None:
    tty = Tty()
    port = port_on(tty, LINE, Rs485(echo=configured))
    async with running(port):
        user = User(port)
        await asyncio.sleep(1)
        test = asyncio.create_task(echo_test(port))
        await asyncio.sleep(0.001)
        assert tty.read() == PATTERN
        tty.write((PATTERN if echo else b"") + b"others")
        assert await test == {"heard": echo, "configured": configured}
        assert user.data == b"others"
