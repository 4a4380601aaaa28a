"""Requests as values."""

from __future__ import annotations

from cursor_api.domain.content import Image, Message, Role, Text


def test_the_text_of_a_message_is_its_text_parts_joined_untouched() -> None:
    """White space stays, images are left out."""
    message = Message(Role.USER, (Text(" a\n"), Image(b"x", "image/png"), Text("b ")))
    assert message.text == " a\nb "
