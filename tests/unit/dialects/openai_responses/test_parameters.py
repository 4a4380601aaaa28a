"""What a request for a response asks besides its input."""

from __future__ import annotations

from typing import Any

import pytest

from cursor_api.domain.chat import (
    Choice,
    Effort,
    OutputForm,
    Parameters,
    Reasoning,
    Sampling,
    Tool,
    ToolChoice,
)
from cursor_api.domain.errors import Fault
from cursor_api.wire.limits import RequestLimits
from tests.unit.dialects.openai_responses.response_stage import parse

FUNCTION = {
    "type": "function",
    "name": "weather",
    "description": "Of a place",
    "parameters": {"type": "object"},
    "strict": True,
}
WEATHER = Tool("weather", "Of a place", b'{"type": "object"}', is_strict=True)
GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": "start: /a+/"}
CUSTOM = {"type": "custom", "name": "patch", "format": {"type": "text"}}
PATCH = Tool("patch", "", b"")


def asked(**body: Any) -> Parameters:
    """The parameters of a request."""
    return parse(**body).chat.parameters


def test_tools_of_known_types() -> None:
    """Functions and custom ones; the others are named, once for each type."""
    hosted = {"type": "web_search", "external_web_access": False}
    parsed = parse(tools=[FUNCTION, CUSTOM, hosted, hosted, {"type": "mcp", "server_url": ""}, 7])
    assert parsed.chat.parameters.tools == (WEATHER, PATCH)
    assert parsed.ignored == ("tools.web_search", "tools.mcp")
    nested = {"type": "function", "function": {"name": "bare"}}
    assert asked(tools=[nested]).tools[0].name == "bare"
    told = "What the tool is given has to match this lark grammar:\nstart: /a+/"
    assert asked(tools=[CUSTOM | {"format": GRAMMAR}]).tools == (Tool("patch", told, b""),)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", ToolChoice(Choice.AUTO)),
        ("none", ToolChoice(Choice.NONE)),
        ("required", ToolChoice(Choice.ANY)),
        ({"type": "function", "name": "weather"}, ToolChoice(Choice.NAMED, "weather")),
        ({"type": "custom", "name": "patch"}, ToolChoice(Choice.NAMED, "patch")),
        ({"type": "web_search"}, None),
        (7, None),
    ],
)
def test_a_choice_of_tools(choice: object, expected: ToolChoice | None) -> None:
    """In words or by name."""
    assert asked(tools=[FUNCTION, CUSTOM], tool_choice=choice).tool_choice == expected


def test_allowed_tools_leave_the_others_out() -> None:
    """With the mode of the choice."""
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [FUNCTION]}
    found = asked(tools=[FUNCTION, CUSTOM], tool_choice=allowed, parallel_tool_calls=False)
    assert found.tools == (WEATHER,)
    chats = {**allowed, "tools": [{"type": "function", "function": {"name": "weather"}}]}
    assert asked(tools=[FUNCTION, CUSTOM], tool_choice=chats).tools == (WEATHER,)
    assert found.tool_choice == ToolChoice(Choice.ANY, is_parallel=False)


def test_everything_else() -> None:
    """Numbers, form, effort, and names for the conversation."""
    form = {"type": "json_schema", "name": "n", "schema": {"a": 1}, "strict": True}
    found = asked(
        temperature=0,
        top_p=0.5,
        max_output_tokens=9,
        text={"format": form, "verbosity": "low"},
        reasoning={"effort": "xhigh", "summary": "auto"},
        user="u",
        prompt_cache_key="k",
        parallel_tool_calls=False,
    )
    assert found == Parameters(
        tool_choice=ToolChoice(Choice.AUTO, is_parallel=False),
        output=OutputForm(b'{"a": 1}', "n", "", is_strict=True),
        sampling=Sampling(temperature=0.0, top_p=0.5, output_count_max=9),
        reasoning=Reasoning(Effort.XHIGH),
        user="u",
        prompt_cache_key="k",
        verbosity="low",
    )
    assert asked(safety_identifier="s").user == "s"
    assert asked(text={"format": {"type": "json_object"}}).output == OutputForm()
    assert asked(text={"format": {"type": "text"}}).output is None
    assert asked(temperature="hot", reasoning=[], text=5, tools={}) == Parameters()


def test_what_it_asks_for_by_name() -> None:
    """Each with the caller's parameter; what asks for nothing is not there."""
    found = parse(
        tools=[FUNCTION],
        tool_choice="required",
        text={"format": {"type": "json_object"}, "verbosity": "high"},
        reasoning={"effort": "low", "mode": "pro"},
        moderation={"model": "omni-moderation-latest"},
        max_output_tokens=9,
        temperature=0,
        top_p=1,
        top_logprobs=3,
        service_tier="flex",
        include=["message.output_text.logprobs", "reasoning.encrypted_content"],
        truncation="auto",
        context_management=[{"type": "compaction"}],
    ).chat.origin.features
    assert [one.param for one in found] == [
        *("tools", "tool_choice", "text.format", "text.verbosity", "reasoning"),
        "max_output_tokens",
        *("temperature", "top_p", "top_logprobs", "include", "truncation"),
        *("reasoning.mode", "moderation", "context_management"),
        "service_tier",
    ]
    usual = parse(
        text={"verbosity": "medium"},
        truncation="disabled",
        reasoning={"mode": "standard"},
        moderation=None,
        context_management=None,
        include=["reasoning.encrypted_content"],
    )
    assert usual.chat.origin.features == ()
    plain = {"tool_choice": "auto", "top_logprobs": 0, "service_tier": "auto", "text": None}
    assert parse(**plain, reasoning={"summary": "auto"}).chat.origin.features == ()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"tools": [FUNCTION] * 3}, "tools"),
        ({"tools": [{"type": "namespace", "name": "n", "tools": [FUNCTION] * 2}]}, "tools"),
        ({"tools": [{"type": "namespace", "name": "n"}] * 3}, "tools"),
        ({"tool_choice": {"type": "allowed_tools", "tools": [FUNCTION] * 3}}, "tool_choice.tools"),
    ],
)
def test_tools_are_counted(body: dict[str, Any], param: str) -> None:
    """Whatever they are, and in whatever they stand."""
    with pytest.raises(Fault, match=f"'{param}' holds more than 2 tools") as caught:
        parse(RequestLimits(tools_max=2), **body)
    assert (caught.value.param, caught.value.code) == (param, "array_above_max_length")
    assert parse(RequestLimits(tools_max=3), **body).chat.model == "m"


def test_what_is_no_tool_is_none_of_them() -> None:
    """It says nothing, and is not counted."""
    parsed = parse(RequestLimits(tools_max=1), tools=[1, None, "x", FUNCTION])
    assert parsed.chat.parameters.tools == (WEATHER,)
