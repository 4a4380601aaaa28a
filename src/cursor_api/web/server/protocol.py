"""uvicorn's protocols for one connection, each with our limits around its parser."""

from __future__ import annotations

import asyncio
import importlib.util
from typing import TYPE_CHECKING, Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.web.server.connection import (
    HEAD_TOO_LARGE,
    MALFORMED,
    NEEDS_LENGTH,
    ConnectionLimits,
    Guarded,
    RenderRefusal,
)
from cursor_api.web.server.strict import find_flaw, find_raw_flaw

HAS_HTTPTOOLS = importlib.util.find_spec("httptools") is not None

if HAS_HTTPTOOLS or TYPE_CHECKING:
    import httptools
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
else:
    HttpToolsProtocol = object

# How many bytes of chunk headers, extensions and trailers may come with one byte of body. Chunks
# of one byte each need six.
CHUNK_OVERHEAD_MAX = 16
# The most that uvloop reads at once.
READ_BYTES_MAX = 262_144


class GuardedHttpTools(Guarded, HttpToolsProtocol):
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
            self._refuse(cause if isinstance(cause, Fault) else MALFORMED)
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
        """A head is whole; raises Fault, which ends the parser's work."""
        version = self.parser.get_http_version()
        flaw = find_flaw(version, self.parser.get_method(), self.url, self.headers)
        if flaw is not None:
            raise Fault(FaultKind.MALFORMED_REQUEST, flaw)
        if self._received_bytes + self._read_bytes > self.limits.header_bytes_max:
            self._check_head_size()
        if self.parser.should_upgrade():
            self._is_upgrade = True
            return
        super().on_headers_complete()
        self.transport.hold_next()
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
        """A body is whole; also called for a head with an upgrade, which is parsed again."""
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

        The parser stops at such a head and would drop the body behind it, so a new parser
        gets the request once more, without the upgrade.
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
        """Like h11's; raises Fault before anything of a flawed head is believed."""
        if self.their_state is h11.IDLE:
            # h11 takes line ends in front of a request, as it should.
            head = self.trailing_data[0].lstrip(b"\r\n").partition(b"\r\n\r\n")[0]
            if len(head) > self._header_bytes_max:
                raise HEAD_TOO_LARGE
            if (flaw := find_raw_flaw(head)) is not None:
                raise Fault(FaultKind.MALFORMED_REQUEST, flaw)
        event = super().next_event()
        if isinstance(event, h11.Request):
            version = event.http_version.decode()
            flaw = find_flaw(version, event.method, event.target, event.headers)
            if flaw is not None:
                raise Fault(FaultKind.MALFORMED_REQUEST, flaw)
            if any(name == b"transfer-encoding" for name, _ in event.headers):
                # h11 reads chunk headers more kindly than others do.
                raise NEEDS_LENGTH
        return event


class GuardedH11(Guarded, H11Protocol):
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
        except Fault as refusal:
            self._refuse_head(refusal)

    def send_400_response(self, _msg: str) -> None:
        """What uvicorn calls when h11 cannot go on: at a head, as bodies have no form here."""
        self._refuse_head(MALFORMED)

    def _refuse_head(self, refusal: Fault) -> None:
        self._is_in_head, self._is_in_body = True, False
        self._refuse(refusal)

    def _note_place(self) -> None:
        state = self.conn.their_state
        self._is_in_head = state is h11.IDLE and bool(self.conn.trailing_data[0])
        self._is_in_body = state is h11.SEND_BODY


def guarded_protocol(
    limits: ConnectionLimits, render_refusal: RenderRefusal, *, is_h11: bool
) -> type[asyncio.Protocol]:
    """The class of every connection, with its limits and how it words its refusals."""
    base: Any = GuardedH11 if is_h11 else GuardedHttpTools
    return type(
        "GatewayProtocol",
        (base,),
        {"limits": limits, "render_refusal": staticmethod(render_refusal)},
    )
