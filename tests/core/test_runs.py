"""[A] and [B] in front of what the UART gets (SOCKIDEN, manual 4.2.1.33)."""

from usr7s3d.core.runs import RunMarker


def test_one_mark_for_a_run_of_tcp_bytes() -> None:
    marker = RunMarker()
    assert marker.mark("A", 10.0, datagram=False) == b"[A]"
    assert marker.mark("A", 10.049, datagram=False) == b""
    assert marker.mark("A", 10.098, datagram=False) == b""


def test_50_ms_of_silence_end_a_run() -> None:
    marker = RunMarker()
    marker.mark("A", 10.0, datagram=False)
    assert marker.mark("A", 10.0 + 0.050, datagram=False) == b"[A]"


def test_the_other_link_ends_a_run() -> None:
    marker = RunMarker()
    names = [marker.mark(name, 10.0, datagram=False) for name in "AABBA"]
    assert names == [b"[A]", b"", b"[B]", b"", b"[A]"]


def test_each_datagram_has_its_own() -> None:
    marker = RunMarker()
    assert [marker.mark("B", 10.0, datagram=True) for _ in range(2)] == [b"[B]", b"[B]"]
