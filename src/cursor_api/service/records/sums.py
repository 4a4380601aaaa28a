"""Sums of hours put together: by the viewer's periods, and over what the viewer asks about."""

from __future__ import annotations

import enum
from collections.abc import Collection, Generator, Iterable, Sequence

from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record_query import RefusalRow, UsageCounts, UsageRow
from cursor_api.service.records.periods import Periods

# So many take about a millisecond.
STEP_ROWS = 250


class Group(enum.Enum):
    """What sums are told apart by, beside the time."""

    MODEL = "model"
    CREDENTIAL = "credential"
    CALLER = "caller"


def merge(
    rows: Iterable[UsageRow], periods: Periods, groups: Collection[Group]
) -> Generator[None, None, Sequence[UsageRow]]:
    """Rows by period, whose start is their `hour_at`, in steps; "" for what is not told apart."""
    has_model, has_credential, has_caller = (one in groups for one in Group)
    sums: dict[tuple[int, str, str, str], UsageCounts] = {}
    for number, (hour_at, model, credential, caller, counts) in enumerate(rows, start=1):
        key = (
            periods.find_start(hour_at),
            model if has_model else "",
            credential if has_credential else "",
            caller if has_caller else "",
        )
        known = sums.get(key)
        sums[key] = counts if known is None else known.plus(counts)
        if number % STEP_ROWS == 0:
            yield
    return [UsageRow(*key, sums[key]) for key in sorted(sums)]


def total(rows: Iterable[UsageRow]) -> Generator[None, None, UsageCounts]:
    """All together, in steps."""
    whole = UsageCounts()
    for number, row in enumerate(rows, start=1):
        whole = whole.plus(row.counts)
        if number % STEP_ROWS == 0:
            yield
    return whole


def merge_refusals(rows: Iterable[RefusalRow], periods: Periods) -> Sequence[RefusalRow]:
    """The same for what never became a request; there are as many kinds of it as faults."""
    sums: dict[tuple[int, FaultKind], int] = {}
    for row in rows:
        key = (periods.find_start(row.hour_at), row.fault)
        sums[key] = sums.get(key, 0) + row.refused_count
    return [RefusalRow(*key, count) for key, count in sums.items()]
