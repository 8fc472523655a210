"""Answers to HTTPD mode: their length told three ways, cut anywhere, hostile."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usr7s3d.core.httpanswer import LIMIT, WASTE_LIMIT, Answer, BadAnswer

HEAD = b"HTTP/1.1 200 OK\r\nServer: x\r\n"
COUNTED = HEAD + b"Content-Length: 19\r\n\r\n[http://www.usr.cn]"  # as in manual 3.2.2.2
CHUNKED = (
    HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    b"8;x=y\r\n[http://\r\nb\r\nwww.usr.cn]\r\n0\r\nTrailer: t\r\n\r\n"
)
TO_THE_CLOSE = HEAD + b"\r\n[http://www.usr.cn]"
OLD = b"HTTP/1.0 200 OK\n\n[http://www.usr.cn]"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"
UNCHANGED = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9999999\r\n\r\n"
NOT_FOUND = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
BODY = b"[http://www.usr.cn]"


def answer(*, body_only: bool = True, keep_alive: bool = True, method: str = "GET") -> Answer:
    return Answer(method, body_only=body_only, keep_alive=keep_alive)


def feed(reader: Answer, data: bytes, cuts: list[int] | None = None) -> None:
    """``data`` cut at ``cuts``, up to the end of the answer."""
    start = 0
    for end in [*sorted(cuts or []), len(data)]:
        if end > start and not reader.complete:
            reader.receive(data[start:end])
            start = end


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (COUNTED, BODY),
        (CHUNKED, BODY),
        (TO_THE_CLOSE, BODY),
        (OLD, BODY),
        (EMPTY, b""),
        (UNCHANGED, b""),
        (NOT_FOUND, b"no"),
        (CONTINUE + COUNTED, BODY),
    ],
    ids=["counted", "chunked", "to the close", "1.0", "204", "304", "404", "1xx first"],
)
class TestAnswers:
    """``HTPPK`` on: the body; off: every byte of it as received."""

    @pytest.mark.parametrize("body_only", [True, False])
    def test_whole_bytewise_and_cut_at_every_place(
        self, data: bytes, body: bytes, body_only: bool
    ) -> None:
        wanted = body if body_only else data.removeprefix(CONTINUE)
        cuts = [[], list(range(len(data))), *([at] for at in range(1, len(data)))]
        for each in cuts:
            reader = answer(body_only=body_only)
            feed(reader, data, each)
            if not reader.complete:
                reader.end()
            assert reader.complete
            assert reader.content == wanted

    def test_a_close_in_the_middle_is_no_answer(self, data: bytes, body: bytes) -> None:
        for size in range(len(data)):
            reader = answer()
            if size:
                reader.receive(data[:size])
            if data in (TO_THE_CLOSE, OLD) and data[:size].endswith((b"\r\n\r\n", b"\n\n")):
                break  # from here on a close is the end of the body
            with pytest.raises(BadAnswer, match=r"middle|without"):
                reader.end()


def test_the_answer_of_manual_3_2_2_2_keeps_the_connection() -> None:
    reader = answer()
    assert reader.receive(COUNTED)
    assert reader.reusable


@pytest.mark.parametrize(
    ("data", "keep_alive"),
    [
        (COUNTED, False),
        (COUNTED.replace(b"Server: x", b"Connection: close"), True),
        (COUNTED.replace(b"HTTP/1.1", b"HTTP/1.0"), True),
        (COUNTED + b"more than it said", True),
        (TO_THE_CLOSE, True),
    ],
    ids=["we do not", "the server does not", "an old server", "more came", "no length"],
)
def test_the_connection_is_kept_only_when_both_want_it(data: bytes, keep_alive: bool) -> None:
    reader = answer(keep_alive=keep_alive)
    feed(reader, data)
    if not reader.complete:
        reader.end()
    assert not reader.reusable


@pytest.mark.parametrize("body_only", [True, False])
def test_what_comes_behind_the_answer_is_not_part_of_it(body_only: bool) -> None:
    reader = answer(body_only=body_only)
    reader.receive(COUNTED + b"HTTP/1.1 200 OK\r\n")
    assert reader.content == (BODY if body_only else COUNTED)


# Hostile


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        HEAD + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n",
        HEAD + b"no colon\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
        HEAD + b"Transfer-Encoding: gzip\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_without_its_words(data: bytes) -> None:
    with pytest.raises(BadAnswer) as refused:
        answer().receive(data)
    assert str(refused.value) in (
        "the answer is not HTTP as we know it",
        "the answer is longer than 1 MiB",
    )


def endless(reader: Answer, piece: bytes) -> int:
    """Feed ``piece`` again and again; bytes until it was refused."""
    for count in range(8 * LIMIT // len(piece)):
        try:
            reader.receive(piece)
        except BadAnswer:
            return count * len(piece)
    raise AssertionError("no bound")


def test_endless_headers_end_at_16_kib() -> None:
    reader = answer()
    reader.receive(HEAD)
    assert endless(reader, b"X-Filler: " + b"y" * 90 + b"\r\n") <= 17 * 1024


@pytest.mark.parametrize("body_only", [True, False])
def test_an_endless_body_ends_at_1_mib(body_only: bool) -> None:
    reader = answer(body_only=body_only)
    reader.receive(HEAD + b"\r\n")
    assert LIMIT - 4096 <= endless(reader, b"z" * 4096) <= LIMIT + 4096


def test_endless_1xx_answers_and_endless_chunk_sizes_end_as_well() -> None:
    assert endless(answer(), b"HTTP/1.1 100 Continue\r\n\r\n" * 20) <= WASTE_LIMIT + 4096
    reader = answer()
    reader.receive(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    assert endless(reader, b"1;" + b"x" * 500 + b"\r\na\r\n") <= WASTE_LIMIT + 4096


def test_a_body_of_1_mib_is_taken_and_one_more_byte_is_refused_at_once() -> None:
    reader = answer()
    reader.receive(HEAD + b"Content-Length: %d\r\n\r\n" % LIMIT)
    while not reader.receive(b"x" * 4096):
        pass
    assert len(reader.content) == LIMIT
    with pytest.raises(BadAnswer, match="longer"):
        answer().receive(HEAD + b"Content-Length: %d\r\n\r\n" % (LIMIT + 1))


@given(data=st.binary(max_size=300), cuts=st.lists(st.integers(0, 300), max_size=4))
def test_any_bytes_give_an_answer_or_a_refusal(data: bytes, cuts: list[int]) -> None:
    for start in (b"", HEAD, HEAD + b"Transfer-Encoding: chunked\r\n\r\n"):
        reader = answer()
        try:
            feed(reader, start + data, cuts)
            if not reader.complete:
                reader.end()
        except BadAnswer:
            pass
