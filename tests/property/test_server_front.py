"""The reading of requests, beside a server that is not ours: the same verdict, or stricter.

Where the other one (h11) refuses what ours takes, the difference is listed here with its reason.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import h11
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cursor_api.installed import DIALECTS
from cursor_api.web.server.limits import ConnectionLimits
from cursor_api.web.server.protocol import HttpConnection
from cursor_api.web.server.serving import Serving
from tests.examples import ALL

# Method, path, query and body.
Asked = tuple[bytes, bytes, bytes, bytes]


class Verdict(NamedTuple):
    """The requests that were read whole, and whether what stands behind them is refused."""

    asked: list[Asked]
    is_refused: bool


# The app gets the path alone.
ABSOLUTE = re.compile(rb"^https?://[^/?]*", re.IGNORECASE)
LOOP = asyncio.new_event_loop()
LIMITS = ConnectionLimits(header_bytes_max=65_536)
# A client may end a request with an empty line too many (RFC 9112, section 2.2): ours skips those,
# the other one refuses them.
EMPTY_LINES = b"\r\n"


class Transport:
    """Takes what is written, and notes whether it was ended."""

    def __init__(self) -> None:
        self.written = b""
        self.is_over = False

    def write(self, data: bytes) -> None:
        """Kept."""
        self.written += data

    def close(self) -> None:
        """Ended."""
        self.is_over = True

    abort = write_eof = close

    def is_closing(self) -> bool:
        """Whether it was ended."""
        return self.is_over

    def can_write_eof(self) -> bool:
        """As over TCP."""
        return True

    def get_extra_info(self, _name: str) -> Any:
        """Nothing is known of the other side."""
        return None

    def set_write_buffer_limits(self, _bytes_max: int) -> None:
        """There is none."""

    def pause_reading(self) -> None:
        """It goes on all the same."""

    def resume_reading(self) -> None:
        """It does."""


async def _settle() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


def read_with_ours(pieces: Sequence[bytes]) -> Verdict:
    """What the server makes of these reads."""
    asked: list[Asked] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, has_more = b"", True
        while has_more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            has_more = message["more_body"]
        asked.append((scope["method"].encode(), scope["raw_path"], scope["query_string"], body))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    serving = Serving(app, LIMITS, DIALECTS[0].fault, 75.0)
    connection, transport = HttpConnection(serving, LOOP), Transport()
    connection.connection_made(transport)
    for piece in pieces:
        if not transport.is_over:
            connection.data_received(piece)
        LOOP.run_until_complete(_settle())
    is_refused = transport.is_over
    connection.connection_lost(None)
    LOOP.run_until_complete(_settle())
    serving.watch.close()
    return Verdict(asked, is_refused)


def read_with_h11(raw: bytes) -> Verdict:
    """What the other one does, a request at a time."""
    asked: list[Asked] = []
    while raw := raw.lstrip(EMPTY_LINES):
        http = h11.Connection(h11.SERVER, max_incomplete_event_size=65_536)
        http.receive_data(raw)
        try:
            request = http.next_event()
            body = b""
            while isinstance(event := http.next_event(), h11.Data):
                body += bytes(event.data)
        except h11.RemoteProtocolError:
            return Verdict(asked, is_refused=True)
        if not isinstance(request, h11.Request) or not isinstance(event, h11.EndOfMessage):
            break
        path, _, query = ABSOLUTE.sub(b"", request.target).partition(b"?")
        asked.append((request.method, path or b"/", query, body))
        http.send(h11.Response(status_code=204, headers=[]))
        http.send(h11.EndOfMessage())
        if http.our_state is not h11.DONE:
            return Verdict(asked, is_refused=True)
        raw, _ = http.trailing_data
    return Verdict(asked, is_refused=False)


def compare(raw: bytes, cuts: Sequence[int] = ()) -> None:
    """Ours gives what the other one gives, or refuses it, however the bytes come."""
    at = [0, *sorted(cut % (len(raw) + 1) for cut in cuts), len(raw)]
    pieces = [raw[begin:end] for begin, end in pairwise(at) if begin != end]
    ours, theirs = read_with_ours(pieces), read_with_h11(raw)
    count = len(ours.asked)
    assert ours.asked == theirs.asked[:count], (raw, ours, theirs)
    if count < len(theirs.asked) or theirs.is_refused:
        assert ours.is_refused, (raw, ours, theirs)


METHODS = st.sampled_from([b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"DELETE", b"FOO"])
TARGETS = st.sampled_from(
    [b"/a", b"/a?b=c", b"/a?", b"//x", b"/%41", b"/a;b='\"<>{}|^`", b"*", b"http://x/a", b"x"]
)
VERSIONS = st.sampled_from([b"1.1", b"1.1", b"1.1", b"1.1", b"1.0", b"1.2", b"2.0"])
FIELDS = st.lists(
    st.sampled_from(
        [
            b"X-A: b",
            b"x_b:c",
            b"X-C: \xe9",
            b"X-D:",
            b"X-E:\t e \t",
            b"Connection: close",
            b"Connection: keep-alive",
            b"Connection: upgrade",
            b"Upgrade: h2c",
            b"Expect: 100-continue",
            b"Content-Length: 0",
            b"Transfer-Encoding: chunked",
            b"Host: y",
        ]
    ),
    max_size=3,
)
CONTENTS = st.text("ab\r\n0;/ ", max_size=12).map(str.encode)
EXTENSIONS = st.sampled_from([b"", b"", b"", b";a=b", b";a", b';a="b;c"', b" ;a"])
TRAILERS = st.sampled_from([b"", b"", b"X-T: 1\r\n", b"Host: z\r\n"])
# Of one byte each, and none at all.
SPOILS = st.sampled_from([*'\r\n\0 \t:;,\x0b\x7f0A#?%"(', "\r\n", "chunked", ""]).map(str.encode)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """One that is right, or nearly."""
    body = b""
    fields = [b"Host: x", *draw(FIELDS)]
    framing = draw(st.sampled_from(["none", "length", "chunks"]))
    if framing == "length":
        body = draw(CONTENTS)
        fields.append(b"Content-Length: %d" % len(body))
    elif framing == "chunks":
        fields.append(b"Transfer-Encoding: chunked")
        pieces = draw(st.lists(st.tuples(CONTENTS.filter(bool), EXTENSIONS), max_size=3))
        chunks = [b"%x%b\r\n%b\r\n" % (len(one), more, one) for one, more in pieces]
        body = b"".join(chunks) + b"0\r\n" + draw(TRAILERS) + b"\r\n"
    lines = [b"%b %b HTTP/%b" % (draw(METHODS), draw(TARGETS), draw(VERSIONS))]
    return b"\r\n".join([*lines, *draw(st.permutations(fields)), b"", body])


@st.composite
def conversations(draw: st.DrawFn) -> bytes:
    """What a client sends on one connection, spoilt in up to three places."""
    raw = b"".join(draw(st.lists(requests(), min_size=1, max_size=3)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(raw)))
        raw = raw[:at] + draw(SPOILS) + raw[at + draw(st.integers(0, 1)) :]
    return raw


@pytest.mark.timeout(900)
@settings(max_examples=10_000 if ALL else 50)
@given(conversations(), st.lists(st.integers(0, 1000), max_size=3))
def test_what_both_take_they_read_alike_and_ours_takes_no_more(raw: bytes, cuts: list[int]) -> None:
    """Whatever stands in front of the gateway finds requests end where it says."""
    compare(raw, cuts)


HEAD = b"POST /a HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
# What the other one takes and ours refuses, each with its reason.
STRICTER = {
    "a version that nobody speaks (RFC 9112, 2.3)": b"GET /a HTTP/1.2\r\nHost: x\r\n\r\n",
    "a method that is no method of HTTP": b"FOO /a HTTP/1.1\r\nHost: x\r\n\r\n",
    "a target that is no address": b"GET x HTTP/1.1\r\nHost: x\r\n\r\n",
    "an asterisk that is not for OPTIONS": b"GET * HTTP/1.1\r\nHost: x\r\n\r\n",
    "a fragment": b"GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n",
    "a line feed alone behind the first line": b"GET /a HTTP/1.1\nHost: x\r\n\r\n",
    "a line feed alone behind a field": b"GET /a HTTP/1.1\r\nHost: x\n\r\n",
    "a line feed alone behind the head": b"GET /a HTTP/1.1\r\nHost: x\r\n\n",
    "a folded field": HEAD + b"X-A: b\r\n c\r\n\r\n",
    "a host that names two": b"GET /a HTTP/1.1\r\nHost: x, y\r\n\r\n",
    "the same length twice": HEAD + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
    "the same length twice in one": HEAD + b"Content-Length: 1, 1\r\n\r\na",
    "a length and a coding": HEAD
    + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a space behind a chunk's size": CHUNKED + b"1 \r\na\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("raw", STRICTER.values(), ids=STRICTER)
def test_where_ours_is_stricter(raw: bytes) -> None:
    """Each could mean two things, or means nothing here."""
    ours, theirs = read_with_ours([raw]), read_with_h11(raw)
    assert (ours.asked, ours.is_refused) == ([], True)
    assert len(theirs.asked) == 1


def test_where_the_other_one_is_stricter() -> None:
    """Empty lines before a request mean nothing, and RFC 9112 (2.2) asks to skip them."""
    raw = b"\r\n" + HEAD + b"Content-Length: 1\r\n\r\na\r\n" + HEAD + b"\r\n"
    assert [body for *_, body in read_with_ours([raw]).asked] == [b"a", b""]
    http = h11.Connection(h11.SERVER)
    http.receive_data(raw)
    with pytest.raises(h11.RemoteProtocolError):
        http.next_event()
