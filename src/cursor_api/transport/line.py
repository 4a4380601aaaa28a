"""One HTTP/1.1 connection to an upstream, read by a parser in C; no limits on time.

Rules of this file:
- A line has one answer at a time. Bytes that come while it has none end it.
- What has come is given before what went wrong behind it.
- Above READ_BUFFER_BYTES that nobody has taken it stops reading, until they are taken.
- Everything that comes is bounded in bytes and in number, or is not kept.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Final, Protocol, TypeAlias

import httptools

from cursor_api.transport.errors import LostError, NotHttpError

# A large one comes in pieces, and leaves as they are.
Body: TypeAlias = bytes | Sequence[bytes]

# What a stream may hold that nobody has read yet. Upstreams send each frame of some 13 bytes as a
# chunk of its own, and each is an object of 50 bytes and more until it is read.
READ_BUFFER_BYTES: Final = 1 << 14
_OK: Final = HTTPStatus.OK.value
# Of all heads of one answer; the largest seen have 3 KiB in 30 fields.
HEAD_BYTES_MAX: Final = 1 << 16
FIELDS_MAX: Final = 200
# Interim answers (1xx) to one request. A server has one or two to give (100, 103).
INTERIM_MAX: Final = 8
# A body up to this leaves in one write with its head.
JOINED_BYTES_MAX: Final = 1 << 14
# What is handed to the transport at once, which copies what the kernel does not take.
PIECE_BYTES: Final = 1 << 17


class LineOwner(Protocol):
    """Who keeps lines. Told of those that nobody reads."""

    def take_back(self, line: Line) -> None:
        """Its answer is whole, and nobody waits for it."""
        ...

    def forget(self, line: Line) -> None:
        """It has ended."""
        ...


class Unkept:
    """The owner of a line that serves once: nobody keeps it."""

    def take_back(self, line: Line) -> None:
        """See LineOwner."""
        line.close()

    def forget(self, line: Line) -> None:
        """See LineOwner."""


class Line(asyncio.Protocol):
    """A connection and its answer: `ask`, `wait` and `take` until `has_ended`, then `leave`."""

    __slots__ = (
        "_can_write",
        "_feed",
        "_field_count",
        "_head_bytes",
        "_held_bytes",
        "_interim_count",
        "_is_interim",
        "_is_reading",
        "_is_surplus",
        "_loop",
        "_owner",
        "_parser",
        "_pieces",
        "_waiter",
        "error",
        "has_head",
        "has_reader",
        "headers",
        "idle_at",
        "is_closed",
        "is_kept",
        "is_new",
        "is_whole",
        "status",
        "transport",
    )

    transport: Any
    headers: dict[str, str]

    def __init__(self, loop: asyncio.AbstractEventLoop, owner: LineOwner) -> None:
        self._loop = loop
        self._owner = owner
        # While it is connected: each of both has the other, and would wait for the garbage
        # collector.
        self._parser: httptools.HttpResponseParser | None = None
        self._feed: Callable[[bytes], None] = _pass
        self._waiter: asyncio.Future[None] | None = None
        self._can_write = True
        self._is_reading = True
        self._pieces: list[bytes] = []
        self._held_bytes = 0
        self.error: Exception | None = None
        self.is_closed = False
        # Nothing was asked on it yet.
        self.is_new = True
        # Since when nobody uses it, by the loop's clock.
        self.idle_at = 0.0
        self.has_reader = False
        self.is_whole = True
        self.has_head = True
        self.is_kept = False

    def __repr__(self) -> str:
        state = "closed" if self.is_closed else "idle" if self.is_whole else "busy"
        return f"Line({state}, {self._held_bytes} bytes held)"

    # --- The reader's side.

    async def ask(self, head: bytes, body: Body) -> None:
        """Send a request and wait for its answer's head; raises what the line ended with.

        Whoever has an answer before he has the whole question has no use for the rest of it.
        """
        self._begin()
        is_sent = True
        if isinstance(body, bytes) and len(body) <= JOINED_BYTES_MAX:
            self.transport.write(head + body)
        else:
            self.transport.write(head)
            is_sent = await self._send([body] if isinstance(body, bytes) else body)
        # It may keep somebody's whole conversation.
        del body
        while not self.has_head and self.error is None:
            await self.wait()
        if not self.has_head and self.error is not None:
            raise self.error
        if not is_sent:
            self.is_kept = False

    def _begin(self) -> None:
        self.has_reader = True
        self.has_head = self.is_whole = self.is_kept = False
        self._is_interim = self._is_surplus = False
        self._head_bytes = self._field_count = self._interim_count = 0
        self.status = 0
        self.headers = {}

    async def _send(self, pieces: Sequence[bytes]) -> bool:
        """Whether all of them went out."""
        for whole in pieces:
            rest = memoryview(whole)
            while rest:
                while not self._can_write and not self.has_head and self.error is None:
                    await self.wait()
                if self.has_head or self.error is not None:
                    return False
                self.transport.write(rest[:PIECE_BYTES])
                rest = rest[PIECE_BYTES:]
        return True

    def wait(self) -> asyncio.Future[None]:
        """Done when there is something new: a head, a piece, the end, an error, room to write."""
        waiter = self._waiter = self._loop.create_future()
        return waiter

    def has_bytes(self) -> bool:
        """Whether something has come that was not taken."""
        return self._held_bytes > 0

    def has_ended(self) -> bool:
        """Whether nothing more will come."""
        return self.is_whole or self.error is not None

    def take(self) -> bytes:
        """All that has come and was not taken."""
        pieces = self._pieces
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self._held_bytes = 0
        if not self._is_reading:
            self._resume()
        return data

    def leave(self) -> None:
        """Nobody reads it any more; its end is waited for all the same."""
        self.has_reader = False
        self._pieces.clear()
        self._held_bytes = 0
        if not self._is_reading:
            self._resume()

    def fail(self, error: Exception) -> None:
        """End it, for a reason that its reader gets."""
        if self.error is None:
            self.error = error
        self.close()
        self._wake()

    def close(self) -> None:
        """End it at once."""
        self.transport.abort()

    def abandon(self) -> None:
        """Nobody waits for its connection any more, so the loop may tell it of no end."""
        if self._parser is not None:
            self.transport.set_protocol(asyncio.Protocol())
            self.connection_lost(None)

    # --- The transport's side.

    def connection_made(self, transport: Any) -> None:
        """See asyncio.Protocol."""
        self.transport = transport
        self._parser = httptools.HttpResponseParser(self)
        self._feed = self._parser.feed_data

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self.is_whole or self.error is not None:
            self.close()
            return
        if not self.has_head:
            self._head_bytes += len(data)
        try:
            self._feed(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.fail(NotHttpError())
            return
        if not self.has_head:
            if self._head_bytes > HEAD_BYTES_MAX:
                self.fail(NotHttpError())
            return
        if self._waiter is not None:
            self._wake()
        elif self._held_bytes > READ_BUFFER_BYTES and self._is_reading:
            self._is_reading = False
            self.transport.pause_reading()
        if not self.has_reader:
            self._end_unread()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self.is_closed = True
        if not self.is_whole and self.error is None:
            if self.has_head and exc is None and not self._has_stated_end():
                self.is_whole = True
            else:
                self.error = LostError()
                self.error.__cause__ = exc
        self.is_kept = False
        self._parser, self._feed = None, _pass
        self._wake()
        self._owner.forget(self)

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        self._can_write = False

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        self._can_write = True
        self._wake()

    # --- The parser's side.

    def on_message_begin(self) -> None:
        """A further answer, where only one was asked for."""
        if self.has_head:
            self._is_surplus = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field of a head. Trailers are dropped."""
        if self.has_head:
            return
        self._field_count += 1
        if self._field_count > FIELDS_MAX:
            raise NotHttpError
        key = name.decode("latin-1").lower()
        text = value.decode("utf-8", "replace")
        self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text

    def on_headers_complete(self) -> None:
        """The end of a head."""
        if self.has_head:
            return
        status = self._get_parser().get_status_code()
        if status >= _OK:
            self.status = status
            self.has_head = True
            return
        self._interim_count += 1
        if self._interim_count > INTERIM_MAX:
            raise NotHttpError
        self._is_interim = True
        self.headers = {}

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if self.has_reader and not self._is_surplus:
            self._pieces.append(body)
            self._held_bytes += len(body)

    def on_message_complete(self) -> None:
        """The end of an answer."""
        if self._is_interim:
            self._is_interim = False
            return
        self.is_kept = self._get_parser().should_keep_alive() and not self._is_surplus
        self.is_whole = True

    def _get_parser(self) -> httptools.HttpResponseParser:
        if self._parser is None:
            raise RuntimeError("a line that has ended reads nothing")
        return self._parser

    def _end_unread(self) -> None:
        if self.is_whole:
            self._owner.take_back(self)

    def _has_stated_end(self) -> bool:
        return "content-length" in self.headers or "transfer-encoding" in self.headers

    def _resume(self) -> None:
        self._is_reading = True
        if not self.is_closed:
            self.transport.resume_reading()

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


def _pass(_data: bytes) -> None:
    """What reads for a line that has ended."""
