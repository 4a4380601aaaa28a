"""How an answer ends: its stop reason, and what it cost."""

from __future__ import annotations

from typing import Final

from cursor_api.domain.deltas import Finished, FinishReason, Usage
from cursor_api.domain.errors import Fault, FaultKind

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


def get_usage(finished: Finished) -> Usage:
    """What was counted; an answer always comes with it."""
    if finished.usage is None:
        # The relay estimates where the upstream does not count; zeros would be a lie.
        raise Fault(FaultKind.INTERNAL, "The gateway did not count this answer's tokens.")
    return finished.usage


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


def goes_on() -> Fault:
    """For what follows the end."""
    return Fault(FaultKind.PROTOCOL_ERROR, "The upstream went on after the end of its answer.")


def is_incomplete() -> Fault:
    """For an answer without an end."""
    return Fault(FaultKind.INCOMPLETE, "The upstream stopped before the end of its answer.")
