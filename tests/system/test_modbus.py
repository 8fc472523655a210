"""Modbus masters behind the link: pymodbus at both ends, the line at its pace.

Ten thousand polls at each rate: ``python -m tests.system.modbus``.
"""

from pathlib import Path

import pytest

from tests.system.modbus import ANSWER, REQUEST, UARTFT, poll

pytestmark = [pytest.mark.real, pytest.mark.alone]

POLLS = 25


@pytest.mark.parametrize("baud", UARTFT)
async def test_a_request_leaves_in_one_write_and_the_answer_is_one_packet(
    baud: int, tmp_path: Path
) -> None:
    result = await poll(tmp_path, baud, POLLS)
    assert (result.errors, len(result.turns)) == (0, POLLS)
    assert result.writes == [REQUEST] * POLLS
    assert sum(result.packets) == ANSWER * POLLS
    assert POLLS <= len(result.packets) <= POLLS + result.torn  # one each, but for a torn one
