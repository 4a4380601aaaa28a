"""The simulator's HTTP, beside one that is not ours."""

from __future__ import annotations

from itertools import pairwise

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cursor_api.simulator.framing import (
    HEADERS_BYTES_MAX,
    AnswerFrame,
    NotHttpError,
    RequestHead,
    Requests,
)

Read = list[tuple[bytes, bytes, list[tuple[bytes, bytes]], bytes]]
HEAD = b"POST /a?b HTTP/1.1\r\nHost: x\r\n"


def read(pieces: list[bytes]) -> Read:
    """The requests that are in there; raises NotHttpError."""
    requests, found = Requests(), Read()
    left = [*pieces, b""]
    try:
        while True:
            while (head := requests.take_head()) is None:
                requests.feed(left.pop(0))
            body = b""
            while (piece := requests.take_piece()) != b"":
                if piece is None:
                    requests.feed(left.pop(0))
                else:
                    body += piece
            headers = [(name.lower(), value) for name, value in head.headers]
            found.append((head.method, head.target, headers, body))
    except EOFError:
        return found


def read_with_h11(raw: bytes) -> Read:
    """What the other one finds."""
    found = Read()
    while raw:
        http = h11.Connection(h11.SERVER)
        http.receive_data(raw)
        request, body = http.next_event(), b""
        assert isinstance(request, h11.Request)
        while isinstance(event := http.next_event(), h11.Data):
            body += bytes(event.data)
        assert isinstance(event, h11.EndOfMessage)
        found.append((request.method, request.target, [*request.headers], body))
        http.send(h11.Response(status_code=204, headers=[]))
        http.send(h11.EndOfMessage())
        raw, _ = http.trailing_data
    return found


VALUES = st.sampled_from([b"", b"b", b"b \t c", b"\xe9", b'a="b;c"'])
BODIES = st.binary(max_size=30)


@st.composite
def conversations(draw: st.DrawFn) -> bytes:
    """Requests one behind the other."""
    raw = b""
    for _ in range(draw(st.integers(1, 3))):
        head = HEAD + b"".join(b"X-A: %b\r\n" % one for one in draw(st.lists(VALUES, max_size=3)))
        body = draw(BODIES)
        if draw(st.booleans()):
            pieces = [body[at : at + 7] for at in range(0, len(body), 7)]
            extension = draw(st.sampled_from([b"", b";a=b"]))
            trailer = draw(st.sampled_from([b"", b"X-T: 1\r\n"]))
            raw += head + b"Transfer-Encoding: chunked\r\n\r\n"
            raw += b"".join(b"%x%b\r\n%b\r\n" % (len(one), extension, one) for one in pieces)
            raw += b"0\r\n" + trailer + b"\r\n"
        else:
            raw += head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    return raw


@settings(max_examples=50)
@given(conversations(), st.lists(st.integers(0, 500), max_size=5))
def test_both_read_the_same(raw: bytes, cuts: list[int]) -> None:
    """However it comes."""
    at = [0, *sorted(cut % (len(raw) + 1) for cut in cuts), len(raw)]
    pieces = [raw[begin:end] for begin, end in pairwise(at) if begin != end]
    assert read(pieces) == read_with_h11(raw)


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"NOT HTTP\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\nHost: x\n\n", 400),
        (HEAD + b"Host: y\r\n\r\n", 400),
        (HEAD + b"X-A : b\r\n\r\n", 400),
        (HEAD + b"X-A: b\r\n c\r\n\r\n", 400),
        (HEAD + b"X-A: b\0\r\n\r\n", 400),
        (HEAD + b"Content-Length: +1\r\n\r\na", 400),
        (HEAD + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na", 400),
        (HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: gzip\r\n\r\n", 501),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nx\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\nno trailer\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;" + b"e" * 2000, 400),
        (HEAD + b"Content-Length: 5\r\n\r\nab", 400),
        (HEAD[:9], 400),
        (HEAD + b"X-A: " + b"b" * HEADERS_BYTES_MAX, 431),
    ],
)
def test_what_is_no_request_is_refused(raw: bytes, status: int) -> None:
    """With the status that says so, and a reason."""
    with pytest.raises(NotHttpError) as caught:
        read([raw])
    assert caught.value.status == status
    assert str(caught.value)


def head_of(raw: bytes) -> RequestHead:
    """Of one request."""
    requests = Requests()
    requests.feed(raw)
    head = requests.take_head()
    assert head is not None
    return head


def test_what_a_client_wishes_is_told() -> None:
    """To go on before its body, and to end behind it."""
    head = head_of(HEAD + b"Expect: 100-Continue\r\nConnection: x, Close\r\n\r\n")
    assert (head.is_expecting, head.is_kept, head.length) == (True, False, 0)
    head = head_of(b"GET / HTTP/1.0\r\n\r\n")
    assert (head.is_old, head.is_kept) == (True, False)


def written(request: RequestHead, status: int, *headers: tuple[str, str]) -> tuple[bytes, bool]:
    """An answer of two letters, and whether the connection is kept."""
    frame = AnswerFrame(request)
    raw = frame.head(status, "Phrase", headers) + frame.data(b"a") + frame.data(b"b") + frame.end()
    return raw, frame.is_kept


def test_an_answer_is_framed_for_its_request() -> None:
    """In chunks, by its length, by the connection's end, or without a body."""
    plain, old = head_of(HEAD + b"\r\n"), head_of(b"GET / HTTP/1.0\r\n\r\n")
    chunks = (
        b"HTTP/1.1 200 Phrase\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n"
    )
    assert written(plain, 200) == (chunks, True)
    known = b"HTTP/1.1 200 Phrase\r\ncontent-length: 2\r\n\r\nab"
    assert written(plain, 200, ("content-length", "2")) == (known, True)
    ended = b"HTTP/1.1 200 Phrase\r\nconnection: close\r\n\r\nab"
    assert written(old, 200) == (ended, False)
    closed = b"HTTP/1.1 200 Phrase\r\ncontent-length: 2\r\nconnection: close\r\n\r\nab"
    assert written(plain, 200, ("content-length", "2"), ("connection", "close")) == (closed, False)
    assert written(plain, 204) == (b"HTTP/1.1 204 Phrase\r\n\r\n", True)
    asked = head_of(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert written(asked, 200, ("content-length", "2"))[0].endswith(b"2\r\n\r\n")
