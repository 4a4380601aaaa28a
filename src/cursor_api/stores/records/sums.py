"""What ended requests add to the sums of their hours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from cursor_api.domain.periods import HOUR_S, hour_of
from cursor_api.domain.record import RequestRecord
from cursor_api.domain.record_query import UsageCounts, UsageRow, counts_of
from cursor_api.stores.records.rows import COLUMNS, Row

DAY_S: Final = 24 * HOUR_S
# The sums outlive the rows: more than a year, for comparing.
SUMS_KEPT_S: Final = 400 * DAY_S
# A batch is written again within minutes, if at all.
BATCHES_KEPT_S: Final = DAY_S
KEYS: Final = ("hour", "model", "credential", "caller")
COUNTS: Final = UsageCounts._fields
# Of a row, which has them as they are kept.
_MODEL, _CREDENTIAL, _CALLER = map(COLUMNS.index, KEYS[1:])


def sums_of(kept: Iterable[tuple[RequestRecord, Row]]) -> list[UsageRow]:
    """By hour, model, credential and caller, of records with their rows.

    Their order is the same for everybody: two writers never wait for each other in a circle.
    """
    counts: dict[tuple[int, str, str, str], list[UsageCounts]] = {}
    for record, row in kept:
        key = (hour_of(record.started_at), row[_MODEL], row[_CREDENTIAL], row[_CALLER])
        counts.setdefault(key, []).append(counts_of(record))
    return [UsageRow(*key, _add_up(counts[key])) for key in sorted(counts)]


def _add_up(counts: Iterable[UsageCounts]) -> UsageCounts:
    """Column by column: one by one takes as long as all else here."""
    return UsageCounts._make(map(sum, zip(*counts, strict=True)))
