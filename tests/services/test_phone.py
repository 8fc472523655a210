"""The modem's line for the data call."""

import asyncio

import pytest

from tests.services.modem_parts import AT, DATA, Bench
from tests.services.parts import running
from usr7s3d.devices.usb import Plugged
from usr7s3d.modem.command import ECHO_OFF, dial
from usr7s3d.modem.seen import REGISTERED
from usr7s3d.services.mobile.phone import Phone

CONNECT = b"\r\nCONNECT 150000000\r\n"


async def test_the_port_for_data_is_opened_and_closed_again() -> None:
    bench = Bench()
    bench.fake.answers["ATD*99#"] = CONNECT
    phone = Phone(bench.modem, bench.fake.open)
    async with running(bench.modem):
        await phone.until_may_dial()
        assert (phone.may_dial, phone.one_port) == (True, False)
        async with phone.line() as line:
            assert line.path == DATA
            assert (await line.ask(ECHO_OFF)).ok
            assert (await line.ask(dial())).ok
            line.hand_over()
            port = bench.fake.port
            assert (port.path, port.handed_over) == (DATA, True)
        assert bench.modem.state == REGISTERED


async def test_a_call_that_the_modem_still_believes_in_is_ended() -> None:
    """After kill -9, say, with a modem that does not watch DTR."""
    bench = Bench()
    phone = Phone(bench.modem, bench.fake.open)
    async with running(bench.modem):
        await phone.until_may_dial()
        bench.fake.mute.add(DATA)
        async with phone.line() as line:
            ended = [port for port in bench.fake.ports if port.written == b"+++ATH\r"]
            assert [port.path for port in ended] == [DATA]
            assert line.path == DATA


async def test_what_it_waits_for() -> None:
    bench = Bench(roaming=False)
    bench.plugged = None
    phone = Phone(bench.modem, bench.fake.open)
    async with running(bench.modem):
        assert phone.waits_for == "the modem (absent)"
        bench.fake.answers["AT+CREG?"] = bench.fake.answers["AT+CGREG?"] = (
            b"\r\n+CREG: 0,5\r\n\r\nOK\r\n"
        )
        bench.fake.answers["AT+CEREG?"] = b"\r\n+CEREG: 0,5\r\n\r\nOK\r\n"
        bench.plug()
        await asyncio.sleep(60)
        assert not phone.may_dial
        assert "roaming = false" in phone.waits_for


async def test_a_modem_that_has_gone() -> None:
    bench = Bench()
    bench.plugged = None
    phone = Phone(bench.modem, bench.fake.open)
    async with running(bench.modem):
        with pytest.raises(OSError, match="gone"):
            async with phone.line():
                pass


ONE_PORT = Plugged(at=(AT,), usb="1-1.2", model="SIM800")


async def test_the_only_port_is_opened_anew_behind_a_call_and_not_without_one() -> None:
    bench = Bench()
    bench.plugged = ONE_PORT
    phone = Phone(bench.modem, bench.fake.open)
    async with running(bench.modem):
        await phone.until_may_dial()
        bench.fake.answers["ATD*99#"] = b"\r\nNO CARRIER\r\n"
        async with phone.line() as line:
            assert not (await line.ask(dial())).ok
        await asyncio.sleep(10)
        assert (bench.modem.counters.opens, bench.modem.state) == (1, REGISTERED)
        bench.fake.answers["ATD*99#"] = CONNECT
        async with phone.line() as line:
            assert (await line.ask(dial())).ok
            line.hand_over()
        await asyncio.sleep(10)
        assert (bench.modem.counters.opens, bench.modem.state) == (2, REGISTERED)


async def test_a_call_that_ends_behind_its_modem_leaves_the_next_one_alone() -> None:
    bench = Bench()
    bench.plugged = ONE_PORT
    bench.fake.answers["ATD*99#"] = CONNECT
    phone = Phone(bench.modem, bench.fake.open)
    async with running(bench.modem):
        await phone.until_may_dial()
        async with phone.line() as line:
            assert (await line.ask(dial())).ok
            bench.unplug()
            await asyncio.sleep(5)
            bench.plug(ONE_PORT)
            await asyncio.sleep(10)
            assert bench.modem.state == REGISTERED
        await asyncio.sleep(10)
        assert bench.modem.counters.opens == 2
