"""uvicorn's protocol for one connection on the C parser, with our limits."""

from __future__ import annotations

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.web.server.connection import Guarded
from cursor_api.web.server.limits import ConnectionLimits
from cursor_api.web.server.refusals import (
    HEAD_TOO_LARGE,
    MALFORMED,
    TOO_MANY_CHUNKS,
    TOO_MANY_FIELDS,
    TOO_MANY_QUEUED,
    RenderRefusal,
    fresh,
)
from cursor_api.web.server.room import Room
from cursor_api.web.server.strict import FIELDS_MAX, find_flaw
from cursor_api.web.server.unframed import UnframedCycle

# How many bytes of chunk headers, extensions and trailers may come with one byte of body. Chunks
# of one byte each need six.
CHUNK_OVERHEAD_MAX = 16
# A body may come in so many pieces, and one more for so many bytes of it: each costs a microsecond,
# and one of 10 MiB in chunks of one byte would stop everybody else for ten seconds.
PIECES_FREE = 16_384
BYTES_PER_PIECE = 64
# The most that uvloop reads at once.
READ_BYTES_MAX = 262_144
# Requests that may wait behind an earlier one's answer; hardly a client sends a second one before
# it has the first one's. Whoever sends more is answered so many, and sends the rest again (RFC
# 9112, section 9.3.2). What comes in one read may be thousands.
QUEUED_MAX = 16
# What a waiting request and a header field take as objects, besides their bytes.
REQUEST_BYTES = 2048
FIELD_BYTES = 128
# A request line up to this length is looked for, even where it came in pieces.
LINE_BYTES_MAX = 8192


class GuardedHttpTools(Guarded, HttpToolsProtocol):
    """The C parser: strict about bytes, less so about what they say."""

    __slots__ = (
        "_begun",
        "_body_bytes",
        "_is_new",
        "_is_upgrade",
        "_line_at",
        "_piece_count",
        "_read",
        "_row",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._is_upgrade = False
        self._is_new = False
        # What is being parsed, and the beginning of the head that an earlier read ended in.
        self._read = b""
        self._begun = b""
        # Up to where request lines were looked at in it; 0 where no request came before.
        self._line_at = 0
        self._body_bytes = 0
        self._piece_count = 0
        # Where requests wait: the one whose answer was made then, and those behind it.
        self._row: list[RequestResponseCycle] = []

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever answers is told, even where newer requests wait; those are dropped."""
        self._drop_waiting()
        super().connection_lost(exc)
        self._row = []

    def data_received(self, data: bytes) -> None:
        """Like uvicorn's, with limits."""
        if self._is_refused:
            return
        self._unset_keepalive_if_required()
        was_in_body = self._is_in_body
        self._read = data
        self._line_at = 0
        self._is_new = False
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._stay_with_http(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            cause = error.__context__
            if isinstance(cause, Fault):
                # Its traceback has this frame, which has it.
                self._refuse(cause.with_traceback(None))
            else:
                self._refuse(MALFORMED)
        self._read = b""
        if self._is_in_head or self._is_in_body:
            size_bytes = len(data)
            if self._is_in_head:
                size_bytes = self._head_bytes(data, is_behind=was_in_body)
            self._wait_for_more(size_bytes, is_new=self._is_new)
        if self._has_room or self._is_in_head or self.pipeline or self.flow.write_paused:
            self._keep(self._waiting_bytes())

    def _has_queue(self) -> bool:
        return bool(self.pipeline)

    def on_message_begin(self) -> None:
        """A request's first byte."""
        self._received_bytes = 0
        self._is_in_head = self._is_new = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field; also of a trailer. Raises Fault, as below."""
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        headers = self.headers
        headers.append((name, value))
        if len(headers) > FIELDS_MAX:
            raise fresh(TOO_MANY_FIELDS)

    def on_headers_complete(self) -> None:
        """A head is whole; raises Fault, which ends the parser's work."""
        version = self.parser.get_http_version()
        method = self.parser.get_method()
        flaw = find_flaw(version, method, self.url, self.headers)
        version_at = len(method) + len(self.url) + 2
        if not self._line_at and self._read.startswith(b"HTTP/1.", version_at):
            self._line_at = version_at
        else:
            flaw = flaw or self._find_line_flaw(method)
        if flaw is not None:
            raise Fault(FaultKind.MALFORMED_REQUEST, flaw)
        if self._received_bytes + len(self._read) > self.limits.header_bytes_max:
            self._check_head_size()
        if len(self.pipeline) >= QUEUED_MAX:
            raise fresh(TOO_MANY_QUEUED)
        if self.parser.should_upgrade():
            self._is_upgrade = True
            return
        before = self.cycle
        super().on_headers_complete()
        if self.pipeline:
            row = [one for one in self._row or [before] if not one.response_complete]
            self._row = [*row, self.cycle]
            if len(self.pipeline) <= QUEUED_MAX // 2:
                # Else nobody would see the client leave.
                self.flow.resume_reading()
        if version == "1.0":
            self.cycle.__class__ = UnframedCycle
        self.transport.hold_next()
        # What comes as a trailer is no header.
        self.headers = []
        self._is_in_head = False
        self._is_in_body = self._is_new = True
        self._body_bytes = self._piece_count = 0

    def on_body(self, body: bytes) -> None:
        """A piece of a body, without what chunks add; raises Fault, as above.

        Like uvicorn's, which asks each time whether the connection speaks another protocol.
        """
        self._body_bytes += len(body)
        self._piece_count += 1
        if (self._piece_count - PIECES_FREE) * BYTES_PER_PIECE > self._body_bytes:
            raise fresh(TOO_MANY_CHUNKS)
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        """A body is whole; also called for a head with an upgrade, which is parsed again."""
        if self._is_upgrade:
            return
        self._is_in_body = False
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.message_event.set()

    def _served(self) -> RequestResponseCycle:
        """Whose answer is made, or was last; `cycle` is the newest request, which may wait."""
        while self._row and self._row[0].response_complete:
            del self._row[0]
        return self._row[0] if self._row else self.cycle

    def _waiting_bytes(self) -> int:
        """What is kept of requests that nobody serves, with what it takes as objects."""
        size_bytes = 0
        if self._is_in_head:
            size_bytes = self._received_bytes + FIELD_BYTES * len(self.headers)
        for cycle, _app in self.pipeline:
            fields: list[tuple[bytes, bytes]] = list(cycle.scope["headers"])
            size_bytes += REQUEST_BYTES + FIELD_BYTES * len(fields) + len(cycle.body)
            size_bytes += sum(len(name) + len(value) for name, value in fields)
        if self.flow.write_paused and self.cycle is not None:
            # Its client does not read: it may be answered already, and its body be read by nobody.
            size_bytes += len(self._served().body)
        return size_bytes

    def _drop_waiting(self) -> None:
        for cycle, _app in self.pipeline:
            cycle.on_response = _do_nothing
        if self.pipeline:
            self.pipeline.clear()
            self.cycle = self._served()
            self._is_in_body = False
        if self._is_in_head:
            # What it had said lies in the parser as well.
            self.headers, self.url = [], b""
            self.parser = None  # type: ignore[assignment]  # as uvicorn leaves it at the end

    def _body_read_bytes_max(self) -> float:
        # The read in which a body begins has its head, too.
        return READ_BYTES_MAX + self._body_bytes * CHUNK_OVERHEAD_MAX

    def _head_bytes(self, data: bytes, *, is_behind: bool) -> int:
        """How much of a read that ended inside a head belongs to that head, or little more.

        Such a read may begin with the end of a large body. The parser does not tell where a request
        begins, and gives a field when the next line has begun.
        """
        if not self._is_new:
            if self._begun and len(self._begun) < LINE_BYTES_MAX:
                self._begun += data[:LINE_BYTES_MAX]
            return len(data)
        self._begun = b"" if is_behind or self._line_at else data[:LINE_BYTES_MAX]
        if len(data) <= self.limits.header_bytes_max:
            return len(data)
        known_bytes = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if data.rfind(self.url, -len(self.url) - len(b" HTTP/1.1\r")) >= 0:
            return known_bytes
        last_line_at = data.rfind(b"\r\n", 0, data.rfind(b"\r\n"))
        return known_bytes + len(data) - last_line_at

    def _find_line_flaw(self, method: bytes) -> str | None:
        """The same for a request line that is not the first thing in a read, or came in pieces.

        One that came in pieces, the first of them behind another request, is not known; nobody who
        reads HTTP/1.1 as it is written sends such a thing and a doubtful line with it.
        """
        line = b"%s %s HTTP/1." % (method, self.url)
        at = self._read.find(line, self._line_at)
        if at >= 0:
            self._line_at = at + len(line)
            return None
        begun, self._begun = self._begun, b""
        is_known = bool(begun) or self._is_new
        self._line_at = self._line_at or 1
        if not is_known or len(line) > LINE_BYTES_MAX or line in begun + self._read:
            return None
        return "The request line has more than one space where one belongs."

    def _check_head_size(self) -> None:
        # Two bytes between a name and its value, two after it.
        fields_bytes = sum(len(name) + len(value) + 4 for name, value in self.headers)
        if len(self.url) + fields_bytes > self.limits.header_bytes_max:
            raise fresh(HEAD_TOO_LARGE)

    def _stay_with_http(self, rest: bytes) -> None:
        """Decline an upgrade (Java's client asks for h2c with its first request).

        The parser stops at such a head and would drop the body behind it, so a new parser
        gets the request once more, as one that asks for no upgrade of this connection; which
        one it was is still to be seen.
        """
        self._is_upgrade = False
        head = [b"%s %s HTTP/1.1\r\n" % (self.parser.get_method(), self.url)]
        head += [
            b"%s: %s\r\n" % header
            for header in self.headers
            if header[0] not in {b"connection", b"http2-settings"}
        ]
        self.parser = httptools.HttpRequestParser(self)
        self._read = b"".join([*head, b"connection: close\r\n\r\n", rest])
        self._line_at = 0
        try:
            # The sender may go on in the other protocol: this connection has no second request.
            self.parser.feed_data(self._read)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse(MALFORMED)


def guarded_protocol(
    limits: ConnectionLimits, render_refusal: RenderRefusal
) -> type[asyncio.Protocol]:
    """The class of every connection, with its limits and how it words its refusals."""
    base: Any = GuardedHttpTools
    own = {"limits": limits, "room": Room(), "render_refusal": staticmethod(render_refusal)}
    return type("GatewayProtocol", (base,), own)


def _do_nothing() -> None:
    """What an answer that is never made reports to."""
