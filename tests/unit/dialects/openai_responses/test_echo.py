"""What an answer repeats of its request."""

from __future__ import annotations

import json
from typing import Any

from tests.unit.dialects.openai_responses.response_stage import style_of


def echo(**body: Any) -> dict[str, Any]:
    """The fields that are repeated."""
    text = style_of(**body).echo
    assert b"\n" not in text
    found: dict[str, Any] = json.loads(b'{%b"end":0}' % text)
    return found


def test_what_was_asked_is_repeated() -> None:
    """On one line, however it was written."""
    given = {
        "metadata": {"a": "b\u2028"},
        "temperature": 0.5,
        "max_output_tokens": 10,
        "text": {"format": {"type": "json_object"}, "verbosity": "low"},
        "tool_choice": {"type": "function", "name": "f"},
        "parallel_tool_calls": False,
        "previous_response_id": "resp_1",
        "reasoning": {"effort": "low", "summary": "auto"},
        "store": False,
        "user": "u",
    }
    assert given.items() <= echo(**given).items()


def test_tools_and_instructions_are_not() -> None:
    """An agent sends twenty kilobytes of them."""
    found = echo(tools=[{"type": "function", "name": "f"}], instructions="Be brief.")
    assert (found["tools"], found["instructions"]) == ([], None)


def test_what_is_too_long_or_of_the_wrong_type_is_not() -> None:
    """Its place has what OpenAI has there without it."""
    long = "x" * 10_000
    found = echo(metadata={"a": long}, user=long, temperature="hot", tool_choice="whatever")
    plain: dict[str, Any] = {
        "metadata": {},
        "user": None,
        "temperature": None,
        "tool_choice": "auto",
    }
    assert plain.items() <= found.items()
