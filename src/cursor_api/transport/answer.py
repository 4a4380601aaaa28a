"""One request to an upstream and its answer, with a limit on every wait.

Rules of this file:
- What leaves it is an answer or a Fault. A foreign exception becomes a Fault here, once, by the
  table in faults.py. Messages name the host and nothing that was sent.
- One clock for all answers (cursor_api/watch.py): a read costs a clock reading and no timer.
- An answer that is left before its end takes its connection with it. Nothing is drained.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

from cursor_api.domain.errors import Fault, FaultKind
from cursor_api.options.said import fill, tell
from cursor_api.transport.connections import Connections
from cursor_api.transport.faults import (
    ERROR_ROWS,
    NO_NEXT_BYTE,
    NO_TEXT,
    HttpStage,
    find_shortage,
    flaw_of_certificate,
)
from cursor_api.transport.line import Body, Line
from cursor_api.transport.options import Timeouts
from cursor_api.transport.sending import encode_head

# What one read gives. Rendered it is up to fifteen times as much, and a stream whose client reads
# slowly keeps two such pieces; a live stream's reads have some dozen bytes.
ANSWER_READ_BYTES_MAX: Final = 1 << 11
# Of a failed answer only the beginning is read; errors are a few hundred bytes.
ERROR_BODY_BYTES_MAX: Final = 64 << 10
# An error's body comes with its head, or in the next packet.
ERROR_BODY_TIMEOUT_S: Final = 3.0
# One for all: as an object it is large.
_NOTHING: Final = memoryview(b"")


class HttpAnswer:
    """One request and its answer: enter it, read it, leave it."""

    __slots__ = (
        "_body",
        "_connections",
        "_fields",
        "_first_token_at",
        "_has_text",
        "_is_finished",
        "_is_late",
        "_line",
        "_loop",
        "_opening_task",
        "_rest",
        "_timeouts",
        "_url",
        "deadline",
        "headers",
        "status",
    )

    headers: Mapping[str, str]
    status: int

    def __init__(
        self,
        connections: Connections,
        url: str,
        fields: bytes,
        body: Body | None,
        timeouts: Timeouts,
    ) -> None:
        self._connections = connections
        self._url = url
        self._fields = fields
        self._body = body
        self._timeouts = timeouts
        self._line: Line | None = None
        # Who waits for a connection; None once it is here.
        self._opening_task: asyncio.Task[object] | None = None
        # Until when something has to come; math.inf while nobody waits.
        self.deadline = math.inf
        self._has_text = False
        self._is_finished = False
        self._is_late = False
        # What came in the last read beyond ANSWER_READ_BYTES_MAX.
        self._rest = _NOTHING

    async def __aenter__(self) -> Self:
        self._loop = self._connections.loop
        self._connections.acquire()
        self.deadline = self._first_token_at = self._loop.time() + self._timeouts.first_token_s
        self._connections.watch.add(self, self._loop)
        try:
            line = await self._ask()
        except Exception as error:
            self._leave()
            raise self._fault(HttpStage.OPENING, error) from error
        except BaseException as error:
            self._leave()
            task = self._opening_task
            if self._is_late and task is not None and task.uncancel() == 0:
                # It was our own clock that cancelled this task, and nobody else.
                raise self._fault(HttpStage.OPENING, TimeoutError()) from error
            raise
        # Sent: not to be kept for as long as the answer lasts.
        self._body = b""
        self._fields = b""
        # Whoever reads says anew until when he waits.
        self.deadline = math.inf
        self.status = line.status
        self.headers = line.headers
        return self

    async def _ask(self) -> Line:
        target = self._connections.find_target(self._url)
        line = self._connections.find_idle(target)
        if line is None:
            self._opening_task = asyncio.current_task(self._loop)
            line = await self._connections.dial(target)
            self._opening_task = None
        self._line = line
        try:
            await line.ask(encode_head(target, self._fields, self._body), self._body or b"")
        except Exception:
            if not line.is_new:
                self._connections.drop_idle(target)
            raise
        return line

    def _leave(self) -> None:
        self._connections.release()
        self._connections.watch.discard(self)
        line, self._line = self._line, None
        if line is not None:
            self._connections.give_back(line, is_finished=self._is_finished)

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._leave()

    async def read(self) -> bytes:
        """At least one byte and ANSWER_READ_BYTES_MAX at most; b"" at the body's end.

        Raises Fault: INCOMPLETE, UPSTREAM_TIMEOUT.
        """
        if self._rest:
            return self._next_of(self._rest)
        line = self._line
        if line is None:
            raise RuntimeError("an answer is read inside `async with`")
        if not line.has_bytes() and not line.has_ended():
            if self._has_text:
                self.deadline = self._loop.time() + self._timeouts.idle_s
            else:
                self.deadline = self._first_token_at
            self._connections.watch.expect(self.deadline, self._loop)
            while not line.has_bytes() and not line.has_ended():
                await line.wait()
            # Until the next read nobody waits: a slow reader is not the upstream's silence.
            self.deadline = math.inf
        if line.has_bytes():
            data = line.take()
            return data if len(data) <= ANSWER_READ_BYTES_MAX else self._next_of(memoryview(data))
        if line.error is not None:
            raise self._fault(HttpStage.READING, line.error) from line.error
        return b""

    def _next_of(self, data: memoryview) -> bytes:
        self._rest = data[ANSWER_READ_BYTES_MAX:]
        return bytes(data[:ANSWER_READ_BYTES_MAX])

    def mark_first_text(self) -> None:
        """The first text is here: from now on only silence is too long."""
        self._has_text = True

    async def read_whole(self, bytes_max: int) -> bytes | None:
        """The body to its end; None where it has more than `bytes_max` bytes. Raises as `read`."""
        pieces, size = [], 0
        while data := await self.read():
            pieces.append(data)
            size += len(data)
            if size > bytes_max:
                return None
        return b"".join(pieces)

    async def read_error_body(self, bytes_max: int = ERROR_BODY_BYTES_MAX) -> bytes:
        """At most the first `bytes_max` bytes of the body, or what came of it; raises no Fault.

        The status has said already that the answer failed: a body that stalls or breaks only says
        less about why.
        """
        body = b""
        with contextlib.suppress(Fault, TimeoutError):
            async with asyncio.timeout(ERROR_BODY_TIMEOUT_S):
                while len(body) < bytes_max and (data := await self.read()):
                    body += data
        return body[:bytes_max]

    def mark_finished(self) -> None:
        """Nothing more is needed: the connection is kept if its body ends soon."""
        self._is_finished = True

    def expire(self) -> None:
        """What is waited for is too late: see Watched."""
        self._is_late = True
        if self._line is not None:
            self._line.fail(TimeoutError())
        elif self._opening_task is not None:
            self._opening_task.cancel()

    def _fault(self, stage: HttpStage, error: Exception) -> Fault:
        if self._is_late:
            message = NO_NEXT_BYTE if self._has_text else NO_TEXT
            return self._make_fault(FaultKind.UPSTREAM_TIMEOUT, message)
        own = find_shortage(error, self._host) if stage is HttpStage.OPENING else None
        if own is not None:
            return own
        row = next(row for row in ERROR_ROWS[stage] if isinstance(error, row.error))
        return self._make_fault(
            row.kind, row.message, flaw_of_certificate(error, self._connections.options.ca_setting)
        )

    @property
    def _host(self) -> str:
        return urlsplit(self._url).hostname or tell("The upstream")

    def _make_fault(self, kind: FaultKind, message: str, flaw: str = "") -> Fault:
        return Fault(
            kind,
            fill(
                message,
                host=self._host,
                flaw=flaw,
                connect_timeout_s=self._connections.options.connect_timeout_s,
                first_token_s=self._timeouts.first_token_s,
                idle_s=self._timeouts.idle_s,
            ),
        )
