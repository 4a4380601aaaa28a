"""Whether a record is one that is asked for, where no database looks."""

from __future__ import annotations

from cursor_api.domain.record import RequestRecord
from cursor_api.domain.record_query import RecordFilter


def fold(text: str) -> str:
    """Without the difference between A and a; other letters stay, as in every database."""
    return text.encode("utf-8", "replace").lower().decode()


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
