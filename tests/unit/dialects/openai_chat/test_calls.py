"""Calls of tools, in chunks and in messages, in both spellings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cursor_api.dialects.openai_chat.calls import Calls, render_call_delta
from cursor_api.domain.deltas import ToolArgumentsDelta, ToolCallBegun
from cursor_api.domain.errors import Fault, FaultKind

BEGUN = ToolCallBegun(0, "c1", "ls")
ARGUMENTS = ToolArgumentsDelta(0, '{"p":')


def rendered(delta: ToolCallBegun | ToolArgumentsDelta, *, has_functions: bool) -> Any:
    """The field, decoded."""
    return json.loads(b"{%b}" % render_call_delta(delta, has_functions=has_functions))


def test_id_and_name_come_once_and_arguments_in_pieces() -> None:
    """As OpenAI's chunks have them."""
    assert rendered(BEGUN, has_functions=False) == {
        "tool_calls": [
            {
                "index": 0,
                "id": "c1",
                "type": "function",
                "function": {"name": "ls", "arguments": ""},
            }
        ]
    }
    assert rendered(ToolArgumentsDelta(3, '{"p":'), has_functions=False) == {
        "tool_calls": [{"index": 3, "function": {"arguments": '{"p":'}}]
    }


def test_functions_are_answered_as_functions() -> None:
    """The spelling before `tools` has neither ids nor numbers."""
    assert rendered(BEGUN, has_functions=True) == {"function_call": {"name": "ls", "arguments": ""}}
    assert rendered(ARGUMENTS, has_functions=True) == {"function_call": {"arguments": '{"p":'}}


@pytest.mark.parametrize("delta", [ToolCallBegun(1, "c2", "ls"), ToolArgumentsDelta(1, "{}")])
def test_functions_have_room_for_one_call(delta: ToolCallBegun | ToolArgumentsDelta) -> None:
    """A second one is not dropped in silence."""
    calls = Calls(has_functions=True)
    calls.add(BEGUN)
    for take in (calls.add, lambda one: render_call_delta(one, has_functions=True)):
        with pytest.raises(Fault, match="second call") as caught:
            take(delta)
        assert caught.value.kind is FaultKind.PROTOCOL_ERROR


@pytest.mark.parametrize("has_functions", [False, True])
def test_a_message_has_its_calls_whole(*, has_functions: bool) -> None:
    """However their arguments were cut."""
    calls = Calls(has_functions=has_functions)
    assert calls.fields() == {}
    for delta in (BEGUN, ARGUMENTS, ToolArgumentsDelta(0, '"."}')):
        calls.add(delta)
    function = {"name": "ls", "arguments": '{"p":"."}'}
    if has_functions:
        assert calls.fields() == {"function_call": function}
    else:
        calls.add(ToolCallBegun(1, "c2", "pwd"))
        assert calls.fields() == {
            "tool_calls": [
                {"id": "c1", "type": "function", "function": function},
                {"id": "c2", "type": "function", "function": {"name": "pwd", "arguments": ""}},
            ]
        }


def test_arguments_of_no_call_are_a_fault() -> None:
    """An upstream that mixes up its numbers is broken."""
    with pytest.raises(Fault) as caught:
        Calls(has_functions=False).add(ARGUMENTS)
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR
