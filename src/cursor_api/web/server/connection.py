"""What one connection may do to us: limits in time and size, and the refusals that answer them.

Rules of this file:
- A connection has one timer at most. It is set when something is waited for and not taken back when
  that comes: when it fires it looks whether anything is late. A request that comes in one read,
  as nearly all do, costs no timer.
- A refusal is written only where its request's answer has its place: never into an answer that
  runs, never after one that was given. There the connection just ends.
- What was refused is not read on: nothing behind it is a request.
- What a dead connection leaves is freed by its reference counts: whatever forms a cycle is
  broken up in `connection_lost`, as the collector comes by seldom.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.kinds import duration, size, whole
from cursor_api.options.setting import KIB, MIB, setting
from cursor_api.ports.dialect import RenderedFault
from cursor_api.web.server.lifecycle import DRAINING
from cursor_api.web.server.lingering import LingeringTransport
from cursor_api.web.server.room import Room

# A body has to bring this much within the time limit: 16 KiB in 30 s is 4 kbit/s, below any
# network that carries an answer.
PROGRESS_BYTES = 16_384
# What a refused client gets to read its answer; closed at once, what it still sends would make its
# system throw the answer away.
REFUSAL_LINGER_S = 1.0
# How long a client may go on sending a body that was answered before it was whole. Most are through
# in less; on a slow line only so much of the largest body comes through.
BODY_LINGER_S = 5.0
# What is kept for a client that does not read, before whoever writes to it has to wait. A stream's
# write has some hundred bytes: this holds the dozens of them that a slow network is behind.
WRITE_BUFFER_BYTES = 16_384
# Connections beyond the limit that are refused in words; one more just ends.
REFUSED_MAX = 32


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What one connection may do to us."""

    # A full socket buffer that nobody empties for this long is a client that is gone.
    write_timeout_s: float = setting(
        "GATEWAY_WRITE_TIMEOUT_S",
        duration(1, 3600, "30s"),
        "30",
        "How long a client may fail to read before it is disconnected. Until then its answer"
        " occupies an upstream connection.",
    )
    header_timeout_s: float = setting(
        "GATEWAY_HEADER_TIMEOUT_S",
        duration(1, 3600, "15s"),
        "15",
        "How long a client may take to send the request line and headers, and how long a new"
        " connection may stay silent. Real clients send them in one packet. A TLS handshake has"
        " the same time to itself.",
    )
    body_timeout_s: float = setting(
        "GATEWAY_BODY_TIMEOUT_S",
        duration(1, 3600, "30s"),
        "30",
        "How long a client may take for the next 16 KiB of a body, or for its end. A large body"
        " on a slow line is fine as long as it keeps coming.",
    )
    # 64 KiB of headers is what nginx takes at most.
    header_bytes_max: int = setting(
        "GATEWAY_HEADER_BYTES_MAX",
        size(KIB, MIB, "64KiB"),
        "64KiB",
        "Largest request head: request line and headers together. Real clients send less than 4"
        " KiB; cookies of other pages on the same host may add some.",
    )
    # Of all connections together.
    connections_max: int = setting(
        "GATEWAY_CONNECTIONS_MAX",
        whole(1, 1_000_000, 4096),
        "4096",
        "Most connections that callers may have open, including idle ones; the next one gets a"
        " 503. It is at most half of what the system allows the process (`ulimit -n`), because"
        " the other half is for connections to upstreams.",
    )


# What the server refuses, before there is a request that the app could answer.
RenderRefusal = Callable[[Fault], RenderedFault]


def fresh(refusal: Fault) -> Fault:
    """The same, to be raised: one that is raised again and again keeps all its tracebacks."""
    return Fault(refusal.kind, refusal.message)


MALFORMED = Fault(FaultKind.MALFORMED_REQUEST, "This is not a well-formed HTTP/1.1 request.")
TOO_MANY_CHUNKS = Fault(
    FaultKind.MALFORMED_REQUEST,
    "The request's body comes in too many small chunks; send larger ones, or a Content-Length.",
)
OVERHEAD = Fault(FaultKind.MALFORMED_REQUEST, "The request's body is mostly chunk headers.")
HEAD_TOO_LARGE = Fault(
    FaultKind.HEAD_TOO_LARGE,
    "The request's headers are larger than this gateway's limit (GATEWAY_HEADER_BYTES_MAX).",
)
TOO_MANY_FIELDS = Fault(
    FaultKind.HEAD_TOO_LARGE, "The request has more header fields than this gateway takes."
)
# Said to nobody, as an earlier request's answer runs: the connection ends with that.
TOO_MANY_QUEUED = Fault(
    FaultKind.CONCURRENCY_EXCEEDED, "Too many requests wait for an answer on this connection."
)
TOO_SLOW = Fault(
    FaultKind.REQUEST_TIMEOUT,
    "The request came too slowly (GATEWAY_HEADER_TIMEOUT_S, GATEWAY_BODY_TIMEOUT_S).",
)
# Its sender did nothing wrong and may come again.
TOO_MANY_CONNECTIONS = Fault(
    FaultKind.OVERLOADED,
    "This gateway has as many connections open as it may (GATEWAY_CONNECTIONS_MAX);"
    " send your request again.",
)
NO_ROOM = Fault(
    FaultKind.OVERLOADED,
    "This gateway holds as much of unfinished and waiting requests as it may; send yours again.",
)


def write_refusal(rendered: RenderedFault) -> bytes:
    """The whole response, after which the connection ends."""
    status = HTTPStatus(rendered.status)
    headers = (
        *rendered.headers,
        ("content-length", str(len(rendered.body))),
        ("connection", "close"),
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n{head}\r\n".encode() + rendered.body


class Guarded:
    """What both protocols share. The parser's side says where in a request it is."""

    limits: ConnectionLimits
    render_refusal: RenderRefusal
    connections: set[Any]
    transport: Any
    loop: asyncio.AbstractEventLoop
    flow: Any
    room: Room[Any]
    cycle: Any
    timeout_keep_alive_task: asyncio.TimerHandle | None
    # In the instance's dictionary, which uvicorn fills, these would cost a connection 2 KB more.
    __slots__ = (
        "_cut",
        "_deadline",
        "_fires_at",
        "_has_room",
        "_is_in_body",
        "_is_in_head",
        "_is_leaving",
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
        # All is said, and what still comes is dropped until the client ends, or for a while.
        self._is_leaving = False
        # Something of it is counted in the room of all connections.
        self._has_room = False
        # Of the current head or body, and how much of it there was when the deadline was set.
        self._received_bytes = 0
        self._marked_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """Take it, unless it is one too many."""
        lingering = LingeringTransport(transport, self._linger, self.loop)
        super().connection_made(lingering)  # type: ignore[misc]  # a mixin over uvicorn's protocols
        transport.set_write_buffer_limits(WRITE_BUFFER_BYTES)
        excess_count = len(self.connections) - self.limits.connections_max
        if excess_count <= 0:
            self._expect_within(self.limits.header_timeout_s)
        elif excess_count <= REFUSED_MAX:
            self._refuse(TOO_MANY_CONNECTIONS)
        else:
            self._is_refused = True
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """No timer outlives it, nor uvicorn's own, which would where it was reset."""
        for timer in (self._cut, self._timer, self.timeout_keep_alive_task):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)  # type: ignore[misc]  # the same
        self.transport.forget()
        self._keep(0)

    def pause_writing(self) -> None:
        """Start a clock: the client's buffer is full."""
        super().pause_writing()  # type: ignore[misc]  # the same
        self._cut = self.loop.call_later(self.limits.write_timeout_s, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads again."""
        if self._cut is not None:
            self._cut.cancel()
        super().resume_writing()  # type: ignore[misc]  # the same

    @property
    def is_asking(self) -> bool:
        """Whether a request has begun and is not whole, and no answer to it has begun."""
        return self._is_in_body and not (self._is_refused or self.cycle.response_started)

    @property
    def is_leaving(self) -> bool:
        """Whether all is said and nothing is waited for but the client's own end."""
        return self._is_leaving

    def turn_away(self) -> None:
        """Refuse a request that is not whole yet, as the process ends."""
        self._refuse(DRAINING)

    def _keep(self, size_bytes: int) -> None:
        """So much is kept of requests that nobody serves yet."""
        if size_bytes or self._has_room:
            self._has_room = bool(size_bytes)
            largest = self.room.hold(self, size_bytes)
            if largest is not None:
                largest.make_room()

    def make_room(self) -> None:
        """End it, as all connections together keep too much, and this one most."""
        is_up_to_date = self._waiting_bytes() > 0
        self._keep(0)
        # What waited when it was last looked at may have been answered since.
        if is_up_to_date:
            self._drop_waiting()
            self._refuse(NO_ROOM)

    def _waiting_bytes(self) -> int:
        """What is kept of requests that nobody serves."""
        return 0

    def _drop_waiting(self) -> None:
        """Let go of what was counted by `_keep`."""

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

    def _refuse(self, refusal: Fault) -> None:
        # Some are constants: what they came through would stay with them, this connection too.
        refusal.without_traceback()
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

    def _linger(self) -> bool:
        """Whether the client still sends what was answered already; it gets time to read that."""
        if self._is_refused or not self._is_in_body:
            return False
        # What comes from now on is dropped where it arrives.
        self._is_refused = True
        self._end_our_side()
        self.flow.resume_reading()
        self._abort_after(BODY_LINGER_S)
        return True

    def _body_read_bytes_max(self) -> float:
        """How much may have been read for what there is of the body."""
        return math.inf

    def _has_queue(self) -> bool:
        """Whether the newest request waits for an earlier one's answer."""
        return False

    def _answer(self, refusal: Fault) -> None:
        self.transport.write(write_refusal(self.render_refusal(refusal)))
        self._end_our_side()
        self._abort_after(REFUSAL_LINGER_S)

    def _end_our_side(self) -> None:
        """Over TLS there is no end of one side alone; the answer's length tells its end."""
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _abort_after(self, seconds: float) -> None:
        """The connection ends then, if its client has not ended it before."""
        if self._timer is not None:
            self._timer.cancel()
        self._is_leaving = True
        self._timer = self.loop.call_later(seconds, self.transport.abort)
