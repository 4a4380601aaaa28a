"""A request that another worker answers, over a real socket between them."""

from __future__ import annotations

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import pytest

from cursor_api.domain.call_ids import NamedCall
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.siblings import Speaker
from cursor_api.web.http.body import ClientGoneError, read_any_body
from cursor_api.web.http.elsewhere import BrokenOffError, Elsewhere, take_client
from cursor_api.web.server.serving import Application, Message, Receive, Scope, Send
from tests.serving import ask, serve
from tests.waiting import until

NODE = "0123ab"
BODY = json.dumps({"id": NamedCall(NODE, 1_764_426_000).spell("x" * 20)}).encode()
# An answer that takes so long is read as it is written.
PATIENCE_S = 10.0


class To:
    """Implements `ports.Siblings`: a port stands for the other worker."""

    number = 1

    def __init__(self, port: int) -> None:
        self.port = port
        self.nodes: list[str] = []

    async def ask(self, path: str, accept: str) -> Mapping[int, bytes]:
        """Nobody needs it here."""
        raise NotImplementedError

    async def ask_all(self, path: str) -> Sequence[bytes]:
        """Nobody needs it here."""
        raise NotImplementedError

    async def connect(self, node: str, speak: Callable[[], Speaker]) -> Speaker | None:
        """Whoever is asked for."""
        self.nodes.append(node)
        if not self.port:
            return None
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(speak, "127.0.0.1", self.port))[1]


class Here:
    """The application of the worker that a client reaches."""

    def __init__(self, siblings: To | None) -> None:
        self._elsewhere = Elsewhere(lambda: siblings)
        self.fault: BaseException | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say so, where the other one does not answer."""
        body = await read_any_body(scope, receive, 10_000)
        try:
            is_answered = await self._elsewhere.answer(body, scope, receive, send)
        except (Fault, ClientGoneError) as error:
            self.fault = error
            return
        if not is_answered:
            await say(send, b"here")


async def say(send: Send, *pieces: bytes) -> None:
    """An answer in so many pieces."""
    headers = [(b"x-own", b"1"), (b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 201, "headers": headers})
    for piece in pieces:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


@asynccontextmanager
async def workers(there: Application) -> AsyncIterator[tuple[int, Here]]:
    """The port of the one that is reached, whose sibling is the other."""
    async with serve(there) as other:
        here = Here(To(other))
        async with serve(here) as port:
            yield port, here


async def test_the_request_goes_there_whole_and_the_answer_comes_back() -> None:
    """Its address, headers, body and client; the answer's status, headers and pieces."""
    seen: list[tuple[Scope, bytes]] = []

    async def there(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((scope, await read_any_body(scope, receive, 10_000)))
        await say(send, b"one ", b"two")

    async with workers(there) as (port, _):
        headers = {"Authorization": "Bearer k", "X-Worker-Client": "forged"}
        answer = await ask(port, "POST", "/v1/messages?beta=true", headers=headers, body=BODY)
    assert (answer.status, answer.body) == (201, b"one two")
    assert answer.headers["x-own"] == "1"
    [(scope, body)] = seen
    assert (scope["path"], scope["query_string"], body) == ("/v1/messages", b"beta=true", BODY)
    passed = take_client(scope)
    assert passed is not None
    assert passed["client"] == ("127.0.0.1", 0)
    names = [name for name, _ in passed["headers"]]
    assert b"authorization" in names
    assert b"x-worker-client" not in names


async def test_a_stream_is_passed_on_as_it_is_written() -> None:
    """The first piece is read before the second is written; who leaves here leaves there."""
    is_read, is_left = asyncio.Event(), asyncio.Event()

    async def there(_scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await is_read.wait()
        await send({"type": "http.response.body", "body": b"second", "more_body": True})
        message: Message = {"type": ""}
        while message["type"] != "http.disconnect":
            message = await receive()
        is_left.set()

    async with asyncio.timeout(PATIENCE_S), workers(there) as (port, here):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(BODY)}\r\n\r\n"
        writer.write(head.encode() + BODY)
        await reader.readuntil(b"first")
        is_read.set()
        await reader.readuntil(b"second")
        writer.close()
        await is_left.wait()
        await until(lambda: here.fault)
    assert isinstance(here.fault, ClientGoneError)


@pytest.mark.parametrize(("has_begun", "kind"), [(False, Fault), (True, BrokenOffError)])
async def test_what_breaks_off_there_breaks_off_here(
    kind: type[BaseException], *, has_begun: bool
) -> None:
    """Before a word it is a fault that can be told; after it nothing looks whole."""

    async def end(_reader: StreamReader, writer: StreamWriter) -> None:
        if has_begun:
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(end, "127.0.0.1", 0)
    async with server:
        here = Here(To(server.sockets[0].getsockname()[1]))
        async with serve(here) as port:
            if has_begun:
                with pytest.raises(AssertionError, match="cut short"):
                    await ask(port, "POST", "/", body=BODY)
            else:
                await ask(port, "POST", "/", body=BODY)
    assert isinstance(here.fault, kind)
    if isinstance(here.fault, Fault):
        assert here.fault.kind is FaultKind.OVERLOADED


async def test_what_nobody_else_has_is_answered_here() -> None:
    """No other worker, none of that name, or no name in the request."""
    gone = To(0)
    for siblings, body in ((None, BODY), (gone, BODY), (To(1), b"{}")):
        async with serve(Here(siblings)) as port:
            assert (await ask(port, "POST", "/", body=body)).body == b"here"
    assert gone.nodes == [NODE]
    assert take_client({"headers": []}) is None
