"""Answers of a database, with what was recorded and could not be written yet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cursor_api.domain.record import RequestRecord
from cursor_api.domain.record_query import (
    RecordChoices,
    RecordPage,
    RecordQuery,
    UsageQuery,
    UsageRow,
)
from cursor_api.stores.records.matching import fits, last_ends
from cursor_api.stores.records.rows import as_kept, row_of
from cursor_api.stores.records.sums import sums_of

Records = Sequence[RequestRecord]


def add_to_page(page: RecordPage, query: RecordQuery, unwritten: Records) -> RecordPage:
    """The same page with those of them that belong on it."""
    if not unwritten:
        return page
    if query.ended_since is not None:
        both = {one.id: one for one in (*page.records, *map(as_kept, unwritten))}
        return RecordPage(last_ends(both.values(), query), None)
    is_up = query.after is not None
    found = {one.id: one for one in page.records}
    for one in map(as_kept, unwritten):
        # Beyond where the page ends another one begins, which has it.
        is_beyond = page.continue_from is not None and (
            one.id > page.continue_from if is_up else one.id < page.continue_from
        )
        is_after = query.after is None or one.id > query.after
        is_before = query.before is None or one.id < query.before
        if is_after and is_before and not is_beyond and fits(one, query.filter):
            found[one.id] = one
    ids = sorted(found, reverse=not is_up)
    kept = ids[: query.rows_max]
    continue_from = kept[-1] if len(ids) > len(kept) else page.continue_from
    rows = [found[one] for one in kept]
    return RecordPage(tuple(rows[::-1] if is_up else rows), continue_from)


def add_to_usage(
    rows: Sequence[UsageRow], query: UsageQuery, unwritten: Records
) -> Sequence[UsageRow]:
    """The same sums with what they add."""
    if not unwritten:
        return rows
    sums = {row[:4]: row.counts for row in rows}
    kept = [as_kept(one) for one in unwritten]
    wanted = (query.model, query.credential, query.caller)
    for row in sums_of((one, row_of(one)) for one in kept):
        asked = zip(wanted, row[1:4], strict=True)
        if query.since <= row.hour_at < query.until and all(
            one in {None, mine} for one, mine in asked
        ):
            known = sums.get(row[:4])
            sums[row[:4]] = row.counts if known is None else known.plus(row.counts)
    return [UsageRow(*key, sums[key]) for key in sorted(sums)]


def choices_with(unwritten: Records, choices: RecordChoices) -> RecordChoices:
    """The same choices with theirs."""
    if not unwritten:
        return choices
    kept = [as_kept(one) for one in unwritten]
    return RecordChoices(
        _sorted(choices.models, (one.model for one in kept)),
        _sorted(choices.credentials, (one.credential_alias for one in kept)),
        _sorted(choices.callers, (one.caller for one in kept)),
    )


def _sorted(known: Sequence[str], more: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*known, *more} - {""}))
