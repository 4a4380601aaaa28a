"""Where requests end and where they are refused: each is counted once, and goes on to its store."""

from __future__ import annotations

from collections.abc import Sequence

from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import RequestRecord, Status
from cursor_api.ports.records import RefusalCounter
from cursor_api.ports.stores import RequestLog
from cursor_api.telemetry.metrics import Instruments, RequestMetrics


class CountedLog:
    """Implements `ports.RequestLog` around another one, and counts each end."""

    def __init__(self, inner: RequestLog, metrics: RequestMetrics) -> None:
        self._inner = inner
        self._metrics = metrics

    def record(self, record: RequestRecord) -> None:
        """Keep it in the other one; an end is counted."""
        self._inner.record(record)
        if record.status is not Status.PENDING:
            self._metrics.count(record)

    async def recent(self, count: int) -> Sequence[RequestRecord]:
        """As the other one has them."""
        return await self._inner.recent(count)


class CountedRefusals:
    """Implements `ports.RefusalCounter` around another one."""

    def __init__(self, inner: RefusalCounter, instruments: Instruments) -> None:
        self._inner = inner
        self._by_fault = {
            fault: instruments.refusals.labels(fault.value)
            for fault in (FaultKind.UNAUTHENTICATED, FaultKind.LOCKED_OUT)
        }
        self._refusals = instruments.refusals

    def count_refusal(self, fault: FaultKind) -> None:
        """One more in both."""
        self._inner.count_refusal(fault)
        child = self._by_fault.get(fault)
        if child is None:
            child = self._by_fault[fault] = self._refusals.labels(fault.value)
        child.inc()
