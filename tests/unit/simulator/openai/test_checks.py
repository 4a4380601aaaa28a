from __future__ import annotations

from typing import Any

import pytest

from cursor_api.simulator.json_api import Refusal
from cursor_api.simulator.openai.checks import check_chat, check_context, check_model

USER = {"role": "user", "content": "hi"}
CALLS = {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]}
RESULT = {"role": "tool", "tool_call_id": "1", "content": "x"}
IMAGE = [{"type": "text", "text": "x"}, {"type": "image_url", "image_url": {"url": "data:…"}}]
TOOL = {"type": "function", "function": {"name": "a"}}
NAMED_B = {"type": "function", "function": {"name": "b"}}
GOOD = {"model": "m", "messages": [USER]}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": None}, "model parameter"),
        ({"messages": None}, "Missing required parameter: 'messages'"),
        ({"messages": []}, "empty array"),
        ({"messages": ["x"]}, "messages[0]"),
        ({"messages": [{"role": "robot"}]}, "Invalid value: 'robot'"),
        ({"messages": [{"role": "user", "content": None}]}, "got null"),
        ({"messages": [USER, RESULT]}, "preceeding message with 'tool_calls'"),
        ({"messages": [USER, CALLS, USER]}, "must be followed by tool messages"),
        ({"messages": [USER, CALLS]}, "did not have response messages: 1"),
        ({"messages": [USER, CALLS, {**RESULT, "content": None}]}, "got null"),
        ({"messages": [USER, CALLS, {**RESULT, "content": IMAGE}]}, "with role 'tool' contains"),
        ({"tools": []}, "1 to 128"),
        ({"tools": [{"type": "function", "function": {"name": "a" * 65}}]}, "with length 65"),
        ({"tools": [{}]}, "tools[0].function.name"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "does not match pattern"),
        ({"tool_choice": "auto"}, "only allowed when 'tools'"),
        ({"tools": [TOOL], "tool_choice": NAMED_B}, "'b' was not found"),
        ({"n": 0}, "below minimum"),
        ({"temperature": 2.5}, "above maximum"),
        ({"stop": list("abcde")}, "maximum length 4"),
        ({"stream_options": {}}, "only allowed when 'stream'"),
        ({"response_format": {"type": "json_object"}}, "the word 'json'"),
        ({"response_format": {"type": "json_schema"}}, "json_schema.name"),
    ],
)
def test_what_is_refused(change: dict[str, Any], said: str) -> None:
    """In the words of the vendor, with status 400."""
    with pytest.raises(Refusal) as caught:
        check_chat({**GOOD, **change})
    assert said in caught.value.message
    assert caught.value.status == 400


def test_what_is_good() -> None:
    """A round of tools, JSON that is spoken of, a refusal without content."""
    check_chat({**GOOD, "messages": [USER, CALLS, RESULT, USER], "tools": [TOOL]})
    check_chat({**GOOD, "messages": [{"role": "user", "content": IMAGE}]})
    spoken = {"role": "user", "content": "as JSON"}
    check_chat({**GOOD, "messages": [spoken], "response_format": {"type": "json_object"}})
    check_chat({**GOOD, "messages": [USER, {"role": "assistant", "refusal": "No."}, USER]})


def test_models_and_contexts() -> None:
    """An empty list serves every model."""
    check_model("m", ())
    check_model("m", ("m",))
    with pytest.raises(Refusal, match="does not exist"):
        check_model("n", ("m",))
    check_context(10, 10)
    with pytest.raises(Refusal, match="maximum context length is 10"):
        check_context(11, 10)
