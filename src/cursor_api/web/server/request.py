"""One request of a connection and its answer, as an ASGI application sees them.

Rules of this file:
- Whoever writes waits while the client does not read; whoever writes to a client that is gone
  writes nothing.
- What the app says of its answer's length is held against what it sends: an answer that is not what
  its head says ends the connection, so that nobody takes it for whole.
- A request that is over knows its connection no more than it has to: what its task leaves behind is
  freed with it.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, Protocol

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.web.server.heads import (
    CHUNKED_LINE,
    CLOSE_LINE,
    CONNECTION,
    CONTENT_LENGTH,
    CONTINUE,
    TRANSFER_ENCODING,
    join_fields,
    status_line,
)
from cursor_api.web.server.lingering import LingeringTransport
from cursor_api.web.server.refusals import fresh, write_refusal
from cursor_api.web.server.serving import Message, Serving

log = logging.getLogger(__name__)

# What is kept of a body that nobody reads; above it the client has to wait.
BODY_BYTES_KEPT: Final = 65_536
CRASHED: Final = Fault(FaultKind.INTERNAL, "The gateway failed at this request; its log says more.")
# Their answers have no body, and need no length.
_BODILESS: Final = frozenset((HTTPStatus.NO_CONTENT.value, HTTPStatus.NOT_MODIFIED.value))
# Where a scope names its request, for apps that know this server: see `tell_departure`.
SERVED: Final = "cursor_api.request"
_LAST_CHUNK: Final = b"0\r\n\r\n"


class RequestOwner(Protocol):
    """The connection that a request came on."""

    loop: asyncio.AbstractEventLoop
    serving: Serving
    transport: LingeringTransport
    # Set while the client does not read.
    writable: asyncio.Event | None

    def pause_reading(self) -> None:
        """Nobody takes what comes."""
        ...

    def resume_reading(self) -> None:
        """Somebody does."""
        ...

    def take_back(self, request: Request) -> None:
        """It is answered."""
        ...


class Request:
    """What has come of a request, and what its answer is.

    `has_more` tells whether more of its body may come, `is_begun` and `is_answered` how far its
    answer is, `is_gone` that nobody waits for that, and `task` who works on it. The connection ends
    with it unless `is_kept`.
    """

    __slots__ = (
        "_body",
        "_departing",
        "_has_news",
        "_is_chunked",
        "_is_expecting",
        "_is_old",
        "_left_bytes",
        "_method",
        "_owner",
        "_scope",
        "_waiters",
        "has_more",
        "is_answered",
        "is_begun",
        "is_gone",
        "is_kept",
        "task",
    )

    def __init__(
        self, owner: RequestOwner, scope: dict[str, Any], *, is_kept: bool, is_expecting: bool
    ) -> None:
        self._owner = owner
        scope[SERVED] = self
        self._scope: dict[str, Any] | None = scope
        self._method: str = scope["method"]
        # It knows no chunks.
        self._is_old = scope["http_version"] == "1.0"
        self._departing: Callable[[], None] | None = None
        self.is_kept = is_kept
        # Its client sends the body when it is told to.
        self._is_expecting = is_expecting
        self._body: bytes | bytearray = b""
        self._has_news = False
        # More than one may wait: whoever answers, and who looks whether the client leaves.
        self._waiters: list[asyncio.Future[None]] | None = None
        self.task: asyncio.Task[None] | None = None
        self.has_more = True
        self.is_begun = self.is_answered = self.is_gone = False
        self._is_chunked = False
        self._left_bytes: float = 0

    def __repr__(self) -> str:
        state = "answered" if self.is_answered else "begun" if self.is_begun else "asked"
        return f"Request({self._method}, {state}{', gone' if self.is_gone else ''})"

    # --- The connection's side.

    @property
    def body_bytes(self) -> int:
        """What is kept of its body."""
        return len(self._body)

    @property
    def fields(self) -> list[tuple[bytes, bytes]]:
        """Those of its head, while it waits."""
        fields: list[tuple[bytes, bytes]] = self._scope["headers"] if self._scope else []
        return fields

    def start(self) -> None:
        """Let the app answer it."""
        # Each has the other: whoever is answered, or dropped, lets go.
        scope, self._scope = self._scope, None
        if scope is None:
            raise RuntimeError("a request is answered once")
        tasks = self._owner.serving.tasks
        self.task = task = self._owner.loop.create_task(self._run(scope))
        tasks.add(task)

    def drop(self) -> None:
        """Nobody will answer it."""
        self._scope = None

    def add_body(self, piece: bytes) -> None:
        """A piece of its body has come."""
        if self.is_answered:
            return
        if not self._body:
            self._body = piece
        elif isinstance(self._body, bytearray):
            self._body += piece
        else:
            self._body = bytearray(self._body) + piece
        if len(self._body) > BODY_BYTES_KEPT:
            self._owner.pause_reading()
        self._tell()

    def end_body(self) -> None:
        """All of it has come."""
        if not self.is_answered:
            self.has_more = False
            self._tell()

    def leave(self) -> None:
        """Its client is gone, or will get another answer."""
        if not self.is_answered:
            self.is_gone = True
            if self._departing is not None:
                self._departing()
        self._tell()

    # --- The app's side.

    def tell_departure(self, departing: Callable[[], None] | None) -> None:
        """Call this when the client leaves, now if it has left; None: nobody asks any more.

        Costs no task, as waiting for `receive` would.
        """
        self._departing = departing
        if departing is not None and self.is_gone:
            departing()

    async def receive(self) -> Message:
        """See ASGI: a piece of the body, or that the client is gone or answered."""
        if self._is_expecting:
            self._is_expecting = False
            # Not behind a refusal, which is the last word.
            if not self.is_gone:
                self._owner.transport.write(CONTINUE)
        if not (self.is_gone or self.is_answered):
            self._owner.resume_reading()
        while not (self._has_news or self.is_gone or self.is_answered):
            await self._wait()
        self._has_news = False
        if self.is_gone or self.is_answered:
            return {"type": "http.disconnect"}
        body, self._body = self._body, b""
        return {"type": "http.request", "body": bytes(body), "more_body": self.has_more}

    async def send(self, message: Message) -> None:
        """See ASGI; raises RuntimeError and ValueError for what is no answer."""
        owner = self._owner
        while owner.writable is not None and not self.is_gone:
            await owner.writable.wait()
        if self.is_gone:
            return
        kind = message["type"]
        if self.is_begun and not self.is_answered and kind == "http.response.body":
            self._send_body(message.get("body", b""), has_more=message.get("more_body", False))
        elif not self.is_begun and kind == "http.response.start":
            self._begin(message["status"], message.get("headers", ()))
        else:
            raise RuntimeError(f"an app sent {kind!r}, which does not follow what it sent before")

    def _begin(self, status: int, headers: Any) -> None:
        lines, framing = join_fields(headers)
        if self._is_expecting:
            # Nobody can tell whether a body comes that was not asked for: the client may send it
            # or its next request.
            self._is_expecting = False
            self.is_kept = self.is_kept and not self.has_more
        connection = framing.get(CONNECTION)
        if connection is not None and b"close" in connection.lower():
            self.is_kept = False
        elif not self.is_kept:
            lines += CLOSE_LINE
        if self._method != "HEAD" and status not in _BODILESS:
            lines += self._frame(framing)
        self.is_begun = True
        owner = self._owner
        dated = owner.serving.dates.line()
        owner.transport.write_head(b"%b%b%b\r\n" % (status_line(status), dated, lines))

    def _frame(self, framing: dict[bytes, bytes]) -> bytes:
        """How the end of the body is told; gives the line that says so, where one is missing."""
        length = framing.get(CONTENT_LENGTH)
        if length is not None:
            self._left_bytes = int(length)
        elif self._is_old:
            # The connection's end is the body's.
            self._left_bytes = math.inf
        else:
            self._is_chunked = True
            return b"" if TRANSFER_ENCODING in framing else CHUNKED_LINE
        return b""

    def _send_body(self, body: bytes, *, has_more: bool) -> None:
        write = self._owner.transport.write
        if self._is_chunked:
            if body:
                end = b"\r\n" if has_more else b"\r\n0\r\n\r\n"
                write(b"%x\r\n%b%b" % (len(body), body, end))
            elif not has_more:
                write(_LAST_CHUNK)
        elif self._method != "HEAD":
            if len(body) > self._left_bytes:
                raise RuntimeError("an app sent more of a body than its Content-Length says")
            self._left_bytes -= len(body)
            write(body)
        if not has_more:
            if 0 < self._left_bytes < math.inf:
                raise RuntimeError("an app sent less of a body than its Content-Length says")
            self._end()

    def _end(self) -> None:
        self.is_answered = True
        self._body = b""
        self._tell()
        if not self.is_kept:
            self._owner.transport.close()
        self._owner.take_back(self)

    async def _run(self, scope: dict[str, Any]) -> None:
        app = self._owner.serving.app
        try:
            await app(scope, self.receive, self.send)
        except asyncio.CancelledError:
            # Whoever ends the server does that, and nobody else.
            self._give_up()
            raise
        except (Exception, SystemExit, KeyboardInterrupt):
            # An exit() in the path of one request ends no other.
            log.exception("a request failed outside of its address")
            self._give_up()
        else:
            if not (self.is_answered or self.is_gone):
                log.error("a request was left without an answer, or with a part of one")
                self._give_up()
        finally:
            if self.task is not None:
                self._owner.serving.tasks.discard(self.task)
                self.task = None

    def _give_up(self) -> None:
        """End the connection; with an error where no answer has begun."""
        if self.is_answered or self.is_gone:
            return
        transport = self._owner.transport
        if not self.is_begun and not transport.is_closing():
            self.is_begun = True
            transport.write(write_refusal(self._owner.serving.render_refusal(fresh(CRASHED))))
        self.is_kept = False
        self._end()

    # --- What has come, and who waits for it.

    def _wait(self) -> asyncio.Future[None]:
        waiter: asyncio.Future[None] = self._owner.loop.create_future()
        self._waiters = [waiter, *(one for one in self._waiters or () if not one.done())]
        return waiter

    def _tell(self) -> None:
        self._has_news = True
        waiters, self._waiters = self._waiters, None
        for waiter in waiters or ():
            if not waiter.done():
                waiter.set_result(None)
