"""Sums put together."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from cursor_api.domain.errors import FaultKind
from cursor_api.domain.periods import HOUR_S
from cursor_api.domain.record_query import RefusalRow, UsageCounts, UsageRow
from cursor_api.service.records.periods import By, Periods
from cursor_api.service.records.sums import STEP_ROWS, Group, merge, merge_refusals, total
from cursor_api.service.steps import StepRunner

# Midnight in Berlin before the day of 25 hours, 2025-10-26.
DAY = 1_761_429_600
PERIODS = Periods(By.DAY, ZoneInfo("Europe/Berlin"), DAY, DAY + 26 * HOUR_S)


def row(hour: int, model: str, credential: str, caller: str) -> UsageRow:
    """One answer of 10 tokens to 9."""
    counts = UsageCounts(answered_count=1, input_count=10, output_count=9)
    return UsageRow(DAY + hour * HOUR_S, model, credential, caller, counts)


ROWS = [row(0, "a", "x", "anna"), row(24, "a", "x", "bob"), row(25, "b", "y", "anna")]


async def test_a_day_has_all_of_its_hours() -> None:
    """25 of them where clocks go back."""
    merged = await StepRunner().run(merge(ROWS, PERIODS, ()))
    assert [(one.hour_at, one.counts.answered_count) for one in merged] == [
        (DAY, 2),
        (DAY + 25 * HOUR_S, 1),
    ]


async def test_only_what_is_asked_for_is_told_apart() -> None:
    """The rest is "" ."""
    by_caller = await StepRunner().run(merge(ROWS, PERIODS, {Group.CALLER}))
    assert [one[1:4] for one in by_caller] == [("", "", "anna"), ("", "", "bob"), ("", "", "anna")]
    by_all = await StepRunner().run(merge(ROWS, PERIODS, list(Group)))
    assert [one[1:4] for one in by_all] == [one[1:4] for one in ROWS]


async def test_many_rows_are_put_together_in_steps() -> None:
    """Nobody else waits for all of them."""
    rows = [row(hour % 24, "a", "x", "anna") for hour in range(2 * STEP_ROWS)]
    assert len(list(merge(rows, PERIODS, ()))) == 2
    counts = await StepRunner().run(total(rows))
    assert (counts.answered_count, counts.input_count) == (2 * STEP_ROWS, 20 * STEP_ROWS)


def test_refusals_are_put_together_by_fault() -> None:
    """Day by day."""
    rows = [
        RefusalRow(DAY + hour * HOUR_S, FaultKind.UNAUTHENTICATED, count)
        for hour, count in ((0, 1), (24, 2), (25, 4))
    ]
    assert merge_refusals(rows, PERIODS) == [
        RefusalRow(DAY, FaultKind.UNAUTHENTICATED, 3),
        RefusalRow(DAY + 25 * HOUR_S, FaultKind.UNAUTHENTICATED, 4),
    ]
