"""What one request adds to the sums."""

from __future__ import annotations

import pytest

from cursor_api.domain.deltas import Usage, UsageSource
from cursor_api.domain.record import RequestRecord, Status
from cursor_api.domain.record_query import UsageCounts, counts_of

REPORTED = Usage(10, 9, UsageSource.UPSTREAM, cache_read_count=4, reasoning_count=2)
ANSWERED = RequestRecord(
    id="1" * 32,
    started_at=1.0,
    caller="operator",
    model="m",
    is_stream=True,
    status=Status.SUCCESS,
    usage=REPORTED,
    first_delta_ms=20.0,
    duration_ms=50.0,
)


def test_an_answer_adds_its_tokens_and_times() -> None:
    """Reported tokens are apart from estimated ones; without a price it is unpriced."""
    assert counts_of(ANSWERED) == UsageCounts(
        answered_count=1,
        input_count=10,
        output_count=9,
        cached_count=4,
        reasoning_count=2,
        unpriced_count=1,
        first_count=1,
        first_ms_sum=20.0,
        total_ms_sum=50.0,
    )


def test_estimated_tokens_are_apart() -> None:
    """What an upstream did not count never looks as if it had."""
    estimated = ANSWERED._replace(usage=Usage(10, 9, UsageSource.ESTIMATED), cost_nano=7)
    counts = counts_of(estimated)
    assert (counts.input_count, counts.output_count) == (0, 0)
    assert (counts.input_estimated_count, counts.output_estimated_count) == (10, 9)
    assert (counts.cost_nano, counts.unpriced_count) == (7, 0)


@pytest.mark.parametrize("status", [Status.FAILED, Status.REFUSED, Status.CANCELLED])
def test_each_end_is_counted_once(status: Status) -> None:
    """Whatever the end, one request is one; only an answer's time is an answer's time."""
    counts = counts_of(ANSWERED._replace(status=status, usage=None))
    assert counts.request_count == 1
    assert counts.answered_count == 0
    assert (counts.unpriced_count, counts.total_ms_sum) == (0, 0.0)


def test_sums_add_up_field_by_field() -> None:
    """Two answers are twice one."""
    both = counts_of(ANSWERED).plus(counts_of(ANSWERED))
    assert both == UsageCounts._make(2 * one for one in counts_of(ANSWERED))
