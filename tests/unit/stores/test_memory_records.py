"""Records in memory: found, filtered, summed, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import Status
from cursor_api.domain.record_query import RecordFilter, RecordQuery, RefusalRow, UsageQuery
from cursor_api.ports.records import RecordsState
from cursor_api.stores.memory_records import HOUR_S, MemoryRecords, RecordingLog
from tests.fakes import ListLog, StillClock
from tests.records import BEGAN_AT, failed_of, record_of

HOUR = int(BEGAN_AT // HOUR_S) * HOUR_S


def records_of(*records: Any, rows_max: int = 100) -> MemoryRecords:
    """A store of these."""
    clock = StillClock()
    clock.seconds = BEGAN_AT + 60
    store = MemoryRecords(clock, rows_max)
    for record in records:
        store.add(record)
    return store


async def numbers(store: MemoryRecords, query: RecordQuery) -> tuple[list[int], str | None]:
    """Of a page, and where to go on."""
    page = await store.page(query)
    return [int(one.id[12:], 16) for one in page.records], page.continue_from


async def test_pages_follow_each_other_in_both_directions() -> None:
    """Newest first in each, whatever the order in which they ended."""
    store = records_of(*(record_of(number) for number in (2, 1, 4, 3, 5)))
    assert await numbers(store, RecordQuery(rows_max=2)) == ([5, 4], record_of(4).id)
    after = RecordQuery(before=record_of(4).id, rows_max=3)
    assert await numbers(store, after) == ([3, 2, 1], None)
    newer = RecordQuery(after=record_of(1).id, rows_max=2)
    assert await numbers(store, newer) == ([3, 2], record_of(3).id)
    assert await numbers(store, RecordQuery(after=record_of(3).id, rows_max=2)) == ([5, 4], None)
    assert await numbers(store, RecordQuery(after=record_of(5).id)) == ([], None)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (RecordFilter(), [4, 3, 2, 1]),
        (RecordFilter(since=BEGAN_AT + 2, until=BEGAN_AT + 4), [3, 2]),
        (RecordFilter(status=Status.FAILED), [4, 2]),
        (RecordFilter(fault=FaultKind.RATE_LIMITED, caller="anna"), [4]),
        (RecordFilter(model="claude"), [3]),
        (RecordFilter(credential="home"), [3]),
        (RecordFilter(dialect="anthropic_messages"), [3]),
        (RecordFilter(endpoint="other"), [3]),
        (RecordFilter(text="SLOW"), [4, 2]),
        # What is a pattern elsewhere is text here.
        (RecordFilter(text="50%_'\""), []),
        (RecordFilter(text="%"), []),
    ],
)
async def test_a_filter_means_what_it_says(wanted: RecordFilter, found: list[int]) -> None:
    """Sides that are open do not count; the text is looked for as it is, in either case."""
    other = {"credential_alias": "home", "dialect": "anthropic_messages", "endpoint": "other"}
    store = records_of(
        record_of(1),
        failed_of(2),
        record_of(3, model="claude", **other),
        failed_of(4, caller="anna"),
    )
    assert (await numbers(store, RecordQuery(wanted)))[0] == found
    assert await store.count(wanted) == len(found)


async def test_one_request_is_one_record_and_counts_once() -> None:
    """However often it is handed in; the oldest make room, and their sums stay."""
    store = records_of(record_of(1), record_of(1), record_of(2), record_of(3), rows_max=2)
    assert repr(store) == "MemoryRecords(2 of 2)"
    assert await store.find(record_of(1).id) is None
    assert await store.find(record_of(3).id) == record_of(3)
    [row] = await store.usage(UsageQuery(HOUR, HOUR + HOUR_S))
    assert (row[:4], row.counts.answered_count) == ((HOUR, "gpt-4o", "work", "operator"), 3)


async def test_sums_are_by_hour_model_credential_and_caller() -> None:
    """A model that nobody serves is none: it may be any text."""
    strange = failed_of(4000, model="sk-a-key", error_kind=FaultKind.MODEL_NOT_FOUND, attempts=())
    store = records_of(record_of(1), record_of(2, caller="anna"), strange)
    rows = await store.usage(UsageQuery(HOUR, HOUR + 2 * HOUR_S))
    assert [row[:4] for row in rows] == [
        (HOUR, "gpt-4o", "work", "anna"),
        (HOUR, "gpt-4o", "work", "operator"),
        (HOUR + HOUR_S, "", "work", "operator"),
    ]
    assert len(await store.usage(UsageQuery(HOUR, HOUR + HOUR_S, caller="anna"))) == 1
    assert len(await store.usage(UsageQuery(HOUR, HOUR + HOUR_S, model="other"))) == 0
    choices = await store.choices()
    assert (choices.models, choices.callers) == (("gpt-4o",), ("anna", "operator"))


async def test_what_never_became_a_request_is_counted_by_hour_and_fault() -> None:
    """No row of its own."""
    store = records_of()
    for at in (0, 1, HOUR_S):
        store.add_refusal(BEGAN_AT + at, FaultKind.UNAUTHENTICATED)
    assert await store.refusals(HOUR, HOUR + HOUR_S) == [
        RefusalRow(HOUR, FaultKind.UNAUTHENTICATED, 2)
    ]


async def test_sums_of_long_ago_are_forgotten() -> None:
    """After thirty days."""
    store = records_of(record_of(1))
    store.add_refusal(BEGAN_AT, FaultKind.LOCKED_OUT)
    store.add(record_of(31 * 24 * HOUR_S))
    assert await store.usage(UsageQuery(0, HOUR + HOUR_S)) == []
    assert await store.refusals(0, HOUR + HOUR_S) == []


async def test_times_to_begin_are_those_of_the_last_answers() -> None:
    """Since then, and not more than are asked for."""
    store = records_of(*(record_of(n, first_delta_ms=float(n)) for n in range(1, 6)), failed_of(6))
    assert sorted(await store.first_delta_ms(BEGAN_AT + 2, 3)) == [3.0, 4.0, 5.0]


async def test_deleting_goes_from_the_oldest_and_leaves_the_sums() -> None:
    """In steps of a given size."""
    store = records_of(*(record_of(number) for number in range(1, 6)))
    wanted = RecordFilter(until=BEGAN_AT + 5)
    assert await store.delete(wanted, 3) == 3
    assert (await numbers(store, RecordQuery()))[0] == [5, 4]
    assert await store.delete(wanted, 3) == 1
    [row] = await store.usage(UsageQuery(HOUR, HOUR + HOUR_S))
    assert row.counts.answered_count == 5
    assert store.state() == RecordsState("memory", is_writing=True)


async def test_a_log_around_another_hands_each_end_to_both() -> None:
    """So that the addresses of both tell the same."""
    inner, store = ListLog(), records_of()
    log = RecordingLog(inner, store)
    log.record(record_of(1))
    assert list(await log.recent(5)) == inner.records == [record_of(1)]
    assert await store.count(RecordFilter()) == 1
