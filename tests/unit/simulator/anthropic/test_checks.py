from __future__ import annotations

from typing import Any

import pytest

from cursor_api.simulator.anthropic.checks import check_context, check_message, check_model
from cursor_api.simulator.anthropic.seals import sign
from cursor_api.simulator.json_api import Refusal

USER = {"role": "user", "content": "hi"}
USE = {"type": "tool_use", "id": "1", "name": "a", "input": {}}
CALLING = {"role": "assistant", "content": [USE]}
RESULTS = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "1"}]}
TOOL = {"name": "a", "input_schema": {"type": "object"}}
THINKING = {"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 2000}
GOOD = {"model": "m", "max_tokens": 10, "messages": [USER]}
MARKED = {"type": "text", "text": "x", "cache_control": {"type": "ephemeral"}}


def thought(signature: str) -> dict[str, Any]:
    """An assistant's turn that begins with a thought."""
    block = {"type": "thinking", "thinking": "tea", "signature": signature}
    return {"role": "assistant", "content": [block, USE]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"max_tokens": None}, "max_tokens: Input should be a valid int"),
        ({"max_tokens": 0}, "greater than or equal to 1"),
        ({"messages": []}, "at least one message"),
        ({"messages": [{"role": "system", "content": "x"}]}, 'Unexpected role "system"'),
        ({"messages": [{"role": "user", "content": []}]}, "non-empty content"),
        ({"messages": [{"role": "user", "content": ""}]}, "text content blocks must be non-empty"),
        ({"messages": [USER, RESULTS]}, "unexpected `tool_use_id`"),
        ({"messages": [USER, CALLING, USER]}, "messages.1: `tool_use` ids were found without"),
        ({"messages": [USER, CALLING]}, "without `tool_result` blocks immediately after: 1"),
        (
            {
                "messages": [
                    USER,
                    {"role": "assistant", "content": [USE | {"input": "{}"}]},
                    RESULTS,
                ]
            },
            "Input should be a valid dictionary",
        ),
        ({"temperature": 1.5}, "range: 0..1"),
        ({"tools": [{}]}, "tools.0.custom.name"),
        ({"tools": [{"name": "a.b", "input_schema": {}}]}, "should match pattern"),
        ({"tools": [{"name": "a"}]}, "input_schema: Field required"),
        ({"tools": [{"name": "a", "input_schema": {}}]}, "input_schema.type"),
        ({"tools": [TOOL, TOOL]}, "must be unique"),
        ({"tool_choice": {"type": "any"}}, "only be specified while providing tools"),
        ({"tools": [TOOL], "tool_choice": {"type": "tool", "name": "b"}}, "'b' not found"),
        ({"thinking": {"type": "enabled"}}, "budget_tokens: Field required"),
        ({"thinking": {"type": "enabled", "budget_tokens": 9}}, "greater than or equal to 1024"),
        (THINKING | {"max_tokens": 1024}, "must be greater than `thinking.budget_tokens`"),
        (THINKING | {"tools": [TOOL], "tool_choice": {"type": "any"}}, "forces tool use"),
        (THINKING | {"temperature": 0.5}, "only be set to 1"),
        (THINKING | {"messages": [USER, CALLING, RESULTS]}, "Expected `thinking`"),
        ({"messages": [USER, thought("made up"), RESULTS]}, "Invalid `signature`"),
        ({"system": [MARKED] * 5}, "A maximum of 4 blocks with cache_control"),
    ],
)
def test_what_is_refused(change: dict[str, Any], said: str) -> None:
    """In the words of the vendor, with status 400."""
    with pytest.raises(Refusal) as caught:
        check_message({**GOOD, **change})
    assert said in caught.value.message
    assert caught.value.status == 400


def test_what_is_good() -> None:
    """A round of tools with its thought; the last turn may be the assistant's, begun."""
    check_message({**GOOD, **THINKING, "messages": [USER, thought(sign("tea")), RESULTS]})
    check_message({**GOOD, "messages": [USER, {"role": "assistant", "content": "The"}]})
    image = {"role": "user", "content": [{"type": "image"}]}
    check_message({"model": "m", "messages": [image]}, is_counted_only=True)
    with pytest.raises(Refusal, match="max_tokens: Field required"):
        check_message({"model": "m", "messages": [USER]})


def test_models_and_contexts() -> None:
    """An empty list serves every model."""
    check_model("m", ())
    with pytest.raises(Refusal, match="model: n"):
        check_model("n", ("m",))
    check_context(10, 10)
    with pytest.raises(Refusal, match="prompt is too long: 11 tokens > 10 maximum"):
        check_context(11, 10)
