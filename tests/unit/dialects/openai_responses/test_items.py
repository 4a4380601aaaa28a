"""Items of an input, as clients replay them."""

from __future__ import annotations

from typing import Any

import pytest

from cursor_api.domain.content import Image, Message, Role, Text, Thinking, ToolResult, ToolUse
from tests.unit.dialects.openai_responses.response_stage import parse

GIF = "data:image/gif;base64,R0lGODlh"
USER, ASSISTANT = Role.USER, Role.ASSISTANT


def messages(*items: dict[str, Any]) -> list[Message]:
    """What these say."""
    return list(parse(input=list(items)).chat.messages)


def test_a_turn_of_the_model_s_is_one_message() -> None:
    """Thoughts, text and calls side by side; their results are one as well."""
    found = messages(
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": "Weather?"},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "I look.", "annotations": []}],
        },
        {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": '{"a":1}'},
        {"type": "custom_tool_call", "call_id": "c2", "name": "patch", "input": "*** Begin"},
        {"type": "function_call_output", "call_id": "c1", "output": "sunny"},
        {
            "type": "custom_tool_call_output",
            "call_id": "c2",
            "output": [
                {"type": "input_text", "text": "seen"},
                {"type": "input_image", "image_url": GIF},
            ],
        },
        {"role": "user", "content": "And?"},
    )
    assert found == [
        Message(Role.SYSTEM, (Text("Be brief."),)),
        Message(USER, (Text("Weather?"),)),
        Message(
            ASSISTANT,
            (
                Thinking("Hm."),
                Text("I look."),
                ToolUse("c1", "weather", b'{"a":1}'),
                ToolUse("c2", "patch", b"*** Begin"),
            ),
        ),
        Message(
            USER,
            (
                ToolResult("c1", (Text("sunny"),)),
                ToolResult("c2", (Text("seen"), Image(b"GIF89a", "image/gif"))),
            ),
        ),
        Message(USER, (Text("And?"),)),
    ]


@pytest.mark.parametrize(
    ("item", "thoughts"),
    [
        ({"summary": [], "encrypted_content": "c2VhbA=="}, [Thinking("", "c2VhbA==")]),
        ({"summary": [], "encrypted_content": "redacted:eA=="}, [Thinking("eA==", "", True)]),
        # OpenAI's own.
        ({"summary": [], "encrypted_content": "gAAAAABqX1a7=="}, []),
        ({"summary": "Hm.", "encrypted_content": "gAAAAABqX1a7=="}, [Thinking("Hm.")]),
        ({"content": [{"type": "reasoning_text", "text": "raw"}]}, [Thinking("raw")]),
        ({"summary": []}, []),
    ],
)
def test_reasoning_comes_back_with_its_seal(item: dict[str, Any], thoughts: list[Any]) -> None:
    """Sealed, hidden or plain."""
    found = messages({"type": "reasoning", **item}, {"role": "user", "content": "Go on."})
    assert found[0] == Message(ASSISTANT, tuple(thoughts))


def test_what_nobody_knows_is_left_out_of_the_past() -> None:
    """Items anywhere, parts of what was said before; the answer names them."""
    parsed = parse(
        input=[
            {"role": "user", "content": [{"type": "input_audio"}, {"type": "text", "text": "a"}]},
            {"type": "web_search_call", "id": "ws_1", "output": {"any": 1}, "content": 7},
            {"role": "assistant", "content": "b"},
            {"type": "computer_call_output", "output": {"type": "computer_screenshot"}},
            {"role": "user", "content": "c"},
        ]
    )
    assert [message.text for message in parsed.chat.messages] == ["a", "b", "c"]
    assert parsed.ignored == ("input[0].content[0]", "input[1]", "input[3]")


def test_a_refusal_and_nothing_at_all() -> None:
    """Content may be null, and refused in past turns."""
    found = messages(
        {"role": "user", "content": None},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
    )
    assert found == [Message(USER, ()), Message(ASSISTANT, (Text("No.", is_refusal=True),))]


@pytest.mark.parametrize(
    ("image", "detail"),
    [
        ({"image_url": GIF, "detail": "low"}, "low"),
        ({"image_url": {"url": GIF, "detail": "high"}}, "high"),
        ({"image_url": GIF, "detail": None}, ""),
        ({"image_url": GIF}, ""),
    ],
)
def test_an_image_keeps_its_detail(image: dict[str, Any], detail: str) -> None:
    """In either spelling."""
    (message,) = messages({"role": "user", "content": [{"type": "input_image", **image}]})
    assert message.parts == (Image(b"GIF89a", "image/gif", detail=detail),)


def test_the_first_image_has_a_place() -> None:
    """Which a route without images is refused with."""
    image = {"type": "input_image", "image_url": {"url": GIF}}
    parsed = parse(input=[{"role": "user", "content": [image]}])
    assert [one.param for one in parsed.chat.origin.features] == ["input[0].content[0]"]
