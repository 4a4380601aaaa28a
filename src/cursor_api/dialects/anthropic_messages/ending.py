"""How an answer ends: its stop reason, and what it cost."""

from __future__ import annotations

from typing import Final

from cursor_api.domain.deltas import Finished, FinishReason, Usage

STOP_REASONS: Final = {
    FinishReason.STOP: "end_turn",
    FinishReason.LENGTH: "max_tokens",
    FinishReason.TOOL_CALLS: "tool_use",
    FinishReason.REFUSED: "refusal",
}


def stop_fields(finished: Finished, *, is_refused: bool) -> dict[str, object]:
    """`is_refused`: the model said so in the words of its answer."""
    reason = STOP_REASONS[FinishReason.REFUSED if is_refused else finished.reason]
    if finished.stop_text is not None and reason == "end_turn":
        reason = "stop_sequence"
    return {"stop_reason": reason, "stop_sequence": finished.stop_text}


def usage_object(usage: Usage) -> dict[str, object]:
    """What came from a cache, or went into it, is counted beside `input_tokens` here."""
    cached_count = usage.cache_read_count + usage.cache_written_count
    found: dict[str, object] = {
        "input_tokens": max(usage.input_count - cached_count, 0),
        "cache_creation_input_tokens": usage.cache_written_count,
        "cache_read_input_tokens": usage.cache_read_count,
        "output_tokens": usage.output_count,
    }
    if usage.reasoning_count:
        found["output_tokens_details"] = {"thinking_tokens": usage.reasoning_count}
    return found
