"""The cloud of the demo."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from usr7s3d.simulator.cloud import Cloud

pytestmark = pytest.mark.real

WHO, PASSWORD = "10011111100000111111", "0000test"  # manual 3.5.2


@asynccontextmanager
async def client() -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    cloud = Cloud("cloud", {WHO: PASSWORD})
    await cloud.open()
    reader, writer = await asyncio.open_connection("127.0.0.1", cloud.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        await writer.wait_closed()
        cloud.close()


@pytest.mark.parametrize(
    ("login", "answer"),
    [(WHO + PASSWORD, b"usr_cloud_code_0"), (WHO + "00000000", b"usr_cloud_code_1")],
)
async def test_a_login_has_its_answer(login: str, answer: bytes) -> None:
    async with client() as (reader, writer):
        for byte in login.encode():
            writer.write(bytes([byte]))
            await writer.drain()
        assert await reader.readexactly(16) == answer
