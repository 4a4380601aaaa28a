"""A request and its answer, as an app sees them."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from cursor_api.web.server.protocol import READ_BYTES_MAX
from cursor_api.web.server.request import BODY_BYTES_KEPT, SERVED
from cursor_api.web.server.server import ServerOptions
from tests.log_lines import capture_logs
from tests.serving import parse_answer, serve
from tests.unit.web.server.raw_client import GET, POST, Recorder, refusal, talk

OPTIONS = ServerOptions(shutdown_grace_s=1)
CLOSE = GET[:-2] + b"Connection: close\r\n\r\n"


async def test_an_answer_of_unknown_length_to_http_1_0_has_no_chunks() -> None:
    """Its end is the connection's; one of known length is as ever."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        headers = [(b"Content-Length", b"8")] if scope["path"] == "/known" else []
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for more in (True, False):
            await send({"type": "http.response.body", "body": b"text", "more_body": more})

    async with serve(app, OPTIONS) as port:
        for path in (b"/", b"/known"):
            # It has no rules for connections that are kept, whatever its client says.
            asking = b"GET %s HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" % path
            raw = await talk(port, asking)
            answer = parse_answer(raw)
            assert raw.endswith(b"\r\n\r\ntexttext")
            assert answer.headers["connection"] == "close"
            assert "transfer-encoding" not in answer.headers
            assert answer.headers.get("content-length") == (None if path == b"/" else "8")
        chunked = parse_answer(await talk(port, CLOSE))
        assert chunked.headers["transfer-encoding"] == "chunked"


Start = dict[str, Any]


def start(*headers: tuple[bytes, bytes], status: int = 200) -> Start:
    """The beginning of an answer."""
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(data: bytes, *, has_more: bool = False) -> Start:
    """A piece of one."""
    return {"type": "http.response.body", "body": data, "more_body": has_more}


class Script:
    """Sends these messages, whatever was asked."""

    def __init__(self, *messages: Start) -> None:
        self.messages = messages

    async def __call__(self, _scope: Any, _receive: Any, send: Any) -> None:
        """Send them."""
        for message in self.messages:
            await send(message)


async def test_an_answer_without_a_length_comes_in_chunks() -> None:
    """An empty piece is none, which would be the end."""
    app = Script(start(), body(b"ab", has_more=True), body(b"", has_more=True), body(b"c"))
    async with serve(app, OPTIONS) as port:
        raw = await talk(port, CLOSE)
    head, _, chunks = raw.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert b"date: " in head
    assert chunks == b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        (b"HEAD", [start((b"content-length", b"2")), body(b"ab")]),
        (b"HEAD", [start(), body(b"ab")]),
        (b"GET", [start(status=204), body(b"")]),
        (b"GET", [start((b"content-length", b"7"), status=304), body(b"")]),
    ],
)
async def test_an_answer_that_has_no_body(method: bytes, answer: list[Start]) -> None:
    """Whatever length it names; the next request's answer follows at once."""
    async with serve(Script(*answer), OPTIONS) as port:
        raw = await talk(port, GET.replace(b"GET", method) + CLOSE.replace(b"GET", method))
    first, _, rest = raw.partition(b"\r\n\r\n")
    assert rest.startswith(b"HTTP/1.1 ")
    assert rest.endswith(b"\r\n\r\n")
    assert (b"content-length" in first) is (answer[0]["headers"] != ())
    assert b"transfer-encoding" not in first


BROKEN = {
    "too much": [start((b"content-length", b"1")), body(b"ab")],
    "too little": [start((b"content-length", b"3")), body(b"ab")],
    "no end": [start(), body(b"ab", has_more=True)],
    "two beginnings": [start(), start()],
    "a 204 with a body": [start(status=204), body(b"ab")],
}


@pytest.mark.parametrize("name", BROKEN)
async def test_an_answer_that_is_not_what_its_head_says_ends_the_connection(name: str) -> None:
    """Nobody takes it for whole, and the log says what the app did."""
    with capture_logs() as logs:
        async with serve(Script(*BROKEN[name]), OPTIONS) as port:
            raw = await talk(port, GET + GET)
    assert raw.count(b"HTTP/1.1") <= 1
    assert b"0\r\n\r\n" not in raw
    assert [line["level"] for line in logs] == ["error"]


NO_ANSWER: dict[str, list[Start]] = {
    "nothing": [],
    "no beginning": [body(b"ab")],
    "a field in two lines": [start((b"x-a", b"b\r\nx-c: d"))],
}


@pytest.mark.parametrize("name", NO_ANSWER)
async def test_an_app_that_gives_no_answer_is_answered_for(name: str) -> None:
    """With an error of the client API, in the place of the answer; then the connection ends."""
    with capture_logs() as logs:
        async with serve(Script(*NO_ANSWER[name]), OPTIONS) as port:
            raw = await talk(port, GET + GET)
    refusal(raw, 500)
    assert b"x-c" not in raw
    assert len(logs) == 1


@pytest.mark.parametrize("error", [ValueError, SystemExit, KeyboardInterrupt])
async def test_an_app_that_fails_ends_no_other_request(error: type[BaseException]) -> None:
    """An exit() in the path of one request neither."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/fail":
            raise error
        await Recorder()(scope, receive, send)

    with capture_logs() as logs:
        async with serve(app, OPTIONS) as port:
            refusal(await talk(port, GET.replace(b"/ ", b"/fail ")), 500)
            assert (await talk(port, CLOSE)).endswith(b"done")
    assert [line["level"] for line in logs] == ["error"]


async def test_an_app_that_fails_behind_its_answer_takes_nothing_back() -> None:
    """The answer was whole, and the connection goes on."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await Script(start((b"content-length", b"2")), body(b"ok"))(scope, receive, send)
        raise ValueError

    with capture_logs() as logs:
        async with serve(app, OPTIONS) as port:
            raw = await talk(port, GET, CLOSE, pause_s=0.02)
    assert raw.count(b"HTTP/1.1 200 OK") == 2
    assert raw.count(b"HTTP/1.1 ") == 2
    assert len(logs) == 2


async def test_a_client_that_waits_is_told_to_go_on_when_its_body_is_read() -> None:
    """Not before, once, and nobody who speaks HTTP/1.0."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/read":
            await receive()
        await Script(start((b"content-length", b"2")), body(b"ok"))(scope, receive, send)

    head = POST + b"Expect: 100-continue\r\nConnection: close\r\nContent-Length: 2\r\n\r\n"
    async with serve(app, OPTIONS) as port:
        raw = await talk(port, head.replace(b"/ ", b"/read "), b"ab", pause_s=0.05)
        assert raw.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n")
        raw = await talk(port, head, b"ab", pause_s=0.05)
        assert raw.startswith(b"HTTP/1.1 200 OK\r\n")
        raw = await talk(port, head.replace(b"/ HTTP/1.1", b"/read HTTP/1.0"), b"ab")
        assert raw.startswith(b"HTTP/1.1 200 OK\r\n")


async def test_who_was_refused_is_not_told_to_go_on() -> None:
    """Its body came unasked and is none; the refusal is the last word, and no failure of ours."""
    asking = POST + b"Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"
    with capture_logs() as logs:
        async with serve(Recorder(), OPTIONS) as port:
            refusal(await talk(port, asking), 400)
    assert logs == []


async def test_who_does_not_wait_is_not_told_to_go_on() -> None:
    """Though the request before it did, on the same connection: it would be an answer too many."""
    app = Recorder()
    asking = POST + b"Content-Length: 2\r\n"
    async with serve(app, OPTIONS) as port:
        pieces = (asking + b"Expect: 100-continue\r\n\r\n", b"ab", asking + b"\r\ncd")
        odd = asking + b"Expect: the-worst\r\n\r\nef"
        raw = await talk(port, *pieces, odd, CLOSE, pause_s=0.05)
    assert raw.count(b"HTTP/1.1 100 ") == 1
    assert raw.count(b"HTTP/1.1 200 ") == 4


async def test_a_body_that_was_not_asked_for_ends_the_connection() -> None:
    """The client may leave it out, and its next request would be taken for it; Go's once did.

    Where it came unasked the connection stays.
    """
    head = POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    app = Script(start((b"content-length", b"2")), body(b"ok"))
    async with serve(app, OPTIONS) as port:
        raw = await talk(port, head, GET, pause_s=0.05)
        assert raw.count(b"HTTP/1.1 ") == 1
        assert b"\r\nconnection: close\r\n" in raw
        raw = await talk(port, head + b"ab" + CLOSE)
        assert raw.count(b"HTTP/1.1 200 OK") == 2
        assert raw.count(b"connection: close") == 1


async def test_whoever_has_answered_lets_in_nothing_of_the_next_request() -> None:
    """That one's body waits until its own app takes it, however often the first one asks."""
    kept: list[int] = []
    is_over = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/first":
            await Script(start((b"content-length", b"2")), body(b"ok"))(scope, receive, send)
            for _ in range(30):
                await asyncio.sleep(0.01)
                assert (await receive())["type"] == "http.disconnect"
            is_over.set()
        else:
            await is_over.wait()
            kept.append(scope[SERVED].body_bytes)

    async with serve(app, OPTIONS) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET.replace(b"/ ", b"/first "))
        writer.write(POST + b"Content-Length: 8000000\r\n\r\n" + b"x" * 8_000_000)
        async with asyncio.timeout(5):
            await is_over.wait()
        writer.transport.abort()
    # What stops the reading, the read that went beyond it, and one when the first was answered.
    assert 0 < kept[0] <= BODY_BYTES_KEPT + 2 * READ_BYTES_MAX


async def test_all_who_wait_learn_that_the_client_has_left() -> None:
    """Whoever answers, and whoever looks after that; and nothing is written to it."""
    told: list[str] = []
    is_over = asyncio.Event()

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        await receive()
        messages = [*await asyncio.gather(receive(), receive()), await receive()]
        told.extend(message["type"] for message in messages)
        await send(start())
        is_over.set()

    async with serve(app, OPTIONS) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await asyncio.sleep(0.05)
        writer.transport.abort()
        await asyncio.wait_for(is_over.wait(), 5)
    assert told == ["http.disconnect"] * 3


async def test_whoever_asks_is_called_when_the_client_leaves() -> None:
    """Once; at once where it has left already; and not where it got its answer."""
    told: list[str] = []
    is_over = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        served = scope[SERVED]
        path = scope["path"]
        served.tell_departure(lambda: told.append(f"{path} leaves"))
        if path == "/answered":
            await Script(start((b"content-length", b"2")), body(b"ok"))(scope, receive, send)
            return
        await receive()
        await receive()
        served.tell_departure(None)
        served.tell_departure(lambda: told.append(f"{path} has left"))
        is_over.set()

    async with serve(app, OPTIONS) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET.replace(b"/ ", b"/answered ") + GET.replace(b"/ ", b"/waiting "))
        await reader.readuntil(b"ok")
        writer.transport.abort()
        await asyncio.wait_for(is_over.wait(), 5)
    assert told == ["/waiting leaves", "/waiting has left"]


async def test_a_request_that_is_cut_with_the_server_is_no_failure_of_the_app() -> None:
    """Its task is cancelled; the log has nothing to tell of it."""
    begun = asyncio.Event()

    async def app(_scope: Any, _receive: Any, _send: Any) -> None:
        begun.set()
        await asyncio.sleep(60)

    with capture_logs() as logs:
        async with serve(app, ServerOptions(shutdown_grace_s=0)) as port:
            talking = asyncio.create_task(talk(port, GET))
            await asyncio.wait_for(begun.wait(), 5)
        with suppress(ConnectionError):
            assert await talking == b""
    assert [line["event"] for line in logs] == ["the grace time is over; answers are broken off"]
