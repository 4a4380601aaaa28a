"""The records that end with the process; what every store of records does is in the contract."""

from __future__ import annotations

from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record_query import RecordQuery
from cursor_api.stores.memory_records import KEPT_S, MemoryRecords
from tests.contract.test_records import ANY_TIME, HOUR, record
from tests.fakes import StillClock


async def test_it_is_bounded() -> None:
    """The oldest go, and count all the same."""
    records = MemoryRecords(StillClock(), rows_max=3)
    for second in range(5):
        records.record(record(second))
    found = (await records.page(RecordQuery())).records
    assert [one.started_at - HOUR for one in found] == [4, 3, 2]
    (row,) = await records.usage(ANY_TIME)
    assert row.counts.answered_count == 5
    assert repr(records) == "MemoryRecords(3 of 3)"


async def test_sums_of_long_ago_are_forgotten() -> None:
    """When the first request of a later hour ends."""
    clock = StillClock()
    records = MemoryRecords(clock)
    clock.seconds = HOUR
    records.record(record(1))
    records.count_refusal(FaultKind.UNAUTHENTICATED)
    records.record(record(KEPT_S + 3600))
    assert [row.hour_at for row in await records.usage(ANY_TIME)] == [HOUR + KEPT_S + 3600]
    assert list(await records.refusals(0, 2**40)) == []


def test_it_says_how_it_goes() -> None:
    """Nothing ever waits."""
    assert MemoryRecords(StillClock()).state()[:4] == ("memory", True, 0, 0)
