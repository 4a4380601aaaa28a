"""What ended requests add to the sums of their hours."""

from __future__ import annotations

from cursor_api.domain.record_query import counts_of
from cursor_api.stores.records.rows import row_of
from cursor_api.stores.records.sums import sums_of
from tests.contract.test_records import FULL, HOUR, record


def test_sums_are_in_one_order() -> None:
    """So that two who write them never wait for each other in a circle."""
    kept = [record(3600), FULL, record(1), record(2)]
    rows = sums_of((one, row_of(one)) for one in kept)
    assert [row[:4] for row in rows] == [
        (HOUR, "claude-4-opus", "work", "anna"),
        (HOUR, "gpt-4o", "", "operator"),
        (HOUR + 3600, "gpt-4o", "", "operator"),
    ]
    assert rows[1].counts == counts_of(record(1)).plus(counts_of(record(2)))
