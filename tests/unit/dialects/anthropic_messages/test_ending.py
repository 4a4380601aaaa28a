"""How an answer ends."""

from __future__ import annotations

import pytest

from cursor_api.dialects.anthropic_messages.ending import stop_fields, usage_object
from cursor_api.domain.deltas import Finished, FinishReason, Usage, UsageSource


@pytest.mark.parametrize(
    ("finished", "is_refused", "reason"),
    [
        (Finished(FinishReason.STOP), False, "end_turn"),
        (Finished(FinishReason.LENGTH), False, "max_tokens"),
        (Finished(FinishReason.TOOL_CALLS), False, "tool_use"),
        (Finished(FinishReason.REFUSED), False, "refusal"),
        (Finished(FinishReason.STOP), True, "refusal"),
        (Finished(FinishReason.STOP, stop_text="END"), False, "stop_sequence"),
    ],
)
def test_every_reason_has_its_name(finished: Finished, reason: str, *, is_refused: bool) -> None:
    """In Anthropic's words."""
    fields = stop_fields(finished, is_refused=is_refused)
    assert fields == {"stop_reason": reason, "stop_sequence": finished.stop_text}


@pytest.mark.parametrize(
    ("usage", "counts"),
    [
        (Usage(100, 7, UsageSource.UPSTREAM), (100, 0, 0, 7)),
        (Usage(100, 7, UsageSource.UPSTREAM, 64, 6), (30, 6, 64, 7)),
        # An upstream that counts its cache beside the input.
        (Usage(10, 7, UsageSource.UPSTREAM, 64), (0, 0, 64, 7)),
    ],
)
def test_what_came_from_a_cache_is_counted_beside_the_input(
    usage: Usage, counts: tuple[int, ...]
) -> None:
    """The three together are the whole input."""
    assert tuple(usage_object(usage).values()) == counts
