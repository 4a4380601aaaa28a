"""How much to think, as each family is told."""

from __future__ import annotations

import pytest

from cursor_api.dialects.anthropic_messages.families import family_of
from cursor_api.dialects.anthropic_messages.thinking import ThinkingFields, write_thinking
from cursor_api.dialects.anthropic_messages.turns import Object, Turn
from cursor_api.domain.chat import Choice, Effort, Reasoning, ToolChoice
from cursor_api.domain.content import Role

ASKED: list[Turn] = [Turn(Role.USER, [], [{"type": "text", "text": "a"}])]
ADAPTIVE: Object = {"type": "adaptive", "display": "summarized"}
OFF: Object = {"type": "disabled"}
FORCED = ToolChoice(Choice.ANY)


def budget(count: int) -> Object:
    """Thinking of up to so many tokens."""
    return {"type": "enabled", "budget_tokens": count}


def write(
    model: str,
    asked: Reasoning | None,
    output_count: int = 64_000,
    choice: ToolChoice | None = None,
) -> tuple[Object | None, str | None]:
    """The two fields."""
    told = write_thinking(asked, family_of(model), output_count, ASKED, choice)
    return told.thinking, told.effort


@pytest.mark.parametrize(
    ("model", "asked", "fields"),
    [
        ("claude-sonnet-4-5", None, (None, None)),
        ("claude-3-5-sonnet", Reasoning(Effort.HIGH), (None, None)),
        # A budget where there is no other way.
        ("claude-sonnet-4-5", Reasoning(Effort.MINIMAL), (budget(1024), None)),
        ("claude-sonnet-4-5", Reasoning(Effort.HIGH), (budget(24_000), None)),
        ("claude-sonnet-4-5", Reasoning(None, 5000), (budget(5000), None)),
        ("claude-sonnet-4-5", Reasoning(None, 10), (budget(1024), None)),
        ("claude-sonnet-4-5", Reasoning(Effort.NONE), (None, None)),
        ("claude-opus-4-5", Reasoning(Effort.MAX), (budget(32_000), "high")),
        ("deepseek-chat", Reasoning(Effort.LOW), (budget(4096), None)),
        # Adaptive, in the nearest level that there is.
        ("claude-opus-4-6", Reasoning(Effort.XHIGH), (ADAPTIVE, "max")),
        ("claude-opus-4-7", Reasoning(Effort.XHIGH), (ADAPTIVE, "xhigh")),
        ("claude-sonnet-5", Reasoning(Effort.MINIMAL), (ADAPTIVE, "low")),
        ("claude-sonnet-5", Reasoning(None, 8000), (ADAPTIVE, "medium")),
        ("claude-sonnet-5", Reasoning(None, 99_000), (ADAPTIVE, "max")),
        ("claude-sonnet-5", Reasoning(), (ADAPTIVE, None)),
        ("claude-sonnet-5", Reasoning(Effort.NONE), (OFF, None)),
        ("claude-sonnet-5", Reasoning(None, 0), (OFF, None)),
        # Some cannot but think.
        ("claude-fable-5", Reasoning(Effort.NONE), (None, "low")),
    ],
)
def test_each_family_is_told_in_its_words(
    model: str, asked: Reasoning | None, fields: tuple[Object | None, str | None]
) -> None:
    """Where the caller says nothing, nothing is said."""
    assert write(model, asked) == fields


def test_the_answer_keeps_half_of_what_it_may_have() -> None:
    """A budget has to be below the limit; with too small a limit nothing is thought."""
    high = Reasoning(Effort.HIGH)
    assert write("claude-sonnet-4-5", high, 8000) == (budget(4000), None)
    assert write("claude-sonnet-4-5", high, 1500) == (budget(1024), None)
    assert write("claude-sonnet-4-5", high, 1024) == (None, None)


def test_a_call_that_is_forced_goes_before_thinking() -> None:
    """The API takes only one of the two."""
    low = Reasoning(Effort.LOW)
    assert write("claude-sonnet-4-5", low, choice=FORCED) == (None, None)
    assert write("claude-sonnet-5", low, choice=FORCED) == (None, "low")
    assert write("claude-sonnet-5", low, choice=ToolChoice(Choice.AUTO)) == (ADAPTIVE, "low")


def test_a_round_of_calls_without_its_thoughts_goes_on_without_thinking() -> None:
    """With a budget the API wants them back, and clients of other dialects have lost them."""
    family = family_of("claude-sonnet-4-5")
    call: Object = {"type": "tool_use", "id": "a"}
    thought: Object = {"type": "thinking", "thinking": "x", "signature": "s"}
    answering = Turn(Role.USER, [{"type": "tool_result", "tool_use_id": "a"}], [])
    for blocks, is_on in (([call], False), ([thought, call], True)):
        turns = [*ASKED, Turn(Role.ASSISTANT, [], blocks), answering]
        told = write_thinking(Reasoning(Effort.LOW), family, 64_000, turns, None)
        assert told.is_on is is_on
    adaptive = family_of("claude-opus-4-7")
    turns = [*ASKED, Turn(Role.ASSISTANT, [], [call]), answering]
    assert write_thinking(Reasoning(Effort.LOW), adaptive, 64_000, turns, None).is_on
    assert not ThinkingFields(OFF).is_on
