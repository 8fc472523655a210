"""What waits for a connection, and what goes when there is no room (manual 2.2)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usr7s3d.core.cache import EXTRA, LIMIT, Cache


def test_packets_come_out_whole_and_in_order() -> None:
    cache = Cache()
    assert [cache.put(packet) for packet in (b"one", b"two")] == [0, 0]
    assert len(cache) == 6
    assert [cache.take(), cache.take(), cache.take()] == [b"one", b"two", b""]


@pytest.mark.manual("2.2", "4 KB cache for each socket")
def test_4096_bytes_wait_and_the_4097th_drops_the_oldest_packet_whole() -> None:
    cache = Cache()
    assert cache.put(b"old" * 100) == 0
    assert cache.put(b"x" * (4096 - 300)) == 0
    assert len(cache) == 4096
    assert cache.put(b"y") == 300
    assert [len(packet) for packet in cache.packets()] == [3796, 1]


def test_as_many_of_the_oldest_go_as_the_new_one_needs() -> None:
    cache = Cache()
    for _ in range(4):
        cache.put(b"x" * 1024)
    assert cache.put(b"y" * 1025) == 2048
    assert [packet[:1] for packet in cache.packets()] == [b"x", b"x", b"y"]


def test_a_packet_above_the_limit_is_kept_alone() -> None:
    cache = Cache()
    cache.put(b"old")
    assert cache.put(b"x" * 5000) == 3
    assert len(cache) == 5000


def test_what_is_put_back_comes_first_and_in_its_order() -> None:
    cache = Cache()
    cache.put(b"3")
    cache.put_back([b"1", b"2"])
    assert cache.packets() == (b"1", b"2", b"3")


def test_put_back_packets_may_exceed_the_cache_by_16_kib() -> None:
    cache = Cache()
    cache.put_back([b"r" * 1024] * 16)
    for _ in range(4):
        assert cache.put(b"n" * 1024) == 0
    assert len(cache) == 4096 + 16 * 1024
    assert cache.put(b"n") == 1024


def test_the_room_for_them_goes_as_they_are_taken() -> None:
    cache = Cache([b"r" * 4000, b"s" * 4000])
    cache.take()
    cache.take()
    assert cache.put(b"x" * 4096) == 0
    assert cache.put(b"y") == 4096


def test_a_sender_that_waits_may_exceed_the_limit() -> None:
    cache = Cache()
    cache.put(b"x" * 4096)
    cache.add(b"y" * 4096)
    assert len(cache) == 8192


def test_clear_says_how_much_that_was() -> None:
    cache = Cache([b"ab", b"c"])
    assert cache.clear() == 3
    assert (len(cache), cache.packets()) == (0, ())


@given(st.lists(st.tuples(st.sampled_from(["put", "back", "take"]), st.integers(1, 3000))))
def test_it_stays_bounded_and_counts_what_it_drops(steps: list[tuple[str, int]]) -> None:
    cache, given_, out = Cache(), 0, 0
    for step, size in steps:
        if step == "take":
            out += len(cache.take())
            continue
        given_ += size
        if step == "put":
            out += cache.put(bytes(size))
            assert len(cache) <= LIMIT + EXTRA
        else:
            cache.put_back([bytes(size)])
        assert len(cache) == given_ - out == sum(map(len, cache.packets()))
