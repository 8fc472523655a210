"""The 8-byte frame that changes the UART from the network (manual 3.6.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usr7s3d.core.line import LineSettings
from usr7s3d.core.uartframe import FrameError, decode

RATES = (2400, 9600, 115200, 460800)


def frame(baud: int, bits: int) -> bytes:
    body = baud.to_bytes(3, "big") + bytes([bits])
    return b"\x55\xaa\x55" + body + bytes([sum(body) & 0xFF])


def read(data: bytes, flow: str = "NONE") -> LineSettings:
    return decode(data, flow, RATES)


@pytest.mark.manual("3.6.2", "first example: 115200, N, 8, 1")
def test_example_of_the_manual_115200_8_n_1() -> None:
    assert read(bytes.fromhex("55 AA 55 01 C2 00 83 46")) == LineSettings(115200, "NONE", 8, 1)


@pytest.mark.manual("3.6.2", "second example: 9600, N, 8, 1")
def test_example_of_the_manual_9600_8_n_1() -> None:
    assert read(bytes.fromhex("55 AA 55 00 25 80 83 28")) == LineSettings(9600, "NONE", 8, 1)


@pytest.mark.parametrize(
    ("bits", "line"),
    [
        (0b00_00_0_0_00, LineSettings(9600, "NONE", 5, 1)),
        (0b00_00_0_0_11, LineSettings(9600, "NONE", 8, 1)),
        (0b00_00_0_1_10, LineSettings(9600, "NONE", 7, 2)),
        (0b00_00_1_0_11, LineSettings(9600, "ODD", 8, 1)),
        (0b00_01_1_0_11, LineSettings(9600, "EVEN", 8, 1)),
        (0b00_10_1_0_11, LineSettings(9600, "MARK", 8, 1)),
        (0b00_11_1_0_11, LineSettings(9600, "SPACE", 8, 1)),
        (0b00_01_0_0_11, LineSettings(9600, "NONE", 8, 1)),  # a kind of parity, and parity off
        (0b11_00_0_0_11, LineSettings(9600, "NONE", 8, 1)),  # 7:6 are ignored
    ],
)
@pytest.mark.manual("3.6.2", "the bits of the parameters")
@pytest.mark.manual("2.2", "similar RFC2217")
def test_bits(bits: int, line: LineSettings) -> None:
    assert read(frame(9600, bits)) == line


def test_the_flow_stays_as_it_is() -> None:
    assert read(frame(9600, 3), flow="RS485").flow == "RS485"


@pytest.mark.parametrize(
    "data",
    [
        bytes.fromhex("55 AA 55 01 C2 00 83 47"),  # sum
        bytes.fromhex("55 AA 56 01 C2 00 83 46"),  # head
        frame(115201, 3),  # no rate of the table
        frame(0, 3),
        frame(9600, 3)[:7],
        frame(9600, 3) + b"\r",
        b"",
    ],
)
@pytest.mark.manual("3.6.2", "head and check sum")
def test_what_is_no_frame_is_data(data: bytes) -> None:
    with pytest.raises(FrameError):
        read(data)


@given(st.sampled_from(RATES), st.integers(0, 255), st.integers(3, 7), st.integers(1, 255))
def test_one_wrong_byte_makes_it_data(baud: int, bits: int, place: int, change: int) -> None:
    data = bytearray(frame(baud, bits))
    data[place] ^= change
    with pytest.raises(FrameError):
        read(bytes(data))
