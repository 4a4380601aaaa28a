"""Traces on their way to a collector: a real receiver that reads them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from cursor_api.domain.credential import Secret
from cursor_api.domain.record import Status
from cursor_api.options.proxies import SharedProxies
from cursor_api.telemetry.request_spans import RequestSpans
from cursor_api.telemetry.told_log import ToldLog
from cursor_api.telemetry.trace_options import TraceOptions
from cursor_api.telemetry.tracing import (
    BATCH_MAX,
    CANNOT_DELIVER,
    DELIVERED_AGAIN,
    WAITING_MAX,
    TraceTimes,
    Tracing,
    address_of,
)
from tests.fakes import ListLog, ListObserver
from tests.records import record_of
from tests.scripted_server import ScriptedServer, Turn

QUICK = TraceTimes(deliver_every_s=0.001, retry_s=0.001, answer_s=5.0, last_s=5.0)


class Collector:
    """Takes what is posted, or answers with the next of its statuses."""

    def __init__(self) -> None:
        self.statuses: list[int] = []
        self.requests: list[ExportTraceServiceRequest] = []
        self.turns: list[Turn] = []

    async def serve(self, turn: Turn) -> None:
        """One request."""
        self.turns.append(turn)
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.requests.append(ExportTraceServiceRequest.FromString(turn.body))
        await turn.answer(b"", status, content_type="application/x-protobuf")

    @property
    def spans(self) -> list[Any]:
        """All that was taken."""
        return [
            span
            for request in self.requests
            for of_resource in request.resource_spans
            for of_scope in of_resource.scope_spans
            for span in of_scope.spans
        ]


@asynccontextmanager
async def collecting() -> AsyncIterator[tuple[Collector, Tracing, ListObserver]]:
    """A collector, and what delivers to it."""
    collector, observer = Collector(), ListObserver()
    tracing = Tracing(RequestSpans({"fake": "openai"}.get, lambda _name: True), observer, QUICK)
    async with ScriptedServer(collector.serve) as server:
        headers = (("authorization", Secret("Bearer of-the-collector")),)
        tracing.use(TraceOptions(server.url, headers, SharedProxies()))
        yield collector, tracing, observer


async def test_what_has_ended_is_delivered_with_the_operators_headers() -> None:
    """As protobuf, at OTLP's own path, with the gateway's name."""
    async with collecting() as (collector, tracing, observer):
        log = ToldLog(inner := ListLog(), [tracing.take])
        log.record(record_of(1, status=Status.PENDING))
        log.record(record_of(1))
        assert list(await log.recent(1)) == inner.records[1:]
        assert await tracing.deliver()
    (turn,) = collector.turns
    assert turn.line == "POST /v1/traces HTTP/1.1"
    assert turn.headers["content-type"] == "application/x-protobuf"
    assert turn.headers["authorization"] == "Bearer of-the-collector"
    assert [span.name for span in collector.spans] == ["chat gpt-4o", "attempt fake"]
    (of_resource,) = collector.requests[0].resource_spans
    resource = {one.key: one.value.string_value for one in of_resource.resource.attributes}
    assert resource["service.name"] == "cursor-api"
    assert observer.events == []


async def test_many_go_in_several_pieces() -> None:
    """Each of a size that collectors take."""
    async with collecting() as (collector, tracing, _):
        for number in range(BATCH_MAX + 1):
            tracing.take(record_of(number, attempts=()))
        assert await tracing.deliver()
    assert len(collector.turns) == 2
    assert len(collector.spans) == BATCH_MAX + 1


async def test_a_collector_that_is_away_loses_nothing_and_is_told_of_once() -> None:
    """What waits is delivered when it is back, in its order."""
    async with collecting() as (collector, tracing, observer):
        collector.statuses = [503, 500, 429]
        for number in (1, 2):
            tracing.take(record_of(number, attempts=()))
        for _ in range(3):
            assert not await tracing.deliver()
        tracing.take(record_of(3, attempts=()))
        assert await tracing.deliver()
    assert [event for event, _ in observer.events] == [CANNOT_DELIVER, DELIVERED_AGAIN]
    assert observer.warnings[0][1] == {"detail": "the collector answered with status 503"}
    began = [span.start_time_unix_nano for span in collector.spans]
    assert len(began) == 3
    assert began == sorted(began)


async def test_a_collector_that_cannot_be_reached_is_no_crash() -> None:
    """Nobody listens there."""
    observer = ListObserver()
    tracing = Tracing(RequestSpans(lambda _: None, lambda _name: True), observer, QUICK)
    tracing.use(TraceOptions("http://127.0.0.1:9", (), SharedProxies()))
    tracing.take(record_of(1))
    assert not await tracing.deliver()
    assert repr(tracing) == "Tracing(waiting=1, dropped=0)"
    assert [event for event, _ in observer.events] == [CANNOT_DELIVER]


async def test_what_a_collector_does_not_understand_is_not_sent_again() -> None:
    """It would stand in the way for ever."""
    async with collecting() as (collector, tracing, _):
        collector.statuses = [400]
        tracing.take(record_of(1))
        await tracing.deliver()
        tracing.take(record_of(2, attempts=()))
        assert await tracing.deliver()
    assert tracing.dropped_count == 1
    assert len(collector.spans) == 1


async def test_what_waits_has_a_bound() -> None:
    """The oldest go, and are counted."""
    async with collecting() as (collector, tracing, _):
        for number in range(WAITING_MAX + 10):
            tracing.take(record_of(number))
        assert tracing.dropped_count == 10
        collector.statuses = [503]
        await tracing.deliver()
        assert repr(tracing) == f"Tracing(waiting={WAITING_MAX}, dropped=10)"


async def test_it_delivers_by_itself_and_what_is_left_at_the_end() -> None:
    """Nothing of an orderly end is lost."""
    async with collecting() as (collector, tracing, _):
        running = asyncio.create_task(tracing.run())
        tracing.take(record_of(1, attempts=()))
        while not collector.spans:
            await asyncio.sleep(0.001)
        tracing.take(record_of(2, attempts=()))
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        assert len(collector.spans) == 2


async def test_switched_off_it_takes_nothing_and_forgets() -> None:
    """From one moment to the next."""
    async with collecting() as (collector, tracing, _):
        tracing.take(record_of(1))
        tracing.use(TraceOptions())
        tracing.take(record_of(2))
        assert await tracing.deliver()
    assert collector.turns == []


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
        ("https://x.example/otlp", "https://x.example/otlp/v1/traces"),
        ("https://x.example/v1/traces", "https://x.example/v1/traces"),
    ],
)
def test_the_path_is_added_where_it_is_missing(url: str, address: str) -> None:
    """Some name it, some do not."""
    assert address_of(url) == address
