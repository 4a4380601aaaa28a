"""All that is measured, together."""

from __future__ import annotations

import asyncio

from cursor_api.domain.errors import FaultKind
from cursor_api.stores.memory_records import MemoryRecords
from cursor_api.telemetry.measuring import Measuring
from tests.fakes import StillClock
from tests.records import record_of
from tests.unit.telemetry.test_metrics_page import STANDING


async def test_what_goes_through_is_on_the_page() -> None:
    """Requests, refusals and the loop's lag; names only once they are wanted."""
    store = MemoryRecords(StillClock())
    measuring = Measuring(lambda _name: True, lambda: STANDING)
    measuring.count(record_of(1, caller="anna"))
    measuring.use(by_caller=True)
    measuring.count(record_of(2, caller="bob"))
    measuring.refusals(store).count_refusal(FaultKind.UNAUTHENTICATED)
    watching = asyncio.create_task(measuring.watch())
    await asyncio.sleep(0)
    watching.cancel()
    page = (await measuring.page.page("")).body.decode()
    assert 'model="gpt-4o",outcome="answered"} 2.0' in page
    assert 'caller="bob"' in page
    assert "anna" not in page
    assert 'cursor_api_refusals_total{fault="unauthenticated"} 1.0' in page
    assert "cursor_api_loop_lag_seconds_count" in page
