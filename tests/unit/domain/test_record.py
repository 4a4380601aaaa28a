"""Records as values."""

from __future__ import annotations

from cursor_api.domain.record import RequestRecord, Status


def test_a_pending_record_needs_only_what_is_known_at_its_start() -> None:
    """Everything that comes later has an empty default."""
    record = RequestRecord("id", 1.0, "operator", "gpt-4o", is_stream=True, status=Status.PENDING)
    assert record.error is None
    assert record.usage is None
    assert record.attempts == ()
