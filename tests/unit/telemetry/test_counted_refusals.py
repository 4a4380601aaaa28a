"""Around the counter of refusals."""

from __future__ import annotations

from cursor_api.domain.errors import FaultKind
from cursor_api.stores.memory_records import MemoryRecords
from cursor_api.telemetry.counted_refusals import CountedRefusals
from cursor_api.telemetry.metrics import Instruments
from tests.fakes import StillClock
from tests.unit.telemetry.test_metrics import values


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
