"""A small HTTP/1.1 server for a program on this machine that was told its address.

Rules of this file:
- A connection has one call at a time; who sends more before it is answered is cut off.
- A call is handed on at the end of its head, so that a caller without a token has no memory. Its
  body is kept up to `body_bytes_max`, and time is bounded for all that is waited for.
- A caller who leaves ends what is done for him.

It is not the gateway's own server (`web/server`), though both stand on the same parser. What is
around that parser there is for strangers: refusals in a client's dialect, limits that are settings,
the room that all connections share, requests in a queue, TLS, ASGI. Here one caller is known, has
one call at a time, and gets no words for his mistakes. Without those things little is left to
share; with them, each upstream and the simulator would stand on the gateway's front.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

import httptools
from msgspec import Struct

HEAD_BYTES_MAX: Final = 1 << 14
CONNECTIONS_MAX: Final = 256
# Until a body is whole, and between two calls.
BODY_S: Final = 60.0
IDLE_S: Final = 75.0
# Who has his answer before his call is whole gets so long to end it, or would lose the answer.
LINGER_S: Final = 1.0
# How many turns of the loop a connection that was ended may take to be gone.
CLOSING_TURNS_MAX: Final = 10
BAD_REQUEST: Final = b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class BodyTooLargeError(Exception):
    """A call's body has more than it may."""


class BreakOffError(Exception):
    """An answer stops here, and its connection with it."""


class Reply(Struct, frozen=True):
    """An answer. A body that is not bytes is sent in chunks, as its pieces come."""

    status: int
    body: bytes | AsyncGenerator[bytes, None] = b""
    media_type: str = "application/json"


class Call:
    """What was asked. Names of headers are lower case."""

    __slots__ = ("_loop", "_pieces", "_room_bytes", "_waiter", "headers", "is_whole", "path")

    def __init__(
        self, path: str, headers: dict[str, str], room_bytes: int, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.path = path
        self.headers = headers
        self.is_whole = False
        self._room_bytes = room_bytes
        self._pieces: list[bytes] = []
        self._loop = loop
        self._waiter: asyncio.Future[None] | None = None

    async def read(self) -> bytes:
        """The body; raises BodyTooLargeError, TimeoutError."""
        async with asyncio.timeout(BODY_S):
            while not self.is_whole and self._room_bytes >= 0:
                await self._wait()
        if self._room_bytes < 0:
            raise BodyTooLargeError
        return b"".join(self._pieces)

    async def linger(self) -> None:
        """Wait for its end for a while, and keep nothing of it."""
        self._room_bytes = -1
        self._pieces.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                while not self.is_whole:
                    await self._wait()

    def add(self, piece: bytes) -> None:
        """A piece of the body has come."""
        if self._room_bytes < 0:
            return
        self._room_bytes -= len(piece)
        if self._room_bytes >= 0:
            self._pieces.append(piece)
        else:
            self._pieces.clear()
            self._wake()

    def end(self) -> None:
        """All of it has come."""
        self.is_whole = True
        self._wake()

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        await self._waiter

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


Handler = Callable[[Call], Awaitable[Reply]]


class LoopbackServer:
    """Serves from `start` to `close`. `handle` gives the answer to any call."""

    def __init__(self, handle: Handler, body_bytes_max: int) -> None:
        self.handle = handle
        self.body_bytes_max = body_bytes_max
        self.connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None

    def __repr__(self) -> str:
        return f"LoopbackServer({self.port if self._server else 'closed'})"

    @property
    def port(self) -> int:
        """Where it listens; raises RuntimeError where it does not."""
        if self._server is None:
            raise RuntimeError("this server does not listen")
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; raises OSError. Port 0 takes a free one."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self, loop), host, port)

    async def close(self, grace_s: float) -> None:
        """Listen no more. Answers under way have `grace_s` to end."""
        server, self._server = self._server, None
        if server is None:
            return
        server.close()
        tasks = [one.task for one in self.connections if one.task is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=grace_s)
        for task in tasks:
            task.cancel()
        for one in tuple(self.connections):
            one.close()
        await asyncio.gather(*tasks, return_exceptions=True)
        for _ in range(CLOSING_TURNS_MAX):
            if not self.connections:
                break
            await asyncio.sleep(0)
        await server.wait_closed()


class _Connection(asyncio.Protocol):
    """One caller's."""

    _transport: Any
    _parser: httptools.HttpRequestParser | None

    def __init__(self, server: LoopbackServer, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self.task: asyncio.Task[None] | None = None
        self._room: asyncio.Event = asyncio.Event()
        self._room.set()
        self._begin()

    def _begin(self) -> None:
        self._call: Call | None = None
        self._url = b""
        self._headers: dict[str, str] = {}
        self._head_bytes = 0
        self._is_kept = False
        # A parser is for one call: what comes behind it is not read.
        self._parser = httptools.HttpRequestParser(self)
        self._idle = self._loop.call_later(IDLE_S, self.close)

    def close(self) -> None:
        """End it at once."""
        self._idle.cancel()
        self._transport.abort()

    # --- The transport's side.

    def connection_made(self, transport: Any) -> None:
        """See asyncio.Protocol."""
        self._transport = transport
        self._server.connections.add(self)
        if len(self._server.connections) > CONNECTIONS_MAX:
            self.close()

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._parser is None or (self._call is not None and self._call.is_whole):
            self.close()
            return
        if self._call is None:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse()
            return
        if self._call is None and self._head_bytes > HEAD_BYTES_MAX:
            self._refuse()

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self._room.clear()

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._room.set()

    def connection_lost(self, _error: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._idle.cancel()
        self._parser = None
        self._server.connections.discard(self)
        if self.task is not None:
            self.task.cancel()

    # --- The parser's side.

    def on_url(self, url: bytes) -> None:
        """A piece of it."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of the head, or a trailer, which is dropped."""
        if self._call is None:
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            known = self._headers.get(key)
            self._headers[key] = text if known is None else f"{known}, {text}"

    def on_headers_complete(self) -> None:
        """The head is here."""
        self._idle.cancel()
        path = self._url.partition(b"?")[0].decode("latin-1")
        self._call = Call(path, self._headers, self._server.body_bytes_max, self._loop)
        self.task = self._loop.create_task(self._serve(self._call))

    def on_body(self, piece: bytes) -> None:
        """A piece of the body."""
        if self._call is not None:
            self._call.add(piece)

    def on_message_complete(self) -> None:
        """The call is whole."""
        if self._call is not None and self._parser is not None:
            self._is_kept = self._parser.should_keep_alive()
            self._call.end()

    def on_message_begin(self) -> None:
        """Of the call, or of one that came too early."""
        if self._call is not None:
            raise ValueError("a call before the answer to the one before it")

    # --- Answers.

    async def _serve(self, call: Call) -> None:
        try:
            reply = await self._server.handle(call)
            await self._answer(reply, call)
        except (BreakOffError, TimeoutError):
            self.close()
        except BaseException:
            self.close()
            raise
        finally:
            self.task = None

    async def _answer(self, reply: Reply, call: Call) -> None:
        is_kept = self._is_kept and call.is_whole
        fields = f"Content-Type: {reply.media_type}\r\n"
        if not is_kept:
            fields += "Connection: close\r\n"
        head = f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}\r\n{fields}"
        if isinstance(reply.body, bytes):
            length = f"Content-Length: {len(reply.body)}\r\n\r\n"
            await self._send((head + length).encode() + reply.body)
        else:
            await self._send(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
            async with contextlib.aclosing(reply.body) as pieces:
                async for piece in pieces:
                    await self._send(b"%x\r\n%b\r\n" % (len(piece), piece))
            await self._send(b"0\r\n\r\n")
        if is_kept:
            self._begin()
            return
        await call.linger()
        self._transport.close()

    async def _send(self, data: bytes) -> None:
        self._transport.write(data)
        await self._room.wait()

    def _refuse(self) -> None:
        """What came is no call."""
        self._parser = None
        if self.task is not None:
            self.close()
            return
        self._transport.write(BAD_REQUEST)
        self._transport.close()
