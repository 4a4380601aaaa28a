"""Deltas as values."""

from __future__ import annotations

from cursor_api.domain.deltas import Usage, UsageSource


def test_total_usage_is_the_sum() -> None:
    """Clients check it."""
    assert Usage(3, 4, UsageSource.ESTIMATED).total_count == 7
