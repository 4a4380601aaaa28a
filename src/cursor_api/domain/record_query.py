"""What can be asked of the records, and what is answered. Instants are unix seconds."""

from __future__ import annotations

from operator import add
from typing import Final, NamedTuple

from cursor_api.domain.deltas import ESTIMATED
from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import CANCELLED, FAILED, REFUSED, SUCCESS, RequestRecord, Status
from cursor_api.domain.value import Value

PAGE_ROWS: Final = 50
PAGE_ROWS_MAX: Final = 500


class RecordFilter(NamedTuple):
    """Which requests are meant; None leaves a side open. `until` is exclusive.

    `text` is looked for in the error, in either case, taken as it is.
    """

    since: float | None = None
    until: float | None = None
    model: str | None = None
    status: Status | None = None
    fault: FaultKind | None = None
    credential: str | None = None
    caller: str | None = None
    dialect: str | None = None
    endpoint: str | None = None
    text: str | None = None


ALL = RecordFilter()


class RecordQuery(NamedTuple):
    """One page. `before` and `after` are ids of records and stay out of the page themselves.

    With `after` the page holds the oldest of those that are newer than it. With `ended_since`, unix
    seconds, it holds those that ended then or later, by their ends, the last one first: one that
    lasted long is among them, though it began before many that are known. `before` and `after` do
    not go with it.
    """

    filter: RecordFilter = ALL
    before: str | None = None
    after: str | None = None
    rows_max: int = PAGE_ROWS
    ended_since: float | None = None


class RecordPage(Value, frozen=True):
    """Records, newest first (or the last end first), and where to go on.

    `continue_from` is the `before` (after an `after` the `after`) of the next page; None: no more.
    A page may have fewer records than were asked for, or none, and say where to go on all the
    same: its time was over. By their ends there is only one page.
    """

    records: tuple[RequestRecord, ...]
    continue_from: str | None


class RecordChoices(NamedTuple):
    """What the filters can be set to: what occurred in the last 30 days, sorted."""

    models: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()


class UsageCounts(NamedTuple):
    """Sums over requests that ended. What upstreams reported and what was estimated are apart.

    `cost_nano` sums those with a price; `unpriced_count` are those that used tokens without one.
    `first_ms_sum` is over `first_count` requests, `total_ms_sum` over the answered ones.
    """

    answered_count: int = 0
    failed_count: int = 0
    refused_count: int = 0
    cancelled_count: int = 0
    input_count: int = 0
    output_count: int = 0
    cached_count: int = 0
    reasoning_count: int = 0
    input_estimated_count: int = 0
    output_estimated_count: int = 0
    cost_nano: int = 0
    unpriced_count: int = 0
    first_count: int = 0
    first_ms_sum: float = 0.0
    total_ms_sum: float = 0.0

    @property
    def request_count(self) -> int:
        """All of them."""
        return self.answered_count + self.failed_count + self.refused_count + self.cancelled_count

    def plus(self, other: UsageCounts) -> UsageCounts:
        """Both together."""
        return UsageCounts._make(map(add, self, other))


class UsageRow(NamedTuple):
    """One hour of one model, credential and caller. `hour_at` is a whole hour of UTC.

    `model` is "" where nobody serves it: it may be any text of a caller.
    """

    hour_at: int
    model: str
    credential: str
    caller: str
    counts: UsageCounts


class UsageQuery(NamedTuple):
    """Whole hours from `since` up to and without `until`; None leaves a side open."""

    since: int
    until: int
    model: str | None = None
    credential: str | None = None
    caller: str | None = None


class RefusalRow(NamedTuple):
    """How often something was refused in one hour before it was a request; a wrong key is one."""

    hour_at: int
    fault: FaultKind
    refused_count: int


def counts_of(record: RequestRecord) -> UsageCounts:
    """What one ended request adds; everything that counts requests counts by this."""
    status, usage, cost_nano = record.status, record.usage, record.cost_nano
    input_count = output_count = cached_count = reasoning_count = 0
    input_estimated_count = output_estimated_count = unpriced_count = 0
    if usage is not None:
        cached_count, reasoning_count = usage.cache_read_count, usage.reasoning_count
        if usage.source is ESTIMATED:
            input_estimated_count, output_estimated_count = usage.input_count, usage.output_count
        else:
            input_count, output_count = usage.input_count, usage.output_count
        if cost_nano is None and usage.input_count + usage.output_count > 0:
            unpriced_count = 1
    first_ms = record.first_delta_ms
    # In the order of the fields: by their names it takes four times as long.
    return UsageCounts._make(
        (
            1 if status is SUCCESS else 0,
            1 if status is FAILED else 0,
            1 if status is REFUSED else 0,
            1 if status is CANCELLED else 0,
            input_count,
            output_count,
            cached_count,
            reasoning_count,
            input_estimated_count,
            output_estimated_count,
            cost_nano or 0,
            unpriced_count,
            0 if first_ms is None else 1,
            first_ms or 0.0,
            (record.duration_ms or 0.0) if status is SUCCESS else 0.0,
        )
    )
