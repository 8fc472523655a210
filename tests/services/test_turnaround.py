"""A Modbus master behind the link, at every rate: one write out, one packet back, and no wait more.

The line is at its pace, by the virtual clock; with pymodbus and a real one: tests/system/modbus.py.
"""

import asyncio
import re
from pathlib import Path

import pytest

from tests.services.test_module import World
from usr7s3d.at.table import BAUD_RATES

REQUEST = bytes.fromhex("010300000001840a")
ANSWERS = [bytes.fromhex("0103020064b9af"), bytes(range(256))]  # a short one, and the longest
HATS = Path(__file__).parents[2] / "docs" / "hats.md"
FIFOS = [8, 16]  # bytes at which a PL011 hands over, on a Pi 3 and a Pi 4


def advice(baud: int) -> int:
    """UARTFT in ms as docs/hats.md has it: the row of this rate, or of the next slower one."""
    rows = re.findall(r"^\| (\d+)(?: and more)? \| [\d.]+ ms \| (\d+) \|", HATS.read_text(), re.M)
    return max((int(rate), int(silence)) for rate, silence in rows if int(rate) <= baud)[1]


@pytest.mark.parametrize("baud", BAUD_RATES)
def test_the_advice_keeps_the_silence_between_frames(baud: int) -> None:
    """A character may have 12 bits (parity, two stop bits)."""
    assert advice(baud) / 1000 >= max(3.5 * 12 / baud, 0.00175)


@pytest.mark.parametrize("baud", BAUD_RATES)
@pytest.mark.parametrize("answer", ANSWERS, ids=len)
@pytest.mark.parametrize("pieces", [1, *FIFOS])
@pytest.mark.parametrize("character", [10, 12], ids=["8N1", "8E2"])
async def test_one_write_out_and_one_packet_back(
    baud: int, answer: bytes, pieces: int, character: int
) -> None:
    silence = advice(baud)
    world = World(
        uart__baud=baud,
        uart__parity="NONE" if character == 10 else "EVEN",
        uart__stop_bits=1 if character == 10 else 2,
        uart__flow="RS485",
        uart__packet_time=silence,
    )
    clock = asyncio.get_running_loop().time
    async with world.running():
        await asyncio.sleep(1)
        stream = world.tty.uart and world.tty.uart.stream
        assert stream
        written: list[bytes] = []
        stream.write = written.append  # type: ignore[method-assign, assignment]
        for turn in range(1, 4):
            world.a.deliver(REQUEST)
            assert written == [REQUEST] * turn, "at once, and in one write"
            await asyncio.sleep(len(REQUEST) * character / baud + 0.005)
            for at in range(0, len(answer), pieces):
                piece = answer[at : at + pieces]
                await asyncio.sleep(len(piece) * character / baud)
                world.tty.write(piece)
            last = clock()
            await asyncio.sleep(silence / 1000 + 0.001)
            assert [data for _, data in world.a.writes] == [answer] * turn
            assert world.a.writes[-1][0] == pytest.approx(last + silence / 1000, abs=0.0005)
