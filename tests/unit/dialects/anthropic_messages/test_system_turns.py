"""System turns in the user's, where nobody takes them among the turns."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from cursor_api.dialects.anthropic_messages.system_turns import place_system

RESULT = {"type": "tool_result", "tool_use_id": "a", "content": "sunny"}
MARKED = {"type": "text", "text": "Mind.", "cache_control": {"type": "ephemeral"}}
TOLD = [{"type": "text", "text": text} for text in ("<system>", "Mind.", "</system>")]


def user(content: object) -> dict[str, Any]:
    """A turn of the user's."""
    return {"role": "user", "content": content}


def model(content: object = "Hi.") -> dict[str, Any]:
    """A turn of the model's."""
    return {"role": "assistant", "content": content}


def system(content: object = "Mind.") -> dict[str, Any]:
    """A system turn."""
    return {"role": "system", "content": content}


def text(words: str) -> dict[str, Any]:
    """A block of text."""
    return {"type": "text", "text": words}


def place(*turns: dict[str, Any]) -> Any:
    """The turns as they are sent."""
    return json.loads(msgspec.json.encode(place_system(Raw(json.dumps(turns).encode()))))


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        ([user("a"), model(), user("b")], [user("a"), model(), user("b")]),
        ([user("a"), system(), model()], [user([text("a"), *TOLD]), model()]),
        ([user("a"), model(), system()], [user("a"), model(), user(TOLD)]),
        ([system(), user("a")], [user([text("a"), *TOLD])]),
        (
            [user("a"), system(), system(), user("b")],
            [user([text("a"), *TOLD, *TOLD]), user("b")],
        ),
        # Results come first.
        ([model(), system(), user([RESULT])], [model(), user([RESULT, *TOLD])]),
        ([user("a"), model(), system(), model()], [user("a"), model(), user(TOLD), model()]),
        ([user("a"), system([MARKED])], [user([text("a"), TOLD[0], MARKED, TOLD[2]])]),
    ],
)
def test_it_is_told_at_the_end_of_the_user_s_turn(
    turns: list[dict[str, Any]], expected: list[dict[str, Any]]
) -> None:
    """The one beside it, or one of its own."""
    assert place(*turns) == expected


def test_other_turns_stay_as_they_came() -> None:
    """To the byte, whatever they hold."""
    raw = b'{"role":"assistant","content":[{"type":"thinking","x":1.50}]}'
    turns = place_system(Raw(b"[%b,%b]" % (raw, json.dumps(system()).encode())))
    assert raw in msgspec.json.encode(turns)
