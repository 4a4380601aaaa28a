"""How far writing has come."""

from __future__ import annotations

from cursor_api.stores.records.progress import Progress


def test_a_mark_is_passed_when_all_before_it_is_done() -> None:
    """Requests and refusals, each for itself; what comes later does not matter."""
    progress = Progress()
    assert progress.has_passed(progress.mark)
    progress.records_count, progress.refusals_count = 3, 1
    mark = progress.mark
    progress.records_count, progress.done_records_count = 9, 8
    assert not progress.has_passed(mark)
    progress.done_refusals_count = 1
    assert progress.has_passed(mark)
    assert not progress.has_passed(progress.mark)
