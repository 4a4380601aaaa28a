"""Deltas as values."""

from __future__ import annotations

from typing import get_args

from cursor_api.domain.deltas import CONTENT, Content, ToolCallBegun, Usage, UsageSource


def test_total_usage_is_the_sum() -> None:
    """Clients check it."""
    assert Usage(3, 4, UsageSource.ESTIMATED).total_count == 7
    assert Usage(3, 4, UsageSource.UPSTREAM, 2, 1, 3).total_count == 7


def test_all_content_has_a_text_that_is_counted() -> None:
    """Of a call's beginning it is the name: the model wrote it."""
    assert set(get_args(Content)) == CONTENT
    assert ToolCallBegun(0, "id", "ls").text == "ls"
    assert all("text" in dir(kind) for kind in CONTENT)
