"""What messages are made of."""

from __future__ import annotations

from cursor_api.domain.content import Image, Message, Role, Text, Thinking, ToolResult, ToolUse


def test_the_text_of_a_message_is_its_text_parts_joined_untouched() -> None:
    """White space stays, images are left out."""
    message = Message(Role.USER, (Text(" a\n"), Image(b"x", "image/png"), Text("b ")))
    assert message.text == " a\nb "


def test_texts_of_results_are_texts_of_their_message() -> None:
    """What the model thought or called is none."""
    result = ToolResult("1", (Text("a"), Image(b"x", "image/png"), Text("b")))
    parts = (Thinking("hm"), ToolUse("1", "f", b"{}"), result, Text("c"))
    assert Message(Role.USER, parts).text == "abc"
