"""Answers of a database, with what could not be written yet."""

from __future__ import annotations

import pytest

from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import Status
from cursor_api.domain.record_query import RecordChoices, RecordFilter, RecordPage, RecordQuery
from cursor_api.stores.records.unwritten import add_to_page, add_to_usage, choices_with
from tests.contract.test_records import ANY_TIME, id_at, record

UNWRITTEN = [record(4), record(2), record(6, caller="anna")]
KEPT = [record(5), record(3), record(1)]


def seconds(page: RecordPage) -> list[int]:
    """When its requests began."""
    return [int(one.id[:12], 16) % 3_600_000 // 1000 for one in page.records]


def test_without_any_nothing_is_touched() -> None:
    """As nearly always."""
    page, choices = RecordPage(tuple(KEPT), None), RecordChoices(("a",))
    assert add_to_page(page, RecordQuery(), ()) is page
    assert choices_with((), choices) is choices
    assert list(add_to_usage((), ANY_TIME, ())) == []


def test_they_take_their_places() -> None:
    """And what is in both is there once."""
    page = add_to_page(RecordPage(tuple(KEPT), None), RecordQuery(), [*UNWRITTEN, KEPT[0]])
    assert seconds(page) == [6, 5, 4, 3, 2, 1]
    assert page.continue_from is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (RecordQuery(RecordFilter(caller="anna")), [6]),
        (RecordQuery(before=id_at(4)), [2]),
        (RecordQuery(after=id_at(2)), [6, 4]),
        (RecordQuery(RecordFilter(status=Status.FAILED)), []),
    ],
)
def test_only_those_that_are_asked_for(query: RecordQuery, expected: list[int]) -> None:
    """By the filter, and by where the page begins."""
    assert seconds(add_to_page(RecordPage((), None), query, UNWRITTEN)) == expected


def test_a_page_stays_as_long_as_was_asked_for() -> None:
    """What no longer goes on it is on the next."""
    page = add_to_page(RecordPage(tuple(KEPT), None), RecordQuery(rows_max=3), UNWRITTEN)
    assert (seconds(page), page.continue_from) == ([6, 5, 4], id_at(4))
    page = add_to_page(RecordPage((), None), RecordQuery(after="0", rows_max=2), UNWRITTEN)
    assert (seconds(page), page.continue_from) == ([4, 2], id_at(4))


def test_by_their_ends_the_last_end_is_first() -> None:
    """Whenever it began; those of both together are as many as were asked for."""
    late = record(0, duration_ms=9000.0)
    page = RecordPage((KEPT[0], KEPT[1]), None)
    query = RecordQuery(ended_since=record(3).ended_at, rows_max=4)
    assert seconds(add_to_page(page, query, [late, *UNWRITTEN])) == [0, 6, 5, 4]


def test_what_lies_beyond_the_page_is_on_another_one() -> None:
    """It goes on there, and would be seen twice."""
    page = add_to_page(RecordPage(tuple(KEPT[:2]), id_at(3)), RecordQuery(), UNWRITTEN)
    assert (seconds(page), page.continue_from) == ([6, 5, 4, 3], id_at(3))
    page = add_to_page(RecordPage((), id_at(3)), RecordQuery(after="0"), UNWRITTEN)
    assert seconds(page) == [2]


def test_they_count() -> None:
    """In their rows, and in rows that there were not."""
    written = add_to_usage((), ANY_TIME, KEPT)
    rows = add_to_usage(written, ANY_TIME, UNWRITTEN)
    assert [(row.caller, row.counts.answered_count) for row in rows] == [
        ("anna", 1),
        ("operator", 5),
    ]
    assert list(add_to_usage((), ANY_TIME._replace(caller="x"), UNWRITTEN)) == []
    assert list(add_to_usage((), ANY_TIME._replace(until=1), UNWRITTEN)) == []


def test_their_names_can_be_chosen() -> None:
    """But for a model that nobody serves."""
    foreign = record(7, model="sk-x", error_kind=FaultKind.MODEL_NOT_FOUND, status=Status.REFUSED)
    choices = choices_with([*UNWRITTEN, foreign], RecordChoices(("a", "z"), (), ("operator",)))
    assert choices == (("a", "gpt-4o", "z"), (), ("anna", "operator"))
