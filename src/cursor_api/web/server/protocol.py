"""How requests are read: by the C parser, strict about bytes, less so about what they say."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote

import httptools

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.web.server.connection import WAITING_FREE, Connection
from cursor_api.web.server.refusals import (
    HEAD_TOO_LARGE,
    MALFORMED,
    TOO_MANY_CHUNKS,
    TOO_MANY_FIELDS,
    TOO_MANY_QUEUED,
    fresh,
)
from cursor_api.web.server.request import Request
from cursor_api.web.server.serving import Serving
from cursor_api.web.server.strict import FIELDS_MAX, find_flaw

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
# Everybody's targets; others are taken apart with care.
_PLAIN_TARGET: Final = re.compile(rb"/[!-~]*")
_ASGI: Final = {"version": "3.0", "spec_version": "2.3"}


class HttpConnection(Connection):
    """A client's connection that speaks HTTP/1.1."""

    __slots__ = (
        "_begun",
        "_body_bytes",
        "_feed",
        "_is_expecting",
        "_is_new",
        "_is_upgrade",
        "_line_at",
        "_parser",
        "_piece_count",
        "_read",
        "_url",
        "headers",
    )

    def __init__(self, serving: Serving, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(serving, loop)
        self._parse_anew()
        self._url = b""
        self.headers: list[tuple[bytes, bytes]] = []
        self._is_expecting = False
        self._is_upgrade = False
        self._is_new = False
        # What is being parsed, and the beginning of the head that an earlier read ended in.
        self._read = b""
        self._begun = b""
        # Up to where request lines were looked at in it; 0 where no request came before.
        self._line_at = 0
        self._body_bytes = 0
        self._piece_count = 0

    def _parse_anew(self) -> None:
        parser = httptools.HttpRequestParser(self)
        self._parser: httptools.HttpRequestParser | None = parser
        self._feed: Callable[[bytes], None] = parser.feed_data

    def connection_lost(self, exc: Exception | None) -> None:
        """See Connection."""
        self._parser, self._feed = None, _pass
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._is_refused:
            return
        was_in_body = self._is_in_body
        self._read = data
        self._line_at = 0
        self._is_new = False
        try:
            self._feed(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._stay_with_http(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self._refuse_unread(error)
        self._read = b""
        if self._is_in_head or self._is_in_body:
            size_bytes = len(data)
            if self._is_in_head:
                size_bytes = self._head_bytes(data, is_behind=was_in_body)
            self._wait_for_more(size_bytes, is_new=self._is_new)
        if self._has_room or self._is_in_head or self._waiting or self.writable is not None:
            self._keep(self._waiting_bytes())

    def _refuse_unread(self, error: httptools.HttpParserError) -> None:
        cause = error.__context__
        if isinstance(cause, Fault):
            # Its traceback has a frame of this connection, which has it.
            self._refuse(cause.with_traceback(None))
        else:
            self._refuse(MALFORMED)

    # --- The parser's side.

    def on_message_begin(self) -> None:
        """A request's first byte."""
        self._received_bytes = 0
        self._is_in_head = self._is_new = True
        self._url = b""
        self.headers = []
        self._is_expecting = False

    def on_url(self, url: bytes) -> None:
        """Its target, or a piece of that."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field; also of a trailer. Raises Fault, as below."""
        name = name.lower()
        if name == b"expect" and value.lower() == b"100-continue":
            self._is_expecting = True
        headers = self.headers
        headers.append((name, value))
        if len(headers) > FIELDS_MAX:
            raise fresh(TOO_MANY_FIELDS)

    def on_headers_complete(self) -> None:
        """A head is whole; raises Fault, which ends the parser's work."""
        parser = self._get_parser()
        version = parser.get_http_version()
        method = parser.get_method()
        flaw = find_flaw(version, method, self._url, self.headers)
        version_at = len(method) + len(self._url) + 2
        if not self._line_at and self._read.startswith(b"HTTP/1.", version_at):
            self._line_at = version_at
        else:
            flaw = flaw or self._find_line_flaw(method)
        if flaw is not None:
            raise Fault(FaultKind.MALFORMED_REQUEST, flaw)
        if self._received_bytes + len(self._read) > self.serving.limits.header_bytes_max:
            self._check_head_size()
        if len(self._waiting) >= QUEUED_MAX:
            raise fresh(TOO_MANY_QUEUED)
        if parser.should_upgrade():
            self._is_upgrade = True
            return
        is_new_version = version != "1.0"
        request = Request(
            self,
            self._make_scope(version, method),
            is_kept=is_new_version and parser.should_keep_alive(),
            is_expecting=is_new_version and self._is_expecting,
        )
        self._is_in_head = False
        self._is_in_body = self._is_new = True
        # What comes as a trailer is no header.
        self.headers = []
        self._body_bytes = self._piece_count = 0
        self._take(request)
        if len(self._waiting) > WAITING_FREE:
            self.pause_reading()

    def on_body(self, body: bytes) -> None:
        """A piece of a body, without what chunks add; raises Fault, as above."""
        self._body_bytes += len(body)
        self._piece_count += 1
        if (self._piece_count - PIECES_FREE) * BYTES_PER_PIECE > self._body_bytes:
            raise fresh(TOO_MANY_CHUNKS)
        if self._reading is not None:
            self._reading.add_body(body)

    def on_message_complete(self) -> None:
        """A body is whole; also called for a head with an upgrade, which is parsed again."""
        if self._is_upgrade:
            return
        self._is_in_body = False
        reading, self._reading = self._reading, None
        if reading is None:
            return
        reading.end_body()
        if reading.is_answered:
            self._expect_within(self.serving.idle_s)
        else:
            # Nothing more is waited for but its answer.
            self._due_at, self.deadline = math.inf, self._cut_at

    def _get_parser(self) -> httptools.HttpRequestParser:
        if self._parser is None:
            raise RuntimeError("a connection that has ended reads nothing")
        return self._parser

    def _make_scope(self, version: str, method: bytes) -> dict[str, Any]:
        """The request as the app gets it; raises httptools' errors for what is no target."""
        url = self._url
        if _PLAIN_TARGET.fullmatch(url):
            raw_path, _, query = url.partition(b"?")
        else:
            parsed = httptools.parse_url(url)
            raw_path, query = parsed.path or b"/", parsed.query or b""
        path = raw_path.decode("ascii")
        return {
            "type": "http",
            "asgi": _ASGI,
            "http_version": version,
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "method": method.decode("ascii"),
            "root_path": "",
            "path": unquote(path) if "%" in path else path,
            "raw_path": raw_path,
            "query_string": query,
            "headers": self.headers,
        }

    # --- Room.

    def _waiting_bytes(self) -> int:
        """What is kept of requests that nobody serves, with what it takes as objects."""
        size_bytes = 0
        if self._is_in_head:
            size_bytes = self._received_bytes + FIELD_BYTES * len(self.headers)
        for request in self._waiting:
            fields = request.fields
            size_bytes += REQUEST_BYTES + FIELD_BYTES * len(fields) + request.body_bytes
            size_bytes += sum(len(name) + len(value) for name, value in fields)
        if self.writable is not None and self._served is not None:
            # Its client does not read, and its body may be read by nobody.
            size_bytes += self._served.body_bytes
        return size_bytes

    def _drop_waiting(self) -> None:
        if self._waiting:
            self._drop_requests()
            self._reading = None
            self._is_in_body = False
        if self._is_in_head:
            # What it had said lies in the parser as well.
            self.headers, self._url = [], b""
            self._parser, self._feed = None, _pass

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
        if len(data) <= self.serving.limits.header_bytes_max:
            return len(data)
        known_bytes = len(self._url) + sum(len(name) + len(value) for name, value in self.headers)
        if data.rfind(self._url, -len(self._url) - len(b" HTTP/1.1\r")) >= 0:
            return known_bytes
        last_line_at = data.rfind(b"\r\n", 0, data.rfind(b"\r\n"))
        return known_bytes + len(data) - last_line_at

    def _find_line_flaw(self, method: bytes) -> str | None:
        """The same for a request line that is not the first thing in a read, or came in pieces.

        One that came in pieces, the first of them behind another request, is not known; nobody who
        reads HTTP/1.1 as it is written sends such a thing and a doubtful line with it.
        """
        line = b"%s %s HTTP/1." % (method, self._url)
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
        if len(self._url) + fields_bytes > self.serving.limits.header_bytes_max:
            raise fresh(HEAD_TOO_LARGE)

    def _stay_with_http(self, rest: bytes) -> None:
        """Decline an upgrade (Java's client asks for h2c with its first request).

        The parser stops at such a head and would drop the body behind it, so a new parser
        gets the request once more, as one that asks for no upgrade of this connection; which
        one it was is still to be seen.
        """
        self._is_upgrade = False
        head = [b"%s %s HTTP/1.1\r\n" % (self._get_parser().get_method(), self._url)]
        head += [
            b"%s: %s\r\n" % header
            for header in self.headers
            if header[0] not in {b"connection", b"http2-settings"}
        ]
        self._parse_anew()
        self._read = b"".join([*head, b"connection: close\r\n\r\n", rest])
        self._line_at = 0
        try:
            # The sender may go on in the other protocol: this connection has no second request.
            self._feed(self._read)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse(MALFORMED)


def _pass(_data: bytes) -> None:
    """What reads for a connection that has ended."""
