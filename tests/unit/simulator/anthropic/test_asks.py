from __future__ import annotations

from typing import Any

import pytest

from cursor_api.simulator.anthropic.asks import find_question, read_ask
from cursor_api.simulator.model.asks import Call, Choice, Result, Role, Tool, Turn

USE = {"type": "tool_use", "id": "1", "name": "a", "input": {"x": 1}}
RESULT = {"type": "tool_result", "tool_use_id": "1", "content": "one", "is_error": True}
TOOL = {"name": "a", "description": "A", "input_schema": {"type": "object"}}


def asked(**more: Any) -> Any:
    """A short request."""
    return read_ask({"model": "m", "messages": [{"role": "user", "content": "hi"}], **more})


def test_a_conversation_is_read_whole() -> None:
    """System, blocks of each kind, calls and results; tools of the server's own are not called."""
    ask = asked(
        system=[{"type": "text", "text": "Be brief."}],
        messages=[
            {"role": "user", "content": [{"type": "text", "text": "Look"}, {"type": "image"}]},
            {"role": "assistant", "content": [{"type": "thinking"}, USE]},
            {"role": "user", "content": [RESULT, {"type": "text", "text": "(a reminder)"}]},
        ],
        tools=[TOOL, {"type": "web_search_20250305", "name": "web_search"}],
    )
    assert ask.turns == (
        Turn(Role.SYSTEM, "Be brief."),
        Turn(Role.USER, "Look", image_count=1),
        Turn(Role.ASSISTANT, calls=(Call("a", {"x": 1}, "1"),)),
        Turn(Role.USER, "(a reminder)", results=(Result("1", "one", is_error=True),)),
    )
    assert ask.tools == (Tool("a", "A", {"type": "object"}),)


@pytest.mark.parametrize(
    ("given", "choice", "named", "is_parallel"),
    [
        (None, Choice.AUTO, "", True),
        ({"type": "any", "disable_parallel_tool_use": True}, Choice.REQUIRED, "", False),
        ({"type": "none"}, Choice.NONE, "", True),
        ({"type": "tool", "name": "a"}, Choice.NAMED, "a", True),
    ],
)
def test_the_choice_of_tools(
    given: object, choice: Choice, named: str, *, is_parallel: bool
) -> None:
    """In each of its spellings."""
    ask = asked(tool_choice=given)
    assert (ask.choice, ask.named, ask.is_parallel) == (choice, named, is_parallel)


def test_the_form_of_the_answer_and_thinking() -> None:
    """In the newer place or in the older one."""
    schema = {"type": "object"}
    form = {"type": "json_schema", "schema": schema}
    assert asked(output_config={"format": form}).form == schema
    assert asked(output_format=form).form == schema
    assert asked().form is None
    assert asked(thinking={"type": "adaptive"}).is_thinking
    assert not asked(thinking={"type": "disabled"}).is_thinking


def test_the_question_is_found_in_any_body() -> None:
    """What stands beside results is none."""
    messages = [{"role": "user", "content": "a"}, {"role": "user", "content": [RESULT]}]
    assert find_question({"messages": messages}) == "a"
    for body in ({}, {"messages": 1}, {"messages": [1, {"role": "user", "content": 1}]}):
        assert find_question(body) == ""
