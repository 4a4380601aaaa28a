from __future__ import annotations

import pytest

from cursor_api.simulator.model.asks import Json, Tool
from cursor_api.simulator.model.plans import call_of, plan_calls
from cursor_api.simulator.model.subjects import find_subjects


def tool(name: str, *required: str, **more: str) -> Tool:
    """One whose arguments are strings, or of the types that `more` names."""
    properties = dict.fromkeys(required, "string") | more
    schema = {
        "type": "object",
        "properties": {key: {"type": kind} for key, kind in properties.items()},
        "required": list(required),
    }
    return Tool(name, f"A tool: {name}", schema)


AGENT = (
    tool("Task", "prompt"),
    tool("Bash", "command"),
    tool("Glob", "pattern"),
    tool("Grep", "pattern", path="string"),
    tool("Read", "file_path", limit="integer"),
    tool("Edit", "file_path", "old_string", "new_string"),
    tool("Write", "file_path", "content"),
    tool("get_weather", "city"),
    tool("add", a="integer", b="integer")._replace(
        schema={
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
        }
    ),
    tool("get_current_time"),
    Tool("apply_patch", "Takes a text", is_free_text=True),
)


@pytest.mark.parametrize(
    ("question", "calls"),
    [
        ("Hello!", []),
        ("Write me a poem", []),
        ("Read README.md", [("Read", {"file_path": "README.md"})]),
        (
            "What is in a.txt and b.txt?",
            [("Read", {"file_path": "a.txt"}), ("Read", {"file_path": "b.txt"})],
        ),
        ("Run `make test`", [("Bash", {"command": "make test"})]),
        (
            "The weather in Paris, and read a.txt",
            [("get_weather", {"city": "Paris"}), ("Read", {"file_path": "a.txt"})],
        ),
        ("北京天气怎么样", [("get_weather", {"city": "北京"})]),
        ('Search for "tea"', [("Grep", {"pattern": "tea"})]),
        ('Create a.py with "x = 1"', [("Edit", None)]),
        ("Add 2 and 40", [("add", {"a": 2, "b": 40})]),
        ("What time is it?", [("get_current_time", {})]),
        (
            "The weather and the time in Paris, for a task",
            [("get_weather", {"city": "Paris"}), ("get_current_time", {})],
        ),
        ("Use the Glob tool", [("Glob", {"pattern": "Use the Glob tool"})]),
        ("Call apply_patch with `x`", [("apply_patch", {"input": "x"})]),
    ],
)
def test_what_a_question_asks_of_an_agents_tools(
    question: str, calls: list[tuple[str, Json | None]]
) -> None:
    """One tool for each kind of work, once for each thing; nothing that is not asked for."""
    found = plan_calls(AGENT, find_subjects(question))
    assert [call.name for call in found] == [name for name, _ in calls]
    for call, (_, arguments) in zip(found, calls, strict=True):
        assert arguments is None or call.arguments == arguments


def test_a_description_tells_where_the_name_does_not() -> None:
    """A tool called `t1` that is for the weather."""
    described = tool("t1", "place")._replace(description="Current weather of a place")
    (call,) = plan_calls((described,), find_subjects("Weather in Rome?"))
    assert call.arguments == {"place": "Rome"}


def test_optional_arguments_are_filled_where_none_is_required() -> None:
    """With what the question speaks of, and nothing else."""
    loose = tool("forecast", city="string", unit="string")
    assert call_of(loose, find_subjects("in Rome")).arguments == {"city": "Rome"}
    assert call_of(loose, find_subjects("hello")).arguments == {}
    assert call_of(Tool("anything"), find_subjects("hello")).arguments == {}
