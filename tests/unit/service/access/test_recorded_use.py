"""Where counters begin after a restart."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from msgspec.structs import replace

from cursor_api.domain.api_key import ApiKey
from cursor_api.domain.periods import Moment, Period, Unit
from cursor_api.domain.quota import Budget, Counters, Limits, Unknown
from cursor_api.domain.record_query import UsageCounts, UsageQuery, UsageRow
from cursor_api.service.access.recorded_use import LateRecords, RecordedUse
from cursor_api.stores.memory_limits import MemoryLimitStore
from tests.contract.test_records import HOUR as RECORD_HOUR
from tests.contract.test_records import record
from tests.fakes import StillClock

HOUR = 3600


class HourlySums:
    """The part of the records that is asked, over rows in hand."""

    def __init__(self, rows: Sequence[UsageRow]) -> None:
        self.rows = rows
        self.queries: list[UsageQuery] = []

    async def usage(self, query: UsageQuery) -> Sequence[UsageRow]:
        """What lies in between, of one caller."""
        self.queries.append(query)
        return [
            row
            for row in self.rows
            if query.since <= row.hour_at < query.until and row.caller == query.caller
        ]


def _at(text: str) -> float:
    return dt.datetime.fromisoformat(text).timestamp()


def _row(hour: str, caller: str, counts: UsageCounts) -> UsageRow:
    return UsageRow(int(_at(hour)), "m", "c", caller, counts)


MONTHLY = Limits(budget=Budget(1, Unit.NANO_DOLLARS, Period.MONTH))
ALICE = ApiKey("alice", b"d", "h", "Alice", 0.0, limits=MONTHLY, zone="Europe/Berlin")
ROWS = [
    _row("2025-05-31T21:00Z", "alice", UsageCounts(1, input_count=1000, cost_nano=99)),
    _row("2025-05-31T22:00Z", "alice", UsageCounts(1, input_count=100, cost_nano=5)),
    _row("2025-06-14T21:00Z", "alice", UsageCounts(0, 1, output_count=10, cost_nano=6)),
    _row("2025-06-14T22:00Z", "alice", UsageCounts(0, 0, 1, 1, 3, 4, 2, 1, 5, 6, 7)),
    _row("2025-06-15T05:00Z", "alice", UsageCounts(2, cost_nano=1)),
    _row("2025-06-15T05:00Z", "bob", UsageCounts(50, input_count=50, cost_nano=50)),
]
NOON = _at("2025-06-15T12:00+02:00")


async def _find(key: ApiKey, at: float = NOON) -> Counters:
    records = RecordedUse(HourlySums(ROWS))
    return await records.find(key, key.moment(at))


async def test_every_request_of_the_day_and_period_counts() -> None:
    """However it ended, with tokens that were reported and that were estimated; only its own."""
    assert await _find(ALICE) == Counters(
        day="2025-06-15",
        day_request_count=4,
        day_token_count=3 + 4 + 5 + 6,
        period="2025-06",
        period_token_count=100 + 10 + 18,
        period_cost_nano=5 + 6 + 7 + 1,
    )


async def test_a_key_without_a_budget_has_no_period() -> None:
    """And one question fewer is asked."""
    sums = HourlySums(ROWS)
    key = replace(ALICE, limits=Limits(tokens_per_day=1))
    found = await RecordedUse(sums).find(key, key.moment(NOON))
    assert (found.period, found.day_request_count, len(sums.queries)) == ("", 4, 1)


async def test_a_budget_for_each_day_asks_once() -> None:
    """It is the same day."""
    sums = HourlySums(ROWS)
    limits = Limits(budget=Budget(1, Unit.TOKENS, Period.DAY))
    key = replace(ALICE, limits=limits)
    found = await RecordedUse(sums).find(key, key.moment(NOON))
    assert (found.period, found.period_token_count, len(sums.queries)) == ("2025-06-15", 18, 1)


async def test_an_hour_that_two_days_share_is_the_later_ones() -> None:
    """In Kolkata days begin at half past: rather counted twice than not at all."""
    key = replace(ALICE, zone="Asia/Kolkata")
    moment: Moment = key.moment(_at("2025-06-01T12:00+05:30"))
    sums = HourlySums(ROWS)
    await RecordedUse(sums).find(key, moment)
    day = sums.queries[0]
    assert (day.since, day.until) == (
        int(_at("2025-05-31T18:00Z")),
        int(_at("2025-06-01T19:00Z")),
    )


async def test_counters_that_were_told_before_records_came_are_told_anew() -> None:
    """Those seeded since the first of a caller's requests began, and no others."""
    clock = StillClock()
    store = MemoryLimitStore(clock)
    late = LateRecords(store, lambda: RECORD_HOUR + 100.0)
    limits = Limits(requests_per_day=5)
    for key_id in ("alice", "bob", "carol"):
        await store.seed(key_id, Counters())
        clock.seconds += 50.0
    # Seeded 150, 100 and 50 seconds ago; their requests began 200, 20, and 60 and 10 seconds ago.
    await late.take(
        [
            record(40.0, caller="carol"),
            record(90.0, caller="carol"),
            record(80.0, caller="bob"),
            record(-100.0, caller="alice"),
        ]
    )
    known = {key_id: await store.find(key_id, limits) for key_id in ("alice", "bob", "carol")}
    assert {key_id for key_id, one in known.items() if one == Unknown()} == {"alice", "carol"}
