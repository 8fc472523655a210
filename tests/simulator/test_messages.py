"""The simulated modem's messages, and the network behind it."""

from tests.simulator.bench import Bench
from usr7s3d.simulator.modem.network import MOST


def pdu_mode(manners: str = "echo off") -> Bench:
    bench = Bench(manners)
    bench.asks("AT+CMGF=0")
    return bench


def test_a_message_comes_is_listed_read_and_deleted() -> None:
    bench = Bench()
    bench.asks("AT+CMGF=1")
    bench.does("sms +491701234567 hello there")
    assert bench.lines() == ['+CMTI: "SM",0']
    shown = ['"+491701234567",,"26/01/01,12:00:01+00"', "hello there", "OK"]
    assert bench.asks("AT+CMGR=0") == ['+CMGR: "REC UNREAD",' + shown[0], *shown[1:]]
    assert bench.asks('AT+CMGL="ALL"') == ['+CMGL: 0,"REC READ",' + shown[0], *shown[1:]]
    assert bench.asks('AT+CMGL="REC UNREAD"') == ["OK"]
    assert bench.asks("AT+CMGD=0") == ["OK"]
    assert bench.asks('AT+CMGL="ALL"') == ["OK"]
    assert bench.asks("AT+CMGR=0") == ["+CMS ERROR: 321"]


def test_a_listing_in_pdu_mode() -> None:
    """The octets as 3GPP TS 23.040 9.2.2.1 lays them out, written by hand."""
    bench = pdu_mode()
    bench.does("sms +4917 hi")
    bench.said()
    octets = "0791947101670000040491947100006210102100100002E834"
    assert bench.asks("AT+CMGL=4") == ["+CMGL: 0,0,,17", octets, "OK"]


def test_a_full_store_makes_the_network_wait() -> None:
    bench = pdu_mode("echo off\nstores SM 3")
    for number in range(5):
        bench.does(f"sms 123 {number}")
    bench.wait(10)
    assert len(bench.lines()) == 3
    assert bench.told() == ["SM is full, 2 wait on the network"]
    bench.does("waiting")
    assert bench.told() == ["123: 3\n123: 4"]
    assert bench.asks("AT+CMGD=1") == ["OK", '+CMTI: "SM",1']
    bench.wait(1)
    assert bench.asks("AT+CMGD=0,4") == ["OK", '+CMTI: "SM",0']


def test_messages_outlive_a_power_cut_and_wait_while_it_lasts() -> None:
    bench = pdu_mode()
    bench.does("sms 123 kept")
    bench.does("unplug")
    bench.does("sms 123 waits")
    bench.wait(100)
    bench.does("plug")
    bench.wait(1)
    bench.does("store")
    assert bench.told() == ["SM 0: 123: kept\nSM 1: 123: waits"]


def test_nothing_comes_without_a_network_or_a_sim() -> None:
    bench = pdu_mode()
    for away, back in (("denied", "home"), ("sim out", "sim in")):
        bench.does(away)
        bench.does("sms 123 hello")
        bench.wait(5)
        assert "+CMTI" not in bench.said()
        bench.does(back)
        bench.wait(5)
        assert "+CMTI" in bench.said()


def test_cnmi_decides_whether_a_message_is_told_kept_or_given() -> None:
    bench = pdu_mode()
    bench.asks("AT+CNMI=2,0")
    bench.does("sms 123 quiet")
    assert bench.lines() == []
    bench.asks("AT+CNMI=2,2")
    bench.wait(1)
    bench.does("sms 123 given")
    head, octets = bench.lines()
    assert head == f"+CMT: ,{len(octets) // 2 - 8}"
    bench.does("store")
    assert bench.told() == ["SM 0: 123: quiet"]


def test_a_message_goes_out_in_text_mode() -> None:
    bench = Bench()
    assert bench.sends("+491701234567", "hello") == ["+CMGS: 1", "OK"]
    assert bench.told() == ["SMS to +491701234567: hello"]


def test_a_message_goes_out_in_pdu_mode() -> None:
    """Octets as of 23.040 9.2.2.2: 11 00, the number, no protocol, 7 bits, 4 days, "hi"."""
    bench = pdu_mode()
    assert bench.asks("AT+CMGS=13") == ["> "]
    bench.types("001100049194710000AA02E834\x1a")
    assert bench.lines() == ["+CMS ERROR: 304"]  # 12 octets, not 13
    bench.asks("AT+CMGS=12")
    bench.types("001100049194710000AA02E834\x1a")
    assert bench.lines() == ["+CMGS: 1", "OK"]
    assert bench.told() == ["SMS to +4917: hi"]


def test_a_status_report_comes_when_it_was_asked_for() -> None:
    bench = pdu_mode()
    bench.asks("AT+CNMI=2,1,0,1;+CMGS=12")
    bench.types("003105049194710000AA02E834\x1a")
    octets = "0791947101670000060504919471621010210010006210102100100000"
    assert bench.lines()[-2:] == ["+CDS: 21", octets]


def test_escape_leaves_the_prompt_and_nothing_is_sent() -> None:
    bench = Bench()
    bench.asks("AT+CMGF=1")
    bench.asks('AT+CMGS="123"')
    bench.types("no, wait\x1b")
    assert bench.lines() == ["OK"]
    assert bench.asks("AT") == ["OK"]
    assert not bench.modem.state.network.sent


def test_a_sim_that_is_not_ready_and_a_network_that_is_not_there() -> None:
    bench = Bench()
    bench.does("lost")
    assert bench.sends("123", "hello") == ["+CMS ERROR: 331"]
    bench.does("sim pin")
    bench.said()
    assert bench.asks('AT+CMGS="123"') == ["+CMS ERROR: 311"]
    bench.does("sim out")
    bench.said()
    assert bench.asks("AT+CMGL=4") == ["+CMS ERROR: 310"]


def test_stores_and_where_messages_come_to() -> None:
    bench = pdu_mode("echo off\nstores ME 2 SM 1")
    bench.does("sms 123 into ME")
    assert bench.lines() == ['+CMTI: "ME",0']
    assert bench.asks('AT+CPMS="SM","SM","SM"') == ["+CPMS: 0,1,0,1,0,1", "OK"]
    bench.wait(1)
    bench.does("sms 123 into SM")
    assert bench.lines() == ['+CMTI: "SM",0']
    assert bench.asks("AT+CPMS?") == ['+CPMS: "SM",1,1,"SM",1,1,"SM",1,1', "OK"]
    assert bench.asks('AT+CPMS="XX"') == ["+CMS ERROR: 302"]


def test_the_network_forgets_before_it_fills_the_memory() -> None:
    bench = Bench()
    bench.does("unplug")
    for number in range(MOST + 5):
        bench.does(f"sms 123 {number}")
    assert bench.modem.state.network.waiting[0].text == "5"
