"""Around the log and the counter of refusals."""

from __future__ import annotations

from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import Status
from cursor_api.stores.memory_records import MemoryRecords
from cursor_api.telemetry.counted_log import CountedLog, CountedRefusals
from cursor_api.telemetry.metrics import Instruments, RequestMetrics
from tests.fakes import ListLog, StillClock
from tests.records import record_of
from tests.unit.telemetry.test_metrics import values


async def test_each_end_is_counted_and_kept() -> None:
    """What is under way is no end."""
    inner, instruments = ListLog(), Instruments()
    log = CountedLog(inner, RequestMetrics(instruments, lambda _name: True))
    log.record(record_of(1, status=Status.PENDING))
    log.record(record_of(1))
    assert len(inner.records) == 2
    assert list(await log.recent(1)) == [record_of(1)]
    assert values(instruments, "requests_total") == {("openai_chat", "gpt-4o", "answered"): 1}


async def test_each_refusal_is_counted_in_both() -> None:
    """By its fault."""
    clock = StillClock()
    inner, instruments = MemoryRecords(clock), Instruments()
    refusals = CountedRefusals(inner, instruments)
    for fault in (FaultKind.UNAUTHENTICATED, FaultKind.HEAD_TOO_LARGE, FaultKind.HEAD_TOO_LARGE):
        refusals.count_refusal(fault)
    expected = {"unauthenticated": 1, "head_too_large": 2}
    assert values(instruments, "refusals_total") == {(k,): v for k, v in expected.items()}
    rows = await inner.refusals(0, 10**6)
    assert {row.fault.value: row.refused_count for row in rows} == expected
