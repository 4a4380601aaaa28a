"""Requests that go on with what waits at another worker of this machine are answered by that one.

Rules of this file:
- Which one it is the id of a tool call says. A worker that has ended is asked for nothing: then the
  request is answered here, as any other.
- The request goes there whole and as it came, its answer comes back as it is written. That worker
  judges the key, counts, and records; this one passes bytes on.
- An answer that breaks off there breaks off here. A client that leaves here leaves there.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Final

import httptools

from cursor_api.domain.call_ids import find_last_node
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.siblings import Siblings
from cursor_api.web.http.answers import Header
from cursor_api.web.http.body import ClientGoneError
from cursor_api.web.server.serving import Receive, Scope, Send

# From whom it comes, between workers; whatever a client says under this name is dropped.
PASSED_FOR: Final = b"x-worker-client"
READ_BYTES: Final = 1 << 16
# Of one connection, of the body as it came before it was unpacked, or of what is added here: pages
# of other origins are let in by the worker that they have reached.
_OF_REQUESTS: Final = frozenset(
    (
        *(b"connection", b"keep-alive", b"transfer-encoding", b"te", b"upgrade", b"expect"),
        *(b"content-length", b"content-encoding", b"origin", PASSED_FOR),
    )
)
# Of one connection, or what every answer gets here.
_OF_ANSWERS: Final = frozenset(
    (b"connection", b"keep-alive", b"transfer-encoding", b"date", b"server")
)
ENDED: Final = "The worker that this conversation was with has ended; send your request again."


class BrokenOffError(ClientGoneError):
    """The other worker has ended in the middle of an answer: its client can be told nothing more.

    The server breaks the connection, so that nothing looks whole.
    """


class Elsewhere:
    """Finds the worker, and has it answer. `siblings` gives None where there is no other."""

    def __init__(self, siblings: Callable[[], Siblings | None]) -> None:
        self._siblings = siblings

    async def answer(self, body: bytes, scope: Scope, receive: Receive, send: Send) -> bool:
        """Whether another worker has answered; raises ClientGoneError, and Fault before a word."""
        siblings = self._siblings()
        node = find_last_node(body) if siblings is not None else None
        if siblings is None or node is None:
            return False
        connection = await siblings.connect(node)
        if connection is None:
            return False
        reader, writer = connection
        try:
            writer.write(_head(scope, len(body)))
            writer.write(body)
            await _pass_on(reader, receive, send)
        finally:
            # At once: an answer that nobody takes costs there what it would cost here.
            writer.transport.abort()
        return True


def _head(scope: Scope, body_bytes: int) -> bytes:
    client = scope.get("client")
    fields = [(name, value) for name, value in scope["headers"] if name not in _OF_REQUESTS]
    fields += [
        (PASSED_FOR, client[0].encode() if client else b""),
        (b"content-length", str(body_bytes).encode()),
        (b"connection", b"close"),
    ]
    target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
    lines = b"".join(b"%b: %b\r\n" % field for field in fields)
    return b"%b %b HTTP/1.1\r\n%b\r\n" % (scope["method"].encode(), target, lines)


async def _pass_on(reader: asyncio.StreamReader, receive: Receive, send: Send) -> None:
    """The answer, for as long as the client is there."""
    passing = asyncio.create_task(_Passing(send).run(reader))
    leaving = asyncio.create_task(_until_gone(receive))
    both = (passing, leaving)
    try:
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in both:
            task.cancel()
        ends = await asyncio.gather(*both, return_exceptions=True)
    if isinstance(ends[0], asyncio.CancelledError):
        raise ClientGoneError
    if isinstance(ends[0], BaseException):
        raise ends[0]


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _Passing:
    """What httptools tells of the answer, as ASGI says it."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._parser = httptools.HttpResponseParser(self)
        self._headers: list[Header] = []
        self._pieces: list[bytes] = []
        self._has_head = self._is_begun = self._is_whole = False

    async def run(self, reader: asyncio.StreamReader) -> None:
        """To its end; raises Fault where it breaks off before a word, else BrokenOffError."""
        while not self._is_whole:
            data = b""
            with contextlib.suppress(ConnectionError):
                data = await reader.read(READ_BYTES)
            if not data:
                if not self._is_begun:
                    raise Fault(FaultKind.OVERLOADED, ENDED, retry_after_s=1)
                raise BrokenOffError
            self._parser.feed_data(data)
            await self._tell()

    async def _tell(self) -> None:
        if not self._has_head:
            return
        if not self._is_begun:
            self._is_begun = True
            status = self._parser.get_status_code()
            start = {"type": "http.response.start", "status": status, "headers": self._headers}
            await self._send(start)
        pieces, self._pieces = self._pieces, []
        if pieces or self._is_whole:
            body, has_more = b"".join(pieces), not self._is_whole
            await self._send({"type": "http.response.body", "body": body, "more_body": has_more})

    def on_header(self, name: bytes, value: bytes) -> None:
        """One of its head."""
        lower = name.lower()
        if lower not in _OF_ANSWERS:
            self._headers.append((lower, value))

    def on_headers_complete(self) -> None:
        """All of them."""
        self._has_head = True

    def on_body(self, body: bytes) -> None:
        """A piece."""
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        """Its end."""
        self._is_whole = True


def take_client(scope: Scope) -> Scope | None:
    """What another worker has passed on, as if its client had come here; None for anything else."""
    headers: Iterable[Header] = scope["headers"]
    told = next((value for name, value in headers if name == PASSED_FOR), None)
    if told is None:
        return None
    rest = [(name, value) for name, value in headers if name != PASSED_FOR]
    return {**scope, "headers": rest, "client": (told.decode(), 0) if told else None}
