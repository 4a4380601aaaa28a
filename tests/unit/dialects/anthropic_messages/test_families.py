"""What models take, by their names."""

from __future__ import annotations

import pytest

from cursor_api.dialects.anthropic_messages.families import FOREIGN, Thinking, family_of
from cursor_api.domain.chat import Effort


@pytest.mark.parametrize(
    ("model", "output_count_max", "thinking", "highest"),
    [
        ("claude-3-opus-20240229", 4096, Thinking.NONE, None),
        ("claude-3-5-haiku-latest", 8192, Thinking.NONE, None),
        ("claude-3-7-sonnet-20250219", 64_000, Thinking.BUDGET, None),
        ("claude-3.7-sonnet", 64_000, Thinking.BUDGET, None),
        ("claude-opus-4-20250514", 32_000, Thinking.BUDGET, None),
        ("claude-opus-4-1", 32_000, Thinking.BUDGET, None),
        ("claude-sonnet-4@20250514", 64_000, Thinking.BUDGET, None),
        ("claude-haiku-4-5", 64_000, Thinking.BUDGET, None),
        ("claude-opus-4-5-20251101", 64_000, Thinking.BUDGET, Effort.HIGH),
        ("anthropic/claude-opus-4.6", 128_000, Thinking.ADAPTIVE, Effort.MAX),
        ("claude-opus-4-7", 128_000, Thinking.ADAPTIVE, Effort.MAX),
        ("Claude-Sonnet-5", 128_000, Thinking.ADAPTIVE, Effort.MAX),
        ("claude-fable-5-2", 128_000, Thinking.ADAPTIVE, Effort.MAX),
        # Newer than any that is known here.
        ("claude-sonnet-7", 128_000, Thinking.ADAPTIVE, Effort.MAX),
        ("claude-next", 128_000, Thinking.ADAPTIVE, Effort.MAX),
    ],
)
def test_a_name_tells_the_line_and_the_version(
    model: str, output_count_max: int, thinking: Thinking, highest: Effort | None
) -> None:
    """Whatever stands around them."""
    family = family_of(model)
    assert (family.output_count_max, family.thinking) == (output_count_max, thinking)
    assert (family.efforts[-1] if family.efforts else None) is highest
    assert family.output_count <= family.output_count_max


def test_what_newer_models_refuse_or_take() -> None:
    """Sampling was taken away with 4.7; system turns came with Opus 4.8, schemas with 4.5."""
    old, new = family_of("claude-opus-4-6"), family_of("claude-opus-4-7")
    assert (old.has_sampling, old.has_one_sampler, new.has_sampling) == (True, True, False)
    assert Effort.XHIGH not in old.efforts
    assert Effort.XHIGH in new.efforts
    turns = {name: family_of(f"claude-{name}").has_system_turns for name in ("opus-4-7", "next")}
    assert not any(turns.values())
    assert family_of("claude-opus-4-8").has_system_turns
    assert not family_of("claude-sonnet-5").has_system_turns
    assert family_of("claude-haiku-5-5").has_system_turns
    assert not family_of("claude-sonnet-4-0").has_forms
    assert family_of("claude-sonnet-4-5").has_forms
    assert family_of("claude-opus-5-5").is_always_on
    assert not family_of("claude-opus-5").is_always_on


def test_a_model_that_is_no_claude_is_asked_for_nothing_special() -> None:
    """Others speak this dialect too."""
    assert family_of("deepseek-chat") is family_of("kimi-k2-0905-preview") is FOREIGN
    assert FOREIGN.has_sampling
    assert not FOREIGN.has_forms
    assert not FOREIGN.efforts
