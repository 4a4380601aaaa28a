"""What an answer cost, with details where there are some."""

from __future__ import annotations

from openai.types.completion_usage import CompletionUsage

from cursor_api.dialects.openai.usage import usage_object
from cursor_api.domain.deltas import Usage, UsageSource


def test_counts_are_told_as_openai_tells_them() -> None:
    """What was cached, what went into the cache, and what was thought."""
    told = usage_object(Usage(11, 7, UsageSource.UPSTREAM, 5, 2, 3))
    assert CompletionUsage.model_validate(told, strict=True).to_dict() == told
    assert told["prompt_tokens_details"] == {"cached_tokens": 5, "cache_write_tokens": 2}
    assert told["completion_tokens_details"] == {"reasoning_tokens": 3}


def test_zeros_are_no_details() -> None:
    """Many clients print what is there."""
    assert usage_object(Usage(1, 2, UsageSource.ESTIMATED)) == {
        "prompt_tokens": 1,
        "completion_tokens": 2,
        "total_tokens": 3,
    }
