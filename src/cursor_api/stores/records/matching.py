"""Whether a record is one that is asked for, where no database looks."""

from __future__ import annotations

from collections.abc import Iterable

from cursor_api.domain.record import RequestRecord
from cursor_api.domain.record_query import RecordFilter, RecordQuery


def fold(text: str) -> str:
    """Without the difference between A and a; other letters stay, as in every database."""
    return text.encode("utf-8", "replace").lower().decode()


def last_ends(records: Iterable[RequestRecord], query: RecordQuery) -> tuple[RequestRecord, ...]:
    """Those that ended since then and fit, the last end first."""
    since = query.ended_since
    found = [
        (one.ended_at, one.id, one)
        for one in records
        if since is not None
        and one.ended_at is not None
        and one.ended_at >= since
        and fits(one, query.filter)
    ]
    found.sort(reverse=True)
    return tuple([one for _, _, one in found[: query.rows_max]])


def fits(record: RequestRecord, wanted: RecordFilter) -> bool:
    """Whether all that is set of the filter is so."""
    pairs = (
        (wanted.model, record.model),
        (wanted.status, record.status),
        (wanted.fault, record.error_kind),
        (wanted.credential, record.credential_alias),
        (wanted.caller, record.caller),
        (wanted.dialect, record.dialect),
        (wanted.endpoint, record.endpoint),
    )
    return (
        (wanted.since is None or record.started_at >= wanted.since)
        and (wanted.until is None or record.started_at < wanted.until)
        and all(asked is None or asked == mine for asked, mine in pairs)
        and (wanted.text is None or fold(wanted.text) in fold(record.error or ""))
    )
