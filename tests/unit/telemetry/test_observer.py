"""What happens beside requests reaches the log."""

from __future__ import annotations

from cursor_api.telemetry.observer import LogObserver
from tests.log_lines import capture_logs


def test_notices_and_warnings_keep_their_facts_and_levels() -> None:
    """The operator filters by level and reads the facts."""
    with capture_logs() as lines:
        LogObserver().notice("reloaded", credential_count=3)
        LogObserver().warn("cannot save", detail="disk full")
        LogObserver().warn("a bug", exc_info=ValueError("planted"))
    assert lines == [
        {"event": "reloaded", "credential_count": 3, "level": "info"},
        {"event": "cannot save", "detail": "disk full", "level": "warning"},
        {"event": "a bug", "exception": "planted", "level": "warning"},
    ]
