"""When the scripted model calls which tool."""

from __future__ import annotations

from typing import Any

import pytest

from cursor_api.simulator.cursor_sdk.model import Call, answer_from, choose_calls

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FILE = {"type": "object", "properties": {"path": {"type": "string"}}}
TOOLS: dict[str, Any] = {"get_weather": CITY, "read_file": FILE, "make_report": {}}


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("Hello!", []),
        ("What is the weather in Paris?", [Call("get_weather", {"city": "Paris"})]),
        ("What does src/main.py say?", [Call("read_file", {"path": "src/main.py"})]),
        ('/sim call get_weather {"city":"Oslo"}', [Call("get_weather", {"city": "Oslo"})]),
        ("You must call the tool `make_report`.\n\nHi", [Call("make_report", {})]),
        ("You must call one of the tools.\n\nHi", [Call("get_weather", {"city": "Paris"})]),
        # Its own earlier words do not lead it astray.
        ("<transcript>\nweather in Rome\n</transcript>\n\nThanks!", []),
    ],
)
def test_a_tool_is_called_where_the_question_hints_at_it(text: str, calls: list[Call]) -> None:
    """By its name, a path, an order, or because it must."""
    assert list(choose_calls(text, TOOLS)) == calls


def test_results_are_told() -> None:
    """Texts, images by name, other objects as JSON, failures as such."""
    results: list[dict[str, Any]] = [
        {"content": [{"type": "text", "text": "sunny"}, {"type": "image", "data": ""}]},
        {"value": 3},
        {"message": "no such city"},
    ]
    said = 'Result: sunny [image]; {"value":3}; the tool failed: no such city'
    assert answer_from(results) == said
