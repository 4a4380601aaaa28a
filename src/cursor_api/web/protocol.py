"""uvicorn's protocols for one connection, with limits that they lack.

Rules of this file:
- A connection has one timer at most. It is set when something is waited for and not taken back when
  that comes: when it fires it looks whether anything is late. A request that comes in one read,
  as nearly all do, costs no timer.
- A refusal is written only where its request's answer has its place: never into an answer that
  runs, never after one that was given. There the connection just ends.
- What was refused is not read on: nothing behind it is a request.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import math
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from cursor_api.web.strict import find_flaw, find_raw_flaw

HAS_HTTPTOOLS = importlib.util.find_spec("httptools") is not None

if HAS_HTTPTOOLS or TYPE_CHECKING:
    import httptools
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
else:
    HttpToolsProtocol = object

# A body has to bring this much within the time limit: 16 KiB in 30 s is 4 kbit/s, below any
# network that carries an answer.
PROGRESS_BYTES = 16_384
# How many bytes of chunk headers, extensions and trailers may come with one byte of body. Chunks
# of one byte each need six.
CHUNK_OVERHEAD_MAX = 16
# The most that uvloop reads at once.
READ_BYTES_MAX = 262_144
# What a refused client gets to read its answer; closed at once, what it still sends would make its
# system throw the answer away.
LINGER_S = 1.0


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What one connection may do to us. Each has a setting that says why."""

    # A full socket buffer that nobody empties for this long is a client that is gone.
    write_timeout_s: float = 30.0
    # A head is one or two packets; real clients send it in one go.
    header_timeout_s: float = 15.0
    body_timeout_s: float = 30.0
    # Agents send large cookies at most; 64 KiB of headers is what h11 and nginx take together.
    header_bytes_max: int = 65_536


class RefusedError(Exception):
    """A request that is not to be answered by the app. `message` is for its sender."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    def render(self) -> bytes:
        """The whole response, in the shape of OpenAI's errors."""
        error = {
            "message": self.message,
            "type": "invalid_request_error",
            "param": None,
            "code": self.status.phrase.lower().replace(" ", "_"),
        }
        body = json.dumps({"error": error}).encode()
        head = (
            f"HTTP/1.1 {self.status.value} {self.status.phrase}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\n"
            "connection: close\r\n\r\n"
        )
        return head.encode() + body


MALFORMED = RefusedError(HTTPStatus.BAD_REQUEST, "This is not a well-formed HTTP/1.1 request.")
OVERHEAD = RefusedError(HTTPStatus.BAD_REQUEST, "The request's body is mostly chunk headers.")
HEAD_TOO_LARGE = RefusedError(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "The request's headers are larger than this gateway's limit (GATEWAY_HEADER_BYTES_MAX).",
)
TOO_SLOW = RefusedError(
    HTTPStatus.REQUEST_TIMEOUT,
    "The request came too slowly (GATEWAY_HEADER_TIMEOUT_S, GATEWAY_BODY_TIMEOUT_S).",
)
NEEDS_LENGTH = RefusedError(
    HTTPStatus.LENGTH_REQUIRED,
    "This gateway runs without httptools and takes no chunked bodies; send a Content-Length.",
)


class _Guarded:
    """What both protocols share. The parser's side tells it where in a request it is."""

    limits: ConnectionLimits
    transport: Any
    loop: asyncio.AbstractEventLoop
    flow: Any
    cycle: Any
    # In the instance's dictionary, which uvicorn fills, these would cost a connection 2 KB more.
    __slots__ = (
        "_cut",
        "_deadline",
        "_fires_at",
        "_is_in_body",
        "_is_in_head",
        "_is_refused",
        "_marked_bytes",
        "_received_bytes",
        "_timer",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._cut: asyncio.TimerHandle | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._fires_at = 0.0
        self._deadline = 0.0
        self._is_in_head = False
        self._is_in_body = False
        self._is_refused = False
        # Of the current head or body, and how much of it there was when the deadline was set.
        self._received_bytes = 0
        self._marked_bytes = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)  # type: ignore[misc]  # a mixin over uvicorn's protocols
        self._expect_within(self.limits.header_timeout_s)

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._cut, self._timer):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)  # type: ignore[misc]  # the same

    def pause_writing(self) -> None:
        """Start a clock: the client's buffer is full."""
        super().pause_writing()  # type: ignore[misc]  # the same
        self._cut = self.loop.call_later(self.limits.write_timeout_s, self.transport.abort)

    def resume_writing(self) -> None:
        if self._cut is not None:
            self._cut.cancel()
        super().resume_writing()  # type: ignore[misc]  # the same

    def _wait_for_more(self, size_bytes: int, *, is_new: bool) -> None:
        """A read ended inside a head or a body."""
        if self._is_refused:
            return
        self._received_bytes = size_bytes if is_new else self._received_bytes + size_bytes
        if self._is_in_head:
            if self._received_bytes > self.limits.header_bytes_max:
                self._refuse(HEAD_TOO_LARGE)
            elif is_new:
                self._expect_within(self.limits.header_timeout_s)
        elif self._received_bytes > self._body_read_bytes_max():
            self._refuse(OVERHEAD)
        elif is_new or self._received_bytes - self._marked_bytes >= PROGRESS_BYTES:
            self._marked_bytes = self._received_bytes
            self._expect_within(self.limits.body_timeout_s)

    def _expect_within(self, timeout_s: float) -> None:
        self._deadline = self.loop.time() + timeout_s
        if self._timer is not None:
            if self._fires_at <= self._deadline:
                return
            self._timer.cancel()
        self._fires_at = self._deadline
        self._timer = self.loop.call_later(timeout_s, self._look_at_clock)

    def _look_at_clock(self) -> None:
        self._timer = None
        if self._is_refused or self.transport.is_closing():
            return
        has_asked = self._is_in_head or self._is_in_body
        if not has_asked and self.cycle is not None:
            return  # between two requests, where another clock runs, or while one is answered
        if self._is_in_body and self.flow.read_paused:
            self._expect_within(self.limits.body_timeout_s)  # it is we who do not read
        elif self.loop.time() < self._deadline:
            self._expect_within(self._deadline - self.loop.time())
        elif has_asked:
            self._refuse(TOO_SLOW)
        else:
            self.transport.close()

    def _refuse(self, refusal: RefusedError) -> None:
        if self._is_refused:
            return
        self._is_refused = True
        cycle = self.cycle
        if self._is_in_body and (cycle.response_started or self._has_queue()):
            self.transport.abort()
        elif self._is_in_body:
            # Whoever waits for the rest of this body waits for a client that is gone.
            cycle.disconnected = True
            cycle.message_event.set()
            self._answer(refusal)
        elif cycle is not None and not cycle.response_complete:
            # An earlier request's answer runs; the connection ends with it.
            cycle.keep_alive = False
        else:
            self._answer(refusal)

    def _body_read_bytes_max(self) -> float:
        """How much may have been read for what there is of the body."""
        return math.inf

    def _has_queue(self) -> bool:
        """Whether the newest request waits for an earlier one's answer."""
        return False

    def _answer(self, refusal: RefusedError) -> None:
        self.transport.write(refusal.render())
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self._timer = self.loop.call_later(LINGER_S, self.transport.abort)
        else:
            self.transport.close()


class GuardedHttpTools(_Guarded, HttpToolsProtocol):
    """The C parser: strict about bytes, less so about what they say."""

    __slots__ = ("_body_bytes", "_is_new", "_is_upgrade", "_read_bytes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_upgrade = False
        self._is_new = False
        self._read_bytes = 0
        self._body_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Like uvicorn's, with limits."""
        if self._is_refused:
            return
        self._unset_keepalive_if_required()
        self._read_bytes = len(data)
        self._is_new = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._stay_with_http(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(cause if isinstance(cause, RefusedError) else MALFORMED)
        if self._is_in_head or self._is_in_body:
            self._wait_for_more(len(data), is_new=self._is_new)

    def _has_queue(self) -> bool:
        return bool(self.pipeline)

    def on_message_begin(self) -> None:
        """A request's first byte."""
        self._received_bytes = 0
        self._is_in_head = self._is_new = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A head is whole; raises RefusedError, which ends the parser's work."""
        version = self.parser.get_http_version()
        flaw = find_flaw(version, self.parser.get_method(), self.url, self.headers)
        if flaw is not None:
            raise RefusedError(HTTPStatus.BAD_REQUEST, flaw)
        if self._received_bytes + self._read_bytes > self.limits.header_bytes_max:
            self._check_head_size()
        if self.parser.should_upgrade():
            self._is_upgrade = True
            return
        super().on_headers_complete()
        # What comes as a trailer is no header.
        self.headers = []
        self._is_in_head = False
        self._is_in_body = self._is_new = True
        self._body_bytes = 0

    def on_body(self, body: bytes) -> None:
        """A piece of a body, without what chunks add."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A body is whole; also called for a head with an upgrade, which is told once more."""
        if not self._is_upgrade:
            self._is_in_body = False
            super().on_message_complete()

    def _body_read_bytes_max(self) -> float:
        # The read in which a body begins has its head, too.
        return READ_BYTES_MAX + self._body_bytes * CHUNK_OVERHEAD_MAX

    def _check_head_size(self) -> None:
        # Two bytes between a name and its value, two after it.
        fields_bytes = sum(len(name) + len(value) + 4 for name, value in self.headers)
        if len(self.url) + fields_bytes > self.limits.header_bytes_max:
            raise HEAD_TOO_LARGE

    def _stay_with_http(self, rest: bytes) -> None:
        """Decline an upgrade (Java's client asks for h2c with its first request).

        The parser stops at such a head and would drop the body behind it, so the request is told
        once more, to a new parser, without its wish.
        """
        self._is_upgrade = False
        head = [b"%s %s HTTP/1.1\r\n" % (self.parser.get_method(), self.url)]
        head += [
            b"%s: %s\r\n" % header
            for header in self.headers
            if header[0] not in {b"connection", b"upgrade", b"http2-settings"}
        ]
        self.parser = httptools.HttpRequestParser(self)
        try:
            # The sender may go on in the other protocol: this connection has no second request.
            self.parser.feed_data(b"".join([*head, b"connection: close\r\n\r\n", rest]))
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse(MALFORMED)


class StrictConnection(h11.Connection):
    """h11 mends what it reads; this refuses instead."""

    def __init__(self, header_bytes_max: int) -> None:
        super().__init__(h11.SERVER, header_bytes_max)
        self._header_bytes_max = header_bytes_max

    def next_event(self) -> Any:
        """Like h11's; raises RefusedError before anything of a flawed head is believed."""
        if self.their_state is h11.IDLE:
            # h11 takes line ends in front of a request, as it should.
            head = self.trailing_data[0].lstrip(b"\r\n").partition(b"\r\n\r\n")[0]
            if len(head) > self._header_bytes_max:
                raise HEAD_TOO_LARGE
            if (flaw := find_raw_flaw(head)) is not None:
                raise RefusedError(HTTPStatus.BAD_REQUEST, flaw)
        event = super().next_event()
        if isinstance(event, h11.Request):
            version = event.http_version.decode()
            flaw = find_flaw(version, event.method, event.target, event.headers)
            if flaw is not None:
                raise RefusedError(HTTPStatus.BAD_REQUEST, flaw)
            if any(name == b"transfer-encoding" for name, _ in event.headers):
                # h11 reads chunk headers more kindly than others do.
                raise NEEDS_LENGTH
        return event


class GuardedH11(_Guarded, H11Protocol):
    """The pure Python parser, for where httptools is not to be had."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.conn = StrictConnection(self.limits.header_bytes_max)

    def data_received(self, data: bytes) -> None:
        """Like uvicorn's, with limits."""
        if self._is_refused:
            return
        before = (self._is_in_head, self._is_in_body)
        super().data_received(data)
        self._note_place()
        if self._is_in_head or self._is_in_body:
            after = (self._is_in_head, self._is_in_body)
            self._wait_for_more(len(data), is_new=before != after)

    def handle_events(self) -> None:
        """Like uvicorn's; a refusal ends it."""
        try:
            super().handle_events()
        except RefusedError as refusal:
            self._refuse_head(refusal)

    def send_400_response(self, _msg: str) -> None:
        """What uvicorn calls when h11 cannot go on: at a head, as bodies have no form here."""
        self._refuse_head(MALFORMED)

    def _refuse_head(self, refusal: RefusedError) -> None:
        self._is_in_head, self._is_in_body = True, False
        self._refuse(refusal)

    def _note_place(self) -> None:
        state = self.conn.their_state
        self._is_in_head = state is h11.IDLE and bool(self.conn.trailing_data[0])
        self._is_in_body = state is h11.SEND_BODY


def guarded_protocol(limits: ConnectionLimits, *, is_h11: bool) -> type[asyncio.Protocol]:
    """The class of every connection, with its limits."""
    base: Any = GuardedH11 if is_h11 else GuardedHttpTools
    return type("GatewayProtocol", (base,), {"limits": limits})
