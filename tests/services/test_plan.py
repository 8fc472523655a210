"""What the settings mean for the UART and the links."""

from dataclasses import replace

import pytest

from tests.services.parts import settings
from usr7s3d.services.plan import line_settings, link_rules, uart_rules
from usr7s3d.settings.model import Socket

TCP, UDP = Socket(), Socket(protocol="UDP")


@pytest.mark.manual("3.4.2", "the bytes of the hex, every 30 s, to the server")
@pytest.mark.manual("4.2.1.40", "the bytes of the hex")
@pytest.mark.manual("4.2.1.41", "NET: to the network")
@pytest.mark.manual("4.2.1.42", "the period in seconds, as the link has it")
def test_a_link_by_factory_settings() -> None:
    rules = link_rules(settings(), TCP, resend=True)
    assert rules.enabled
    assert rules.caching
    assert rules.resend
    assert rules.short_timeout is None
    assert rules.patience == 0.25
    assert (rules.beat, rules.beat_period) == (b"www.usr.cn", 30)


@pytest.mark.parametrize("mode", ["CMD", "HTTPD", "SMS"])
@pytest.mark.manual("4.2.1.5", "the mode decides whether the sockets work")
@pytest.mark.manual("3.3.1", "in network mode only")
@pytest.mark.manual("3.4.1", "to the network in network mode only")
def test_links_are_for_net_mode_only(mode: str) -> None:
    assert not link_rules(settings(module__mode=mode), TCP, resend=True).enabled


@pytest.mark.manual("4.2.1.27", "off: socket A does nothing")
def test_a_socket_that_is_off_is_no_link() -> None:
    assert not link_rules(settings(), replace(TCP, enabled=False), resend=True).enabled


def test_short_is_for_tcp_only_and_closes_after_shorato() -> None:
    short = Socket(connection="short", short_timeout=25)
    assert link_rules(settings(), short, resend=True).short_timeout == 25
    assert link_rules(settings(), Socket(connection="short"), resend=True).short_timeout == 10
    assert link_rules(settings(), replace(short, protocol="UDP"), resend=True).short_timeout is None


def test_nothing_is_sent_again_with_cachen_off_or_resend_false() -> None:
    assert not link_rules(settings(links__cache=False), TCP, resend=True).resend
    assert not link_rules(settings(), TCP, resend=False).resend


def test_with_crts_a_full_link_is_waited_for_2_s() -> None:
    assert link_rules(settings(uart__flow="CRTS"), TCP, resend=True).patience == 2.0


@pytest.mark.parametrize(
    "change",
    [{"heartbeat__enabled": False}, {"heartbeat__target": "COM"}, {"heartbeat__data": ""}],
)
@pytest.mark.manual("4.2.1.39", "off: no heartbeat")
@pytest.mark.manual("4.2.1.41", "COM: none to the network")
def test_links_without_heartbeat(change: dict[str, object]) -> None:
    assert link_rules(settings(**change), UDP, resend=True).beat == b""


def test_the_uart() -> None:
    rules = uart_rules(settings(uart__packet_time=0, uart__baud=9600), escape_quiet=0.2)
    assert (rules.packet_time, rules.packet_length) == (0, 1024)
    assert rules.timing.quiet == 0.2
    assert rules.bit_time == 1 / 9600
    assert str(line_settings(settings())) == '115200,"NONE",8,1,"NONE"'
