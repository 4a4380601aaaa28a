"""Requests as values."""

from __future__ import annotations

from cursor_api.domain.chat import ImagePart, Message, Role, TextPart


def test_the_text_of_a_message_is_its_text_parts_joined_untouched() -> None:
    """White space stays, images are left out."""
    message = Message(Role.USER, (TextPart(" a\n"), ImagePart(b"x", "image/png"), TextPart("b ")))
    assert message.text == " a\nb "
