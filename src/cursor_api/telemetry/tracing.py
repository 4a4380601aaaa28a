"""Delivers traces of ended requests, over OTLP and HTTP, without keeping any request waiting.

Rules of this file:
- A record costs its request one place in a queue. What it becomes is worked out later, in steps.
- A collector that does not answer costs traces, never requests: they wait in a bounded queue, the
  oldest go first, and the operator is told once, and once more when it is over.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from msgspec import Struct

from cursor_api import __version__
from cursor_api.domain.errors import Fault
from cursor_api.domain.record import RequestRecord
from cursor_api.ports.process import Observer
from cursor_api.telemetry.request_spans import RequestSpans
from cursor_api.telemetry.trace_options import TraceOptions
from cursor_api.transport.client import HttpClient, HttpOptions
from cursor_api.wire.otlp import Attributes, Span, encode_spans

PATH: Final = "/v1/traces"
HEADERS: Final = {"content-type": "application/x-protobuf", "user-agent": "cursor-api"}
RESOURCE: Final[Attributes] = {"service.name": "cursor-api", "service.version": __version__}
SCOPE: Final = ("cursor-api", __version__)
# Some 5 MB.
WAITING_MAX: Final = 5000
# About a megabyte in one piece.
BATCH_MAX: Final = 500
# Between two looks at the loop while spans are made.
STEP_RECORDS: Final = 20

CANNOT_DELIVER: Final = "traces cannot be delivered; requests go on"
DELIVERED_AGAIN: Final = "traces are delivered again"


# What a collector does not understand it will not understand later.
FINAL: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})


class TraceTimes(Struct, frozen=True):
    """Seconds."""

    deliver_every_s: float = 2.0
    retry_s: float = 10.0
    answer_s: float = 10.0
    # For what is left when the gateway ends.
    last_s: float = 2.0


class _Failure(Struct, frozen=True):
    """Why a batch was not taken; a final one is not tried again."""

    problem: str
    is_final: bool = False


class Tracing:
    """Takes records, and delivers them while `run` runs. Without options it takes none."""

    def __init__(
        self, spans: RequestSpans, observer: Observer, times: TraceTimes | None = None
    ) -> None:
        self._spans = spans
        self._observer = observer
        self._times = times or TraceTimes()
        self._options = TraceOptions()
        self._waiting: deque[RequestRecord] = deque(maxlen=WAITING_MAX)
        self._is_failing = False
        self.dropped_count = 0

    def __repr__(self) -> str:
        return f"Tracing(waiting={len(self._waiting)}, dropped={self.dropped_count})"

    def use(self, options: TraceOptions) -> None:
        """Deliver there from now on; without an address nowhere, and what waits is forgotten."""
        self._options = options
        if options.url is None:
            self._waiting.clear()

    def take(self, record: RequestRecord) -> None:
        """One that has ended."""
        if self._options.url is None:
            return
        if len(self._waiting) == WAITING_MAX:
            self.dropped_count += 1
        self._waiting.append(record)

    async def run(self) -> None:
        """Deliver what comes together, until this is cancelled; then what is left, once."""
        try:
            while True:
                await asyncio.sleep(self._times.deliver_every_s)
                if not await self.deliver():
                    await asyncio.sleep(self._times.retry_s)
        finally:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._times.last_s):
                    await self.deliver()

    async def deliver(self) -> bool:
        """All that waits, batch by batch; whether all of it was taken."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
            failure = await self._send(batch)
            if failure is None:
                continue
            self._tell(failure.problem)
            if failure.is_final:
                self.dropped_count += len(batch)
                return True
            self._put_back(batch)
            return False
        if self._is_failing:
            self._is_failing = False
            self._observer.notice(DELIVERED_AGAIN, lost_count=self.dropped_count)
        return True

    async def _send(self, batch: Sequence[RequestRecord]) -> _Failure | None:
        """Deliver them; None: they were taken."""
        url = self._options.url
        if url is None:
            return None
        spans: list[Span] = []
        for number, record in enumerate(batch, start=1):
            spans += self._spans.of(record)
            if number % STEP_RECORDS == 0:
                await asyncio.sleep(0)
        body = encode_spans(RESOURCE, SCOPE, spans)
        options = HttpOptions(proxy=self._options.proxy)
        try:
            async with (
                asyncio.timeout(self._times.answer_s),
                HttpClient(options, self._options.headers) as http,
                http.open_post(address_of(url), HEADERS, body) as answer,
            ):
                status = answer.status
        except TimeoutError:
            return _Failure("no answer in time")
        except Fault as fault:
            return _Failure(fault.message)
        if status < HTTPStatus.MULTIPLE_CHOICES:
            return None
        return _Failure(f"the collector answered with status {status}", status in FINAL)

    def _put_back(self, batch: Sequence[RequestRecord]) -> None:
        room = WAITING_MAX - len(self._waiting)
        self.dropped_count += max(len(batch) - room, 0)
        self._waiting.extendleft(reversed(batch[-room:] if room else ()))

    def _tell(self, problem: str) -> None:
        if not self._is_failing:
            self._is_failing = True
            self._observer.warn(CANNOT_DELIVER, detail=problem)


def address_of(url: str) -> str:
    """Where spans are posted, below the base address or at it."""
    return url if url.endswith(PATH) else f"{url}{PATH}"
