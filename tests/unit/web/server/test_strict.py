"""What a request's head may be."""

from __future__ import annotations

import pytest

from cursor_api.web.server.strict import TARGET_BYTES_MAX, find_flaw

HOST = (b"host", b"gateway.example:3000")


@pytest.mark.parametrize(
    ("method", "target"),
    [
        (b"GET", b"/"),
        (b"POST", b"//a/%2e%2e?b=c"),
        (b"GET", b"http://a/b"),
        (b"GET", b"HTTPS://a/b"),
        (b"OPTIONS", b"*"),
        (b"GET", b"/" + b"a" * (TARGET_BYTES_MAX - 1)),
    ],
)
def test_an_ordinary_request_line_has_no_flaw(method: bytes, target: bytes) -> None:
    """All forms that RFC 9112 wants a server to take."""
    assert find_flaw("1.1", method, target, [HOST]) is None


@pytest.mark.parametrize(
    ("version", "method", "target"),
    [
        ("0.9", b"GET", b"/"),
        ("2.0", b"GET", b"/"),
        ("1.2", b"GET", b"/"),
        ("1.1", b"CONNECT", b"/"),
        ("1.1", b"DESCRIBE", b"/"),
        ("1.1", b"get", b"/"),
        ("1.1", b"GET", b"a:80"),
        ("1.1", b"GET", b"*"),
        ("1.1", b"GET", b"/a#b"),
        ("1.1", b"GET", b""),
        ("1.1", b"GET", b"ftp://a/"),
        ("1.1", b"GET", b"/" + b"a" * TARGET_BYTES_MAX),
        ("1.1", b"GET", b"/?" + b"a&" * (TARGET_BYTES_MAX // 2)),
    ],
)
def test_an_odd_request_line_is_refused(version: str, method: bytes, target: bytes) -> None:
    """Another protocol, a proxy's request, a browser's fragment."""
    assert find_flaw(version, method, target, [HOST])


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-length", b"0")],
        [(b"content-length", b"1" * 18)],
        [(b"transfer-encoding", b"Chunked \t")],
        [(b"accept", b"a, b"), (b"accept", b"c")],
    ],
)
def test_one_length_is_enough(headers: list[tuple[bytes, bytes]]) -> None:
    """Or none; other headers are nobody's business here."""
    assert find_flaw("1.1", b"POST", b"/", [HOST, *headers]) is None


@pytest.mark.parametrize(
    "headers",
    [
        [(b"content-length", b"1"), (b"content-length", b"1")],
        [(b"content-length", b"1"), (b"transfer-encoding", b"chunked")],
        [(b"content-length", b"+1")],
        [(b"content-length", b"1_0")],
        [(b"content-length", b"")],
        [(b"content-length", b"1" * 19)],
        [(b"content-length", "\u0661".encode())],
        [(b"transfer-encoding", b"gzip, chunked")],
        [(b"transfer-encoding", b"chunked, chunked")],
        [(b"transfer-encoding", b"identity")],
        [(b"transfer-encoding", b"xchunked")],
        [(b"transfer-encoding", b"\x0bchunked")],
        [(b"host", b"other")],
    ],
)
def test_a_doubtful_length_or_host_is_refused(headers: list[tuple[bytes, bytes]]) -> None:
    """Two readers could see two requests."""
    assert find_flaw("1.1", b"POST", b"/", [HOST, *headers])


@pytest.mark.parametrize("host", [b"a b", b"a/b", b"a@b", b"a,b", b"a\\b", b"a?b"])
def test_a_malformed_host_is_refused(host: bytes) -> None:
    """It could name two."""
    assert find_flaw("1.1", b"GET", b"/", [(b"host", host)])


def test_http_1_0_needs_no_host_and_has_no_chunks() -> None:
    """Health checks of old balancers."""
    assert find_flaw("1.0", b"GET", b"/", []) is None
    assert find_flaw("1.1", b"GET", b"/", [])
    assert find_flaw("1.0", b"POST", b"/", [(b"transfer-encoding", b"chunked")])
