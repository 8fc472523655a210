"""Requests of HTTPD mode, byte for byte (manual 3.2.2)."""

from dataclasses import replace

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usr7s3d.core.httprequest import Form, request

GET = Form("GET", "www.usr.cn", 80, b"/1.php?", b"Connection: close\r\n")
POST = replace(GET, method="POST")


@pytest.mark.manual("4.2.1.43", "GET")
@pytest.mark.manual("4.2.1.44", "the URL of the request")
def test_get_of_manual_3_2_2_2() -> None:
    assert request(GET, b"data=http://www.usr.cn") == (
        b"GET /1.php?data=http://www.usr.cn HTTP/1.1\r\n"
        b"Host: www.usr.cn\r\n"
        b"Connection: close\r\n"
        b"\r\n"
    )


@pytest.mark.manual("4.2.1.43", "POST")
def test_post_carries_the_packet_as_it_is_and_tells_its_length() -> None:
    packet = bytes(range(256))
    assert request(POST, packet) == (
        b"POST /1.php? HTTP/1.1\r\n"
        b"Host: www.usr.cn\r\n"
        b"Connection: close\r\n"
        b"Content-Length: 256\r\n"
        b"\r\n" + packet
    )


@pytest.mark.parametrize(
    ("packet", "target"),
    [
        (b"a b", b"/1.php?a%20b"),
        (b"a\r\nHost: evil\r\n\r\n", b"/1.php?a%0D%0AHost:%20evil%0D%0A%0D%0A"),
        (b"\x00\x1f\x7f\x80\xff", b"/1.php?%00%1F%7F%80%FF"),
        (b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", b"/1.php?!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"),
        (b"%20 %zz", b"/1.php?%20%20%zz"),
    ],
)
def test_what_http_forbids_is_percent_encoded_and_nothing_else(
    packet: bytes, target: bytes
) -> None:
    assert request(GET, packet).split(b" HTTP/1.1\r\n")[0] == b"GET " + target


def test_htpurl_is_encoded_like_the_packet() -> None:
    """``[20]`` in HTPURL is a blank, which no request line may contain."""
    assert request(replace(POST, url=b"/a b"), b"").startswith(b"POST /a%20b HTTP/1.1\r\n")


def test_an_empty_url_is_the_servers_root() -> None:
    assert request(replace(POST, url=b""), b"x").startswith(b"POST / HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("host", "port", "server"),
    [
        ("www.usr.cn", 80, "www.usr.cn"),
        ("www.usr.cn", 8080, "www.usr.cn:8080"),
        ("10.0.0.5", 443, "10.0.0.5:443"),
        ("2001:db8::1", 80, "[2001:db8::1]"),
        ("fe80::1%eth0", 8080, "[fe80::1]:8080"),
    ],
)
@pytest.mark.manual("4.2.1.45", "the server's address and port")
def test_host_names_the_port_unless_it_is_80(host: str, port: int, server: str) -> None:
    sent = request(replace(GET, host=host, port=port), b"")
    assert f"\r\nHost: {server}\r\n".encode() in sent


@pytest.mark.parametrize("end", [b"", b"\r\n", b"\n", b"\r", b"\r\n\r\n"])
@pytest.mark.manual("4.2.1.46", "the head of the request")
def test_htphd_gets_the_crlf_that_it_lacks_and_no_more(end: bytes) -> None:
    sent = request(replace(GET, head=b"A: 1\r\nB: 2" + end), b"x")
    assert sent.endswith(b"Host: www.usr.cn\r\nA: 1\r\nB: 2\r\n\r\n")


@pytest.mark.parametrize("empty", [b"\r\n", b"\n", b"\r\n\r\n", b" \r\n", b"\r\n\t\n"])
def test_an_empty_line_in_htphd_does_not_end_the_head(empty: bytes) -> None:
    """What stands behind it would be another request, and its answer one to another packet."""
    sent = request(replace(GET, head=empty.lstrip(b" ") + b"A: 1\r\n" + empty + b"B: 2"), b"x")
    assert sent.endswith(b"Host: www.usr.cn\r\nA: 1\r\nB: 2\r\n\r\n")


def test_without_htphd_there_is_no_empty_line_too_many() -> None:
    assert request(replace(GET, head=b""), b"x").endswith(b"\r\nHost: www.usr.cn\r\n\r\n")


@pytest.mark.parametrize("name", [b"Host", b"HOST", b"host"])
def test_a_host_of_its_own_replaces_ours(name: bytes) -> None:
    sent = request(replace(GET, head=b"A: 1\r\n" + name + b": other\r\n"), b"x")
    assert sent == b"GET /1.php?x HTTP/1.1\r\nA: 1\r\n" + name + b": other\r\n\r\n"


def test_a_content_length_of_its_own_replaces_ours() -> None:
    sent = request(replace(POST, head=b"content-length: 3\r\n"), b"12345")
    assert sent.endswith(b"Host: www.usr.cn\r\ncontent-length: 3\r\n\r\n12345")


@pytest.mark.parametrize("head", [b"X-Host: a", b"A: Host: b", b"Host-Name: c"])
def test_what_only_looks_like_a_host_does_not(head: bytes) -> None:
    assert b"\r\nHost: www.usr.cn\r\n" in request(replace(GET, head=head), b"")


@pytest.mark.parametrize(
    ("head", "keeps"),
    [
        (b"Connection: close\r\n", False),
        (b"connection:CLOSE", False),
        (b"Connection: foo, close", False),
        (b"Connection: Keep-Alive\r\n", True),
        (b"Accept: close", True),
        (b"Content-Length: 3\r\nConnection: keep-alive", False),
        (b"transfer-encoding: chunked", False),
        (b"", True),
    ],
)
def test_the_connection_is_kept_unless_htphd_says_close_or_how_long_the_body_is(
    head: bytes, keeps: bool
) -> None:
    assert replace(GET, head=head).keeps_alive is keeps


@given(packet=st.binary(max_size=200), url=st.binary(max_size=20), post=st.booleans())
def test_any_packet_makes_one_request_that_a_server_can_read(
    packet: bytes, url: bytes, post: bool
) -> None:
    """Nothing that the serial device sends can end the head early."""
    form = replace(POST if post else GET, url=b"/" + url)
    server = h11.Connection(h11.SERVER)
    server.receive_data(request(form, packet))
    asked = server.next_event()
    assert isinstance(asked, h11.Request)
    assert [name for name, _ in asked.headers][:2] == [b"host", b"connection"]
    body = b""
    while isinstance(event := server.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert body == (packet if post else b"")
    assert server.trailing_data == (b"", False)
