"""What an answer cost, as chat completions and completions tell it."""

from __future__ import annotations

from cursor_api.domain.deltas import Usage


def usage_object(usage: Usage) -> dict[str, object]:
    """With details where there are some."""
    found: dict[str, object] = {
        "prompt_tokens": usage.input_count,
        "completion_tokens": usage.output_count,
        "total_tokens": usage.total_count,
    }
    if usage.cache_read_count or usage.cache_written_count:
        found["prompt_tokens_details"] = {
            "cached_tokens": usage.cache_read_count,
            "cache_write_tokens": usage.cache_written_count,
        }
    if usage.reasoning_count:
        found["completion_tokens_details"] = {"reasoning_tokens": usage.reasoning_count}
    return found
