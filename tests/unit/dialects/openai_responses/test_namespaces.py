"""Tools in namespaces: read as tools, called by both names, and given back apart."""

from __future__ import annotations

from typing import Any

import pytest

from cursor_api.dialects.openai_responses.namespaces import join_name
from cursor_api.domain.chat import Choice, ToolChoice
from cursor_api.domain.content import ToolUse
from cursor_api.domain.deltas import ToolArgumentsDelta, ToolCallBegun
from tests.unit.dialects.openai_responses.response_stage import END, events, parse, stream, style_of

ADD = {"type": "function", "name": "add", "description": "Adds.", "parameters": {"type": "object"}}
PATCH = {"type": "custom", "name": "patch"}
TOOLS: list[dict[str, Any]] = [
    {"type": "function", "name": "shell", "parameters": {}},
    {"type": "namespace", "name": "mcp__sums__", "tools": [ADD, {"type": "web_search"}, 7]},
    {"type": "namespace", "name": "functions", "tools": [PATCH]},
    {"type": "namespace", "name": "empty"},
]


@pytest.mark.parametrize(
    ("namespace", "called"),
    [
        ("mcp__sums__", "mcp__sums__add"),
        ("mcp__sums", "mcp__sums__add"),
        ("functions", "add"),
        ("", "add"),
        (None, "add"),
    ],
)
def test_a_tool_is_called_by_both_names(namespace: str | None, called: str) -> None:
    """One of the client's own by its own alone."""
    assert join_name(namespace, "add") == called


def test_what_is_in_a_namespace_is_a_tool() -> None:
    """A client offers its own servers so; what OpenAI's servers do is left out there as well."""
    parsed = parse(tools=TOOLS)
    tools = parsed.chat.parameters.tools
    assert [(tool.name, tool.description, bool(tool.schema)) for tool in tools] == [
        ("shell", "", True),
        ("mcp__sums__add", "Adds.", True),
        ("patch", "", False),
    ]
    assert parsed.ignored == ("tools.web_search",)


def test_a_call_has_its_namespace_and_its_name() -> None:
    """Else the client finds no server that it belongs to."""
    deltas = (
        *(ToolCallBegun(0, "a", "mcp__sums__add"), ToolArgumentsDelta(0, "{}")),
        *(ToolCallBegun(1, "b", "patch"), ToolArgumentsDelta(1, "x"), END),
    )
    found = events(stream(*deltas, style=style_of(tools=TOOLS)))
    added, patch = found[-1]["response"]["output"]
    assert (added["type"], added["namespace"], added["name"]) == (
        *("function_call", "mcp__sums__", "add"),
    )
    assert (patch["type"], patch["name"], "namespace" in patch) == (
        *("custom_tool_call", "patch", False),
    )


def test_a_call_that_comes_back_is_that_of_the_tool() -> None:
    """With both names; so is a choice."""
    call = {"type": "function_call", "call_id": "a", "name": "add", "arguments": "{}"}
    for namespace, name in (("mcp__sums__", "mcp__sums__add"), ("functions", "add"), (None, "add")):
        (message,) = parse(input=[{**call, "namespace": namespace}]).chat.messages
        assert message.parts == (ToolUse("a", name, b"{}"),)
    named = {"type": "function", "namespace": "mcp__sums__", "name": "add"}
    chosen = parse(tools=TOOLS, tool_choice=named).chat.parameters
    assert chosen.tool_choice == ToolChoice(Choice.NAMED, "mcp__sums__add")
    allowed = {"type": "allowed_tools", "mode": "auto", "tools": [named]}
    left = parse(tools=TOOLS, tool_choice=allowed).chat.parameters
    assert [tool.name for tool in left.tools] == ["mcp__sums__add"]
