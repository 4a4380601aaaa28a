from __future__ import annotations

from typing import Any

import pytest

from cursor_api.simulator.model.asks import Call, Choice, Result, Role, Tool, Turn
from cursor_api.simulator.openai.asks import find_question, read_ask

FUNCTION = {"name": "a", "description": "A", "parameters": {"type": "object"}}
CALL = {"id": "1", "type": "function", "function": {"name": "a", "arguments": '{"x": 1}'}}
CUSTOM = {"id": "2", "type": "custom", "custom": {"name": "b", "input": "text"}}
ODD = {"id": "3", "type": "function", "function": {"name": "a", "arguments": "no json"}}


def test_a_conversation_is_read_whole() -> None:
    """Roles, parts, calls of both kinds, results that stand in a row."""
    image = {"type": "image_url", "image_url": {"url": "data:"}}
    ask = read_ask(
        {
            "model": "m",
            "messages": [
                {"role": "developer", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "Look"}, image, image]},
                {"role": "assistant", "content": None, "tool_calls": [CALL, CUSTOM, ODD]},
                {"role": "tool", "tool_call_id": "1", "content": "one"},
                {"role": "tool", "tool_call_id": "2", "content": [{"type": "text", "text": "two"}]},
                {"role": "assistant", "content": "Done."},
                {"role": "user", "content": "More"},
            ],
            "tools": [
                {"type": "function", "function": FUNCTION},
                {"type": "custom", "custom": {"name": "b"}},
            ],
        }
    )
    calls = (Call("a", {"x": 1}, "1"), Call("b", {"input": "text"}, "2"))
    assert ask.turns == (
        Turn(Role.SYSTEM, "Be brief."),
        Turn(Role.USER, "Look", image_count=2),
        Turn(Role.ASSISTANT, calls=(*calls, Call("a", {"input": "no json"}, "3"))),
        Turn(Role.USER, results=(Result("1", "one"), Result("2", "two"))),
        Turn(Role.ASSISTANT, "Done."),
        Turn(Role.USER, "More"),
    )
    assert ask.tools == (Tool("a", "A", {"type": "object"}), Tool("b", is_free_text=True))


def asked(**more: Any) -> Any:
    """A short request."""
    tools = [{"type": "function", "function": FUNCTION | {"name": name}} for name in "ab"]
    messages = [{"role": "user", "content": "hi"}]
    return read_ask({"model": "m", "messages": messages, "tools": tools, **more})


@pytest.mark.parametrize(
    ("given", "choice", "named", "tools"),
    [
        (None, Choice.AUTO, "", "ab"),
        ("none", Choice.NONE, "", "ab"),
        ("required", Choice.REQUIRED, "", "ab"),
        ({"type": "function", "function": {"name": "b"}}, Choice.NAMED, "b", "ab"),
        (
            {
                "type": "allowed_tools",
                "allowed_tools": {
                    "mode": "required",
                    "tools": [{"type": "function", "function": {"name": "a"}}],
                },
            },
            Choice.REQUIRED,
            "",
            "a",
        ),
    ],
)
def test_the_choice_of_tools(given: object, choice: Choice, named: str, tools: str) -> None:
    """In each of its spellings."""
    ask = asked(tool_choice=given)
    assert (ask.choice, ask.named) == (choice, named)
    assert "".join(tool.name for tool in ask.tools) == tools


def test_the_form_of_the_answer_and_thinking() -> None:
    """Any object, one that fits, or text; a reasoner thinks unless told not to."""
    assert asked(response_format={"type": "json_object"}).form == {}
    schema = {"type": "object"}
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    assert asked(response_format=form).form == schema
    assert asked(response_format={"type": "text"}).form is None
    assert asked(reasoning_effort="low").is_thinking
    assert asked(model="a-thinking-model").is_thinking
    assert not asked(model="o3", reasoning_effort="none").is_thinking
    assert not asked(parallel_tool_calls=False).is_parallel


def test_the_question_is_found_in_any_body() -> None:
    """One that is not as it should be has none."""
    assert find_question({"messages": [{"role": "user", "content": "a"}, {"role": "tool"}]}) == "a"
    for body in ({}, {"messages": 1}, {"messages": [1, {"role": "user", "content": 1}]}):
        assert find_question(body) == ""
