"""What a request asks besides its messages."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from cursor_api.dialects.anthropic_messages.parameters import read_conversation, read_parameters
from cursor_api.domain.chat import (
    NO_PARAMETERS,
    Choice,
    Effort,
    OutputForm,
    Parameters,
    Reasoning,
    Sampling,
    Tool,
    ToolChoice,
)
from cursor_api.domain.content import CacheMark
from cursor_api.wire.json_lenient import NO_ARGUMENTS, NOTHING

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
FORM = OutputForm(json.dumps(SCHEMA).encode(), is_strict=True)
LS = {"name": "ls", "input_schema": SCHEMA}
EPHEMERAL = {"type": "ephemeral", "ttl": "1h"}


def parameters(**fields: Any) -> Parameters:
    """What a body with these fields asks."""
    return read_parameters(json.dumps({"model": "m", "messages": [], **fields}).encode())


@pytest.mark.parametrize(
    ("tool", "expected"),
    [
        (LS, Tool("ls", "", json.dumps(SCHEMA).encode())),
        (
            {**LS, "description": "d", "input_examples": [{"a": "x"}]},
            Tool("ls", 'd\n\nExamples of its input:\n[{"a": "x"}]', json.dumps(SCHEMA).encode()),
        ),
        (
            {
                **LS,
                "type": "custom",
                "description": "d",
                "strict": True,
                "cache_control": EPHEMERAL,
            },
            Tool("ls", "d", json.dumps(SCHEMA).encode(), is_strict=True, cache=CacheMark(3600)),
        ),
        ({"name": "ls"}, Tool("ls", "", NO_ARGUMENTS)),
    ],
)
def test_tools(tool: dict[str, Any], expected: Tool) -> None:
    """Those of Anthropic's own servers are left out."""
    servers = {"type": "web_search_20250305", "name": "web_search"}
    assert parameters(tools=[servers, tool, 5]).tools == (expected,)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"type": "auto"}, ToolChoice(Choice.AUTO)),
        (
            {"type": "any", "disable_parallel_tool_use": True},
            ToolChoice(Choice.ANY, is_parallel=False),
        ),
        ({"type": "tool", "name": "ls"}, ToolChoice(Choice.NAMED, "ls")),
        ({"type": "none"}, ToolChoice(Choice.NONE)),
        ({"type": "other"}, None),
        ("auto", None),
    ],
)
def test_tool_choices(choice: object, expected: ToolChoice | None) -> None:
    """Whether, and how many at once."""
    assert parameters(tool_choice=choice).tool_choice == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 2048}}, Reasoning(None, 2048)),
        ({"thinking": {"type": "adaptive"}}, None),
        (
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "xhigh"}},
            Reasoning(Effort.XHIGH),
        ),
        (
            {"thinking": {"type": "disabled"}, "output_config": {"effort": "max"}},
            Reasoning(Effort.NONE),
        ),
        *(({"output_config": {"effort": one.value}}, Reasoning(one)) for one in Effort),
        ({"output_config": {"effort": "enormous"}}, None),
        ({"thinking": "yes", "output_config": 5}, None),
    ],
)
def test_how_much_to_think(fields: dict[str, Any], expected: Reasoning | None) -> None:
    """Both spellings are one value."""
    assert parameters(**fields).reasoning == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}}, FORM),
        ({"output_format": {"type": "json_schema", "schema": SCHEMA}}, FORM),
        ({"output_config": {"format": {"type": "text"}}}, None),
        ({"output_config": {}}, None),
    ],
)
def test_the_form_of_the_output(fields: dict[str, Any], expected: OutputForm | None) -> None:
    """Where it is now, and where it was."""
    assert parameters(**fields).output == expected


def test_sampling_and_who_asks() -> None:
    """Each in its place."""
    found = parameters(
        max_tokens=5,
        stop_sequences=["a", "b"],
        temperature=0.5,
        top_p=1,
        top_k=3,
        metadata={"user_id": "u"},
    )
    assert found.sampling == Sampling(0.5, 1.0, 3, output_count_max=5, stop=("a", "b"))
    assert found.user == "u"


def test_what_is_of_the_wrong_type_says_nothing() -> None:
    """Clients send null and more."""
    names = (
        *("tools", "tool_choice", "max_tokens", "stop_sequences", "temperature", "top_p", "top_k"),
        *("thinking", "output_config", "output_format", "metadata"),
    )
    for wrong in (None, 5.5, "x", [5], {"a": 1}, -1):
        fields = {name: wrong for name in names if name not in ("temperature", "top_p")}
        assert parameters(**fields) == NO_PARAMETERS, wrong


def test_a_conversation_is_named_by_claude_code_alone() -> None:
    """Of others `user_id` is a person, who may have many."""
    user = '{"device_id":"1","session_id":"2"}'
    raw = json.dumps({"user_id": user}).encode()
    assert read_conversation(msgspec.Raw(raw)) == user
    assert read_conversation(msgspec.Raw(b'{"user_id":"someone"}')) is None
    assert read_conversation(NOTHING) is None
