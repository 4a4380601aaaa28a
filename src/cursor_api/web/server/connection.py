"""One connection under its limits: what is waited for, who is answered, where a refusal is written.

Rules of this file:
- A connection has no timer of its own: it says until when something is waited for, and one clock of
  the server looks. A request that comes in one read, as nearly all do, costs no look.
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
)
from cursor_api.web.server.lingering import LingeringTransport
from cursor_api.web.server.refusals import (
    HEAD_TOO_LARGE,
    NO_ROOM,
    OVERHEAD,
    TOO_MANY_CONNECTIONS,
    TOO_SLOW,
    write_refusal,
)
from cursor_api.web.server.request import Request
from cursor_api.web.server.serving import Serving

# With more requests waiting, further ones are left to the kernel. Not from the first one on: else
# nobody would see the client leave.
WAITING_FREE = 8


class Connection(asyncio.Protocol):
    """A client's connection, but for the reading of its requests.

    `deadline` is for the server's clock: until then something is waited for. `has_asked`: a request
    was read from it. `is_leaving`: all is said, and nothing is waited for but the client's own end.
    """

    transport: LingeringTransport
    client: tuple[str, int] | None
    server: tuple[str, int] | None
    scheme: str
    __slots__ = (
        "_cut_at",
        "_due_at",
        "_has_room",
        "_is_in_body",
        "_is_in_head",
        "_is_lost",
        "_is_paused",
        "_is_refused",
        "_marked_bytes",
        "_reading",
        "_received_bytes",
        "_served",
        "_waiting",
        "client",
        "deadline",
        "has_asked",
        "is_leaving",
        "loop",
        "scheme",
        "server",
        "serving",
        "transport",
        "writable",
    )

    def __init__(self, serving: Serving, loop: asyncio.AbstractEventLoop) -> None:
        self.serving = serving
        self.loop = loop
        # Set while the client does not read: whoever writes waits for it.
        self.writable: asyncio.Event | None = None
        # Until when the client may take its time: to send, and to read.
        self._due_at = self._cut_at = self.deadline = math.inf
        # The newest request, while its body may still come; the one that is answered; and those
        # behind that, in the order in which they came.
        self._reading: Request | None = None
        self._served: Request | None = None
        self._waiting: list[Request] = []
        self.has_asked = False
        self._is_in_head = False
        self._is_in_body = False
        self._is_paused = False
        self._is_refused = False
        self._is_lost = False
        # What still comes is dropped until the client ends, or for a while.
        self.is_leaving = False
        # Something of it is counted in the room of all connections.
        self._has_room = False
        # Of the current head or body, and how much of it there was when its time began anew.
        self._received_bytes = 0
        self._marked_bytes = 0

    # --- The transport's side.

    def connection_made(self, transport: Any) -> None:
        """Take it, unless it is one too many."""
        serving = self.serving
        serving.connections.add(self)
        self.transport = LingeringTransport(transport, self._linger, self.loop)
        self.client = _find_address(transport, "peername")
        self.server = _find_address(transport, "sockname")
        self.scheme = "https" if transport.get_extra_info("sslcontext") else "http"
        transport.set_write_buffer_limits(WRITE_BUFFER_BYTES)
        serving.watch.add(self, self.loop)
        excess_count = len(serving.connections) - serving.limits.connections_max
        if excess_count <= 0:
            self._expect_within(serving.limits.header_timeout_s)
        elif excess_count <= REFUSED_MAX:
            self._refuse(TOO_MANY_CONNECTIONS)
        else:
            self._is_refused = True
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Whoever answers is told; those that wait are dropped."""
        self._is_lost = True
        self.serving.connections.discard(self)
        self.serving.watch.discard(self)
        self.transport.forget()
        self._drop_requests()
        served, self._served, self._reading = self._served, None, None
        if served is not None:
            served.leave()
        self.resume_writing()
        self._keep(0)

    def eof_received(self) -> None:
        """Nothing more comes: it ends, for a client that has left looks like that."""

    def pause_writing(self) -> None:
        """Start a clock: the client's buffer is full."""
        self.writable = asyncio.Event()
        self._cut_at = self.loop.time() + self.serving.limits.write_timeout_s
        self._look_again()

    def resume_writing(self) -> None:
        """The client reads again."""
        writable, self.writable = self.writable, None
        if writable is not None:
            writable.set()
            self._cut_at = math.inf
            self.deadline = self._due_at

    def pause_reading(self) -> None:
        """Nobody takes what comes."""
        if not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Somebody does; unless too many requests wait as it is."""
        if self._is_paused and len(self._waiting) <= WAITING_FREE:
            self._read_on()

    def _read_on(self) -> None:
        if self._is_paused:
            self._is_paused = False
            self.transport.resume_reading()

    # --- The server's side.

    @property
    def is_asking(self) -> bool:
        """Whether a request has begun and is not whole, and no answer to it has begun."""
        reading = self._reading
        return reading is not None and not (self._is_refused or reading.is_begun)

    def turn_away(self) -> None:
        """Refuse a request that is not whole yet, as the process ends."""
        self._refuse(DRAINING)

    def end(self) -> None:
        """End it with the last answer that it waits for, now if there is none."""
        if not self.end_after_answer():
            self.transport.close()

    def end_after_answer(self) -> bool:
        """End it with the last answer that it waits for; False where it waits for none."""
        newest = self._find_newest()
        if newest is not None:
            newest.is_kept = False
        return newest is not None

    # --- Requests and their answers.

    def _find_newest(self) -> Request | None:
        """The last one that has no whole answer."""
        return self._waiting[-1] if self._waiting else self._served

    def _take(self, request: Request) -> None:
        """Have a request answered, in its turn."""
        self.has_asked = True
        self._reading = request
        if self.serving.is_handing_over:
            request.is_kept = False
        if self._served is None:
            self._served = request
            request.start()
        else:
            self._waiting.append(request)

    def take_back(self, request: Request) -> None:
        """It is answered; the next one's turn has come."""
        if request is not self._served:
            return
        self._served = None
        if self.transport.is_closing():
            return
        next_one = self._waiting.pop(0) if self._waiting else None
        self.resume_reading()
        if next_one is not None:
            self._served = next_one
            next_one.start()
        elif not (self._is_in_head or self._is_in_body):
            self._expect_within(self.serving.idle_s)

    def _drop_requests(self) -> None:
        """Those that wait are never answered."""
        for request in self._waiting:
            request.drop()
        self._waiting.clear()

    # --- Room.

    def _keep(self, size_bytes: int) -> None:
        """So much is kept of requests that nobody serves yet."""
        if size_bytes or self._has_room:
            self._has_room = bool(size_bytes)
            largest = self.serving.room.hold(self, size_bytes)
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

    # --- Time.

    def _wait_for_more(self, size_bytes: int, *, is_new: bool) -> None:
        """A read ended inside a head or a body."""
        if self._is_refused:
            return
        limits = self.serving.limits
        self._received_bytes = size_bytes if is_new else self._received_bytes + size_bytes
        if self._is_in_head:
            if self._received_bytes > limits.header_bytes_max:
                self._refuse(HEAD_TOO_LARGE)
            elif is_new:
                self._expect_within(limits.header_timeout_s)
        elif self._received_bytes > self._body_read_bytes_max():
            self._refuse(OVERHEAD)
        elif is_new or self._received_bytes - self._marked_bytes >= PROGRESS_BYTES:
            self._marked_bytes = self._received_bytes
            self._expect_within(limits.body_timeout_s)

    def _body_read_bytes_max(self) -> float:
        """How much may have been read for what there is of the body."""
        return math.inf

    def _expect_within(self, timeout_s: float) -> None:
        self._due_at = self.loop.time() + timeout_s
        self._look_again()

    def _look_again(self) -> None:
        self.deadline = min(self._due_at, self._cut_at)
        self.serving.watch.expect(self.deadline, self.loop)

    def expire(self) -> None:
        """A limit is over, as the server's clock says: see which."""
        now = self.loop.time()
        if self._cut_at <= now:
            self.transport.abort()
        elif self._due_at <= now:
            self._due_at = math.inf
            self._end_waiting()
        if not self._is_lost:
            self.deadline = min(self._due_at, self._cut_at)
            self.serving.watch.add(self, self.loop)

    def _end_waiting(self) -> None:
        """Its client had time enough."""
        if self.is_leaving or self.transport.is_closing():
            self.transport.abort()
        elif self._is_refused:
            return
        elif self._is_in_body and self._is_paused:
            self._expect_within(self.serving.limits.body_timeout_s)  # it is we who do not read
        elif self._is_in_head or self._is_in_body:
            self._refuse(TOO_SLOW)
        elif self._served is None:
            self.transport.close()

    # --- The end.

    def _refuse(self, refusal: Fault) -> None:
        # Some are constants: what they came through would stay with them, this connection too.
        refusal.without_traceback()
        if self._is_refused:
            return
        self._is_refused = True
        reading, newest = self._reading, self._find_newest()
        if reading is not None and (reading.is_begun or self._waiting):
            self.transport.abort()
        elif reading is not None:
            # Whoever waits for the rest of this body waits for a client that is gone.
            reading.leave()
            self._answer(refusal)
        elif newest is not None:
            # An earlier request's answer runs; the connection ends with it.
            newest.is_kept = False
        else:
            self._answer(refusal)

    def _answer(self, refusal: Fault) -> None:
        self.transport.write(write_refusal(self.serving.render_refusal(refusal)))
        self._end_our_side()
        self._abort_after(REFUSAL_LINGER_S)

    def _linger(self) -> bool:
        """Whether the client still sends what was answered already; it gets time to read that."""
        if self._is_refused or not self._is_in_body:
            # What it has not read yet has the time that any answer has.
            self._expect_within(self.serving.limits.write_timeout_s)
            return False
        # What comes from now on is dropped where it arrives.
        self._is_refused = True
        self._end_our_side()
        self._read_on()
        self._abort_after(BODY_LINGER_S)
        return True

    def _end_our_side(self) -> None:
        """Over TLS there is no end of one side alone; the answer's length tells its end."""
        if self.transport.can_write_eof():
            self.transport.write_eof()

    def _abort_after(self, seconds: float) -> None:
        """The connection ends then, if its client has not ended it before."""
        self.is_leaving = True
        self._expect_within(seconds)


def _find_address(transport: Any, whose: str) -> tuple[str, int] | None:
    """None where it is no host and port, as of a Unix socket."""
    found = transport.get_extra_info(whose)
    return (str(found[0]), int(found[1])) if isinstance(found, tuple) else None
