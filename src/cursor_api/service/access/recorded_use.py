"""What an API key has used so far, by the records: where its counters begin after a restart.

Records are summed by the hour. In a zone whose days begin within an hour of UTC, all of that hour
counts as the new day's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from cursor_api.domain.api_key import ApiKey
from cursor_api.domain.periods import Moment, Span, ceil_hour, hour_of
from cursor_api.domain.quota import Counters
from cursor_api.domain.record import RequestRecord
from cursor_api.domain.record_query import UsageCounts, UsageQuery, UsageRow
from cursor_api.ports.limits import LimitStore


class Sums(Protocol):
    """What of the records is asked here."""

    async def usage(self, query: UsageQuery) -> Sequence[UsageRow]:
        """See ports.Records."""
        ...


class RecordedUse:
    """Asks the records."""

    def __init__(self, records: Sums) -> None:
        self._records = records

    async def find(self, key: ApiKey, moment: Moment) -> Counters:
        """What it has used in this day and period; raises StoreError."""
        day = await self._sum(key, moment.day)
        counters = Counters(
            day=moment.day.name,
            day_request_count=day.request_count,
            day_token_count=_tokens(day),
        )
        if moment.period is None:
            return counters
        period = day
        if moment.period != moment.day:
            period = await self._sum(key, moment.period)
        return counters._replace(
            period=moment.period.name,
            period_token_count=_tokens(period),
            period_cost_nano=period.cost_nano,
        )

    async def _sum(self, key: ApiKey, span: Span) -> UsageCounts:
        since, until = hour_of(span.begins_at), ceil_hour(span.ends_at)
        rows = await self._records.usage(UsageQuery(since, until, caller=key.id))
        total = UsageCounts()
        for row in rows:
            total = total.plus(row.counts)
        return total


class LateRecords:
    """Has counters be told anew that the records have told before these were among them.

    Another node's records may have waited in a file of its own for the database.
    """

    def __init__(self, limits: LimitStore, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now

    async def take(self, records: Iterable[RequestRecord]) -> None:
        """They are in the database from now on."""
        begun_at: dict[str, float] = {}
        for record in records:
            begun_at[record.caller] = min(record.started_at, begun_at.get(record.caller, math.inf))
        for caller, at in begun_at.items():
            await self._limits.forget(caller, max(0.0, self._now() - at))


def _tokens(counts: UsageCounts) -> int:
    return (
        counts.input_count
        + counts.output_count
        + counts.input_estimated_count
        + counts.output_estimated_count
    )
