"""Requests that go on with what waits at another worker of this machine are answered by that one.

Rules of this file:
- Which one it is the id of a tool call says. A worker that has ended is asked for nothing: then the
  request is answered here, as any other.
- The request goes there whole and as it came, its answer comes back as it is written. That worker
  judges the key, counts, and records; this one passes bytes on.
- An answer that breaks off there breaks off here. A client that leaves here leaves there.
- It is read as an upstream's is (transport/line.py): bounded, and held back by a slow client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from cursor_api.domain.call_ids import find_last_node
from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.ports.siblings import Siblings
from cursor_api.transport.errors import LostError
from cursor_api.transport.line import Line, Unkept
from cursor_api.web.http.answers import Header
from cursor_api.web.http.body import ClientGoneError
from cursor_api.web.server.serving import Receive, Scope, Send

# From whom it comes, between workers; whatever a client says under this name is dropped.
PASSED_FOR: Final = b"x-worker-client"
# Of one connection, of the body as it came before it was unpacked, or of what is added here: pages
# of other origins are let in by the worker that they have reached.
_OF_REQUESTS: Final = frozenset(
    (
        *(b"connection", b"keep-alive", b"transfer-encoding", b"te", b"upgrade", b"expect"),
        *(b"content-length", b"content-encoding", b"origin", PASSED_FOR),
    )
)
# Of one connection, or what every answer gets here.
_OF_ANSWERS: Final = frozenset(("connection", "keep-alive", "transfer-encoding", "date", "server"))
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
        loop = asyncio.get_running_loop()
        line = await siblings.connect(node, lambda: Line(loop, Unkept()))
        if line is None:
            return False
        try:
            passing = loop.create_task(_pass(line, _head(scope, len(body)), body, send))
            await _until_either(passing, loop.create_task(_until_gone(receive)))
        finally:
            # At once: an answer that nobody takes costs there what it would cost here.
            line.close()
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


async def _until_either(passing: asyncio.Task[None], leaving: asyncio.Task[None]) -> None:
    """The answer, for as long as the client is there; raises what `passing` does."""
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


async def _pass(line: Line, head: bytes, body: bytes, send: Send) -> None:
    """Ask, and pass the answer on as it comes.

    Raises Fault where it breaks off before a word, else BrokenOffError.
    """
    try:
        await line.ask(head, body)
    except LostError as error:
        raise Fault(FaultKind.OVERLOADED, ENDED, retry_after_s=1) from error
    headers = [
        (name.encode("latin-1"), value.encode())
        for name, value in line.headers.items()
        if name not in _OF_ANSWERS
    ]
    await send({"type": "http.response.start", "status": line.status, "headers": headers})
    is_whole = False
    while not is_whole:
        while not (line.has_bytes() or line.has_ended()):
            await line.wait()
        if line.error is not None and not line.has_bytes():
            raise BrokenOffError from line.error
        piece, is_whole = line.take(), line.is_whole
        await send({"type": "http.response.body", "body": piece, "more_body": not is_whole})


def take_client(scope: Scope) -> Scope | None:
    """What another worker has passed on, as if its client had come here; None for anything else."""
    headers: Iterable[Header] = scope["headers"]
    told = next((value for name, value in headers if name == PASSED_FOR), None)
    if told is None:
        return None
    rest = [(name, value) for name, value in headers if name != PASSED_FOR]
    return {**scope, "headers": rest, "client": (told.decode(), 0) if told else None}
