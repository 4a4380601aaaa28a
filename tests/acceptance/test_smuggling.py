"""Requests that two readers could read as different ones, at both parsers.

Each is followed by a second request, which whoever hid it wants answered. What is refused ends the
connection; what is allowed is one request, read to the end that RFC 9112 gives it.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from tests.serving import serve

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked"
EMPTY = b"0\r\n\r\n"
# Long enough for a second answer that should not come.
SILENCE_S = 0.4
# For the end of a connection, which should come.
END_S = 5.0
ANSWER = re.compile(rb"HTTP/1\.1 (\d{3}) ")


def post(*lines: bytes) -> bytes:
    """A head with these lines."""
    return b"\r\n".join([b"POST /a HTTP/1.1", b"Host: x", *lines, b"", b""])


def chunked(body: bytes) -> bytes:
    """A body that is said to be in chunks."""
    return post(CHUNKED) + body


HEADS = {
    "length then coding": post(b"Content-Length: 6", CHUNKED) + EMPTY,
    "coding then length": post(CHUNKED, b"Content-Length: 6") + EMPTY,
    "the same length twice": post(b"Content-Length: 2", b"Content-Length: 2") + b"ab",
    "two lengths": post(b"Content-Length: 0", b"Content-Length: 37"),
    "a list of lengths": post(b"Content-Length: 2, 2") + b"ab",
    "length with plus": post(b"Content-Length: +2") + b"ab",
    "length with minus": post(b"Content-Length: -2") + b"ab",
    "length in hex": post(b"Content-Length: 0x2") + b"ab",
    "length with a space in it": post(b"Content-Length: 2 2") + b"ab",
    "empty length": post(b"Content-Length:"),
    "length above 64 bits": post(b"Content-Length: 18446744073709551618") + b"ab",
    "length in Arabic digits": post("Content-Length: \u0662".encode()) + b"ab",
    "chunked, identity": post(b"Transfer-Encoding: chunked, identity") + EMPTY,
    "identity, chunked": post(b"Transfer-Encoding: identity, chunked") + EMPTY,
    "identity": post(b"Transfer-Encoding: identity") + EMPTY,
    "gzip, chunked": post(b"Transfer-Encoding: gzip, chunked") + EMPTY,
    "chunked, chunked": post(b"Transfer-Encoding: chunked, chunked") + EMPTY,
    "coding twice": post(CHUNKED, CHUNKED) + EMPTY,
    "two codings": post(CHUNKED, b"Transfer-Encoding: x") + EMPTY,
    "xchunked": post(b"Transfer-Encoding: xchunked") + EMPTY,
    "xchunked and a length": post(b"Transfer-Encoding: xchunked", b"Content-Length: 5") + EMPTY,
    "quoted coding": post(b'Transfer-Encoding: "chunked"') + EMPTY,
    "coding after a vertical tab": post(b"Transfer-Encoding: \x0bchunked") + EMPTY,
    "coding after a comma": post(b"Transfer-Encoding: ,chunked") + EMPTY,
    "empty coding": post(b"Transfer-Encoding:") + EMPTY,
    "coding in HTTP/1.0": post(CHUNKED).replace(b"1.1", b"1.0", 1) + EMPTY,
    "space before colon": post(b"Content-Length : 2") + b"ab",
    "space before the coding's colon": post(b"Transfer-Encoding : chunked") + EMPTY,
    "tab before colon": post(b"Content-Length\t: 2") + b"ab",
    "space before the first header": b"POST /a HTTP/1.1\r\n Content-Length: 2\r\nHost: x\r\n\r\n",
    "folded header": post(b"X-A: b", b" Content-Length: 2"),
    "folded coding": post(b"Transfer-Encoding:", b" chunked") + EMPTY,
    "line feeds alone": b"POST /a HTTP/1.1\nHost: x\nContent-Length: 2\n\nab",
    "one line feed alone": b"POST /a HTTP/1.1\r\nHost: x\nContent-Length: 2\r\n\r\nab",
    "line feed alone at the end": b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\nab",
    "line feed alone after the first line": b"POST /a HTTP/1.1\nHost: x\r\n\r\n",
    "carriage return in a value": post(b"X-A: b\rContent-Length: 2"),
    "carriage return after the first line": b"POST /a HTTP/1.1\rHost: x\r\n\r\n",
    "NUL in a value": post(b"X-A: b\0c"),
    "NUL in a name": post(b"X-A\0: b"),
    "control character in a value": post(b"X-A: b\x01c"),
    "no name": post(b": b"),
    "no colon": post(b"Nonsense"),
    "odd name": post(b"X(A): b"),
    "no host": b"POST /a HTTP/1.1\r\n\r\n",
    "two hosts": post(b"Host: y"),
    "two hosts in one": b"POST /a HTTP/1.1\r\nHost: x,y\r\n\r\n",
}
LINES = {
    "authority": b"GET evil:80 HTTP/1.1",
    "CONNECT": b"CONNECT evil:80 HTTP/1.1",
    "CONNECT to a path": b"CONNECT /a HTTP/1.1",
    "asterisk": b"GET * HTTP/1.1",
    "no slash": b"GET a HTTP/1.1",
    "fragment": b"GET /a#b HTTP/1.1",
    "raw UTF-8": "GET /\u00e9 HTTP/1.1".encode(),
    "tabs": b"GET\t/a\tHTTP/1.1",
    "two spaces before the path": b"GET  /a HTTP/1.1",
    "two spaces behind the path": b"GET /a  HTTP/1.1",
    "many spaces": b"GET" + b" " * 100 + b"/a" + b" " * 100 + b"HTTP/1.1",
    "space behind the version": b"GET /a HTTP/1.1 ",
    "space before the method": b" GET /a HTTP/1.1",
    "space in the path": b"GET /a b HTTP/1.1",
    "lower-case method": b"get /a HTTP/1.1",
    "unknown method": b"FOO /a HTTP/1.1",
    "HTTP/0.9": b"GET /a",
    "HTTP/1.2": b"GET /a HTTP/1.2",
    "HTTP/2.0": b"GET /a HTTP/2.0",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM",
    "lower-case version": b"GET /a http/1.1",
    "another protocol": b"DESCRIBE /a RTSP/1.0",
    "TLS": bytes.fromhex("16030100a5010000a1"),
}
CHUNKS = {
    "plus": b"+2\r\nab\r\n" + EMPTY,
    "minus": b"-2\r\nab\r\n" + EMPTY,
    "hex prefix": b"0x2\r\nab\r\n" + EMPTY,
    "overflow": b"10000000000000002\r\nab\r\n" + EMPTY,
    "space behind": b"2 \r\nab\r\n" + EMPTY,
    "space before": b" 2\r\nab\r\n" + EMPTY,
    "no size": b"\r\nab\r\n" + EMPTY,
    "line feeds": b"2\nab\n0\n\n",
    "line feed after the data": b"2\r\nab\n" + EMPTY,
    "line feed in an extension": b"2;a\nb\r\nab\r\n" + EMPTY,
    "line feed ends an extension": b"2;\nxx\r\n" + EMPTY,
    "carriage return in an extension": b"2;a\rb\r\nab\r\n" + EMPTY,
    "more data than said": b"2\r\nabc\r\n" + EMPTY,
    "no line end after the data": b"2\r\nab" + EMPTY,
    "length as a trailer": b"0\r\nContent-Length: 5\r\n\r\n",
}
REFUSED = (
    HEADS
    | {name: line + b"\r\nHost: x\r\n\r\n" for name, line in LINES.items() if name != "HTTP/0.9"}
    | {"HTTP/0.9": b"GET /a\r\n\r\n"}
    | {f"chunk: {name}": chunked(body) for name, body in CHUNKS.items()}
)
# What is one request, and how it is then seen.
HIDDEN = b"Content-Length: %d" % len(SMUGGLED)
ONE = {
    "a request as the body": (post(HIDDEN) + SMUGGLED, len(SMUGGLED)),
    "a request in a chunk": (
        chunked(b"%x\r\n%s\r\n" % (len(SMUGGLED), SMUGGLED) + EMPTY),
        len(SMUGGLED),
    ),
    "chunk extension": (chunked(b"2;a=b\r\nab\r\n" + EMPTY), 2),
    "trailer": (chunked(b"2\r\nab\r\n0\r\nX-T: 1\r\n\r\n"), 2),
    "tab before the coding": (post(b"Transfer-Encoding:\tchunked") + EMPTY, 0),
    "space behind the coding": (post(b"Transfer-Encoding: chunked ") + EMPTY, 0),
    "coding in capitals": (post(b"TRANSFER-ENCODING: CHUNKED") + EMPTY, 0),
    "behind the last request": (post(b"Connection: close", b"Content-Length: 2") + b"ab", 2),
    "HTTP/1.0": (post(b"Content-Length: 2").replace(b"1.1", b"1.0", 1) + b"ab", 2),
}
# What is asked for says nothing about where a request ends; the routes see it as it is.
TARGETS = {
    b"//a": "//a",
    b"//evil.example/a": "//evil.example/a",
    b"/b/%2e%2e/a": "/b/../a",
    b"/b/../a": "/b/../a",
    b"/a\\b": "/a\\b",
    b"/%2Fa": "//a",
}


class Recorder:
    """Answers everything and remembers what it was asked, with the size of the body."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, int]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request."""
        size, has_more = 0, True
        while has_more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            size += len(message["body"])
            has_more = message["more_body"]
        self.seen.append((scope["path"], size))
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


async def send(port: int, raw: bytes, silence_s: float = SILENCE_S) -> tuple[list[int], bool]:
    """The statuses of all answers to these bytes, and whether the connection was then ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(raw)
    answers = b""
    try:
        while True:
            data = await asyncio.wait_for(reader.read(65536), silence_s)
            answers += data
            if not data:
                return [int(status) for status in ANSWER.findall(answers)], True
    except TimeoutError:
        return [int(status) for status in ANSWER.findall(answers)], False
    finally:
        writer.close()


async def test_what_is_ambiguous_is_refused_and_ends_the_connection() -> None:
    """400, once, and neither request reaches the app."""
    app = Recorder()
    async with serve(app) as port:
        sending = (send(port, raw + SMUGGLED, END_S) for raw in REFUSED.values())
        outcomes = await asyncio.gather(*sending)
    wrong = {
        name: outcome
        for name, outcome in zip(REFUSED, outcomes, strict=True)
        if outcome != ([400], True)
    }
    assert (wrong, app.seen) == ({}, [])


@pytest.mark.parametrize("name", ONE)
async def test_what_is_one_request_is_answered_once(name: str) -> None:
    """Its body ends where it says, and what is in it stays in it."""
    raw, size_bytes = ONE[name]
    app = Recorder()
    async with serve(app) as port:
        statuses, _ = await send(port, raw)
    assert (statuses, app.seen) == ([204], [("/a", size_bytes)])


async def test_what_follows_the_last_request_of_a_connection_is_nobodys() -> None:
    """`Connection: close` and HTTP/1.0 end it, whatever is sent behind."""
    for name in ("behind the last request", "HTTP/1.0"):
        app = Recorder()
        async with serve(app) as port:
            assert await send(port, ONE[name][0] + SMUGGLED) == ([204], True)
        assert app.seen == [("/a", 2)]


@pytest.mark.parametrize("target", TARGETS)
async def test_an_odd_target_is_one_request(target: bytes) -> None:
    """Nothing is normalised, so nothing in front can be passed by."""
    app = Recorder()
    async with serve(app) as port:
        outcome = await send(port, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (outcome, app.seen) == (([204], False), [(TARGETS[target], 0)])


async def test_an_absolute_target_names_no_other_server() -> None:
    """A server has to take it; it is the same request for us, or none that we have."""
    app = Recorder()
    async with serve(app) as port:
        outcome = await send(port, b"GET http://evil.example/a HTTP/1.1\r\nHost: x\r\n\r\n")
    assert outcome == ([204], False)
    assert app.seen in ([("/a", 0)], [("http://evil.example/a", 0)])


async def test_honest_pipelining_is_answered_in_order() -> None:
    """Two requests are two answers; the corpus above would otherwise prove nothing."""
    app = Recorder()
    async with serve(app) as port:
        raw = post(b"Content-Length: 2") + b"ab" + SMUGGLED
        assert await send(port, raw) == ([204, 204], False)
    assert app.seen == [("/a", 2), ("/smuggled", 0)]
