"""A record as a row."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cursor_api.domain.deltas import FinishReason, Usage, UsageSource
from cursor_api.domain.errors import FaultKind
from cursor_api.domain.record import Attempt, RequestRecord, Status
from cursor_api.stores.records.rows import (
    COLUMNS,
    COUNT_MAX,
    ERROR_LENGTH_MAX,
    NAME_LENGTH_MAX,
    RowError,
    as_kept,
    record_of,
    row_of,
)
from tests.contract.test_records import FULL, record

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
numbers = st.floats(0, 1e12, allow_nan=False)
counts = st.integers(0, COUNT_MAX)
records = st.builds(
    RequestRecord,
    id=texts,
    started_at=st.integers(0, 2**47).map(lambda ms: ms / 1000),
    caller=texts,
    model=texts,
    is_stream=st.booleans(),
    status=st.sampled_from(Status),
    credential_alias=texts,
    credential_masked=texts,
    binding_masked=texts,
    error=st.none() | texts,
    error_kind=st.none() | st.sampled_from(FaultKind),
    usage=st.none()
    | st.builds(Usage, counts, counts, st.sampled_from(UsageSource), counts, counts, counts),
    first_delta_ms=st.none() | numbers,
    duration_ms=st.none() | numbers,
    attempts=st.lists(
        st.builds(Attempt, texts, numbers, st.none() | st.sampled_from(FaultKind), numbers),
        max_size=3,
    ).map(tuple),
    dialect=texts,
    client=texts,
    endpoint=texts,
    model_served=texts,
    finish=st.none() | st.sampled_from(FinishReason),
    cost_nano=st.none() | counts,
).filter(lambda one: not one.has_foreign_model)


@given(records)
def test_a_row_holds_all_of_a_record(kept: RequestRecord) -> None:
    """In the order of the columns."""
    row = row_of(as_kept(kept))
    assert len(row) == len(COLUMNS)
    assert record_of(row) == kept


def test_a_model_that_nobody_serves_is_not_kept() -> None:
    """It may be a key in the wrong field, and the error repeats it; that it failed so is kept."""
    wrong = record(
        0,
        model="sk-secret",
        status=Status.REFUSED,
        error="'sk-secret' is not served.",
        error_kind=FaultKind.MODEL_NOT_FOUND,
    )
    assert as_kept(wrong) == wrong._replace(model="", error=None)
    assert as_kept(FULL) is FULL


def test_counts_beyond_all_measure_do_not_break_the_sums() -> None:
    """An upstream has lost count."""
    kept = as_kept(FULL._replace(usage=Usage(2**63, 5, UsageSource.UPSTREAM)))
    assert kept.usage == Usage(COUNT_MAX, 5, UsageSource.UPSTREAM)


def test_no_text_is_refused_by_a_database() -> None:
    """Half a character comes back as a question mark; NUL, which PostgreSQL does not know, goes."""
    kept = record_of(row_of(record(0, model="a\ud800b", caller="x\0y", error="\udcff\0")))
    assert (kept.model, kept.caller, kept.error) == ("a?b", "xy", "?")


def test_texts_are_bounded() -> None:
    """A model of megabytes is none."""
    kept = record_of(row_of(record(0, model="m" * 10_000, error="e" * 10_000)))
    assert len(kept.model) == NAME_LENGTH_MAX
    assert len(kept.error or "") == ERROR_LENGTH_MAX
    assert kept.model.endswith("m…")


@pytest.mark.parametrize(
    ("place", "value"),
    [(7, "lost"), (13, "no fault"), (15, "[["), (1, None), (23, "guessed"), (24, "bored")],
)
def test_a_row_that_nobody_wrote_so_is_named(place: int, value: object) -> None:
    """Somebody has edited it."""
    row = list(row_of(FULL))
    row[place] = value
    with pytest.raises(RowError, match=FULL.id):
        record_of(row)
