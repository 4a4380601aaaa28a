"""One connection under its limits: what is waited for, and where a refusal is written.

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
from typing import Any

from cursor_api.domain.errors import Fault
from cursor_api.web.server.lifecycle import DRAINING
from cursor_api.web.server.limits import (
    BODY_LINGER_S,
    PROGRESS_BYTES,
    REFUSAL_LINGER_S,
    REFUSED_MAX,
    WRITE_BUFFER_BYTES,
    ConnectionLimits,
)
from cursor_api.web.server.lingering import LingeringTransport
from cursor_api.web.server.refusals import (
    HEAD_TOO_LARGE,
    NO_ROOM,
    OVERHEAD,
    TOO_MANY_CONNECTIONS,
    TOO_SLOW,
    RenderRefusal,
    write_refusal,
)
from cursor_api.web.server.room import Room


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
