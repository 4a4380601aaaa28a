"""Standing as a value."""

from __future__ import annotations

from cursor_api.domain.standing import Standing, Wishes


def test_a_new_credential_serves_without_conditions() -> None:
    """Enabled, unlimited, equal to all others, without a past."""
    assert Wishes() == Wishes(priority=0, weight=1, concurrency_max=None, is_enabled=True)
    assert Standing().quarantine is None
    assert Standing().cooldowns == ()
