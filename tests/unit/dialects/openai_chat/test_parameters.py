"""What requests ask beside their messages, in the spellings that clients use."""

from __future__ import annotations

import json

import pytest

from cursor_api.dialects.openai_chat.parameters import read_parameters
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
from cursor_api.wire.json_lenient import NO_ARGUMENTS

SCHEMA = {"type": "object", "properties": {"p": {"type": "string"}}}
FUNCTION = {"name": "ls", "description": "Lists.", "parameters": SCHEMA, "strict": True}
GRAMMAR = {"syntax": "regex", "definition": "a+"}
WRITTEN = json.dumps(SCHEMA).encode()


def read(**fields: object) -> Parameters:
    """What a body with these fields asks."""
    return read_parameters(json.dumps({"model": "m", "messages": [], **fields}).encode())


@pytest.mark.parametrize(
    ("value", "count"), [(None, 1), (1, 1), (3, 3), (2**31 - 1, 128), (10**30, 1), ("3", 1)]
)
def test_answers_are_counted(value: object, count: int) -> None:
    """As many as an upstream may give at most."""
    assert read(n=value).answers_count == count


@pytest.mark.parametrize(
    "value", [None, "warm", -1.5, [], {}, [7, None], {"a": [1]}, True, 10**400]
)
def test_what_says_nothing_is_no_mistake(value: object) -> None:
    """Null is what many clients send for a default; a wrong type was never a reason to refuse."""
    names = (
        *("tools", "functions", "tool_choice", "function_call", "response_format", "top_k"),
        *("reasoning_effort", "reasoning", "max_tokens", "max_completion_tokens"),
    )
    for name in names:
        found = read(**{name: value})
        # Of functions one at a time is called, of whatever kind they are.
        choice = found.tool_choice if name == "functions" and isinstance(value, list) else None
        assert found == NO_PARAMETERS._replace(tool_choice=choice)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (
            {"type": "function", "function": FUNCTION},
            Tool("ls", "Lists.", WRITTEN, is_strict=True),
        ),
        ({"type": "function", "function": {"name": "ls"}}, Tool("ls", "", NO_ARGUMENTS)),
        (
            {"type": "function", "function": {"name": "ls", "description": None}, "x": 1},
            Tool("ls", "", NO_ARGUMENTS),
        ),
        (
            {
                "function": {"name": "ls", "parameters": SCHEMA},
                "cache_control": {"type": "ephemeral"},
            },
            Tool("ls", "", WRITTEN, cache=CacheMark()),
        ),
        (
            {"function": {"name": "ls", "cache_control": {"type": "ephemeral", "ttl": "1h"}}},
            Tool("ls", "", NO_ARGUMENTS, cache=CacheMark(3600)),
        ),
        (
            {"type": "custom", "custom": {"name": "sh", "description": "Runs."}},
            Tool("sh", "Runs.", b""),
        ),
        (
            {"type": "custom", "custom": {"name": "sh", "format": {"grammar": GRAMMAR}}},
            Tool("sh", "What the tool is given has to match this regex grammar:\na+", b""),
        ),
    ],
    ids=range(7),
)
def test_a_tool_keeps_what_is_said_of_it(given: object, expected: Tool) -> None:
    """Its schema byte for byte; what else stands in the list is skipped."""
    assert read(tools=[7, given, None, {"type": "function"}]).tools == (expected,)


def test_functions_are_tools() -> None:
    """The spelling of 2023, in which one at a time is called."""
    asked = read(functions=[FUNCTION], function_call={"name": "ls"})
    assert asked.tools == (Tool("ls", "Lists.", WRITTEN, is_strict=True),)
    assert asked.tool_choice == ToolChoice(Choice.NAMED, "ls", is_parallel=False)
    assert read(functions=[FUNCTION]).tool_choice == ToolChoice(Choice.AUTO, is_parallel=False)
    assert read(functions=[FUNCTION], function_call="none").tool_choice == ToolChoice(
        Choice.NONE, is_parallel=False
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"tool_choice": "auto"}, ToolChoice(Choice.AUTO)),
        ({"tool_choice": "none"}, ToolChoice(Choice.NONE)),
        ({"tool_choice": "required"}, ToolChoice(Choice.ANY)),
        (
            {"tool_choice": {"type": "function", "function": {"name": "ls"}}},
            ToolChoice(Choice.NAMED, "ls"),
        ),
        (
            {"tool_choice": {"type": "custom", "custom": {"name": "sh"}}},
            ToolChoice(Choice.NAMED, "sh"),
        ),
        ({"parallel_tool_calls": True}, None),
        ({"parallel_tool_calls": None}, None),
        ({"parallel_tool_calls": False}, ToolChoice(Choice.AUTO, is_parallel=False)),
        (
            {"tool_choice": "required", "parallel_tool_calls": False},
            ToolChoice(Choice.ANY, is_parallel=False),
        ),
    ],
    ids=range(9),
)
def test_the_choice_of_tools(fields: dict[str, object], expected: ToolChoice | None) -> None:
    """A word, a name, and whether several at once are welcome."""
    assert read(**fields).tool_choice == expected


@pytest.mark.parametrize(
    ("mode", "kind"), [("auto", Choice.AUTO), ("required", Choice.ANY), (None, Choice.AUTO)]
)
def test_allowed_tools_leave_the_others_out(mode: str | None, kind: Choice) -> None:
    """Of either kind; what is named and not there adds nothing."""
    names = ("ls", "pwd")
    tools = [{"type": "function", "function": {"name": name}} for name in names]
    tools.append({"type": "custom", "custom": {"name": "sh"}})
    allowed: dict[str, object] = {"mode": mode, "tools": [tools[2], tools[0], {"type": "x"}, 7]}
    if mode is None:
        del allowed["mode"]
    asked = read(tools=tools, tool_choice={"type": "allowed_tools", "allowed_tools": allowed})
    assert [tool.name for tool in asked.tools] == ["ls", "sh"]
    assert asked.tool_choice == ToolChoice(kind)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, OutputForm()),
        (
            {
                "type": "json_schema",
                "json_schema": {"name": "n", "description": "d", "schema": SCHEMA, "strict": True},
            },
            OutputForm(WRITTEN, "n", "d", is_strict=True),
        ),
        ({"type": "json_schema", "json_schema": {"name": "n"}}, OutputForm(None, "n")),
        ({"type": "json_schema"}, None),
        ({"type": "grammar"}, None),
    ],
    ids=range(6),
)
def test_the_form_of_the_output(given: object, expected: OutputForm | None) -> None:
    """Text, any JSON, or JSON of a schema."""
    assert read(response_format=given).output == expected


def test_sampling() -> None:
    """Each field; what is wrong costs only itself."""
    fields: dict[str, object] = {
        "temperature": 1,
        "top_p": 0.5,
        "top_k": 40,
        "frequency_penalty": -1.5,
        "presence_penalty": 0.25,
        "seed": -7,
        "max_tokens": 100,
        "stop": ["a", "b"],
    }
    expected = Sampling(1.0, 0.5, 40, -1.5, 0.25, -7, 100, ("a", "b"))
    assert read(**fields).sampling == expected
    assert read(**fields | {"max_completion_tokens": 50, "stop": "a"}).sampling == (
        expected._replace(output_count_max=50, stop=("a",))
    )
    assert read(**fields | {"seed": "x", "max_tokens": 0, "stop": [1]}).sampling == (
        expected._replace(seed=None, output_count_max=None, stop=())
    )


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        *(({"reasoning_effort": effort.value}, Reasoning(effort)) for effort in Effort),
        ({"reasoning": {"effort": "low"}}, Reasoning(Effort.LOW)),
        ({"reasoning": {"max_tokens": 2000}}, Reasoning(None, 2000)),
        (
            {"reasoning_effort": "high", "reasoning": {"effort": "low", "max_tokens": 9}},
            Reasoning(Effort.HIGH, 9),
        ),
        ({"reasoning_effort": "enormous"}, None),
        ({"reasoning": {"effort": 5, "max_tokens": "x"}}, None),
    ],
)
def test_how_much_to_think(fields: dict[str, object], expected: Reasoning | None) -> None:
    """OpenAI's field, and the object of others."""
    assert read(**fields).reasoning == expected


def test_who_asks_and_what_is_cached_together() -> None:
    """Names that the upstream gets as they are."""
    asked = read(user="u", prompt_cache_key="k")
    assert (asked.user, asked.prompt_cache_key) == ("u", "k")
    assert read(safety_identifier="s").user == "s"
    assert read(user=5, safety_identifier=7, prompt_cache_key=None) == NO_PARAMETERS
