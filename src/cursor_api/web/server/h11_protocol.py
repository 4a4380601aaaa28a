"""uvicorn's protocol for one connection on the pure Python parser, with our limits around it."""

from __future__ import annotations

from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.web.server.connection import (
    HEAD_TOO_LARGE,
    MALFORMED,
    NEEDS_LENGTH,
    TOO_MANY_FIELDS,
    Guarded,
    fresh,
)
from cursor_api.web.server.strict import FIELDS_MAX, find_flaw, find_raw_flaw


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
                raise fresh(HEAD_TOO_LARGE)
            if head.count(b"\r\n") > FIELDS_MAX:
                raise fresh(TOO_MANY_FIELDS)
            if (flaw := find_raw_flaw(head)) is not None:
                raise Fault(FaultKind.MALFORMED_REQUEST, flaw)
        try:
            event = super().next_event()
        except h11.RemoteProtocolError as error:
            # Bodies have no form here, so this was a head. h11's error has a frame that has it.
            error.__traceback__ = None
            raise fresh(MALFORMED) from None
        if isinstance(event, h11.Request):
            version = event.http_version.decode()
            flaw = find_flaw(version, event.method, event.target, event.headers)
            if flaw is not None:
                raise Fault(FaultKind.MALFORMED_REQUEST, flaw)
            if any(name == b"transfer-encoding" for name, _ in event.headers):
                # h11 reads chunk headers more kindly than others do.
                raise fresh(NEEDS_LENGTH)
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
            size_bytes = len(data)
            if self._is_in_head:
                # Such a read may begin with the end of a large body.
                size_bytes = min(size_bytes, len(self.conn.trailing_data[0]))
            self._wait_for_more(size_bytes, is_new=before != after)
        waiting_bytes = self._waiting_bytes()
        self._keep(waiting_bytes)
        if self.conn.their_state is h11.DONE and waiting_bytes < self.limits.header_bytes_max:
            # A request waits behind the one that is served; else nobody would see the client leave.
            self.flow.resume_reading()

    def _waiting_bytes(self) -> int:
        """What is kept of requests that nobody serves: bytes, parsed only in their turn."""
        size_bytes = len(self.conn.trailing_data[0])
        if self.flow.write_paused and self.cycle is not None:
            size_bytes += len(self.cycle.body)
        return size_bytes

    def _drop_waiting(self) -> None:
        if self.cycle is not None and not self.cycle.response_complete:
            # The answer that is being made holds the parser, and that all that came behind.
            self.transport.abort()
        self.conn = StrictConnection(self.limits.header_bytes_max)

    def handle_events(self) -> None:
        """Like uvicorn's; a refusal ends it."""
        try:
            super().handle_events()
        except Fault as refusal:
            self._is_in_head, self._is_in_body = True, False
            self._refuse(refusal)

    def _note_place(self) -> None:
        state = self.conn.their_state
        self._is_in_head = state is h11.IDLE and bool(self.conn.trailing_data[0])
        self._is_in_body = state is h11.SEND_BODY
