"""Calls of tools, in chunks and in messages, in both spellings."""

from __future__ import annotations

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletionMessage

from cursor_api.dialects.openai_chat.calls import PLAIN, CallDeltas, Calls, Spelling
from cursor_api.domain.deltas import ToolArgumentsDelta, ToolCallBegun
from cursor_api.domain.errors import Fault, FaultKind

BEGUN = ToolCallBegun(0, "c1", "ls")
ARGUMENTS = ToolArgumentsDelta(0, '{"p":')


FUNCTIONS = Spelling(has_functions=True)


def rendered(delta: ToolCallBegun | ToolArgumentsDelta, spelling: Spelling = PLAIN) -> Any:
    """The field, decoded."""
    return json.loads(b"{%b}" % CallDeltas(spelling).render(delta))


def test_id_and_name_come_once_and_arguments_in_pieces() -> None:
    """As OpenAI's chunks have them."""
    assert rendered(BEGUN) == {
        "tool_calls": [
            {
                "index": 0,
                "id": "c1",
                "type": "function",
                "function": {"name": "ls", "arguments": ""},
            }
        ]
    }
    assert rendered(ToolArgumentsDelta(3, '{"p":')) == {
        "tool_calls": [{"index": 3, "function": {"arguments": '{"p":'}}]
    }


def test_functions_are_answered_as_functions() -> None:
    """The spelling before `tools` has neither ids nor numbers."""
    assert rendered(BEGUN, FUNCTIONS) == {"function_call": {"name": "ls", "arguments": ""}}
    assert rendered(ARGUMENTS, FUNCTIONS) == {"function_call": {"arguments": '{"p":'}}


@pytest.mark.parametrize("delta", [ToolCallBegun(1, "c2", "ls"), ToolArgumentsDelta(1, "{}")])
def test_functions_have_room_for_one_call(delta: ToolCallBegun | ToolArgumentsDelta) -> None:
    """A second one is not dropped in silence."""
    calls = Calls(FUNCTIONS)
    calls.add(BEGUN)
    for take in (calls.add, CallDeltas(FUNCTIONS).render):
        with pytest.raises(Fault, match="second call") as caught:
            take(delta)
        assert caught.value.kind is FaultKind.PROTOCOL_ERROR


@pytest.mark.parametrize("has_functions", [False, True])
def test_a_message_has_its_calls_whole(*, has_functions: bool) -> None:
    """However their arguments were cut."""
    calls = Calls(Spelling(has_functions))
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


def test_a_custom_tool_has_an_input() -> None:
    """Told by its name, and after that by its number."""
    deltas = CallDeltas(Spelling(custom=frozenset({"ls"})))
    assert json.loads(b"{%b}" % deltas.render(BEGUN)) == {
        "tool_calls": [
            {"index": 0, "id": "c1", "type": "custom", "custom": {"name": "ls", "input": ""}}
        ]
    }
    assert json.loads(b"{%b}" % deltas.render(ToolArgumentsDelta(0, "-l"))) == {
        "tool_calls": [{"index": 0, "custom": {"input": "-l"}}]
    }


def test_a_message_has_calls_of_both_kinds() -> None:
    """What a custom tool is given is no JSON."""
    calls = Calls(Spelling(custom=frozenset({"sh"})))
    for delta in (
        *(ToolCallBegun(0, "c1", "sh"), ToolArgumentsDelta(0, "ls "), ToolArgumentsDelta(0, "-l")),
        *(ToolCallBegun(1, "c2", "f"), ToolArgumentsDelta(1, "{}")),
    ):
        calls.add(delta)
    message = ChatCompletionMessage.model_validate({"role": "assistant", **calls.fields()})
    assert [call.to_dict() for call in message.tool_calls or ()] == [
        {"id": "c1", "type": "custom", "custom": {"name": "sh", "input": "ls -l"}},
        {"id": "c2", "type": "function", "function": {"name": "f", "arguments": "{}"}},
    ]


def test_arguments_of_no_call_are_a_fault() -> None:
    """An upstream that mixes up its numbers is broken."""
    with pytest.raises(Fault) as caught:
        Calls(PLAIN).add(ARGUMENTS)
    assert caught.value.kind is FaultKind.PROTOCOL_ERROR
